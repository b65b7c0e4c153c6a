"""A delivery: one push message owed to one device, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DeliveryKind(models.TextChoices):
    RING = "ring", _("ring")
    STOP = "stop", _("stop")
    TEST = "test", _("test")


class DeliveryState(models.TextChoices):
    PENDING = "pending", _("pending")
    SENT = "sent", _("taken by the push service")
    WITHHELD = "withheld", _("withheld, the page rings")
    DROPPED = "dropped", _("dropped, no longer wanted")
    GONE = "gone", _("the address is gone")
    FAILED = "failed", _("refused")
    EXPIRED = "expired", _("not taken in time")


class StopReason(models.TextChoices):
    CANCELLED = "cancelled", _("cancelled")
    TIMED_OUT = "timed_out", _("timed out")
    ANSWERED_ELSEWHERE = "answered_elsewhere", _("answered elsewhere")
    REJECTED_ELSEWHERE = "rejected_elsewhere", _("rejected elsewhere")


class Delivery(models.Model):
    """One push message owed to one device. Written with the change that owes it, settled by the dispatcher.

    Its due moment and its lease decide who sends it and when; a state other than pending never changes again.
    """

    device = models.ForeignKey(
        "invitations.Device", on_delete=models.SET_NULL, null=True, related_name="deliveries", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    device_key = models.CharField(max_length=64, help_text=_("The device's id; stays when the device is removed."))
    device_label = models.CharField(max_length=64, blank=True, default="")
    invitation = models.ForeignKey(
        "invitations.Invitation", on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    kind = models.CharField(max_length=4, choices=DeliveryKind)
    reason = models.CharField(max_length=20, choices=StopReason, blank=True, default="")
    number = models.PositiveSmallIntegerField(default=1, help_text=_("The first ring is 1; its repeats count on."))
    state = models.CharField(max_length=8, choices=DeliveryState, default=DeliveryState.PENDING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text=_("When it is to be sent, or tried again."))
    expires_at = models.DateTimeField(help_text=_("When it is worth nothing any more."))
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.CharField(max_length=32, blank=True, default="", help_text=_("Who is sending it."))
    claimed_until = models.DateTimeField(null=True, blank=True, help_text=_("When another may take it over."))
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("What the push service answered."))
    code = models.CharField(max_length=24, blank=True, default="", help_text=_("Why it was not sent, or not yet."))
    host = models.CharField(max_length=255, blank=True, default="", help_text=_("Whose push service it was."))
    settled_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True, help_text=_("When the device said that it alerts."))

    class Meta:
        verbose_name_plural = _("deliveries")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(name="delivery_kind_known", condition=Q(kind__in=DeliveryKind.values)),
            models.CheckConstraint(name="delivery_state_known", condition=Q(state__in=DeliveryState.values)),
            models.CheckConstraint(
                name="delivery_settled_unless_pending",
                condition=Q(state="pending", settled_at__isnull=True)
                | (~Q(state="pending") & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="delivery_of_a_ring",
                condition=Q(kind="test", invitation__isnull=True) | (~Q(kind="test") & Q(invitation__isnull=False)),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=["device", "id"], name="delivery_of_device"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

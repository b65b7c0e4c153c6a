"""A delivery: one push message owed to one device, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from invitations.words import say_lazy


class DeliveryKind(models.TextChoices):
    RING = "ring", say_lazy("choice.delivery_kind.ring")
    STOP = "stop", say_lazy("choice.delivery_kind.stop")
    TEST = "test", say_lazy("choice.delivery_kind.test")
    CONTACT = "contact", say_lazy("choice.delivery_kind.contact")


OF_NO_RING = (DeliveryKind.TEST, DeliveryKind.CONTACT)
"""What is owed without any call."""


class DeliveryState(models.TextChoices):
    PENDING = "pending", say_lazy("choice.delivery_state.pending")
    SENT = "sent", say_lazy("choice.delivery_state.sent")
    WITHHELD = "withheld", say_lazy("choice.delivery_state.withheld")
    DROPPED = "dropped", say_lazy("choice.delivery_state.dropped")
    GONE = "gone", say_lazy("choice.delivery_state.gone")
    FAILED = "failed", say_lazy("choice.delivery_state.failed")
    EXPIRED = "expired", say_lazy("choice.delivery_state.expired")


class StopReason(models.TextChoices):
    CANCELLED = "cancelled", say_lazy("choice.stop_reason.cancelled")
    TIMED_OUT = "timed_out", say_lazy("choice.stop_reason.timed_out")
    ANSWERED_ELSEWHERE = "answered_elsewhere", say_lazy("choice.stop_reason.answered_elsewhere")
    REJECTED_ELSEWHERE = "rejected_elsewhere", say_lazy("choice.stop_reason.rejected_elsewhere")


class Delivery(models.Model):
    """One push message owed to one device. A change writes it, and the dispatcher settles it.

    Its due moment and its lease decide which dispatcher sends it and when. Only a pending delivery ever changes state.
    """

    device = models.ForeignKey(
        "invitations.Device", on_delete=models.SET_NULL, null=True, related_name="deliveries", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    device_key = models.CharField(max_length=64, help_text=say_lazy("help.delivery.device_key"))
    device_label = models.CharField(max_length=64, blank=True, default="")
    invitation = models.ForeignKey(
        "invitations.Invitation", on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    kind = models.CharField(max_length=7, choices=DeliveryKind)
    reason = models.CharField(max_length=20, choices=StopReason, blank=True, default="")
    number = models.PositiveSmallIntegerField(default=1, help_text=say_lazy("help.delivery.number"))
    state = models.CharField(max_length=8, choices=DeliveryState, default=DeliveryState.PENDING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text=say_lazy("help.delivery.due_at"))
    expires_at = models.DateTimeField(help_text=say_lazy("help.delivery.expires_at"))
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.delivery.tried_at"))
    claim = models.CharField(max_length=32, blank=True, default="", help_text=say_lazy("help.delivery.claim"))
    claimed_until = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.delivery.claimed_until"))
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text=say_lazy("help.delivery.status"))
    code = models.CharField(max_length=24, blank=True, default="", help_text=say_lazy("help.delivery.code"))
    host = models.CharField(max_length=255, blank=True, default="", help_text=say_lazy("help.delivery.host"))
    settled_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.delivery.acknowledged_at"))

    class Meta:
        verbose_name_plural = say_lazy("model.deliveries")
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
                condition=Q(kind__in=OF_NO_RING, invitation__isnull=True)
                | (~Q(kind__in=OF_NO_RING) & Q(invitation__isnull=False)),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=["device", "id"], name="delivery_of_device"),
            models.Index(fields=["user", "created_at"], name="delivery_of_user", condition=~Q(kind="stop")),
            # Test rings alone are forgotten after a day.
            models.Index(fields=["created_at"], name="delivery_of_test", condition=Q(kind="test")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

"""A call's log: one row per fact, in the order of the call's revisions."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class EventKind(models.TextChoices):
    CALL_SENT = "call.sent", _("call sent")
    CALL_ACTIVE = "call.active", _("call active")
    CALL_ENDED = "call.ended", _("call ended")
    INVITATION_SENT = "invitation.sent", _("invitation sent")
    INVITATION_NOTIFIED = "invitation.notified", _("invitation notified")
    INVITATION_RINGING = "invitation.ringing", _("invitation ringing")
    INVITATION_ACCEPTED = "invitation.accepted", _("invitation accepted")
    INVITATION_REJECTED = "invitation.rejected", _("invitation rejected")
    INVITATION_BUSY = "invitation.busy", _("invitation busy")
    INVITATION_CANCELLED = "invitation.cancelled", _("invitation cancelled")
    INVITATION_TIMED_OUT = "invitation.timed_out", _("invitation timed out")
    PARTICIPANT_JOINED = "participant.joined", _("participant joined")
    PARTICIPANT_CONNECTED = "participant.connected", _("participant connected")
    PARTICIPANT_LEFT = "participant.left", _("participant left")


class CallEvent(models.Model):
    """A fact in a call's log. Written with the change it tells of, never altered."""

    call = models.ForeignKey("invitations.Call", on_delete=models.CASCADE, related_name="events", db_index=False)
    revision = models.PositiveIntegerField()
    kind = models.CharField(max_length=24, choices=EventKind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Who did it; empty where the server did."),
    )
    device_id = models.CharField(max_length=64, blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["call", "revision"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="event_revision_once", fields=["call", "revision"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.revision})"

"""A call's log: one row per fact, in the order of the call's revisions."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from invitations.words import say_lazy


class EventKind(models.TextChoices):
    CALL_SENT = "call.sent", say_lazy("choice.event_kind.call_sent")
    CALL_ACTIVE = "call.active", say_lazy("choice.event_kind.call_active")
    CALL_ENDED = "call.ended", say_lazy("choice.event_kind.call_ended")
    INVITATION_SENT = "invitation.sent", say_lazy("choice.event_kind.invitation_sent")
    INVITATION_NOTIFIED = "invitation.notified", say_lazy("choice.event_kind.invitation_notified")
    INVITATION_RINGING = "invitation.ringing", say_lazy("choice.event_kind.invitation_ringing")
    INVITATION_QUIET = "invitation.quiet", say_lazy("choice.event_kind.invitation_quiet")
    INVITATION_UNREACHABLE = "invitation.unreachable", say_lazy("choice.event_kind.invitation_unreachable")
    INVITATION_ACCEPTED = "invitation.accepted", say_lazy("choice.event_kind.invitation_accepted")
    INVITATION_REJECTED = "invitation.rejected", say_lazy("choice.event_kind.invitation_rejected")
    INVITATION_BUSY = "invitation.busy", say_lazy("choice.event_kind.invitation_busy")
    INVITATION_CANCELLED = "invitation.cancelled", say_lazy("choice.event_kind.invitation_cancelled")
    INVITATION_TIMED_OUT = "invitation.timed_out", say_lazy("choice.event_kind.invitation_timed_out")
    PARTICIPANT_JOINED = "participant.joined", say_lazy("choice.event_kind.participant_joined")
    PARTICIPANT_CONNECTED = "participant.connected", say_lazy("choice.event_kind.participant_connected")
    PARTICIPANT_LEFT = "participant.left", say_lazy("choice.event_kind.participant_left")


class CallEvent(models.Model):
    """A fact in a call's log. Written in the same transaction as the change it records, and never altered."""

    call = models.ForeignKey("invitations.Call", on_delete=models.CASCADE, related_name="events", db_index=False)
    # PostgreSQL partitions the table by it: the whole log of a call lies in one month's partition, and a query that
    # names the moment looks only there.
    call_created_at = models.DateTimeField(db_default=Now())
    revision = models.PositiveIntegerField()
    kind = models.CharField(max_length=24, choices=EventKind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=say_lazy("help.event.actor"),
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

"""A call: what people join. Only the verbs in `invitations.calls` write it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from invitations.models.invitation import Invitation
from invitations.models.user import UserKey
from invitations.words import say_lazy


class CallState(models.TextChoices):
    RINGING = "ringing", say_lazy("choice.call_state.ringing")
    ACTIVE = "active", say_lazy("choice.call_state.active")
    ENDED = "ended", say_lazy("choice.call_state.ended")


class EndReason(models.TextChoices):
    COMPLETED = "completed", say_lazy("choice.end_reason.completed")
    CANCELLED = "cancelled", say_lazy("choice.end_reason.cancelled")
    REJECTED = "rejected", say_lazy("choice.end_reason.rejected")
    BUSY = "busy", say_lazy("choice.end_reason.busy")
    TIMED_OUT = "timed_out", say_lazy("choice.end_reason.timed_out")
    CALLER_LOST = "caller_lost", say_lazy("choice.end_reason.caller_lost")
    CONNECTION_LOST = "connection_lost", say_lazy("choice.end_reason.connection_lost")
    MEDIA_FAILED = "media_failed", say_lazy("choice.end_reason.media_failed")
    MAX_DURATION = "max_duration", say_lazy("choice.end_reason.max_duration")
    ENDED_BY_ADMIN = "ended_by_admin", say_lazy("choice.end_reason.ended_by_admin")


class CallQuerySet(models.QuerySet["Call"]):
    def due(self, by: datetime) -> CallQuerySet:
        """Calls whose deadlines may have passed by this moment, the most overdue first (`CallSheet.due_at`)."""
        return self.filter(due_at__lte=by).order_by("due_at")

    def involving(self, user_id: UserKey) -> CallQuerySet:
        """Calls in this user's history: those they started, and those with an invitation that left a trace.

        Written as a union of two index look-ups, so that the cost grows with the user's history, not with the table.
        """
        started = Call.objects.filter(caller_id=user_id).values("pk").order_by()
        invited = Invitation.objects.traced(user_id).values("call_id").order_by()
        return self.filter(pk__in=started.union(invited))

    def attempts(self, call_id: str, user_id: UserKey) -> CallQuerySet:
        """The calls under this id that are in this user's history, the latest first."""
        return self.under([call_id], user_id).order_by("-attempt")

    def under(self, call_ids: Collection[str], user_id: UserKey) -> CallQuerySet:
        """The calls under any of these ids that are in this user's history."""
        invited = Invitation.objects.traced(user_id).filter(call_id=OuterRef("pk"))
        return self.filter(Q(caller_id=user_id) | Exists(invited), call_id__in=call_ids)


class Call(models.Model):
    """One call from its first ring to its end, with the revision that orders everything said about it.

    Calls under the same id, one after the other, are its attempts: their revisions go on where the last one's stopped.
    """

    call_id = models.CharField(max_length=128, help_text=say_lazy("help.call.call_id"))
    attempt = models.PositiveIntegerField(default=1, db_default=1, help_text=say_lazy("help.call.attempt"))
    revision = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, choices=CallState, default=CallState.RINGING)
    end_reason = models.CharField(max_length=16, choices=EndReason, null=True, blank=True)  # noqa: DJ001
    is_video_call = models.BooleanField()
    caller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="started_calls", db_index=False
    )
    end_when_caller_leaves = models.BooleanField(default=False)
    custom_data = models.TextField(blank=True, default="")
    resource_id = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001
    notification_title = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001
    notification_message = models.CharField(max_length=512, null=True, blank=True)  # noqa: DJ001
    titled = models.BooleanField(default=False, db_default=False, help_text=say_lazy("help.invitation.titled"))
    timeout_seconds = models.PositiveSmallIntegerField()
    fingerprint = models.CharField(
        max_length=64,
        help_text=say_lazy("help.call.fingerprint"),
        editable=False,
    )
    created_at = models.DateTimeField()
    ring_expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    media_due_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.call.media_due_at"))
    due_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.call.due_at"))
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            # A new attempt is made only when the last one has ended, which is for good: so this also keeps a second
            # open one out.
            models.UniqueConstraint(name="call_attempt_once", fields=["call_id", "attempt"]),
            models.CheckConstraint(name="call_state_known", condition=Q(state__in=CallState.values)),
            models.CheckConstraint(
                name="call_ended_with_reason",
                condition=Q(state=CallState.ENDED, ended_at__isnull=False)
                & Q(end_reason__isnull=False, end_reason__in=EndReason.values)
                | (~Q(state=CallState.ENDED) & Q(ended_at__isnull=True, end_reason__isnull=True)),
            ),
            models.CheckConstraint(
                name="call_answered_when_active",
                condition=Q(state=CallState.RINGING, answered_at__isnull=True)
                | Q(state=CallState.ACTIVE, answered_at__isnull=False)
                | Q(state=CallState.ENDED),
            ),
            models.CheckConstraint(
                name="call_moments_in_order",
                condition=Q(ring_expires_at__gt=F("created_at"))
                & (Q(ended_at__isnull=True) | Q(ended_at__gte=F("created_at"))),
            ),
            models.CheckConstraint(
                name="call_sizes",
                condition=Q(GreaterThanOrEqual(Length("call_id"), Value(1)))
                & Q(LessThanOrEqual(Length("call_id"), Value(128)))
                & Q(LessThanOrEqual(Length("custom_data"), Value(4096))),
            ),
            models.CheckConstraint(
                name="call_timeout_in_bounds", condition=Q(timeout_seconds__gte=1, timeout_seconds__lte=600)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["caller", "-created_at"], name="call_of_caller"),
            models.Index(fields=["due_at"], name="call_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["-created_at", "-id"], name="call_newest"),
        ]

    def __str__(self) -> str:
        return self.call_id

    @property
    def duration_seconds(self) -> int | None:
        """Whole seconds from the first answer to the end; None while the call lasts, or if it was never answered."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return int((self.ended_at - self.answered_at).total_seconds())

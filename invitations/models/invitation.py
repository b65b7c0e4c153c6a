"""An invitation: one invitee asked into one call, pending until it gets its one answer."""

from __future__ import annotations

from typing import ClassVar, NotRequired, TypedDict

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from invitations.models.user import UserKey
from invitations.words import say_lazy


class InvitationState(models.TextChoices):
    PENDING = "pending", say_lazy("choice.invitation_state.pending")
    ACCEPTED = "accepted", say_lazy("choice.invitation_state.accepted")
    REJECTED = "rejected", say_lazy("choice.invitation_state.rejected")
    BUSY = "busy", say_lazy("choice.invitation_state.busy")
    CANCELLED = "cancelled", say_lazy("choice.invitation_state.cancelled")
    TIMED_OUT = "timed_out", say_lazy("choice.invitation_state.timed_out")


class RejectReason(models.TextChoices):
    DECLINED = "declined", say_lazy("choice.reject_reason.declined")
    BUSY = "busy", say_lazy("choice.reject_reason.busy")
    LATER = "later", say_lazy("choice.reject_reason.later")


class Standing(models.TextChoices):
    """Where an invitation stands, as the person who waits for it is told: right at every moment."""

    CALLING = "calling", say_lazy("choice.standing.calling")
    RINGING = "ringing", say_lazy("choice.standing.ringing")
    RINGING_SILENTLY = "ringing_silently", say_lazy("choice.standing.ringing_silently")
    UNREACHABLE = "unreachable", say_lazy("choice.standing.unreachable")
    ACCEPTED = "accepted", say_lazy("choice.standing.accepted")
    DECLINED = "declined", say_lazy("choice.standing.declined")
    BUSY = "busy", say_lazy("choice.standing.busy")
    NO_ANSWER = "no_answer", say_lazy("choice.standing.no_answer")
    NEVER_REACHED = "never_reached", say_lazy("choice.standing.never_reached")
    CANCELLED = "cancelled", say_lazy("choice.standing.cancelled")
    CANCELLED_BEFORE_RING = "cancelled_before_ring", say_lazy("choice.standing.cancelled_before_ring")
    CANCELLED_BY_ADMIN = "cancelled_by_admin", say_lazy("choice.standing.cancelled_by_admin")


class Verdict(models.TextChoices):
    """What the rules say about a ring before it rings. The first that applies, in this order."""

    YOU_BLOCKED = "you_blocked", say_lazy("choice.verdict.you_blocked")
    BLOCKED = "blocked", say_lazy("choice.verdict.blocked")
    NOT_FROM_YOU = "not_from_you", say_lazy("choice.verdict.not_from_you")
    COOLING_DOWN = "cooling_down", say_lazy("choice.verdict.cooling_down")
    SILENCED = "silenced", say_lazy("choice.verdict.silenced")
    RINGS = "rings", say_lazy("choice.verdict.rings")


class RingingDevice(TypedDict):
    """A device that said that it alerts.

    Args:
        device: its id.
        label: what it is called.
        kind: one of `DeviceKind`; empty if it never registered.
        audible: it can be heard, not only seen.
        at: when it said so first, in ISO 8601.
        gone_at: when its last socket closed, in ISO 8601; not there while it has one.
    """

    device: str
    label: str
    kind: str
    audible: bool
    at: str
    gone_at: NotRequired[str]


_RINGS = Verdict.RINGS.value
NOT_WITHHELD = Q(verdict=Verdict.RINGS) | ~Q(verdict=Verdict.BLOCKED) & ~Q(state=InvitationState.PENDING)
"""What its invitee may know of: the opposite of `Invitation.is_withheld`."""


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def pending(self) -> InvitationQuerySet:
        """Invitations that still wait for their answer."""
        return self.filter(state=InvitationState.PENDING)

    def ringing(self) -> InvitationQuerySet:
        """Pending invitations, except those that the rules keep from their invitees."""
        return self.pending().filter(verdict=Verdict.RINGS)

    def traced(self, user_id: UserKey) -> InvitationQuerySet:
        """Invitations that this invitee may know of, except those cancelled so soon that they leave no trace
        (`leaves_trace`)."""
        known = self.filter(NOT_WITHHELD, invitee_id=user_id)
        return known.exclude(state=InvitationState.CANCELLED, missed=False)

    def missed(self, user_id: UserKey) -> InvitationQuerySet:
        """Invitations that this invitee missed, except where a later one into the same call left a trace."""
        later = Invitation.objects.traced(user_id).filter(call_id=OuterRef("call_id"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(later), invitee_id=user_id, missed=True)


class Invitation(models.Model):
    """One attempt to get one invitee into one call. Terminal states never change."""

    call = models.ForeignKey("invitations.Call", on_delete=models.CASCADE, related_name="invitations")
    invitee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="received_invitations",
        db_index=False,
    )
    inviter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="given_invitations", db_index=False
    )
    state = models.CharField(max_length=9, choices=InvitationState, default=InvitationState.PENDING)
    verdict = models.CharField(
        max_length=12,
        choices=Verdict,
        default=Verdict.RINGS.value,
        db_default=Verdict.RINGS.value,
        help_text=say_lazy("help.invitation.verdict"),
    )
    judged_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.invitation.judged_at"))
    from_contact = models.BooleanField(
        default=False, db_default=False, help_text=say_lazy("help.invitation.from_contact")
    )
    urgent = models.BooleanField(default=False, db_default=False, help_text=say_lazy("help.invitation.urgent"))
    service = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text=say_lazy("help.invitation.service")
    )
    titled = models.BooleanField(default=False, db_default=False, help_text=say_lazy("help.invitation.titled"))
    reject_reason = models.CharField(max_length=8, choices=RejectReason, null=True, blank=True)  # noqa: DJ001
    ring_data = models.TextField(blank=True, default="", help_text=say_lazy("help.invitation.ring_data"))
    custom_data = models.TextField(blank=True, default="", help_text=say_lazy("help.invitation.custom_data"))
    resource_id = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001
    notification_title = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001
    notification_message = models.CharField(max_length=512, null=True, blank=True)  # noqa: DJ001
    timeout_seconds = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True, blank=True)
    ringing_at = models.DateTimeField(null=True, blank=True)
    responded_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    answered_device = models.CharField(max_length=64, blank=True, default="")
    answered_label = models.CharField(max_length=64, blank=True, default="")
    ringing_label = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text=say_lazy("help.invitation.ringing_label"),
    )
    ringing_devices = models.JSONField(
        null=True,
        blank=True,
        help_text=say_lazy("help.invitation.ringing_devices"),
    )
    unreachable = models.BooleanField(
        default=False, db_default=False, help_text=say_lazy("help.invitation.unreachable")
    )
    missed = models.BooleanField(default=False)
    cancelled_by_admin = models.BooleanField(
        default=False, db_default=False, help_text=say_lazy("help.invitation.cancelled_by_admin")
    )
    next_ring_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=say_lazy("help.invitation.next_ring_at"),
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="invitation_one_pending", fields=["invitee", "call"], condition=Q(state="pending")
            ),
            models.CheckConstraint(name="invitation_state_known", condition=Q(state__in=InvitationState.values)),
            models.CheckConstraint(name="invitation_verdict_known", condition=Q(verdict__in=Verdict.values)),
            models.CheckConstraint(
                name="invitation_closed_unless_pending",
                condition=Q(state="pending", closed_at__isnull=True, missed=False)
                | (~Q(state="pending") & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="invitation_responded_if_answered",
                condition=(Q(state__in=["accepted", "rejected"]) & Q(responded_at__isnull=False))
                | (~Q(state__in=["accepted", "rejected"]) & Q(responded_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="invitation_reason_if_rejected",
                condition=Q(state="rejected", reject_reason__isnull=False, reject_reason__in=RejectReason.values)
                | (~Q(state="rejected") & Q(reject_reason__isnull=True)),
            ),
            models.CheckConstraint(
                name="invitation_missed_when",
                condition=Q(missed=False) | Q(state__in=["timed_out", "busy", "cancelled"]),
            ),
            models.CheckConstraint(
                name="invitation_by_admin_if_cancelled",
                condition=Q(cancelled_by_admin=False) | Q(state="cancelled"),
            ),
            models.CheckConstraint(
                name="invitation_ringing_is_notified",
                condition=Q(ringing_at__isnull=True) | Q(notified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="invitation_sizes",
                condition=LessThanOrEqual(Length("ring_data"), Value(4096))
                & LessThanOrEqual(Length("custom_data"), Value(4096)),
            ),
            models.CheckConstraint(
                name="invitation_timeout_in_bounds",
                condition=Q(timeout_seconds__gte=1, timeout_seconds__lte=600, expires_at__gt=F("created_at")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["invitee", "-created_at"], name="invitation_of_invitee"),
            models.Index(fields=["inviter", "-created_at"], name="invitation_of_inviter"),
            models.Index(fields=["invitee", "closed_at"], name="invitation_missed_of", condition=Q(missed=True)),
            models.Index(
                fields=["invitee", "-created_at"], name="invitation_blocked_of", condition=Q(verdict=Verdict.BLOCKED)
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @property
    def progress(self) -> str:
        """What is known of the ring: `sent`, `notified` (a push service took it) or `ringing` (a device alerts)."""
        if self.ringing_at is not None:
            return "ringing"
        return "sent" if self.notified_at is None else "notified"

    @property
    def rings_audibly(self) -> bool:
        """Whether any of the devices that alert can be heard."""
        return any(each["audible"] for each in self.ringing_devices or ())

    def rings_on(self, device_id: str) -> bool:
        """Whether this device said that it alerts, and has not gone since."""
        return any(each["device"] == device_id and "gone_at" not in each for each in self.ringing_devices or ())

    def takes_back(self, device_id: str) -> bool:
        """Count a device that had gone as ringing again. False if there is none."""
        back = [each for each in self.ringing_devices or () if each["device"] == device_id and "gone_at" in each]
        for each in back:
            del each["gone_at"]
        return bool(back)

    @property
    def invitee_key(self) -> tuple[UserKey, int | None]:
        """Tells invitees apart, also those whose accounts were deleted."""
        return self.invitee_id, self.pk if self.invitee_id is None else None

    @property
    def is_withheld(self) -> bool:
        """Whether its invitee may not know of it: ever, if they blocked its inviter; before it has ended, if they did
        not want to be disturbed. To its inviter it is a ring that nobody answers."""
        if self.verdict == _RINGS:
            return False
        return self.verdict == Verdict.BLOCKED or self.state == InvitationState.PENDING

    @property
    def leaves_trace(self) -> bool:
        """Whether the invitee ever hears of it again. A cancelled one that they did not miss was sent by mistake."""
        return not self.is_withheld and (self.missed or self.state != InvitationState.CANCELLED)

    @property
    def standing(self) -> Standing:
        """Where it stands, for the person who waits for it."""
        if self.state == InvitationState.PENDING:
            if self.ringing_devices:
                return Standing.RINGING if self.rings_audibly else Standing.RINGING_SILENTLY
            return Standing.UNREACHABLE if self.unreachable else Standing.CALLING
        if self.state == InvitationState.TIMED_OUT:
            return Standing.NEVER_REACHED if self.notified_at is None else Standing.NO_ANSWER
        if self.cancelled_by_admin:
            return Standing.CANCELLED_BY_ADMIN
        if self.state == InvitationState.CANCELLED and self.notified_at is None:
            return Standing.NEVER_REACHED if self.unreachable else Standing.CANCELLED_BEFORE_RING
        return _STANDING[self.state]


_STANDING: dict[str, Standing] = {
    InvitationState.ACCEPTED: Standing.ACCEPTED,
    InvitationState.REJECTED: Standing.DECLINED,
    InvitationState.BUSY: Standing.BUSY,
    InvitationState.CANCELLED: Standing.CANCELLED,
}

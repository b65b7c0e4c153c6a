"""A call with its invitations, participants and people, as a verb holds it.

Pure data and questions about it: reads no database, changes nothing."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import is_
from typing import TYPE_CHECKING, Any, NamedTuple

from invitations.conf import limits
from invitations.models import CallState, InvitationState, LeftReason, PushShows, UserKey, Verdict

_RINGS = Verdict.RINGS.value
_NOBODY: AbstractSet[UserKey] = frozenset()

if TYPE_CHECKING:
    from invitations.models import Call, Invitation, Participant


class Person(NamedTuple):
    """A user as calls see one: the key, the public id and the display name."""

    id: UserKey
    username: str
    name: str
    call_waiting: bool = False
    device_label: str = ""
    device_kind: str = ""
    may_sign_in: bool = True
    push_shows: str = PushShows.EVERYTHING.value


DELETED = Person(None, "", "", may_sign_in=False)
"""Stands for all whose accounts were deleted: their calls stay in the history of others."""


class TokenLife(NamedTuple):
    """From when until when an app's token lives.

    Args:
        began_at: when it was made, or use prolonged it last.
        ends_at: when it ends unless it is used.
    """

    began_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """A person who acts, and the device they act on.

    Args:
        user_id: the user's key.
        username: the user's public id.
        device_id: 1 to 64 of `[A-Za-z0-9._~-]`; a face derives one if the client named none.
        device_label: what the device calls itself, unless its owner has named it; None if it does not say.
        origin: the channel of the socket that asks; it gets the result instead of the live frame.
        lives: the request itself is a sign of the device's life.
        is_admin: may end any call and cancel any invitation.
        ring_pk: the key of the only invitation that the actor may answer, if they act by its token.
        token_life: that of the token that the actor came with, as last read; None for a session.
        service: the name of the service that acts for them, or for itself, which then is no user; None if they act
            themselves.
        titles: the service may give rings a title of its own.
        address: the IP address of the client, for the audit log; empty if it is not known.
    """

    user_id: UserKey
    username: str
    device_id: str
    device_label: str | None = None
    origin: str | None = None
    lives: bool = False
    is_admin: bool = False
    ring_pk: int | None = None
    token_life: TokenLife | None = None
    service: str | None = None
    titles: bool = False
    address: str = ""

    @property
    def is_service(self) -> bool:
        """Whether a service acts for itself."""
        return self.service is not None and self.user_id is None


@dataclass(slots=True)
class CallSheet:
    """One call as loaded by a verb: its rows in the order of their keys, its people by key."""

    call: Call
    invitations: list[Invitation]
    participants: list[Participant]
    people: dict[UserKey, Person] = field(default_factory=dict)
    shared_view: tuple[int, datetime, Any] | None = None
    """The last shared view that `serializers` made of the call, with the revision and the moment it was made for."""

    def __post_init__(self) -> None:
        self.people[None] = DELETED

    @property
    def listening(self) -> str | None:
        """Which hooks listen (`store.listening`), as read with a call that is locked; None if none does."""
        return self.call.__dict__.get("listening")

    def pending(self) -> list[Invitation]:
        """Invitations that still wait for an answer."""
        return [each for each in self.invitations if each.state == InvitationState.PENDING]

    def inside(self) -> list[Participant]:
        """Participants who have not left."""
        return [each for each in self.participants if each.left_at is None]

    def heard_by(self) -> AbstractSet[UserKey]:
        """Those inside and those who are being rung, but no one from whom the ring is kept."""
        kept = self.kept_from()
        return self.seats() - (kept - {each.user_id for each in self.inside()}) if kept else self.seats()

    def kept_from(self) -> AbstractSet[UserKey]:
        """Those from whom their latest invitation is kept, or was, and who never hear of it now that it is over."""
        for each in self.invitations:
            if each.verdict != _RINGS:
                break
        else:
            return _NOBODY
        latest = self.latest_invitations()
        return {each.invitee_id for each in latest if each.verdict != _RINGS and not each.leaves_trace}

    def seats(self) -> set[UserKey]:
        """Everyone who takes up one of the call's `people_per_call`: those inside and those being rung."""
        return {each.user_id for each in self.inside()} | {each.invitee_id for each in self.pending()}

    def latest_invitations(self) -> list[Invitation]:
        """Each person's latest invitation, in the order in which they were made."""
        if len(self.invitations) == 1:
            return self.invitations
        latest = {each.invitee_key: each for each in self.invitations}
        return [each for each in self.invitations if latest[each.invitee_key] is each]

    def invitation_of(self, user_id: UserKey) -> Invitation | None:
        """The latest of the user's invitations that count (`invitations_of`). Earlier attempts no longer do."""
        return next(reversed(self.invitations_of(user_id)), None)

    def invitations_of(self, user_id: UserKey) -> list[Invitation]:
        """The user's invitations that left a trace with them. If none did, all of them count that they may know of, so
        that an answer is told what became of its ring; but the caller belongs to the call without any."""
        own = [each for each in self.invitations if each.invitee_id == user_id and not each.is_withheld]
        traced = [each for each in own if each.leaves_trace]
        return traced if traced or user_id == self.call.caller_id else own

    def latest_of(self, user_id: UserKey) -> Invitation | None:
        """The user's very last invitation, as those see it who are not its invitee."""
        return next((each for each in reversed(self.invitations) if each.invitee_id == user_id), None)

    def last_ring_of(self, user_id: UserKey) -> Invitation | None:
        """The user's very last invitation, whether it left a trace or not, that they may know of."""
        own = (each for each in reversed(self.invitations) if each.invitee_id == user_id)
        return next((each for each in own if not each.is_withheld), None)

    def pending_of(self, user_id: UserKey) -> Invitation | None:
        """The user's pending invitation, even one that is kept from them."""
        return next((each for each in self.pending() if each.invitee_id == user_id), None)

    def known_to(self, user_id: UserKey) -> CallSheet:
        """The call without those of the user's own invitations that do not count (`invitations_of`)."""
        counted = self.invitations_of(user_id)
        known = [each for each in self.invitations if each.invitee_id != user_id or each in counted]
        if len(known) == len(self.invitations):
            return self
        return CallSheet(self.call, known, self.participants, self.people)

    def invitation_by_key(self, key: int) -> Invitation | None:
        """One particular attempt to invite a person, even if there is a later one."""
        return next((each for each in self.invitations if each.pk == key), None)

    def participant_of(self, user_id: UserKey) -> Participant | None:
        """The user's open stay in the call."""
        return next((each for each in self.participants if each.user_id == user_id and each.left_at is None), None)

    def concerns(self, user_id: UserKey) -> bool:
        """Whether the user started the call or was ever invited to it."""
        return user_id == self.call.caller_id or self.invitation_of(user_id) is not None

    def was_taken_out(self, user_id: UserKey) -> bool:
        """Whether the user was removed from the call, or their ring was taken back, and they were not invited since."""
        return self._is_out(user_id, self.invitation_of(user_id))

    def is_seen_out(self, user_id: UserKey) -> bool:
        """The same as others see it, who may not learn which rings are kept from the user."""
        return self._is_out(user_id, self.latest_of(user_id))

    def _is_out(self, user_id: UserKey, own: Invitation | None) -> bool:
        if own is not None and own.state == InvitationState.CANCELLED:
            return True
        last = next((each for each in reversed(self.participants) if each.user_id == user_id), None)
        if last is None or last.left_reason != LeftReason.REMOVED:
            return False
        return own is None or own.created_at <= last.joined_at

    def may_come_in(self, user_id: UserKey) -> bool:
        """Whether the user, who is not in the call, may enter it without a new invitation."""
        own = self.invitation_of(user_id)
        is_of_it = own is not None or user_id == self.call.caller_id
        rejected = own is not None and own.state == InvitationState.REJECTED
        return is_of_it and not rejected and not self.was_taken_out(user_id)

    def shows(self, user_id: UserKey) -> bool:
        """Whether the user may read the call: they started it, or an invitation to it left a trace with them."""
        return user_id == self.call.caller_id or any(
            each.invitee_id == user_id and each.leaves_trace for each in self.invitations
        )

    def tells(self, user_id: UserKey) -> bool:
        """Whether the user hears what happens in the call now: its caller, who is in it, and who is being rung."""
        return user_id in self.told()

    def told(self) -> AbstractSet[UserKey]:
        """All who hear of it (`tells`), by key."""
        return (self.heard_by() | {self.call.caller_id}) - {None}

    def went_at(self, user_id: UserKey) -> datetime | None:
        """When the user stopped hearing of the call; None if they hear of it now, or never did."""
        if self.tells(user_id):
            return None
        ends = [each.closed_at for each in self.invitations_of(user_id)]
        ends += [each.left_at for each in self.participants if each.user_id == user_id]
        return max((each for each in ends if each is not None), default=None)

    def as_of(self, moment: datetime) -> CallSheet:
        """The call's invitations and participants as they were at an earlier moment; the sheet itself if nothing has
        happened since."""
        invitations = [_invitation_as_of(each, moment) for each in self.invitations if each.created_at <= moment]
        participants = [_stay_as_of(each, moment) for each in self.participants if each.joined_at <= moment]
        if _are_same(invitations, self.invitations) and _are_same(participants, self.participants):
            return self
        return CallSheet(self.call, invitations, participants, self.people)

    def latest_moment(self) -> datetime:
        """The last thing that happened in the call: nothing that happens now is earlier."""
        call = self.call
        moments = [call.created_at, call.answered_at, call.ended_at]
        for invitation in self.invitations:
            moments += (
                invitation.created_at,
                invitation.notified_at,
                invitation.ringing_at,
                invitation.closed_at,
            )
        for participant in self.participants:
            moments += (participant.joined_at, participant.connected_at, participant.left_at)
        return max(filter(None, moments))

    def last_going(self) -> datetime | None:
        """When somebody last stopped hearing of the call, or may have."""
        ends = [each.closed_at for each in self.invitations] + [each.left_at for each in self.participants]
        return max((each for each in ends if each is not None), default=None)

    def seconds_inside(self, user_id: UserKey) -> int | None:
        """Whole seconds that the user was in the answered call, on all their devices; None while they are in it, or if
        they never were."""
        answered_at = self.call.answered_at
        stays = [each for each in self.participants if each.user_id == user_id]
        if answered_at is None or any(each.left_at is None for each in stays):
            return None
        spans = [each.left_at - max(each.joined_at, answered_at) for each in stays if each.left_at is not None]
        talked = [each for each in spans if each > timedelta()]
        return int(sum(talked, timedelta()).total_seconds()) if talked else None

    def due_at(self, now: datetime) -> datetime | None:
        """When to look next at what time does to this call; None if the call is over.

        A moment up to `now` is exact. A later one is a lower bound: a sign of life may put it off. An act that may
        bring the moment nearer than the call's row says must write the row (`closing.save_deadlines`).

        Whatever else asks about time reads the row's `due_at`, with one exception: `reading.IN_OPEN_CALL` compares the
        deadlines of rings.

        Args:
            now: the moment to judge by.
        """
        changes_at = self.changes_at(now)
        if changes_at is None:
            return None
        return min([changes_at, *(each.next_ring_at for each in self.pending() if each.next_ring_at is not None)])

    def changes_at(self, now: datetime) -> datetime | None:
        """The part of `due_at` that changes the call, which verbs and reads must not overlook; None if it is over."""
        if self.call.state == CallState.ENDED:
            return None
        deadlines = [longest_until(self.call)]
        deadlines += [each.expires_at for each in self.pending()]
        deadlines += [lease_expires_at(each, self.call) for each in self.inside()]
        if (media_fails_at := self.media_fails_at(now)) is not None:
            deadlines.append(media_fails_at)
        return min(deadlines)

    def media_fails_at(self, now: datetime) -> datetime | None:
        """When the call ends because media failed: media is overdue, although everyone in it is provably still there.

        Before that, each of them may still give a sign of life. Afterwards a silent device is a matter for its lease,
        and a device that never gave a sign of life keeps its place without media.
        """
        due_at = self.call.media_due_at
        if due_at is None or self.call.state != CallState.ACTIVE:
            return None
        alive_from = due_at - media_proof()
        alive = all(each.proved_at is not None and each.proved_at >= alive_from for each in self.inside())
        return due_at if alive or due_at > now else None

    def is_overdue(self, now: datetime) -> bool:
        """Whether a deadline of this open call has passed without having been acted on."""
        changes_at = self.changes_at(now)
        return changes_at is not None and changes_at <= now


def _invitation_as_of(invitation: Invitation, moment: datetime) -> Invitation:
    known = invitation.ringing_devices or []
    rang = [each for each in known if datetime.fromisoformat(each["at"]) <= moment]
    may_have_been_reached = invitation.unreachable and invitation.state == InvitationState.PENDING
    happened_at = (invitation.closed_at, invitation.notified_at, invitation.ringing_at)
    if len(rang) == len(known) and not may_have_been_reached and _is_past(moment, *happened_at):
        return invitation
    was = copy(invitation)
    if was.closed_at is not None and was.closed_at > moment:
        was.state, was.closed_at, was.responded_at, was.missed = InvitationState.PENDING.value, None, None, False
        was.reject_reason, was.custom_data, was.answered_device, was.answered_label = None, "", "", ""
        was.cancelled_by_admin = False
    if was.state == InvitationState.PENDING:
        # Nobody wrote down since when. It may have come later.
        was.unreachable = False
    if was.notified_at is not None and was.notified_at > moment:
        was.notified_at = None
    if was.ringing_at is not None:
        was.ringing_at = was.ringing_at if was.ringing_at <= moment else None
        was.ringing_devices = rang
    return was


def _stay_as_of(participant: Participant, moment: datetime) -> Participant:
    if _is_past(moment, participant.left_at, participant.connected_at):
        return participant
    was = copy(participant)
    if was.left_at is not None and was.left_at > moment:
        was.left_at = was.left_reason = None
    if was.connected_at is not None and was.connected_at > moment:
        was.connected_at = None
    return was


def _is_past(moment: datetime, *happened_at: datetime | None) -> bool:
    """Whether none of this came later than a moment."""
    return all(each is None or each <= moment for each in happened_at)


def _are_same(found: list[Any], known: list[Any]) -> bool:
    return len(found) == len(known) and all(map(is_, found, known))


def lease_expires_at(participant: Participant, call: Call) -> datetime:
    """When an open participant counts as gone.

    A device that has given signs of life holds a short lease from the last one. A device that never has keeps its ring
    until the deadline, and its place in an active call for `lease_unproven_seconds` from the answer or from joining.
    """
    terms = limits()
    if participant.proved_at is not None:
        seconds = terms.lease_active_seconds if call.state == CallState.ACTIVE else terms.lease_ringing_seconds
        return participant.proved_at + timedelta(seconds=seconds)
    if call.state == CallState.ACTIVE:
        since = max(participant.joined_at, call.answered_at or participant.joined_at)
        return since + timedelta(seconds=terms.lease_unproven_seconds)
    return call.ring_expires_at


def media_due_at(sheet: CallSheet) -> datetime | None:
    """When media must have come up in the call as it is now, which its row stores as `media_due_at`.

    None unless two people are in an active call in which no device, even of those who left, has reported `connected`.
    Counts from the answer, or from the latest time that one of those inside joined, so that late-comers have the full
    time too. A later moment that was set before stays, because it was promised.
    """
    media_seconds = limits().media_seconds
    call = sheet.call
    inside = sheet.inside()
    if not media_seconds or call.state != CallState.ACTIVE or call.answered_at is None or len(inside) < 2:
        return None
    if any(each.connected_at is not None for each in sheet.participants):
        return None
    since = max(call.answered_at, *(each.joined_at for each in inside))
    due_at = since + timedelta(seconds=media_seconds)
    return due_at if call.media_due_at is None else max(due_at, call.media_due_at)


def media_proof() -> timedelta:
    """A device that gave a sign of life this shortly before media was due is reachable, so it is the media that failed.
    Twice the time between two syncs of a client with an open call."""
    return timedelta(seconds=2 * limits().sync_open_seconds)


def longest_until(call: Call) -> datetime:
    """When a call ends at the latest."""
    return call.created_at + timedelta(seconds=limits().max_duration_seconds)

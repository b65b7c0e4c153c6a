"""Being in a call: joining, staying alive, leaving, and ending it for everyone."""

from __future__ import annotations

from datetime import datetime, timedelta

from invitations.calls.answering import HELD_CALLS, check_caller, enter, leave_others, take_call
from invitations.calls.closing import cancel_pending, close_invitation, finish, save, save_deadlines, settle, take_out
from invitations.calls.events import Change, log
from invitations.calls.loading import (
    CallName,
    lock_all,
    lock_for,
    lock_person,
    lock_stays,
    refuse_if_closed,
    refuse_if_over,
)
from invitations.calls.transaction import write
from invitations.calls.verb import verb
from invitations.conf import limits
from invitations.errors import CallError, Code
from invitations.models import (
    CallState,
    EndReason,
    EventKind,
    InvitationState,
    LeftReason,
    Participant,
    UserKey,
)
from invitations.store import people, rows
from invitations.store.sheets import Actor, CallSheet, media_proof
from invitations.store.statements import Bind, Prepared
from invitations.words import say_lazy

MOST_STAYS = HELD_CALLS + 1
"""The most calls that one device is in: those that it holds, and one more."""
_STAYS_HERE = Participant.objects.open().order_by("pk").filter(user_id=Bind("user"), device_id=Bind("device"))
STAYS_HERE = Prepared(
    _STAYS_HERE.values_list("pk", "proved_at", "call_id", "call__media_due_at")[:MOST_STAYS], row=tuple
)

PROOF_INTERVAL_SECONDS = 2
"""A sign of life within this time of the last one is not written."""
OUTAGE_FORGIVEN_SECONDS = 15 * 60
"""How long a server may have been down for calls to continue when it is back."""


@verb
def join(call: CallName, *, by: Actor, now: datetime) -> CallSheet:
    """Enter a live call after missing or leaving it, or move a call here from another device of one's own.

    Accepts the invitation if it is pending. Whoever rejected or was removed needs a new invitation. Does nothing on the
    device that is in it, or was when it ended.

    Args:
        call: the call.
        by: an invitee, or the caller, on the device that joins.

    Raises:
        CallError: `not_found`, `not_allowed`, `call_full`, `invitation_cancelled`, `invitation_timed_out`,
            `call_ended`.
    """
    lock_person(by)
    others = lock_stays(by, call, now=now)
    sheet = lock_for(by, call, now=now, labelled=True)
    own = sheet.invitation_of(by.user_id)
    stay = sheet.participant_of(by.user_id)
    if stay is not None and stay.device_id == by.device_id:
        return sheet
    last = _last_stay_here(sheet, by)
    if last is not None and last.left_reason in (LeftReason.CALL_ENDED, LeftReason.MEDIA_FAILED):
        return sheet
    if own is not None and own.state == InvitationState.CANCELLED and stay is None:
        refuse_if_closed(sheet, own)
    refuse_if_over(sheet, by)
    if stay is None and not sheet.may_come_in(by.user_id):
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.needs_invitation"), sheet=sheet)
    # One that is kept from them, too: whoever rings them sees that they have come.
    if (ring := sheet.pending_of(by.user_id)) is not None:
        check_caller(sheet, now)
        leave_others(sheet, others, by=by, now=now)
        return take_call(sheet, ring, by=by, custom_data="", now=now)
    if stay is None and len(sheet.seats()) >= limits().people_per_call:
        raise CallError(Code.CALL_FULL, sheet=sheet)
    leave_others(sheet, others, by=by, now=now)
    change = Change(sheet, by=by, now=now)
    if stay is not None:
        take_out(sheet, stay, LeftReason.MOVED, change=change)
    enter(sheet, by=by, change=change)
    return save(sheet, change)


@verb
def leave(call: CallName, *, by: Actor, now: datetime) -> CallSheet:
    """Leave a call. It ends when nobody is left to talk to.

    Args:
        call: the call.
        by: a participant. Does nothing on a device that the call was moved away from.

    Raises:
        CallError: `not_found`, `not_allowed` for a person who was never in it, `invitation_cancelled`,
            `invitation_timed_out`, `call_ended`.
    """
    sheet = lock_for(by, call, now=now)
    stay = sheet.participant_of(by.user_id)
    earlier = [each for each in sheet.participants if each.user_id == by.user_id and each.left_at is not None]
    here = [each for each in earlier if each.device_id == by.device_id]
    moved_away = here and here[-1].left_reason == LeftReason.MOVED
    if stay is None or (moved_away and stay.device_id != by.device_id):
        return _left_already(sheet, by, earlier)
    change = Change(sheet, by=by, now=now)
    take_out(sheet, stay, LeftReason.LEFT, change=change)
    settle(sheet, change=change, withdrawn=by.user_id == sheet.call.caller_id)
    return save(sheet, change)


@verb
def remove(call: CallName, *, by: Actor, user: str, now: datetime) -> CallSheet:
    """Take somebody out of a live call, or take back the ring that would let them in.

    Args:
        call: the call.
        by: the caller, an admin, or a service by itself.
        user: the public id of a participant or of a person who is being rung. They need a new invitation to come back.

    Raises:
        CallError: `not_found`, `not_allowed`, `self`, `not_invited` if they are neither in the call nor being rung,
            `call_ended`.
    """
    sheet = lock_for(by, call, now=now)
    if by.user_id != sheet.call.caller_id and not by.is_admin:
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.only_caller_removes"), sheet=sheet)
    user = people.meant_among(user, [each.username for each in sheet.people.values()])
    if user == by.username:
        raise CallError(Code.SELF, say_lazy("error.self.remove"), sheet=sheet)
    person = next((each for each in sheet.people.values() if each.username == user), None)
    stay = sheet.participant_of(person.id) if person else None
    ring = next((each for each in sheet.pending() if person and each.invitee_id == person.id), None)
    if stay is None and ring is None:
        if person is not None and sheet.is_seen_out(person.id):
            return sheet
        raise CallError(Code.CALL_ENDED if sheet.call.state == CallState.ENDED else Code.NOT_INVITED, sheet=sheet)
    change = Change(sheet, by=by, now=now, headline=EventKind.PARTICIPANT_LEFT)
    if ring is not None:
        close_invitation(sheet, ring, InvitationState.CANCELLED, change=change)
    if stay is not None:
        take_out(sheet, stay, LeftReason.REMOVED, change=change)
    settle(sheet, change=change, withdrawn=True)
    return save(sheet, change)


@verb
def end(call: CallName, *, by: Actor, now: datetime) -> CallSheet:
    """End a call for everyone.

    Args:
        call: the call.
        by: the caller, an admin, or a service by itself.

    Raises:
        CallError: `not_found`, `not_allowed`, `call_ended` if it had ended in another way.
    """
    sheet = lock_for(by, call, now=now)
    is_caller = by.user_id == sheet.call.caller_id
    if not is_caller and not by.is_admin:
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.only_caller_ends"), sheet=sheet)
    if sheet.call.state == CallState.ENDED:
        if _ended_by(sheet, by):
            return sheet
        raise CallError(Code.CALL_ENDED, sheet=sheet)
    reason = EndReason.ENDED_BY_ADMIN if by.is_admin else EndReason.COMPLETED
    if sheet.call.state == CallState.RINGING and not by.is_admin:
        reason = EndReason.CANCELLED
    change = Change(sheet, by=by, now=now, headline=EventKind.CALL_ENDED)
    cancel_pending(sheet, change=change)
    finish(sheet, reason, change=change)
    return save(sheet, change)


@verb
def connected(call: CallName, *, by: Actor, now: datetime) -> CallSheet:
    """Report that a device's media is up. Does nothing on one that has reported it, also once the call is over.

    Args:
        call: the call.
        by: a participant, on the device that is in the call.

    Raises:
        CallError: `not_found`, `not_allowed`, `invitation_cancelled`, `invitation_timed_out`, `call_ended`.
    """
    sheet = lock_for(by, call, now=now)
    last = _last_stay_here(sheet, by) if sheet.call.state == CallState.ENDED else None
    stay = last if last is not None and last.connected_at is not None else _stay_here(sheet, by)
    if stay.connected_at is not None:
        return sheet
    change = Change(sheet, by=by, now=now)
    stay.connected_at = change.now
    rows.update(stay, "connected_at")
    change.fact(EventKind.PARTICIPANT_CONNECTED, user=by.username, device=by.device_id)
    return save(sheet, change)


@verb
def heartbeat(call: CallName, *, by: Actor, now: datetime) -> CallSheet:
    """Give a device's sign of life, which renews its lease. Adds no fact and no revision.

    Args:
        call: the call.
        by: a participant, on the device that is in the call.

    Raises:
        CallError: `not_found`, `not_allowed`, `invitation_cancelled`, `invitation_timed_out`, `call_ended`.
    """
    sheet = lock_for(by, call, now=now)
    stay = _stay_here(sheet, by)
    was_away = _was_away(stay.proved_at, now)
    stay.proved_at = now
    rows.update(stay, "proved_at")
    _adjust_deadlines(sheet, now, was_away=was_away)
    return sheet


def prove_life(user_id: UserKey, device_id: str, *, now: datetime) -> bool:
    """Renew the leases that this device holds, in any call.

    Args:
        user_id: the user's key.
        device_id: the device that gave a sign of life.

    Returns:
        Whether the device is in any call.
    """
    known = STAYS_HERE.rows(user=user_id, device=device_id)
    stale = now - timedelta(seconds=PROOF_INTERVAL_SECONDS)
    old = [pk for pk, proved_at, *_ in known if proved_at is None or proved_at < stale]
    concerned = [
        call_pk
        for pk, proved_at, call_pk, media_due_at in known
        if pk in old and (proved_at is None or _decides_media(media_due_at, now))
    ]
    if old:
        with write():
            # Locks the call before its participants, as the verbs do.
            for sheet in lock_all(concerned).values():
                heard = [each for each in sheet.inside() if each.pk in old]
                was_away = any(_was_away(each.proved_at, now) for each in heard)
                for each in heard:
                    each.proved_at = now
                _adjust_deadlines(sheet, now, was_away=was_away)
            Participant.objects.open().filter(pk__in=old).update(proved_at=now)
    return bool(known)


def _was_away(proved_at: datetime | None, now: datetime) -> bool:
    return proved_at is None or proved_at < now - media_proof()


def _decides_media(media_due_at: datetime | None, now: datetime) -> bool:
    """Whether a sign of life given now proves that its device is there when media is due."""
    return media_due_at is not None and media_due_at <= now + media_proof()


def _adjust_deadlines(sheet: CallSheet, now: datetime, *, was_away: bool) -> None:
    """Adjust the deadlines to a sign of life, which the sheet has already.

    If a device returns from silence, or gives its first sign of life, the wait for media begins anew, because the
    device could not have had any. Otherwise the sign of life with which a device returns, or with which all devices
    return to a server that was down, would end the call at once.

    And the next look may come nearer: after a first sign of life, silence is noticed sooner; and the dispatcher may
    have taken a device for silent when media was due, before its sign of life, given in time, was committed.
    """
    call = sheet.call
    media_seconds = limits().media_seconds
    is_waiting = was_away and media_seconds > 0 and _decides_media(call.media_due_at, now)
    if is_waiting:
        call.media_due_at = now + timedelta(seconds=media_seconds)
    due_at = sheet.due_at(now)
    is_nearer = due_at is not None and (call.due_at is None or due_at < call.due_at)
    if is_waiting or is_nearer:
        save_deadlines(sheet, now)


def forgive_outage(*, now: datetime) -> int:
    """Renew the leases of devices whose media was up, because it was the server that was away, not they.

    Call this when a server starts, or its database is back. Media between browsers continues meanwhile, but they could
    not give signs of life. A device that is really gone lapses one lease later; one that lapsed long ago stays lapsed.

    Returns:
        How many leases.
    """
    # A connected device gives a sign every few seconds; the server may be the cause of a longer silence.
    silent = now - timedelta(seconds=2 * limits().sync_open_seconds)
    oldest = now - timedelta(seconds=OUTAGE_FORGIVEN_SECONDS)
    stays = Participant.objects.open().filter(
        call__state=CallState.ACTIVE, connected_at__isnull=False, proved_at__lte=silent, proved_at__gte=oldest
    )
    with write():
        # Unordered, or SQLite would walk through the whole table in key order.
        found = list(stays.filter(call__due_at__isnull=False).order_by().values_list("pk", flat=True))
        return Participant.objects.filter(pk__in=found).update(proved_at=now)


def _stay_here(sheet: CallSheet, by: Actor) -> Participant:
    refuse_if_over(sheet, by)
    stay = sheet.participant_of(by.user_id)
    if stay is None or stay.device_id != by.device_id:
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.device_outside"), sheet=sheet)
    return stay


def _last_stay_here(sheet: CallSheet, by: Actor) -> Participant | None:
    """The actor's latest stay in the call, over or not, if it is on the device that asks."""
    last = next((each for each in reversed(sheet.participants) if each.user_id == by.user_id), None)
    return last if last is not None and last.device_id == by.device_id else None


def _left_already(sheet: CallSheet, by: Actor, earlier: list[Participant]) -> CallSheet:
    if any(each.left_reason in (LeftReason.LEFT, LeftReason.MOVED) for each in earlier):
        return sheet
    refuse_if_over(sheet, by)
    if earlier:
        return sheet
    raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.outside"), sheet=sheet)


def _ended_by(sheet: CallSheet, by: Actor) -> bool:
    end = next((each for each in log(sheet) if each.kind == EventKind.CALL_ENDED), None)
    if end is None or by.is_service:
        return end is not None and end.data.get("service") == by.service
    return end.actor_id == by.user_id

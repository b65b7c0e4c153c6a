"""What an invitee does with a ring: report that it rings, accept it, reject it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, NoReturn

from invitations.calls.closing import ANSWERED, begin, save, settle, take_out
from invitations.calls.events import Change
from invitations.calls.loading import (
    CallName,
    InsideAnother,
    label_of,
    lock_alone,
    lock_for,
    lock_person,
    lock_stays,
    refuse_if_closed,
)
from invitations.calls.quieting import next_look
from invitations.calls.slots import is_due
from invitations.calls.transaction import Absent, Overdue
from invitations.calls.verb import verb
from invitations.errors import CallError, Code
from invitations.models import (
    CallState,
    EventKind,
    Invitation,
    InvitationState,
    LeftReason,
    Participant,
    RejectReason,
    RingingDevice,
    StopReason,
    Verdict,
)
from invitations.push import deliveries, devices
from invitations.store import rows
from invitations.store.sheets import Actor, CallSheet
from invitations.store.statements import Bind, Prepared
from invitations.words import say_lazy

CURRENT = "current"
"""Stands for the only call with a pending invitation to the actor."""
HELD_CALLS = 3
"""How many calls a device can keep on hold: two at once, and one that is being turned to."""
MOST_RINGING = 30
"""How many devices that alert are counted for one invitation."""


class Rung(NamedTuple):
    """A call by which a user is being rung, and when time next changes it; None if its row does not say."""

    call_pk: int
    call_id: str
    due_at: datetime | None


_RINGS = Invitation.objects.ringing().order_by().filter(invitee_id=Bind("user"))
RINGS = Prepared(_RINGS.values_list("call_id", "call__call_id", "call__due_at"), row=Rung._make)


def accept(call: CallName, *, by: Actor, now: datetime, custom_data: str = "", hold: bool = False) -> CallSheet:
    """Answer a ring. The first accept or reject to commit wins.

    A person who is in another call leaves it first, which cancels an unanswered outgoing call of their own.

    Args:
        call: the call, or `current`.
        by: the invitee, on the device that joins.
        custom_data: passed on to the caller; at most `custom_data_bytes` of UTF-8.
        hold: stay in the answered calls that this very device is in, up to `HELD_CALLS`. That it holds them, devices
            tell each other.

    Returns:
        The call; unchanged if this device had already accepted it.

    Raises:
        CallError: `not_found`, `no_current_call`, `ambiguous_current_call`, `not_allowed`, `answered_elsewhere`,
            `rejected_elsewhere`, `already_answered`, `invitation_cancelled`, `invitation_timed_out`, `call_ended`.
    """
    try:
        return _accept(call, by=by, custom_data=custom_data, hold=hold, inside_another=False, now=now)
    except InsideAnother:
        return _accept(call, by=by, custom_data=custom_data, hold=hold, inside_another=True, now=now)


@verb
def _accept(
    call: CallName, *, by: Actor, custom_data: str, hold: bool, inside_another: bool, now: datetime
) -> CallSheet:
    if inside_another or call == CURRENT:
        lock_person(by)
    if call == CURRENT:
        call = _current_call_id(by, now)
    others = lock_stays(by, call, now=now) if inside_another else {}
    sheet = lock_for(by, call, now=now, labelled=True) if inside_another else lock_alone(by, call, now=now)
    own = _ring_of(sheet, by)
    if own.state == InvitationState.PENDING:
        check_caller(sheet, now)
        leave_others(sheet, others if not hold else _without_held(others, by), by=by, now=now)
        return take_call(sheet, own, by=by, custom_data=custom_data, now=now)
    if own.state == InvitationState.ACCEPTED and own.answered_device == by.device_id:
        return sheet
    _refuse_answer(sheet, own, by)


@verb
def reject(
    call: CallName, *, by: Actor, now: datetime, custom_data: str = "", reason: str = RejectReason.DECLINED
) -> CallSheet:
    """Turn a ring down on all devices.

    Args:
        call: the call, or `current`.
        by: the invitee.
        custom_data: passed on to the caller; at most `custom_data_bytes` of UTF-8.
        reason: `declined`, `busy` or `later`.

    Returns:
        The call; unchanged if this device had already rejected it.

    Raises:
        CallError: `not_found`, `no_current_call`, `ambiguous_current_call`, `not_allowed`, `answered_elsewhere`,
            `rejected_elsewhere`, `already_answered`, `invitation_cancelled`, `invitation_timed_out`, `call_ended`.
    """
    if call == CURRENT:
        call = _current_call_id(by, now)
    sheet = lock_for(by, call, now=now, labelled=True)
    own = _ring_of(sheet, by)
    if own.state == InvitationState.REJECTED and own.answered_device == by.device_id:
        return sheet
    if own.state != InvitationState.PENDING:
        _refuse_answer(sheet, own, by)
    label = label_of(by, sheet)
    change = Change(sheet, by=by, now=now)
    _answer(own, InvitationState.REJECTED, by, label, custom_data, change.now)
    own.reject_reason = RejectReason(reason).value
    rows.update(own, *ANSWERED)
    change.stop(own, StopReason.REJECTED_ELSEWHERE, besides=by.device_id)
    change.fact(EventKind.INVITATION_REJECTED, invitee=by.username, reason=own.reject_reason, label=label)
    settle(sheet, change=change)
    return save(sheet, change)


@verb
def ringing(call: CallName, *, by: Actor, now: datetime, audible: bool = True) -> CallSheet:
    """Report that a device alerts. The caller is told how many devices do, and whether any of them can be heard.

    Args:
        call: the call.
        by: the invitee, on the device that alerts.
        audible: the device can be heard, not only seen.

    Raises:
        CallError: `not_found`, `not_allowed`, `answered_elsewhere`, `rejected_elsewhere`, `already_answered`,
            `invitation_cancelled`, `invitation_timed_out`, `call_ended`.
    """
    sheet = lock_for(by, call, now=now, labelled=True)
    own = _ring_of(sheet, by)
    if own.state != InvitationState.PENDING:
        _refuse_answer(sheet, own, by)
    devices.rang(by.user_id, by.device_id, now=now)
    deliveries.acknowledge(own.pk, by.device_id, audible=audible, now=now)
    change = Change(sheet, by=by, now=now)
    if not _rings(own, by, sheet, audible=audible, now=change.now):
        if own.takes_back(by.device_id):
            rows.update(own, "ringing_devices")
        return sheet
    rows.update(own, "ringing_at", "notified_at", "ringing_label", "ringing_devices", "next_ring_at")
    said = (own.ringing_devices or [])[-1]
    facts = {"label": said["label"], "device_kind": said["kind"], "audible": audible}
    change.fact(EventKind.INVITATION_RINGING, invitee=by.username, device=by.device_id, **facts)
    return save(sheet, change)


def check_caller(sheet: CallSheet, now: datetime) -> None:
    """Nobody is to answer a caller whose account was disabled or deleted, even before the dispatcher has seen that.

    Raises:
        Absent: the caller is still in the call, and may no longer sign in.
    """
    caller_id = sheet.call.caller_id
    if not sheet.people[caller_id].may_sign_in and sheet.participant_of(caller_id) is not None:
        raise Absent(sheet.call.pk, now)


def take_call(sheet: CallSheet, own: Invitation, *, by: Actor, custom_data: str, now: datetime) -> CallSheet:
    """Accept a pending invitation. The locks on the actor and the call must be held. One that was kept from its
    invitee, who comes by another way, is so no longer.

    Args:
        sheet: the call.
        own: the actor's pending invitation to it.
        by: the invitee.
        custom_data: passed on to the caller.
    """
    label = label_of(by, sheet)
    change = Change(sheet, by=by, now=now)
    if own.is_withheld:
        own.verdict = Verdict.RINGS.value
        rows.update(own, "verdict")
    _answer(own, InvitationState.ACCEPTED, by, label, custom_data, change.now)
    rows.update(own, *ANSWERED)
    change.stop(own, StopReason.ANSWERED_ELSEWHERE, besides=by.device_id)
    change.fact(EventKind.INVITATION_ACCEPTED, invitee=by.username, device=by.device_id, label=label)
    enter(sheet, by=by, change=change)
    return save(sheet, change)


def enter(sheet: CallSheet, *, by: Actor, change: Change) -> Participant:
    """Put the actor into the call. The first person to join the caller makes it active."""
    stay = rows.make(
        Participant,
        call_id=sheet.call.pk,
        user_id=by.user_id,
        device_id=by.device_id,
        joined_at=change.now,
        proved_at=change.now if by.lives else None,
    )
    rows.insert_later(stay)
    sheet.participants.append(stay)
    change.fact(EventKind.PARTICIPANT_JOINED, user=by.username, device=by.device_id)
    if sheet.call.state == CallState.RINGING and by.user_id != sheet.call.caller_id:
        begin(sheet.call, change.now)
        change.fact(EventKind.CALL_ACTIVE)
    return stay


def leave_others(sheet: CallSheet, others: dict[int, CallSheet], *, by: Actor, now: datetime) -> None:
    """Take the actor out of every other call, as required before accepting or joining this one.

    Args:
        sheet: the call that the actor joins.
        others: all calls that the actor is in, locked, by key (`lock_stays`).
    """
    for call_pk, other in others.items():
        stay = other.participant_of(by.user_id)
        if stay is None or call_pk == sheet.call.pk:
            continue
        change = Change(other, by=by, now=now)
        take_out(other, stay, LeftReason.LEFT, change=change)
        settle(other, change=change, withdrawn=by.user_id == other.call.caller_id)
        save(other, change)


def _without_held(others: dict[int, CallSheet], by: Actor) -> dict[int, CallSheet]:
    """The other calls without those that the actor's device keeps on hold, the ones that it came into last."""
    stays = {call_pk: other.participant_of(by.user_id) for call_pk, other in others.items()}
    held = sorted(
        (stay.joined_at, call_pk)
        for call_pk, stay in stays.items()
        if stay is not None and stay.device_id == by.device_id and others[call_pk].call.state == CallState.ACTIVE
    )
    kept = {call_pk for _, call_pk in held[-HELD_CALLS:]}
    return {call_pk: other for call_pk, other in others.items() if call_pk not in kept}


def _rings(own: Invitation, by: Actor, sheet: CallSheet, *, audible: bool, now: datetime) -> bool:
    """Note that the actor's device alerts. False if that was known, or if more devices said so than are counted."""
    known = own.ringing_devices or []
    before = next((each for each in known if each["device"] == by.device_id), None)
    if (before is not None and before["audible"] >= audible) or len(known) >= MOST_RINGING:
        return False
    person = sheet.people.get(by.user_id)
    said = RingingDevice(
        device=by.device_id,
        label=label_of(by, sheet),
        kind=person.device_kind if person else "",
        audible=audible,
        at=now.isoformat(),
    )
    own.ringing_devices = [*(each for each in known if each is not before), said]
    own.ringing_at = own.ringing_at or now
    own.notified_at = own.notified_at or now
    own.ringing_label = own.ringing_label or said["label"]
    # It is not repeated, but others may still be looked after that have gone.
    own.next_ring_at = next_look(own.ringing_devices)
    return True


def _answer(own: Invitation, state: InvitationState, by: Actor, label: str, custom_data: str, now: datetime) -> None:
    own.state = state.value
    own.custom_data = custom_data
    own.responded_at = own.closed_at = now
    own.answered_device = by.device_id
    own.answered_label = label
    own.next_ring_at = None


def _current_call_id(by: Actor, now: datetime) -> str:
    found = RINGS.rows(user=by.user_id)
    overdue = [each.call_pk for each in found if is_due(each.due_at, now)]
    if overdue:
        raise Overdue(*overdue, now=now)
    if not found:
        raise CallError(Code.NO_CURRENT_CALL)
    if len(found) > 1:
        raise CallError(Code.AMBIGUOUS_CURRENT_CALL, call_ids=sorted(each.call_id for each in found))
    return found[0].call_id


def _ring_of(sheet: CallSheet, by: Actor) -> Invitation:
    # An answer is meant for the last ring, even if that one was taken back without a trace.
    own = sheet.last_ring_of(by.user_id) if by.ring_pk is None else sheet.invitation_by_key(by.ring_pk)
    if own is not None and own.is_withheld:
        raise CallError(Code.INVITATION_CANCELLED)
    if own is None and by.user_id == sheet.call.caller_id:
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.own_call"), sheet=sheet)
    if own is None:
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.not_invited"), sheet=sheet)
    return own


def _refuse_answer(sheet: CallSheet, own: Invitation, by: Actor) -> NoReturn:
    """Say why a ring can no longer be answered. The actor's own invitation gives the reason, or else the call."""
    refuse_if_closed(sheet, own)
    elsewhere = own.answered_device != by.device_id
    if own.state in (InvitationState.ACCEPTED, InvitationState.REJECTED) and elsewhere:
        code = Code.ANSWERED_ELSEWHERE if own.state == InvitationState.ACCEPTED else Code.REJECTED_ELSEWHERE
        place = say_lazy(f"error.{code}.on", device=own.answered_label) if own.answered_label else None
        raise CallError(code, place, sheet=sheet)
    if sheet.call.state == CallState.ENDED:
        raise CallError(Code.CALL_ENDED, sheet=sheet)
    if own.state == InvitationState.BUSY:
        raise CallError(Code.ALREADY_ANSWERED, say_lazy("error.already_answered.was_busy"), sheet=sheet)
    raise CallError(Code.ALREADY_ANSWERED, sheet=sheet)

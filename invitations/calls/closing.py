"""How invitations close, participants leave and calls end, for all verbs alike."""

from __future__ import annotations

from datetime import datetime, timedelta

from invitations.calls.events import Change
from invitations.models import (
    Call,
    CallState,
    EndReason,
    EventKind,
    Invitation,
    InvitationState,
    LeftReason,
    Participant,
    StopReason,
)
from invitations.store import rows
from invitations.store.sheets import CallSheet, media_due_at

CLOSED = ("state", "reject_reason", "custom_data", "closed_at", "responded_at", "missed", "next_ring_at")
UNANSWERED = (*CLOSED, "cancelled_by_admin")
ANSWERED = (*CLOSED, "answered_device", "answered_label")
LEFT = ("left_at", "left_reason")
CALL = ("revision", "state", "end_reason", "ring_expires_at", "answered_at", "media_due_at", "due_at", "ended_at")
DUE = ("media_due_at", "due_at")
UNNOTICED = timedelta(seconds=3)
"""A ring that is cancelled no later than this, before any device was notified, was sent by mistake: its invitee never
hears of it. A later one they have missed."""


def close_invitation(
    sheet: CallSheet, invitation: Invitation, state: InvitationState, *, change: Change, custom_data: str = ""
) -> None:
    """Close a pending invitation that the invitee did not answer: cancelled or timed out.

    Args:
        sheet: the call.
        invitation: pending.
        state: the terminal state.
        change: collects the fact.
        custom_data: from the act that closes it.
    """
    invitation.state = state.value
    invitation.custom_data = custom_data
    invitation.closed_at = change.now
    invitation.next_ring_at = None
    rang = change.now - invitation.created_at > UNNOTICED
    missed = state == InvitationState.TIMED_OUT or invitation.notified_at is not None or rang
    invitation.missed = missed and not invitation.is_withheld
    invitation.cancelled_by_admin = state == InvitationState.CANCELLED and change.is_by_admin(invitation)
    rows.update(invitation, *UNANSWERED)
    timed_out = state == InvitationState.TIMED_OUT
    change.stop(invitation, StopReason.TIMED_OUT if timed_out else StopReason.CANCELLED)
    kind = EventKind.INVITATION_TIMED_OUT if timed_out else EventKind.INVITATION_CANCELLED
    by_admin = {"by_admin": True} if invitation.cancelled_by_admin else {}
    change.fact(kind, invitee=sheet.people[invitation.invitee_id].username, **by_admin)
    if invitation.missed:
        change.miss(invitation)


def cancel_pending(sheet: CallSheet, *, change: Change, custom_data: str = "") -> list[Invitation]:
    """Cancel every open ring."""
    cancelled = sheet.pending()
    for invitation in cancelled:
        close_invitation(sheet, invitation, InvitationState.CANCELLED, change=change, custom_data=custom_data)
    return cancelled


def take_out(sheet: CallSheet, participant: Participant, reason: LeftReason, *, change: Change) -> None:
    """Close one participant's stay."""
    _take_all_out(sheet, [participant], reason, change=change)


def settle(
    sheet: CallSheet,
    *,
    change: Change,
    withdrawn: bool = False,
    lost: bool = False,
) -> None:
    """End the call if nothing keeps it going.

    A ringing call needs its caller and an open ring. An active one needs two people inside, or one and an open ring;
    and its caller, if it is to end when the caller leaves.

    Args:
        sheet: the call after the act.
        change: collects the facts.
        withdrawn: the caller cancelled or left, or an admin did it in their place.
        lost: a lease lapsed.
    """
    call = sheet.call
    inside = sheet.inside()
    if call.state == CallState.RINGING:
        caller_inside = any(each.user_id == call.caller_id for each in inside)
        if not caller_inside:
            cancel_pending(sheet, change=change)
        if not caller_inside and lost:
            finish(sheet, EndReason.CALLER_LOST, change=change)
            return
        if not sheet.pending():
            by_admin = withdrawn and change.is_by_admin()
            reason = EndReason.ENDED_BY_ADMIN if by_admin else unanswered_reason(sheet, withdrawn=withdrawn)
            finish(sheet, reason, change=change)
        return
    caller_left = call.end_when_caller_leaves and not any(each.user_id == call.caller_id for each in inside)
    if not inside or caller_left:
        cancel_pending(sheet, change=change)
    alone = len(inside) == 1 and not sheet.pending()
    if caller_left or not inside or alone:
        finish(sheet, EndReason.CONNECTION_LOST if lost else EndReason.COMPLETED, change=change)


def unanswered_reason(sheet: CallSheet, *, withdrawn: bool) -> EndReason:
    """Why a call that nobody accepted ended."""
    states = {each.state for each in sheet.invitations}
    if withdrawn:
        return EndReason.CANCELLED
    if InvitationState.TIMED_OUT in states:
        return EndReason.TIMED_OUT
    if InvitationState.REJECTED in states:
        return EndReason.REJECTED
    return EndReason.BUSY if InvitationState.BUSY in states else EndReason.CANCELLED


def finish(
    sheet: CallSheet, reason: EndReason, *, change: Change, left_reason: LeftReason = LeftReason.CALL_ENDED
) -> None:
    """End the call. Everyone still in it leaves for `left_reason`."""
    call = sheet.call
    _take_all_out(sheet, sheet.inside(), left_reason, change=change)
    call.state = CallState.ENDED.value
    call.end_reason = reason.value
    # The clocks of two servers differ slightly; a call must never end before it was made.
    call.ended_at = max(change.now, call.created_at)
    change.fact(EventKind.CALL_ENDED, reason=reason.value)


def save(sheet: CallSheet, change: Change, *, quietly: bool = False) -> CallSheet:
    """Write the call's own row and record the facts: the last step of every verb that changed something.

    Args:
        sheet: the call after the act.
        change: the facts.
        quietly: publish nothing.
    """
    pending = sheet.pending()
    if pending:
        sheet.call.ring_expires_at = max(each.expires_at for each in pending)
    sheet.call.media_due_at = media_due_at(sheet)
    sheet.call.due_at = sheet.due_at(change.now)
    rows.update(sheet.call, *CALL)
    change.record(quietly=quietly)
    return sheet


def save_deadlines(sheet: CallSheet, now: datetime) -> None:
    """Write when time next changes the call, if nothing else in its row has changed."""
    sheet.call.due_at = sheet.due_at(now)
    rows.update(sheet.call, *DUE)


def begin(call: Call, now: datetime) -> None:
    """Make a ringing call active at its first answer."""
    call.state = CallState.ACTIVE.value
    call.answered_at = now


def _take_all_out(sheet: CallSheet, stays: list[Participant], reason: LeftReason, *, change: Change) -> None:
    for participant in stays:
        participant.left_at = change.now
        participant.left_reason = reason.value
        change.fact(
            EventKind.PARTICIPANT_LEFT,
            user=sheet.people[participant.user_id].username,
            reason=reason.value,
            device=participant.device_id,
        )
    rows.update_alike(stays, *LEFT)

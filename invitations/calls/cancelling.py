"""Taking rings back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from invitations.calls.asking import Problem, problem_of
from invitations.calls.closing import close_invitation, save, settle
from invitations.calls.events import Change
from invitations.calls.loading import CallName, lock_for
from invitations.calls.verb import verb
from invitations.errors import CallError, Code
from invitations.models import CallState, EndReason, Invitation, InvitationState
from invitations.store import people
from invitations.store.sheets import Actor, CallSheet
from invitations.words import say_lazy


@dataclass(slots=True)
class Cancelled:
    """The result of a cancel.

    Args:
        sheet: the call.
        cancelled: public ids of the people whose rings stop now.
        errors: people for whom it came too late or who were never invited, each with `invitee` and `code`.
    """

    sheet: CallSheet
    cancelled: list[str] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)


@verb
def cancel(
    call: CallName, *, by: Actor, now: datetime, callees: Sequence[str] | None = None, custom_data: str = ""
) -> Cancelled:
    """Stop rings that are still open. Against an accept, the first to commit wins.

    Args:
        call: the call.
        by: the caller, who may cancel every ring, or a participant, who may cancel the rings they gave.
        callees: public ids; everyone whose invitation is pending if omitted.
        custom_data: passed on to the invitees; at most `custom_data_bytes` of UTF-8.

    Raises:
        CallError: `not_found`, `not_allowed`, `already_answered` if an accept won, `call_ended`.
    """
    sheet = lock_for(by, call, now=now)
    if not _may_cancel(sheet, by):
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.only_caller_cancels"), sheet=sheet)
    targets, errors = _targets(sheet, by, callees)
    if not targets:
        return _nothing_to_cancel(sheet, callees, errors)
    change = Change(sheet, by=by, now=now)
    for invitation in targets:
        close_invitation(sheet, invitation, InvitationState.CANCELLED, change=change, custom_data=custom_data)
    settle(sheet, change=change, withdrawn=True)
    save(sheet, change)
    return Cancelled(sheet, [sheet.people[each.invitee_id].username for each in targets], errors)


def _may_cancel(sheet: CallSheet, by: Actor) -> bool:
    return (
        by.is_admin
        or by.user_id == sheet.call.caller_id
        or any(each.inviter_id == by.user_id for each in sheet.invitations)
    )


def _targets(sheet: CallSheet, by: Actor, callees: Sequence[str] | None) -> tuple[list[Invitation], list[Problem]]:
    everything = by.is_admin or by.user_id == sheet.call.caller_id
    mine = {
        sheet.people[each.invitee_id].username: each
        for each in sheet.invitations
        if everything or each.inviter_id == by.user_id
    }
    if callees is None:
        return [each for each in mine.values() if each.state == InvitationState.PENDING], []
    targets: list[Invitation] = []
    errors: list[Problem] = []
    for name in dict.fromkeys(callees):
        invitation = mine.get(people.meant_among(name, mine))
        if invitation is None:
            errors.append(problem_of(name, Code.NOT_INVITED))
        elif invitation.state == InvitationState.PENDING:
            targets.append(invitation)
        elif invitation.state != InvitationState.CANCELLED:
            errors.append(problem_of(name, Code.ALREADY_ANSWERED))
    return targets, errors


def _nothing_to_cancel(sheet: CallSheet, callees: Sequence[str] | None, errors: list[Problem]) -> Cancelled:
    """Accept a repeat. Refuse a cancel that lost to an answer, or met a call that had ended for another reason."""
    latest = {sheet.people[each.invitee_id].username: each for each in sheet.invitations}
    asked = None if callees is None else {people.meant_among(each, latest) for each in callees}
    concerned = [each for name, each in latest.items() if asked is None or name in asked]
    if _is_repeat(concerned, by_name=asked is not None):
        return Cancelled(sheet, [], errors)
    if sheet.call.state == CallState.ENDED:
        if asked is None and sheet.call.end_reason == EndReason.CANCELLED:
            return Cancelled(sheet)
        raise CallError(Code.CALL_ENDED, sheet=sheet)
    if asked is None or any(each["code"] == Code.ALREADY_ANSWERED for each in errors):
        raise CallError(Code.ALREADY_ANSWERED, sheet=sheet, errors=errors)
    return Cancelled(sheet, [], errors)


def _is_repeat(concerned: list[Invitation], *, by_name: bool) -> bool:
    """Whether the same cancel took effect before: on one of those named or, with none named, on the last ring."""
    if by_name:
        return any(each.state == InvitationState.CANCELLED for each in concerned)
    closed = [(each.closed_at, each) for each in concerned if each.closed_at is not None]
    return bool(closed) and max(closed, key=lambda pair: pair[0])[1].state == InvitationState.CANCELLED

"""Inviting more people into a live call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Unpack

from invitations.calls import bounds, judging, permits, repeats, slots
from invitations.calls.asking import (
    Ring,
    RingKeywords,
    Sent,
    found_among,
    in_any_capitals,
    invitable,
    new_invitations,
    warnings_about,
)
from invitations.calls.closing import save, settle
from invitations.calls.events import Change
from invitations.calls.loading import CallName, lock_for, refuse_if_over
from invitations.calls.permits import Permit, Question
from invitations.calls.repeats import RequestKey
from invitations.calls.verb import verb
from invitations.errors import CallError, Code
from invitations.models import EventKind, InvitationState
from invitations.rules import terms
from invitations.store import rows
from invitations.store.sheets import Actor, Person
from invitations.words import say_lazy


def invite(
    call: CallName,
    *,
    by: Actor,
    invitees: Sequence[str],
    now: datetime,
    urgent: bool = False,
    request: RequestKey | None = None,
    permit: Permit | None = None,
    **ring: Unpack[RingKeywords],
) -> Sent:
    """Invite more people into a live call that the actor is in.

    Args:
        call: the call.
        by: an open participant.
        invitees: public ids, 1 to `invitees_per_request`.
        urgent: as for a send.
        request: how the request is known if it is repeated; None if it has no key.
        permit: as for a send.
        ring: how it rings, the fields of `Ring`.

    Raises:
        CallError: `not_found`, `not_allowed`, `no_valid_invitee`, `idempotency_key_in_use`, `throttled`,
            `invitation_cancelled`, `invitation_timed_out`, `call_ended`.
        Unasked: as for a send.
    """
    how = Ring(**ring)
    return in_any_capitals(lambda names: _invite(call, by, names, how, urgent, request, permit, now=now), invitees)


@verb
def _invite(
    call: CallName,
    by: Actor,
    invitees: list[str],
    how: Ring,
    urgent: bool,
    request: RequestKey | None,
    permit: Permit | None,
    *,
    now: datetime,
) -> Sent:
    names = {by.username, *invitees}
    locked, known = terms.begin(by.user_id, names, device_id=by.device_id), repeats.begin(by, request)
    locked_rows = locked.rows()
    found = found_among(invitees, [person for person, *_ in locked_rows])
    settled = {person.id: theirs for person, theirs, _ in locked_rows}
    allowed = partial(permits.given, permit, locked_rows[0][2] if locked_rows else None)
    act = partial(_invite_once, call, by, invitees, found, settled, how, urgent, allowed, now=now)
    return repeats.once(by, request, known, act, now=now)


def _invite_once(
    call: CallName,
    by: Actor,
    invitees: list[str],
    found: dict[str, Person],
    settled: judging.Settled,
    how: Ring,
    urgent: bool,
    allowed: Callable[[Question], Permit],
    *,
    now: datetime,
) -> Sent:
    sheet = lock_for(by, call, now=now)
    refuse_if_over(sheet, by)
    if sheet.participant_of(by.user_id) is None:
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.only_people_inside_add"), sheet=sheet)
    invited, errors = invitable(by, invitees, found, sheet)
    if not invited:
        raise CallError(Code.NO_VALID_INVITEE, errors=errors, sheet=sheet)
    permit = allowed(Question("invite", by.username, invitees, sheet.call.is_video_call, urgent, how))
    invited, refused = permit.among(invited)
    errors += refused
    if not invited:
        raise CallError(Code.NO_VALID_INVITEE, errors=errors, sheet=sheet)
    told, once, how = permit.told(how), permit.told_once(refused), permit.applied(how)
    asked = [each.username for each in invited]
    given, busy = bounds.begin(by, asked, now=now), slots.begin(asked)
    judged, problems = judging.judged(settled, given, by, invited, urgent=urgent, now=now)
    errors += problems
    if not judged:
        raise CallError(Code.NO_VALID_INVITEE, errors=errors, sheet=sheet)
    occupied = slots.occupations(busy, [each.person.id for each in judged], now=now)
    sheet.people |= {each.person.id: each.person for each in judged}
    change = Change(sheet, by=by, now=now)
    added = new_invitations(sheet, by, judged, how, occupied, change.now)
    rows.insert_later(*added)
    sheet.invitations += added
    for invitation in added:
        kind = EventKind.INVITATION_SENT if invitation.state == InvitationState.PENDING else EventKind.INVITATION_BUSY
        if invitation.state == InvitationState.PENDING:
            change.ring(invitation)
        change.fact(kind, invitee=sheet.people[invitation.invitee_id].username, **told, **once)
        once = {}
        if invitation.missed:
            change.miss(invitation)
    settle(sheet, change=change)
    return Sent(save(sheet, change), errors, warnings_about(how))

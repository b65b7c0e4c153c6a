"""Sending a call, unless the send means an existing call: a repeat, a merge of two calls, or a rejoin."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any, Unpack

from django.db import IntegrityError

from invitations.calls import answering, bounds, judging, permits, repeats, slots
from invitations.calls.asking import (
    Judged,
    Problem,
    Ring,
    RingKeywords,
    Sent,
    found_among,
    in_any_capitals,
    invitable,
    new_invitations,
    warnings_about,
)
from invitations.calls.events import Change
from invitations.calls.loading import CALL, load, lock_calls, lock_one
from invitations.calls.permits import Permit, Question
from invitations.calls.repeats import RequestKey
from invitations.calls.slots import Occupation
from invitations.calls.transaction import TRIES, Overdue
from invitations.calls.verb import verb
from invitations.errors import CallError, Code
from invitations.models import (
    Call,
    CallState,
    EndReason,
    EventKind,
    Invitation,
    InvitationState,
    LeftReason,
    Participant,
)
from invitations.rules import terms
from invitations.store import rows
from invitations.store.sheets import Actor, CallSheet, Person
from invitations.words import say_lazy

LONGEST_NAME_IN_ID = 109
"""What 128 characters leave for the name, beside `call_`, another `_` and 13 digits of milliseconds."""
_strange_in_ids = re.compile(r"[^A-Za-z0-9._~:@-]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a send asks for, apart from who asks and when."""

    invitees: list[str]
    is_video_call: bool
    end_when_caller_leaves: bool
    urgent: bool
    ring: Ring
    permit: Permit | None

    def fingerprint(self) -> str:
        """A SHA-256 that tells a repeat of the same send from another call with the same id."""
        said = [self.invitees, self.is_video_call, self.end_when_caller_leaves, *self.ring]
        if self.urgent:
            said.append("urgent")
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def send(
    *,
    by: Actor,
    invitees: Sequence[str],
    is_video_call: bool,
    now: datetime,
    call_id: str | None = None,
    end_when_caller_leaves: bool = False,
    urgent: bool = False,
    request: RequestKey | None = None,
    permit: Permit | None = None,
    **ring: Unpack[RingKeywords],
) -> Sent:
    """Call people: one call, one invitation each, all in one transaction.

    Args:
        by: the caller.
        invitees: public ids, 1 to `invitees_per_request`.
        is_video_call: video instead of audio.
        call_id: names the call while it is open, and afterwards the people who were in it can call under it again;
            generated if omitted.
        end_when_caller_leaves: the call ends for everyone when the caller leaves.
        urgent: it matters now. Counts with those who have let the caller in, three times a day each.
        request: how the request is known if it is repeated; None if it has no key.
        permit: what the ring hook answered; None if it was not asked.
        ring: how it rings, the fields of `Ring`.

    Returns:
        The call, with an error for each person who could not be invited.

    Raises:
        CallError: `no_valid_invitee`, `already_in_call`, `call_id_in_use`,
            `idempotency_key_in_use`, `throttled`.
        Unasked: there is a ring hook, which must be asked first.
    """
    how = Ring(**ring)

    def wanted(names: list[str]) -> Wanted:
        return Wanted(names, is_video_call, end_when_caller_leaves, urgent, how, permit)

    def send_to(names: list[str]) -> Sent:
        return _send_under_some_id(by, wanted(names), call_id, request, now)

    return in_any_capitals(send_to, invitees)


def _send_under_some_id(
    by: Actor, wanted: Wanted, call_id: str | None, request: RequestKey | None, now: datetime
) -> Sent:
    for nudge in range(TRIES):
        new_id = call_id or generated_call_id(by.username, now + timedelta(milliseconds=nudge))
        try:
            return _send(by, wanted, call_id, new_id, request, now=now)
        except IntegrityError:
            # Another send took the id meanwhile: the next look-up finds its call, or the next millisecond is free.
            if not Call.objects.filter(call_id=new_id).exists():
                raise
    raise CallError(Code.UNAVAILABLE)


@verb
def _send(
    by: Actor, wanted: Wanted, call_id: str | None, new_id: str, request: RequestKey | None, *, now: datetime
) -> Sent:
    asked = Asked(by, wanted, call_id, request, now)
    locked_rows = asked.people.rows()
    found = found_among(wanted.invitees, [person for person, *_ in locked_rows])
    asked.settled = {person.id: theirs for person, theirs, _ in locked_rows}
    asked.listening = locked_rows[0][2] if locked_rows else None
    caller = found.get(by.username)
    if caller is None:
        raise CallError(Code.NOT_AUTHENTICATED)
    if caller.device_label:
        by = replace(by, device_label=caller.device_label)
    act = partial(_send_once, by, wanted, call_id, new_id, found, asked, now=now)
    return repeats.once(by, request, asked.known, act, now=now)


class Asked:
    """What a send asks the database for in one go. The locks on the people come first."""

    def __init__(
        self, by: Actor, wanted: Wanted, call_id: str | None, request: RequestKey | None, now: datetime
    ) -> None:
        names = {by.username, *wanted.invitees}
        self.people = terms.begin(by.user_id, names, device_id=by.device_id)
        self.settled: judging.Settled = {}
        self.listening: str | None = None
        self.known = repeats.begin(by, request)
        self.namesake = None if call_id is None else CALL.soon(call_id=call_id)
        self.busy = slots.begin(names, rung=by.user_id)
        self.given = bounds.begin(by, wanted.invitees, now=now)
        self.key = rows.reserved(Call, 1)


def _send_once(
    by: Actor,
    wanted: Wanted,
    call_id: str | None,
    new_id: str,
    found: dict[str, Person],
    asked: Asked,
    *,
    now: datetime,
) -> Sent:
    caller, fingerprint = found[by.username], wanted.fingerprint()
    earlier, is_taken = None, False
    if call_id is not None and asked.namesake is not None and asked.namesake.first() is not None:
        earlier, is_taken = _latest(call_id, by, now)
    if earlier is not None and earlier.call.state != CallState.ENDED and earlier.call.caller_id == by.user_id:
        return _repeat(earlier, fingerprint)
    invited, errors = invitable(by, wanted.invitees, found)
    if not invited:
        raise CallError(Code.NO_VALID_INVITEE, errors=errors)
    busy = slots.occupations(asked.busy, {caller.id, *(each.id for each in invited)}, now=now)
    if (existing := _existing(by, invited, wanted.invitees, busy, asked, now=now)) is not None:
        return existing
    if is_taken:
        raise CallError(Code.CALL_ID_IN_USE)
    question = Question("send", by.username, wanted.invitees, wanted.is_video_call, wanted.urgent, wanted.ring)
    permit = permits.given(wanted.permit, asked.listening, question)
    invited, refused = permit.among(invited)
    errors += refused
    if not invited:
        raise CallError(Code.NO_VALID_INVITEE, errors=errors)
    given = asked.given
    if any(each.user_id == by.user_id for each in busy):
        # A call of theirs was waited for, and may have been in vain by now.
        given = bounds.begin(by, wanted.invitees, now=now)
    judged, problems = judging.judged(asked.settled, given, by, invited, urgent=wanted.urgent, now=now)
    errors += problems
    if not judged:
        raise CallError(Code.NO_VALID_INVITEE, errors=errors)
    ring = permit.applied(wanted.ring)
    call = _new_call(caller, replace(wanted, ring=ring), new_id, fingerprint, asked.listening, now)
    call.titled = by.titles
    if earlier is not None:
        call.attempt, call.revision = earlier.call.attempt + 1, earlier.call.revision
    sheet = CallSheet(call, [], [], {caller.id: caller} | {each.person.id: each.person for each in judged})
    return _place(
        sheet, by, judged, ring, busy, errors, asked, permit.told(wanted.ring) | permit.told_once(refused), now=now
    )


def generated_call_id(username: str, now: datetime) -> str:
    """The id of a call sent without one: `call_<username>_<unix ms>`.

    Characters not allowed in a call id become `~`, and a long name is cut off: an id has at most 128 characters.
    """
    name = _strange_in_ids.sub("~", username)[:LONGEST_NAME_IN_ID]
    return f"call_{name}_{int(now.timestamp() * 1000)}"


def _place(
    sheet: CallSheet,
    by: Actor,
    invited: list[Judged],
    ring: Ring,
    busy: list[Occupation],
    errors: list[Problem],
    asked: Asked,
    told: dict[str, Any],
    *,
    now: datetime,
) -> Sent:
    call = sheet.call
    sheet.invitations = new_invitations(sheet, by, invited, ring, busy, now)
    rings = any(each.state == InvitationState.PENDING for each in sheet.invitations)
    stay = rows.make(
        Participant, user_id=by.user_id, device_id=by.device_id, joined_at=now, proved_at=now if by.lives else None
    )
    sheet.participants = [stay]
    change = Change(sheet, by=by, now=now)
    change.fact(EventKind.CALL_SENT, invitees=[each.person.username for each in invited], device=by.device_id, **told)
    for invitation in sheet.invitations:
        if invitation.state == InvitationState.PENDING:
            change.ring(invitation)
        if invitation.state == InvitationState.BUSY:
            change.fact(EventKind.INVITATION_BUSY, invitee=sheet.people[invitation.invitee_id].username)
            change.miss(invitation)
    if not rings:
        stay.left_at, stay.left_reason = now, LeftReason.CALL_ENDED.value
        call.state, call.end_reason, call.ended_at = CallState.ENDED.value, EndReason.BUSY.value, now
        change.fact(
            EventKind.PARTICIPANT_LEFT, user=by.username, reason=LeftReason.CALL_ENDED.value, device=by.device_id
        )
        change.fact(EventKind.CALL_ENDED, reason=EndReason.BUSY.value)
    call.due_at = sheet.due_at(now)
    rows.insert_later(call, keys=asked.key)
    stay.call_id = call.pk
    for each in sheet.invitations:
        each.call_id = call.pk
    rows.insert_later(*sheet.invitations)
    rows.insert_later(stay)
    change.record()
    return Sent(sheet, errors, warnings_about(ring))


def _latest(call_id: str, by: Actor, now: datetime) -> tuple[CallSheet | None, bool]:
    """The latest call under an id, and whether that id is taken: by an open call, or by others' call that has ended.

    One of the actor's that has ended may be followed by another attempt. It is locked, so that its revision is the last
    one it had.

    Raises:
        Overdue: a deadline in it has passed.
    """
    latest = load(call_id)
    if latest is None:
        return None, False
    if latest.is_overdue(now):
        raise Overdue(latest.call.pk, now=now)
    if latest.call.state != CallState.ENDED or not Call.objects.attempts(call_id, by.user_id).exists():
        return latest, True
    return lock_one(latest.call.pk), False


def _repeat(earlier: CallSheet, fingerprint: str) -> Sent:
    if earlier.call.fingerprint != fingerprint:
        raise CallError(Code.CALL_ID_IN_USE, say_lazy("error.call_id_in_use.own"), sheet=earlier)
    return Sent(earlier, created=False)


def _existing(
    by: Actor, invited: list[Person], names: Sequence[str], busy: list[Occupation], asked: Asked, *, now: datetime
) -> Sent | None:
    """The call that a send really means: one that the caller is in already, or the other's call to them (glare)."""
    mine = [each for each in busy if each.user_id == by.user_id]
    other = invited[0] if len(invited) == len(names) == 1 else None
    keys = [each.call_pk for each in mine if each.inside]
    if keys and (inside := entered(lock_calls(keys, now=now).values(), by)):
        if other is not None and (shared := shared_with(other, inside, by)) is not None:
            return Sent(shared, created=False, rejoin=True)
        raise CallError(Code.ALREADY_IN_CALL, say_lazy("error.already_in_call.you"), sheet=inside[0])
    for call_pk in crossing(mine, other, asked.settled):
        sheet = lock_calls([call_pk], now=now)[call_pk]
        # One that was silenced, too: now they do want to talk.
        if (own := answered_by_calling(sheet, by)) is not None:
            answering.take_call(sheet, own, by=by, custom_data="", now=now)
            return Sent(sheet, created=False, merged=True)
    return None


def entered(sheets: Iterable[CallSheet], by: Actor) -> list[CallSheet]:
    """Those of these calls that the actor is in; the one entered last comes first."""
    stays = [(each.participant_of(by.user_id), each) for each in sheets]
    found = [(stay.joined_at, stay.pk, sheet) for stay, sheet in stays if stay is not None]
    return [sheet for *_, sheet in sorted(found, key=itemgetter(0, 1), reverse=True)]


def shared_with(other: Person, inside: Sequence[CallSheet], by: Actor) -> CallSheet | None:
    """Of the calls that the actor is in, the one that they and the other person have answered and are in alone."""
    for sheet in inside:
        pair = {each.user_id for each in sheet.inside()}
        if sheet.call.state == CallState.ACTIVE and pair == {by.user_id, other.id}:
            return sheet
    return None


def crossing(mine: Sequence[Occupation], other: Person | None, settled: judging.Settled) -> list[int]:
    """The keys of calls by which the other person may be ringing the actor at this moment; none if one of the two has
    blocked the other.

    Args:
        mine: the calls that ring for the actor, and those that the actor is in.
        other: the only one to be rung; None if there are several.
        settled: what that person has settled about the actor.
    """
    if other is None or settled[other.id].has_blocked or settled[other.id].is_blocked:
        return []
    return [each.call_pk for each in mine if each.caller_id == other.id and each.call_state == CallState.RINGING]


def answered_by_calling(sheet: CallSheet, by: Actor) -> Invitation | None:
    """The actor's pending invitation to a call of two, which they answer by calling the other at the same time; None if
    it is another call, or they have answered."""
    own = sheet.pending_of(by.user_id)
    return own if len(sheet.invitations) == 1 else None


def _new_call(
    caller: Person, wanted: Wanted, call_id: str, fingerprint: str, listening: str | None, now: datetime
) -> Call:
    return rows.make(
        Call,
        call_id=call_id,
        state=CallState.RINGING.value,
        is_video_call=wanted.is_video_call,
        caller_id=caller.id,
        end_when_caller_leaves=wanted.end_when_caller_leaves,
        fingerprint=fingerprint,
        created_at=now,
        ring_expires_at=now + timedelta(seconds=wanted.ring.timeout_seconds),
        listening=listening,
        **wanted.ring._asdict(),
    )

"""What would become of a call if somebody sent it now: what a send would decide, and no ring.

Asks what a send asks, in its order, and decides by the same functions; locks nothing, counts nothing, writes nothing.
Like any read it has calls expired that are overdue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from invitations.calls import bounds, judging, slots
from invitations.calls.asking import Judged, Problem, Ring, invitable, new_invitations, problem_of
from invitations.calls.bounds import Bounds
from invitations.calls.expiring import expire
from invitations.calls.judging import Finding
from invitations.calls.loading import load_all
from invitations.calls.sending import answered_by_calling, crossing, entered, shared_with
from invitations.calls.transaction import TRIES, Overdue
from invitations.errors import CallError, Code
from invitations.models import Call, Device, InvitationState, Verdict
from invitations.rules import terms
from invitations.rules.hours import quiet_until
from invitations.store import people, rows
from invitations.store.sheets import Actor, CallSheet, Person
from invitations.words import say

NO_DEVICE = "preview"


class Answer(StrEnum):
    """What a send is answered with."""

    RING = "ring"
    SILENCE = "silence"
    BUSY = "busy"
    ERROR = "error"
    MERGED = "merged"
    REJOIN = "rejoin"


class NobodyElse(Exception):
    """There are no two people of whom one could call the other.

    Args:
        role: `caller` or `invitee`: whose id is to blame.
        sentence: the code of the words that say why.
    """

    def __init__(self, role: str, sentence: str) -> None:
        self.role = role
        self.sentence = sentence
        super().__init__(role)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of a call.

    Args:
        caller: who would call.
        invitee: whom.
        at: the moment of the call.
        found: what the rules say.
        answer: what the caller would get.
        problem: with an error, which one: as a send says it.
        quiet_until: until when the invitee does not want to be disturbed; None if they may be.
        in_call: the invitee is in a call.
        devices: the invitee's, in the order in which they were registered.
    """

    caller: Person
    invitee: Person
    at: datetime
    found: Finding
    answer: Answer
    problem: Problem | None
    quiet_until: datetime | None
    in_call: bool
    devices: list[Device]


def preview(caller: str, invitee: str, *, urgent: bool = False, now: datetime) -> Preview:
    """What would become of a call of two people.

    Args:
        caller: the public id of who would call, in any capitals.
        invitee: of whom they would call.
        urgent: the caller would say that it is.

    Raises:
        CallError: `unavailable` if calls had to be expired again and again meanwhile.
        NobodyElse: one of the two is no active account, or both are the same.
    """
    by, other = _person(caller), _person(invitee)
    if by is None or other is None:
        raise NobodyElse("caller" if by is None else "invitee", "what_if.unknown")
    if by.id == other.id:
        raise NobodyElse("invitee", "what_if.same")
    for _ in range(TRIES):
        try:
            return _preview(by, other, urgent=urgent, now=now)
        except Overdue as overdue:
            for call_pk in overdue.call_pks:
                expire(call_pk, now=now)
    raise CallError(Code.UNAVAILABLE)


def _person(name: str) -> Person | None:
    return next(iter(people.of_names([people.as_registered(name)])), None)


def _preview(caller: Person, invitee: Person, *, urgent: bool, now: datetime) -> Preview:
    by = Actor(user_id=caller.id, username=caller.username, device_id=NO_DEVICE)
    names = {caller.username: caller, invitee.username: invitee}
    busy = slots.occupations(slots.begin(names, rung=caller.id), {caller.id, invitee.id}, now=now)
    theirs = terms.of_user(caller.id, invitee.username)
    if theirs is None:
        raise NobodyElse("invitee", "what_if.unknown")
    given = Bounds(by, bounds.begin(by, [invitee.username], now=now), now)
    found = judging.finding(by, invitee, theirs, given, urgent=urgent, now=now)
    answer = _existing(by, invitee, [each for each in busy if each.user_id == caller.id], {invitee.id: theirs})
    problem: Problem | None = None
    if answer is Answer.ERROR:
        problem = problem_of(invitee.username, Code.ALREADY_IN_CALL) | {"detail": say("error.already_in_call.you")}
    if answer is None:
        _, problems = invitable(by, [invitee.username], names)
        problem = problems[0] if problems else judging.problem_about(invitee, found) or _too_many(given, invitee)
        answer = Answer.ERROR if problem else _admitted(by, invitee, found, busy, now)
    return Preview(
        caller=caller,
        invitee=invitee,
        at=now,
        found=found,
        answer=answer,
        problem=problem,
        quiet_until=quiet_until(theirs.quiet_hours, theirs.time_zone, theirs.do_not_disturb_until, now=now),
        in_call=any(each.user_id == invitee.id and each.inside for each in busy),
        devices=list(Device.objects.filter(user_id=invitee.id).order_by("pk")),
    )


def _existing(by: Actor, other: Person, mine: list[slots.Occupation], settled: judging.Settled) -> Answer | None:
    """What a send means that is really about a call there is; None if there is none."""
    inside = entered(load_all([each.call_pk for each in mine if each.inside]).values(), by)
    if inside:
        return Answer.ERROR if shared_with(other, inside, by) is None else Answer.REJOIN
    theirs = load_all(crossing(mine, other, settled)).values()
    return Answer.MERGED if any(answered_by_calling(each, by) is not None for each in theirs) else None


def _too_many(given: Bounds, invitee: Person) -> Problem | None:
    try:
        given.refuse_too_many(1)
    except CallError as refused:
        return {**problem_of(invitee.username, refused.code), "detail": str(refused.detail), **refused.extra}
    return None


def _admitted(by: Actor, invitee: Person, found: Finding, busy: list[slots.Occupation], now: datetime) -> Answer:
    """What comes of an invitation, which is made and thrown away."""
    judged = Judged(invitee, found.verdict, found.terms.is_contact, found.ring.is_urgent)
    call = rows.make(Call, caller_id=by.user_id)
    [made] = new_invitations(CallSheet(call, [], [], {}), by, [judged], Ring(), busy, now)
    if made.state == InvitationState.BUSY:
        return Answer.BUSY
    return Answer.RING if found.verdict == Verdict.RINGS else Answer.SILENCE

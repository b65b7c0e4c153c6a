"""The rules, asked once for each ring: who of some people is rung, whose ring is kept from them, and who is not rung.

To be asked while the locks on the inviter and the people are held, so that no change of their minds comes between."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from invitations.calls import bounds
from invitations.calls.asking import Judged, Problem, problem_of
from invitations.calls.bounds import Bounds, Given
from invitations.errors import Code
from invitations.models import Invitation, UserKey, Verdict
from invitations.rules import terms
from invitations.rules.judging import URGENT_A_DAY, Ring, Terms, judge
from invitations.store.sheets import Actor, CallSheet, Person
from invitations.store.statements import Soon
from invitations.words import say

Settled = Mapping[UserKey, Terms]
"""What people have settled about an inviter, by their keys."""


class Finding(NamedTuple):
    """What the rules say of one ring.

    Args:
        terms: what the person to be rung has settled.
        ring: what was judged by them.
        verdict: what becomes of the ring.
        wait: how many seconds until the person may be rung again; 0 if they may now.
    """

    terms: Terms
    ring: Ring
    verdict: Verdict
    wait: int


def judged(
    settled: Settled, given: Soon[Given] | None, by: Actor, invited: list[Person], *, urgent: bool, now: datetime
) -> tuple[list[Judged], list[Problem]]:
    """Who of these people gets an invitation.

    Args:
        settled: what they have settled, read while their locks were held.
        given: what the inviter gave of late (`bounds.begin`).
        by: the inviter.
        invited: the people to be rung, who are otherwise invitable.
        urgent: the inviter says that it is.

    Returns:
        Those who get one, and for each of the others a problem.

    Raises:
        CallError: `throttled` if the inviter has given, or would give, too many invitations in a minute.
    """
    counted = Bounds(by, given, now)
    admitted: list[Judged] = []
    problems: list[Problem] = []
    for person in invited:
        found = finding(by, person, settled[person.id], counted, urgent=urgent, now=now)
        if (problem := problem_about(person, found)) is not None:
            problems.append(problem)
        else:
            admitted.append(Judged(person, found.verdict, found.terms.is_contact, found.ring.is_urgent))
    counted.tell(len(admitted))
    counted.refuse_too_many(len(admitted))
    return admitted, problems


def finding(by: Actor, person: Person, theirs: Terms, given: Bounds, *, urgent: bool, now: datetime) -> Finding:
    """What the rules say of a ring. Changes nothing.

    Args:
        by: the inviter.
        person: who would be rung.
        theirs: what that person has settled about the inviter.
        given: what the inviter gave of late.
        urgent: the inviter says that it is.
    """
    wait = given.wait(person)
    ring = Ring(
        is_known=theirs.asks_if_known() and terms.knows(theirs.user_id, by.user_id),
        is_cooling_down=bool(wait),
        # A program that tries again is nobody's urgency.
        is_repeated=by.service is None and theirs.asks_if_repeated(now) and given.was_rung(person),
        is_urgent=urgent and theirs.is_contact and _is_rarely_urgent(by, theirs, now),
    )
    return Finding(theirs, ring, judge(theirs, ring, now=now), wait)


def problem_about(person: Person, found: Finding) -> Problem | None:
    """Why a person gets no invitation; None if they do.

    Args:
        person: who would be rung.
        found: what the rules say of it.
    """
    if found.verdict == Verdict.YOU_BLOCKED:
        return problem_of(person.username, Code.YOU_BLOCKED)
    if found.verdict == Verdict.NOT_FROM_YOU:
        detail = say("error.not_allowed.takes_no_calls", name=person.name)
        return problem_of(person.username, Code.NOT_ALLOWED) | {"detail": detail, "can_ask": True}
    if found.verdict == Verdict.COOLING_DOWN:
        return problem_of(person.username, Code.COOLING_DOWN, retry_after_seconds=found.wait)
    return None


def judged_again(sheet: CallSheet, invitation: Invitation, *, now: datetime) -> Verdict:
    """What the rules say now about a ring that has begun.

    Args:
        sheet: the call, locked, as is the invitee.
        invitation: pending.

    Returns:
        The verdict. One that would have refused the ring keeps it from the invitee, as a block or as silence does.
    """
    person = sheet.people[invitation.invitee_id]
    theirs = terms.of_user(invitation.inviter_id, person.username)
    if theirs is None or invitation.inviter_id is None:
        return Verdict(invitation.verdict)
    # Whom their inviter has blocked since then is for the inviter's next rings.
    theirs = theirs._replace(is_blocked=False)
    ring = Ring(
        is_known=theirs.asks_if_known() and terms.knows(theirs.user_id, invitation.inviter_id),
        is_repeated=not invitation.service
        and theirs.asks_if_repeated(now)
        and bounds.was_rung(invitation.inviter_id, invitation.invitee_id, before=invitation.created_at),
        is_urgent=invitation.urgent,
    )
    return judge(theirs, ring, now=now)


def _is_rarely_urgent(by: Actor, theirs: Terms, now: datetime) -> bool:
    return terms.urgent_in_a_day(by.user_id, theirs.user_id, now=now) < URGENT_A_DAY

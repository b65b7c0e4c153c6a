"""How often people may be rung: counted in the invitations' own rows, in the transaction that adds to them.

To be asked while the inviter's lock is held, so that the counts are exact whatever else runs at the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from django.db.models import Q

from invitations.calls.asking import Problem, problem_of
from invitations.conf import limits
from invitations.errors import CallError, Code
from invitations.models import Invitation, InvitationState, UserKey
from invitations.store import people
from invitations.store.sheets import Actor, Person
from invitations.store.statements import Bind, Prepared, Soon
from invitations.words import say_lazy

MINUTE = timedelta(minutes=1)
TEN_MINUTES = timedelta(minutes=10)
ANSWERED_OR_OPEN = (InvitationState.ACCEPTED, InvitationState.PENDING)


class Given(NamedTuple):
    """An invitation that the inviter gave shortly before: to whom, when, and what came of it."""

    invitee_id: UserKey
    created_at: datetime
    state: str


def begin(by: Actor, names: Sequence[str], *, now: datetime) -> Soon[Given] | None:
    """Ask what counts against an inviter.

    Args:
        by: the inviter, whose lock is held or was asked for before.
        names: the public ids of those who may be invited.

    Returns:
        What they gave of late; None if nothing is bounded.
    """
    terms = limits()
    if not terms.sends_per_minute:
        return None
    most = terms.sends_per_minute + (terms.rings_per_pair_minute + terms.rings_per_pair_ten_minutes) * len(names)
    return _given(most).soon(user=by.user_id, names=names, minute=now - MINUTE, ten_minutes=now - TEN_MINUTES)


def admitted(asked: Soon[Given] | None, invited: list[Person], *, now: datetime) -> tuple[list[Person], list[Problem]]:
    """Who of these people may be rung now.

    Args:
        asked: what counts against the inviter (`begin`).
        invited: the people to be rung, who are otherwise invitable.

    Returns:
        Those who may be rung, and for each of the others a problem: they were rung in vain too often of late.

    Raises:
        CallError: `throttled` if the inviter has given, or would give, too many invitations in a minute.
    """
    if asked is None:
        return invited, []
    terms, given = limits(), asked.rows()
    if not given and len(invited) <= terms.sends_per_minute:
        return invited, []
    in_vain: defaultdict[UserKey, list[datetime]] = defaultdict(list)
    for each in given:
        if each.state not in ANSWERED_OR_OPEN:
            in_vain[each.invitee_id].append(each.created_at)
    admitted: list[Person] = []
    problems: list[Problem] = []
    for person in invited:
        wait = max(
            _wait(in_vain[person.id], terms.rings_per_pair_minute, MINUTE, now),
            _wait(in_vain[person.id], terms.rings_per_pair_ten_minutes, TEN_MINUTES, now),
        )
        if wait:
            problems.append(problem_of(person.username, Code.COOLING_DOWN, retry_after_seconds=wait))
        else:
            admitted.append(person)
    _refuse_too_many([each.created_at for each in given], len(admitted), now=now)
    return admitted, problems


def _refuse_too_many(given: list[datetime], more: int, *, now: datetime) -> None:
    most = limits().sends_per_minute
    wait = _wait(given, most - more + 1, MINUTE, now) if more <= most else round(MINUTE.total_seconds())
    if more and wait:
        raise CallError(Code.THROTTLED, say_lazy("error.throttled.invitations", count=most), retry_after_seconds=wait)


def _wait(given: list[datetime], most: int, span: timedelta, now: datetime) -> int:
    """How many seconds until fewer than `most` of these moments, the newest first, lie within the span; 0 if so now."""
    recent = [each for each in given if each > now - span]
    if not most or len(recent) < most:
        return 0
    return max(1, -((now - recent[most - 1] - span) // timedelta(seconds=1)))


@cache
def _given(most: int) -> Prepared[Given]:
    """What the inviter gave in the last minute, and to these people, in vain, in the last ten. The newest come first,
    so that the bound on the rows leaves none out that counts."""
    in_vain = Q(**{f"invitee__{people.USERNAME}__in": Bind("names")}) & ~Q(state__in=ANSWERED_OR_OPEN)
    given = Invitation.objects.filter(
        Q(created_at__gt=Bind("minute")) | in_vain, inviter_id=Bind("user"), created_at__gt=Bind("ten_minutes")
    )
    return Prepared(
        given.order_by("-created_at").values_list("invitee_id", "created_at", "state")[:most], row=Given._make
    )

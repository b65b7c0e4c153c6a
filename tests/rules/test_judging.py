"""Every combination of what a verdict goes by, against a table written as people would read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations, product
from typing import Any, NamedTuple

from invitations.models import LetThrough, QuietHours, RingsFrom, Verdict
from invitations.rules.judging import Ring, Terms, judge

# A Monday: 22:30 in Berlin, 03:00 of the next day in Kolkata, 16:30 in New York.
NOW = datetime(2026, 11, 30, 21, 30, tzinfo=UTC)
NIGHTS: QuietHours = {"days": ["mon"], "from": "22:00", "to": "07:00"}
ZONES = {
    "Europe/Berlin": True,
    "Asia/Kolkata": True,
    "Asia/Kathmandu": True,
    "America/New_York": False,
    "Pacific/Honolulu": False,
}
"""Time zones, and whether Monday's night is going on there now."""
UNTIL = {None: False, NOW - timedelta(seconds=1): False, NOW: False, NOW + timedelta(seconds=1): True}
"""What somebody said by hand, and whether it still holds."""


class Case(NamedTuple):
    """One combination, in the words of the table."""

    terms: Terms
    ring: Ring
    is_quiet: bool


def cases() -> Iterator[Case]:
    through = list(chain.from_iterable(combinations(LetThrough.values, size) for size in range(4)))
    switches = (False, True)
    for blocked, blocking, (contact, favourite), rings_from, until, (zone, is_night), hours, let in product(
        switches,
        switches,
        [(False, False), (True, False), (True, True)],
        RingsFrom.values,
        UNTIL,
        ZONES.items(),
        [None, NIGHTS],
        through,
    ):
        terms = Terms(None, blocked, blocking, contact, favourite, rings_from, until, hours, zone, let)
        is_quiet = UNTIL[until] or (hours is not None and is_night)
        for flags in product(switches, repeat=4):
            yield Case(terms, Ring(*flags), is_quiet)


def knows(case: Case) -> bool:
    return case.terms.is_contact or case.ring.is_known


def takes_calls(case: Case) -> bool:
    takes: dict[str, bool] = {
        "everyone": True,
        "known": knows(case),
        "contacts": case.terms.is_contact,
        "nobody": False,
    }
    return takes[case.terms.rings_from]


def is_let_through(case: Case) -> bool:
    reasons = {
        "favourites": case.terms.is_favourite,
        "repeat": case.ring.is_repeated,
        "urgent": case.ring.is_urgent,
    }
    return case.terms.is_contact and any(reasons[each] for each in case.terms.let_through)


# The first that speaks. Whoever is blocked is cooled down like everybody else, or they could tell.
TABLE: list[tuple[Verdict, Callable[[Case], Any]]] = [
    (Verdict.YOU_BLOCKED, lambda case: case.terms.is_blocked),
    (Verdict.BLOCKED, lambda case: case.terms.has_blocked and not case.ring.is_cooling_down),
    (Verdict.COOLING_DOWN, lambda case: case.terms.has_blocked),
    (Verdict.NOT_FROM_YOU, lambda case: not takes_calls(case)),
    (Verdict.COOLING_DOWN, lambda case: case.ring.is_cooling_down),
    (Verdict.SILENCED, lambda case: case.is_quiet and not is_let_through(case)),
    (Verdict.RINGS, lambda case: True),
]


def test_every_combination_gets_the_verdict_of_the_table() -> None:
    found: Counter[Verdict] = Counter()
    for case in cases():
        expected = next(verdict for verdict, applies in TABLE if applies(case))
        assert judge(case.terms, case.ring, now=NOW) == expected, case
        found[expected] += 1
    assert found.total() == 2 * 2 * 3 * 4 * 4 * 5 * 2 * 8 * 16
    assert set(found) == set(Verdict)


def test_what_costs_a_look_is_asked_only_where_it_decides() -> None:
    """Whether they know the caller matters if, and only if, `asks_if_known` says so."""
    for case in cases():
        both = {judge(case.terms, case.ring._replace(is_known=known), now=NOW) for known in (False, True)}
        if len(both) > 1:
            assert case.terms.asks_if_known(), case

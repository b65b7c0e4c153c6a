"""The verdict on one ring. Decides by what it is given; knows no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from invitations.models import LetThrough, QuietHours, RingsFrom, UserKey, Verdict
from invitations.rules.hours import quiet_until

REPEATED_WITHIN = timedelta(minutes=3)
"""A contact's second call within this time says that it matters."""
URGENT_A_DAY = 3
"""How many urgent calls of one contact are let through in a day."""


class Terms(NamedTuple):
    """What somebody has settled about being rung by one particular person.

    Args:
        user_id: who would be rung.
        has_blocked: they have blocked the caller.
        is_blocked: the caller has blocked them.
        is_contact: they have let the caller in.
        is_favourite: and made them a favourite.
        rings_from: whose calls ring for them, one of `RingsFrom`.
        do_not_disturb_until: until when no call rings, as they said by hand.
        quiet_hours: when none rings, day by day.
        time_zone: where their days and hours are counted.
        let_through: what rings nevertheless, of `LetThrough`.
    """

    user_id: UserKey
    has_blocked: bool = False
    is_blocked: bool = False
    is_contact: bool = False
    is_favourite: bool = False
    rings_from: str = RingsFrom.EVERYONE.value
    do_not_disturb_until: datetime | None = None
    quiet_hours: QuietHours | None = None
    time_zone: str = ""
    let_through: Sequence[str] = ()

    def asks_if_known(self) -> bool:
        """Whether the verdict depends on whether they know the caller (`Ring.is_known`)."""
        return (
            self.rings_from == RingsFrom.KNOWN and not self.is_contact and not self.has_blocked and not self.is_blocked
        )

    def asks_if_repeated(self, now: datetime) -> bool:
        """Whether the verdict may depend on whether the caller has rung them shortly before (`Ring.is_repeated`)."""
        return self.is_contact and LetThrough.REPEAT in self.let_through and self.is_quiet(now)

    def is_quiet(self, now: datetime) -> bool:
        """Whether they do not want to be disturbed now."""
        if self.do_not_disturb_until is None and self.quiet_hours is None:
            return False
        return quiet_until(self.quiet_hours, self.time_zone, self.do_not_disturb_until, now=now) is not None


class Ring(NamedTuple):
    """What is judged, besides the terms.

    Args:
        is_known: the person to be rung has called the caller, or talked with them.
        is_cooling_down: the caller has rung them in vain too often of late.
        is_repeated: the caller, a person and no program, has rung them in vain within `REPEATED_WITHIN`.
        is_urgent: the caller says that it is urgent, and has not said so to them more than `URGENT_A_DAY` times.
    """

    is_known: bool = False
    is_cooling_down: bool = False
    is_repeated: bool = False
    is_urgent: bool = False


def judge(terms: Terms, ring: Ring, *, now: datetime) -> Verdict:
    """What becomes of a ring: the first that speaks.

    A blocked caller must not be able to tell that they are: what they ring too often cools down like any other.

    Args:
        terms: of the person to be rung, about the caller.
        ring: the ring.
        now: the moment of the ring.
    """
    if terms.is_blocked:
        return Verdict.YOU_BLOCKED
    if not terms.has_blocked and not _takes_calls(terms, ring):
        return Verdict.NOT_FROM_YOU
    if ring.is_cooling_down:
        return Verdict.COOLING_DOWN
    if terms.has_blocked:
        return Verdict.BLOCKED
    if terms.is_quiet(now) and let_through_by(terms, ring) is None:
        return Verdict.SILENCED
    return Verdict.RINGS


def let_through_by(terms: Terms, ring: Ring) -> LetThrough | None:
    """What lets a ring through to somebody who does not want to be disturbed; None if nothing does.

    Args:
        terms: as for `judge`.
        ring: the ring.
    """
    if not terms.is_contact:
        return None
    ways = (
        (LetThrough.FAVOURITES, terms.is_favourite),
        (LetThrough.REPEAT, ring.is_repeated),
        (LetThrough.URGENT, ring.is_urgent),
    )
    return next((way for way, is_open in ways if is_open and way in terms.let_through), None)


def _takes_calls(terms: Terms, ring: Ring) -> bool:
    if terms.rings_from == RingsFrom.EVERYONE:
        return True
    if terms.rings_from == RingsFrom.NOBODY:
        return False
    return terms.is_contact or (terms.rings_from == RingsFrom.KNOWN and ring.is_known)

"""How often people may be rung: counted in the invitations' own rows, in the transaction that adds to them.

To be asked while the inviter's lock is held, so that the counts are exact whatever else runs at the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from django.db.models import Max, Q

from invitations import quotas
from invitations.calls.closing import UNNOTICED
from invitations.conf import limits
from invitations.errors import CallError, Code
from invitations.models import Invitation, InvitationState, UserKey
from invitations.quotas import Quota
from invitations.rules.judging import REPEATED_WITHIN
from invitations.store import people
from invitations.store.sheets import Actor, Person
from invitations.store.statements import Bind, Prepared, Soon, aggregated
from invitations.words import say_lazy

MINUTE = timedelta(minutes=1)
TEN_MINUTES = timedelta(minutes=10)
HOUR = timedelta(hours=1)
"""Within what time rings follow each other in a row."""
EARLIER = 100
"""How many rings of one pair within `REPEATED_WITHIN` are looked at, the latest first."""
ANSWERED = (InvitationState.ACCEPTED, InvitationState.REJECTED)
ANSWERED_OR_OPEN = (InvitationState.ACCEPTED, InvitationState.PENDING)


class Given(NamedTuple):
    """An invitation that the inviter gave shortly before: to whom, when, and what came of it."""

    invitee_id: UserKey
    created_at: datetime
    state: str
    closed_at: datetime | None
    notified_at: datetime | None

    @property
    def was_unanswered(self) -> bool:
        """Whether it was left to ring, and nobody answered it. Says the same of a ring that its invitee never hears of
        as of one that reached no device."""
        if self.state == InvitationState.TIMED_OUT:
            return True
        if self.state != InvitationState.CANCELLED or self.closed_at is None:
            return False
        return self.notified_at is not None or self.closed_at - self.created_at > UNNOTICED


class Bounds:
    """What an inviter gave of late, and what that still allows.

    Args:
        by: the inviter.
        given: the newest first (`begin`); None if nothing is bounded.
        now: the moment of the verb.
    """

    def __init__(self, by: Actor, given: Soon[Given] | None, now: datetime) -> None:
        self._by = by
        self._now = now
        self._is_counted = given is not None
        self._given = [] if given is None else given.rows()
        self._in_vain: defaultdict[UserKey, list[Given]] = defaultdict(list)
        for each in self._given:
            if each.state not in ANSWERED_OR_OPEN:
                self._in_vain[each.invitee_id].append(each)

    def wait(self, person: Person) -> int:
        """How many seconds until this person may be rung again; 0 if they may now."""
        in_vain = self._in_vain.get(person.id)
        if not in_vain:
            return 0
        terms, moments = limits(), [each.created_at for each in in_vain]
        return max(
            _wait(moments, terms.rings_per_pair_minute, MINUTE, self._now),
            _wait(moments, terms.rings_per_pair_ten_minutes, TEN_MINUTES, self._now),
            self._wait_in_a_row(person, [each for each in in_vain if each.was_unanswered]),
        )

    def was_rung(self, person: Person) -> bool:
        """Whether this person was rung in vain within `REPEATED_WITHIN`."""
        if not self._is_counted:
            return was_rung(self._by.user_id, person.id, before=self._now)
        since = self._now - REPEATED_WITHIN
        return any(each.was_unanswered and each.created_at > since for each in self._in_vain.get(person.id, ()))

    def tell(self, more: int) -> None:
        """Tell what the inviter has left once these invitations are given, or have been refused."""
        most = limits().sends_per_minute
        if not self._is_counted or not most or not quotas.is_asked():
            return
        recent = [each.created_at for each in self._given if each.created_at > self._now - MINUTE]
        left = most - len(recent)
        since = recent[-1] if recent else self._now
        wait = _seconds_until(since + MINUTE, self._now)
        quotas.tell(Quota("invitations", most, MINUTE.seconds, max(0, left - more if more <= left else left), wait))

    def refuse_too_many(self, more: int) -> None:
        """Count these invitations in.

        Raises:
            CallError: `throttled` if the inviter has given, or would give, too many in a minute.
        """
        most = limits().sends_per_minute
        if not more or not most or (not self._given and more <= most):
            return
        given = [each.created_at for each in self._given]
        wait = _wait(given, most - more + 1, MINUTE, self._now) if more <= most else round(MINUTE.total_seconds())
        if wait:
            sentence = say_lazy("error.throttled.invitations", count=most)
            raise CallError(Code.THROTTLED, sentence, retry_after_seconds=wait)

    def _wait_in_a_row(self, person: Person, unanswered: list[Given]) -> int:
        most = limits().rings_in_a_row
        if not most or len(unanswered) < most:
            return 0
        first, last = unanswered[most - 1].created_at, unanswered[0].closed_at
        over_at = (last or self._now) + TEN_MINUTES
        if over_at <= self._now:
            return 0
        [answered_at] = _ANSWERED.rows(user=self._by.user_id, invitee=person.id, since=first)
        return 0 if answered_at is not None else _seconds_until(over_at, self._now)


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
    # Somebody whose rings last for ten minutes gives no more than the second bound in the time of two.
    of_pair = terms.rings_per_pair_minute + 2 * terms.rings_per_pair_ten_minutes + terms.rings_in_a_row
    most = terms.sends_per_minute + of_pair * len(names)
    return _given(most).soon(user=by.user_id, names=names, minute=now - MINUTE, hour=now - HOUR)


def was_rung(inviter_id: UserKey, invitee_id: UserKey, *, before: datetime) -> bool:
    """Whether somebody rang another person in vain within `REPEATED_WITHIN` before a moment. One query."""
    found = _EARLIER.rows(user=inviter_id, invitee=invitee_id, since=before - REPEATED_WITHIN, before=before)
    return any(each.was_unanswered for each in found)


def _wait(given: list[datetime], most: int, span: timedelta, now: datetime) -> int:
    """How many seconds until fewer than `most` of these moments, the newest first, lie within the span; 0 if so now."""
    recent = [each for each in given if each > now - span]
    if not most or len(recent) < most:
        return 0
    return _seconds_until(recent[most - 1] + span, now)


def _seconds_until(moment: datetime, now: datetime) -> int:
    return max(1, -((now - moment) // timedelta(seconds=1)))


@cache
def _given(most: int) -> Prepared[Given]:
    """What the inviter gave in the last minute, and to these people, in vain, in the last hour. The newest come first,
    so that the bound on the rows leaves none out that counts."""
    in_vain = Q(**{f"invitee__{people.USERNAME}__in": Bind("names")}) & ~Q(state__in=ANSWERED_OR_OPEN)
    given = Invitation.objects.filter(
        Q(created_at__gt=Bind("minute")) | in_vain, inviter_id=Bind("user"), created_at__gt=Bind("hour")
    )
    return Prepared(given.order_by("-created_at").values_list(*Given._fields)[:most], row=Given._make)


_EARLIER = Prepared(
    Invitation.objects.filter(
        inviter_id=Bind("user"),
        invitee_id=Bind("invitee"),
        created_at__gt=Bind("since"),
        created_at__lt=Bind("before"),
        state__in=(InvitationState.TIMED_OUT, InvitationState.CANCELLED),
    )
    .order_by("-created_at")
    .values_list(*Given._fields)[:EARLIER],
    row=Given._make,
)
_ANSWERED = Prepared(
    aggregated(
        Invitation.objects.filter(
            inviter_id=Bind("user"), invitee_id=Bind("invitee"), created_at__gte=Bind("since"), state__in=ANSWERED
        ),
        Max("created_at"),
    ),
    row=itemgetter(0),
)

"""Who may ring whom, as plain Python: the part of the model that says what becomes of a ring before it rings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

PER_MINUTE = 4
PER_TEN_MINUTES = 7
IN_A_ROW = 3
UNNOTICED = 3
MINUTE, TEN_MINUTES, HOUR, DAY = 60, 600, 3600, 86400
REPEATED = 180
URGENT_A_DAY = 3
WITHHELD = ("blocked", "not_from_you", "silenced")
REFUSALS = {"you_blocked": "you_blocked", "not_from_you": "not_allowed", "cooling_down": "cooling_down"}
"""With which code a send is refused for one person, by verdict."""


@dataclass
class Ring:
    invitee: str
    inviter: str
    made: float
    deadline: float
    state: str = "pending"
    closed: float | None = None
    device: str | None = None
    reason: str | None = None
    notified: bool = False
    alerting: bool = False
    verdict: str = "rings"
    urgent: bool = False

    @property
    def missed(self) -> bool:
        """Whether they missed it: one that is taken back at once, before it was heard of, is no call, nor is one of
        somebody whom they have blocked."""
        if self.verdict == "blocked":
            return False
        return self.state in ("timed_out", "busy") or (self.state == "cancelled" and self.was_noticed)

    @property
    def was_noticed(self) -> bool:
        """Whether it rang long enough to be heard of."""
        return self.notified or (self.closed is not None and self.closed - self.made > UNNOTICED)

    @property
    def was_unanswered(self) -> bool:
        """Whether it was left to ring, and nobody answered."""
        return self.state == "timed_out" or (self.state == "cancelled" and self.was_noticed)

    @property
    def is_withheld(self) -> bool:
        """Whether its invitee may not know of it."""
        return self.verdict == "blocked" or (self.verdict in WITHHELD and self.state == "pending")

    @property
    def is_traced(self) -> bool:
        """Whether it stands in its invitee's history."""
        return not self.is_withheld and (self.state != "cancelled" or self.missed)


@dataclass
class Settled:
    """What one person has settled about being rung."""

    blocks: set[str] = field(default_factory=set)
    contacts: dict[str, bool] = field(default_factory=dict)
    """Whom they have let in, and whether they are a favourite."""
    rings_from: str = "everyone"
    quiet_until: float = 0.0
    let_through: frozenset[str] = frozenset()


class Called(Protocol):
    """What the rules look at in a call."""

    caller: str
    rings: list[Ring]


class Rules:
    """What everybody has settled, and what follows from it and from the calls so far."""

    def __init__(self, names: Iterable[str], calls: Sequence[Called]) -> None:
        self.settled = {name: Settled() for name in names}
        self._calls = calls

    def judge(self, inviter: str, invitee: str, *, urgent: bool, now: float) -> tuple[str, bool]:
        """The verdict on a new ring, and whether it is urgent."""
        theirs, earlier = self.settled[invitee], self._between(inviter, invitee)
        is_urgent = urgent and inviter in theirs.contacts and self._is_rarely_urgent(earlier, now)
        is_blocked = inviter in theirs.blocks
        if invitee in self.settled[inviter].blocks:
            return "you_blocked", is_urgent
        if not is_blocked and not self._takes_calls(invitee, inviter):
            return "not_from_you", is_urgent
        if self._is_cooling_down(earlier, now):
            return "cooling_down", is_urgent
        if is_blocked:
            return "blocked", is_urgent
        return self._silenced_or_not(theirs, inviter, earlier, made=now, now=now, urgent=is_urgent), is_urgent

    def judge_again(self, ring: Ring, now: float) -> str:
        """The verdict on a ring that has begun."""
        theirs, inviter = self.settled[ring.invitee], ring.inviter
        if inviter in theirs.blocks:
            return "blocked"
        if not self._takes_calls(ring.invitee, inviter):
            return "not_from_you"
        earlier = self._between(inviter, ring.invitee)
        return self._silenced_or_not(theirs, inviter, earlier, made=ring.made, now=now, urgent=ring.urgent)

    def have_blocked(self, one: str, other: str) -> bool:
        """Whether one of the two has blocked the other."""
        return one in self.settled[other].blocks or other in self.settled[one].blocks

    def _between(self, inviter: str, invitee: str) -> list[Ring]:
        rings = (ring for call in self._calls for ring in call.rings)
        of_pair = [ring for ring in rings if (ring.inviter, ring.invitee) == (inviter, invitee)]
        return sorted(of_pair, key=lambda ring: ring.made, reverse=True)

    def _takes_calls(self, user: str, other: str) -> bool:
        theirs = self.settled[user]
        if theirs.rings_from in ("everyone", "nobody"):
            return theirs.rings_from == "everyone"
        return other in theirs.contacts or (theirs.rings_from == "known" and self._knows(user, other))

    def _knows(self, user: str, other: str) -> bool:
        for call in self._calls:
            if any((ring.inviter, ring.invitee) == (user, other) for ring in call.rings):
                return True
            talked = {ring.invitee for ring in call.rings if ring.state == "accepted"}
            if {user, other} <= talked | {call.caller} and talked & {user, other}:
                return True
        return False

    @staticmethod
    def _is_cooling_down(earlier: list[Ring], now: float) -> bool:
        in_vain = [ring for ring in earlier if ring.state not in ("pending", "accepted")]
        for most, span in ((PER_MINUTE, MINUTE), (PER_TEN_MINUTES, TEN_MINUTES)):
            if sum(ring.made > now - span for ring in in_vain) >= most:
                return True
        unanswered = [ring for ring in in_vain if ring.was_unanswered and ring.made > now - HOUR]
        if len(unanswered) < IN_A_ROW:
            return False
        first, closed = unanswered[IN_A_ROW - 1].made, unanswered[0].closed
        if any(ring.state in ("accepted", "rejected") and ring.made >= first for ring in earlier):
            return False
        return closed is not None and closed + TEN_MINUTES > now

    @staticmethod
    def _is_rarely_urgent(earlier: list[Ring], now: float) -> bool:
        return sum(ring.urgent and ring.made > now - DAY for ring in earlier) < URGENT_A_DAY

    @staticmethod
    def _silenced_or_not(
        theirs: Settled, inviter: str, earlier: list[Ring], *, made: float, now: float, urgent: bool
    ) -> str:
        if theirs.quiet_until <= now:
            return "rings"
        if inviter not in theirs.contacts:
            return "silenced"
        is_repeated = any(ring.was_unanswered and made - REPEATED < ring.made < made for ring in earlier)
        reasons = {"favourites": theirs.contacts[inviter], "repeat": is_repeated, "urgent": urgent}
        return "rings" if any(reasons[each] for each in theirs.let_through) else "silenced"

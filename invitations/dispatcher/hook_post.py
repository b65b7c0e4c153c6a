"""The post to hooks: takes the messages that they are owed, sends many of them at once, and records what came of each.

Beside the post to devices, with connections and room of its own. No hook gets more than a share of the room, and one
that fails very little, so that one that is slow holds up no other."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from invitations import sealing
from invitations.calls.transaction import write
from invitations.conf import is_hook_network
from invitations.dispatcher.carrying import LOOK_EVERY_SECONDS, SHORTEST_PAUSE_SECONDS, Carrier
from invitations.hooks import keys, messages, signing
from invitations.hooks.messages import SEND_SECONDS, UNSENT, Carried, Chain, Claimed, Due, Outcome
from invitations.transports import Failure, FailureCode, TryLater, targets
from invitations.transports.outbound import Outbound

logger = logging.getLogger(__name__)

IN_FLIGHT = 512
"""How many calls' messages may be on their way or wait in memory at once."""
OF_ONE = 32
"""How many of those are on their way to one hook at once."""
OF_A_FAILING_ONE = 4
FAILING_FOR_LONG = timedelta(minutes=1)
"""A hook that has failed for so long gets one at a time."""
AT_ONCE = 256
"""How many messages of one hook are taken at once, when there are few of it left."""
MOST_HELD = 10_000
GATHERED = 64
"""While there is more to send, so many outcomes are recorded together, if they come soon."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Messages of one call that are ready to send, one after the other.

    Args:
        chain: the messages.
        hook_id: the public id of the hook.
        to: where; None if its address cannot be used any more.
        keys: the secrets that sign them; none if they cannot be read.
    """

    chain: Chain
    hook_id: str
    to: targets.Target | None
    keys: tuple[str, ...]


class HookPost(Carrier[Parcel, Carried]):
    """Sends until it is told to stop.

    Args:
        clock: returns the current time as an aware datetime.
        in_flight: how many calls' messages may be on their way at once.
    """

    thread_name = "hooks"
    who = "The post to hooks"
    longest_seconds = messages.LEASE_SECONDS

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now, in_flight: int = IN_FLIGHT) -> None:
        super().__init__(clock=clock, in_flight=in_flight)
        self._name = secrets.token_hex(16)
        self._outbound = Outbound(admits=is_hook_network, seconds=SEND_SECONDS, connections=IN_FLIGHT)
        self._taken: dict[int, int] = {}
        """The hook of each chain that is on its way, by the key of its first message."""
        self._doors: dict[int, asyncio.Semaphore] = {}
        self._held: set[messages.Lane] = set()

    async def sent(self, parcel: Parcel) -> Carried:
        chain = parcel.chain
        door = self._doors.get(chain.hook_pk) or self._doors.setdefault(chain.hook_pk, asyncio.Semaphore(OF_ONE))
        carried = Carried(chain, [])
        try:
            async with door:
                for message in chain.messages:
                    now = self._clock()
                    # The lease must last at least as long as an answer may take, or another post could send it too.
                    if self._stopping or chain.until - now < timedelta(seconds=SEND_SECONDS):
                        break
                    outcome = await self._sent(message, parcel, now)
                    carried.outcomes.append(outcome)
                    if outcome.code:
                        break
        finally:
            self._taken.pop(chain.messages[0].pk, None)
        return carried

    def is_urgent(self) -> bool:
        return len(self.outcomes) >= GATHERED or len(self._flying) <= OF_ONE

    async def _sent(self, message: Claimed, parcel: Parcel, now: datetime) -> Outcome:
        if parcel.to is None or not parcel.keys:
            code = FailureCode.FORBIDDEN_ADDRESS.value if parcel.to is None else keys.UNREADABLE
            return Outcome(message, now, code=code)
        body = message.body.encode()
        try:
            headers = signing.headers(message.message_id, body, parcel.keys, timestamp=int(now.timestamp()))
            answer = await self._outbound.post(parcel.to, body, headers)
        except TryLater as later:
            return Outcome(message, self._clock(), code=later.code, after_seconds=later.after_seconds)
        except Failure as failure:
            return Outcome(message, self._clock(), code=failure.code)
        except Exception as error:
            # The error's own text may contain the address.
            logger.error("A message to hook %s could not be sent: %s", parcel.hook_id, type(error).__name__)
            return Outcome(message, self._clock(), code=UNSENT)
        if 200 <= answer.status < 300:
            return Outcome(message, self._clock(), answer.status)
        return Outcome(message, self._clock(), answer.status, FailureCode.REFUSED.value, answer.retry_after_seconds)

    def exchange(self, outcomes: list[Carried], room: int) -> tuple[list[Parcel], float]:
        now = self._clock()
        if not outcomes and not (due := _due(messages.hooks(), now)).hooks:
            return [], due.pause_seconds
        try:
            # In one transaction, for one commit costs as much as a hundred messages.
            with write():
                messages.settle(outcomes, held=self._held)
                parcels, pause_seconds = self._take(room, now)
        except (OperationalError, InterfaceError):
            # The database is down or busy: keep everything for later.
            raise
        except Exception:
            logger.exception("Messages to hooks could not be settled and taken together; they are settled first")
            self.settle(outcomes)
            with write():
                parcels, pause_seconds = self._take(room, now)
        self._taken |= {each.chain.messages[0].pk: each.chain.hook_pk for each in parcels}
        return parcels, pause_seconds

    def settle_together(self, outcomes: list[Carried]) -> None:
        with write():
            messages.settle(outcomes, held=self._held)

    def _take(self, room: int, now: datetime) -> tuple[list[Parcel], float]:
        due = _due(messages.hooks(), now)
        # The loop takes out what has been sent.
        of_hook = Counter(list(self._taken.values()))
        parcels: list[Parcel] = []
        for each in due.hooks:
            size = _room_for(each, room - len(parcels), of_hook[each.pk], now)
            if size <= 0:
                continue
            taken, held = messages.claim(each, name=self._name, now=now, size=size)
            # What is forgotten here is looked at a second later.
            self._held = self._held | held if len(self._held) < MOST_HELD else held
            parcels += _packed(each, taken, now)
        return parcels, due.pause_seconds

    async def close(self) -> None:
        await self._outbound.close()


def _room_for(due: Due, room: int, taken: int, now: datetime) -> int:
    """How many messages of a hook may be taken now.

    Args:
        due: the hook.
        room: for how many calls' messages there is room in all.
        taken: how many of those are on their way to it.
    """
    if due.failing_since is not None:
        most = 1 if now - due.failing_since > FAILING_FOR_LONG else OF_A_FAILING_ONE
        return min(most - taken, room)
    # It never takes all that is free.
    return min(AT_ONCE, (room + 1) // 2) if taken <= 2 * OF_ONE else 0


class _Agenda(NamedTuple):
    """The hooks whose turn it is, those that have waited longest first, and when to look again."""

    hooks: list[Due]
    pause_seconds: float


def _due(hooks: list[Due], now: datetime) -> _Agenda:
    waiting = sorted((each.next_at, each) for each in hooks if each.next_at is not None)
    due = [each for at, each in waiting if at <= now]
    if due:
        return _Agenda(due, SHORTEST_PAUSE_SECONDS)
    if not waiting:
        return _Agenda([], LOOK_EVERY_SECONDS)
    seconds = (waiting[0][0] - now).total_seconds()
    return _Agenda([], min(max(seconds, SHORTEST_PAUSE_SECONDS), LOOK_EVERY_SECONDS))


def _packed(due: Due, taken: list[Chain], now: datetime) -> list[Parcel]:
    if not taken:
        return []
    try:
        secret = keys.of(due.hook_id, due.secret, due.former_secret, due.former_until, now)
    except sealing.Unreadable:
        secret = ()
    to = _target(due.url)
    return [Parcel(each, due.hook_id, to, secret) for each in taken]


@lru_cache(maxsize=256)
def _target(url: str) -> targets.Target | None:
    try:
        return targets.anywhere(url)
    except targets.NotAllowed:
        return None

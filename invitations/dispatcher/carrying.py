"""A loop that takes what is due, sends much of it at once, and records what became of it.

What is sent is settled under the lease by which it was taken, so any number of such loops may run, and any of them may
be killed."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError

from invitations.dispatcher.alarm import Alarm
from invitations.dispatcher.trouble import drop_connection, report

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
SHORTEST_PAUSE_SECONDS = 0.05
GATHER_SECONDS = 0.02

P = TypeVar("P")
R = TypeVar("R")


class Carrier(ABC, Generic[P, R]):
    """Carries parcels, each of which becomes an outcome, until it is told to stop.

    Args:
        clock: returns the current time as an aware datetime.
        in_flight: how many parcels may be on their way at once.
    """

    thread_name: str
    who: str
    """The subject of its lines in the log."""
    longest_seconds: float
    """How long one parcel may be on its way."""

    def __init__(self, *, clock: Callable[[], datetime], in_flight: int) -> None:
        self._clock = clock
        self._in_flight = in_flight
        self._stopping = False
        self.outcomes: list[R] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._alarm = Alarm()

    async def run(self) -> None:
        """Work until `stop`. No failure ends it: failures are logged and tried again."""
        self._alarm.set()
        loop = asyncio.get_running_loop()
        failures = 0
        with ThreadPoolExecutor(1, thread_name_prefix=self.thread_name) as thread:
            while not self._stopping:
                self._alarm.clear()
                outcomes, self.outcomes = self.outcomes, []
                try:
                    room = self._in_flight - len(self._flying)
                    parcels, pause_seconds = await loop.run_in_executor(thread, self.exchange, outcomes, room)
                except Exception as error:
                    failures += 1
                    self.outcomes = outcomes + self.outcomes
                    pause_seconds = report(self.who, error, failures)
                    await loop.run_in_executor(thread, drop_connection)
                    await asyncio.sleep(pause_seconds)
                    continue
                failures = 0
                self._dispatch(parcels)
                if not parcels and (not self.outcomes or not self.is_urgent()):
                    await self._alarm.wait(pause_seconds)
            await self._finish(thread)

    def stop(self) -> None:
        """Take nothing new; `run` ends once everything on its way has an outcome. From any thread."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Look now instead of at the next due moment. From any thread."""
        self._alarm.ring()

    @abstractmethod
    def exchange(self, outcomes: list[R], room: int) -> tuple[list[P], float]:
        """Settle what was carried and take what is due, in a thread of its own.

        Args:
            outcomes: what was carried.
            room: how many parcels may be taken.

        Returns:
            What was taken, and how many seconds to sleep if that is nothing.
        """

    @abstractmethod
    async def sent(self, parcel: P) -> R:
        """Send one parcel. Whatever happens becomes an outcome."""

    @abstractmethod
    def settle_together(self, outcomes: list[R]) -> None:
        """Record outcomes and their consequences in one transaction."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections by which parcels are sent."""

    def is_urgent(self) -> bool:
        """Whether outcomes are to be recorded at once, and not with those of the next `GATHER_SECONDS`."""
        return True

    def settle(self, outcomes: list[R]) -> None:
        """Record outcomes. One that cannot be recorded does not delay the others: its lease runs out, and it is sent
        again."""
        if not outcomes:
            return
        try:
            self.settle_together(outcomes)
        except (OperationalError, InterfaceError):
            # The database is down or busy: keep everything for later.
            raise
        except Exception:
            logger.exception("%d outcomes could not be settled together; each is by itself", len(outcomes))
            for each in outcomes:
                try:
                    self.settle_together([each])
                except (OperationalError, InterfaceError):
                    raise
                except Exception:
                    logger.exception("One outcome could not be settled; it is sent again")

    def _dispatch(self, parcels: Iterable[P]) -> None:
        loop = asyncio.get_running_loop()
        for parcel in parcels:
            task = loop.create_task(self._carry(parcel))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

    async def _carry(self, parcel: P) -> None:
        outcome = await self.sent(parcel)
        # Two statements: in one, `self.outcomes` would be evaluated before the wait, and be replaced meanwhile.
        self.outcomes.append(outcome)
        if self.is_urgent():
            self._alarm.ring()
        elif len(self.outcomes) == 1:
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._alarm.ring)

    async def _finish(self, thread: ThreadPoolExecutor) -> None:
        """Wait for what is on its way and record it. Otherwise it would be sent again after its lease."""
        loop = asyncio.get_running_loop()
        if self._flying:
            # A little longer than any answer may take.
            _, late = await asyncio.wait(self._flying, timeout=self.longest_seconds + 1)
            for task in late:
                task.cancel()
        try:
            await loop.run_in_executor(thread, self.settle, self.outcomes)
        except Exception:
            logger.exception("%d outcomes could not be settled; they are sent again", len(self.outcomes))
        await loop.run_in_executor(thread, drop_connection)
        await self.close()

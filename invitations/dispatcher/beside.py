"""A loop beside the dispatcher's own, in a thread of its own: however long a step takes, no deadline waits."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.utils import timezone

from invitations.dispatcher.alarm import Alarm
from invitations.dispatcher.trouble import drop_connection, report

LOOK_EVERY_SECONDS = 1.0


class Beside(ABC):
    """Takes a step each second until it is told to stop.

    Args:
        clock: returns the current time as an aware datetime.
    """

    thread_name: str
    doing: str
    """What it is at, for the log."""

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock
        self._stopping = False
        self._alarm = Alarm()

    async def run(self) -> None:
        """Work until `stop`. No failure ends it: failures are logged and tried again."""
        self._alarm.set()
        loop = asyncio.get_running_loop()
        failures = 0
        with ThreadPoolExecutor(1, thread_name_prefix=self.thread_name) as thread:
            while not self._stopping:
                self._alarm.clear()
                try:
                    if await loop.run_in_executor(thread, self.step):
                        await loop.run_in_executor(thread, drop_connection)
                        failures = 0
                except Exception as error:
                    failures += 1
                    self.failed(failures, error)
                    await loop.run_in_executor(thread, drop_connection)
                await self._alarm.wait(LOOK_EVERY_SECONDS)

    def stop(self) -> None:
        """End `run` after the batch in progress. From any thread."""
        self._stopping = True
        self._alarm.ring()

    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping

    @abstractmethod
    def step(self) -> bool:
        """Do what it is time for. Returns whether there was anything."""

    def failed(self, failures: int, error: Exception) -> None:
        """Say that a step failed.

        Args:
            failures: how many did in a row.
            error: what happened.
        """
        report(self.doing, error, failures)

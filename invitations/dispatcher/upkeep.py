"""Prunes every hour and goes on with deletions of accounts, beside the dispatcher's other loops: however long that
takes, no deadline and no message waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.utils import timezone

from invitations.dispatcher.alarm import Alarm
from invitations.dispatcher.pruning import prune
from invitations.dispatcher.trouble import drop_connection, report
from invitations.own_data import erasing

EVERY_SECONDS = 3600
ERASE_EVERY_SECONDS = 15
"""How often deletions of accounts are looked for that were cut short, or take longer than a request may."""
FIRST_AFTER_SECONDS = 60
AGAIN_AFTER_SECONDS = 60
"""How long to wait after a failure."""
LOOK_EVERY_SECONDS = 1.0


class Upkeep:
    """Prunes and erases until it is told to stop.

    Args:
        clock: returns the current time as an aware datetime.
    """

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock
        self._due_at = clock() + timedelta(seconds=FIRST_AFTER_SECONDS)
        self._erase_at = clock()
        self._stopping = False
        self._alarm = Alarm()

    async def run(self) -> None:
        """Work until `stop`. No failure ends it: failures are logged and tried again."""
        self._alarm.set()
        loop = asyncio.get_running_loop()
        failures = 0
        with ThreadPoolExecutor(1, thread_name_prefix="upkeep") as thread:
            while not self._stopping:
                self._alarm.clear()
                try:
                    if await loop.run_in_executor(thread, self.step):
                        await loop.run_in_executor(thread, drop_connection)
                        failures = 0
                except Exception as error:
                    failures += 1
                    report("Pruning", error, failures)
                    self._due_at = self._clock() + timedelta(seconds=AGAIN_AFTER_SECONDS)
                    await loop.run_in_executor(thread, drop_connection)
                await self._alarm.wait(LOOK_EVERY_SECONDS)

    def stop(self) -> None:
        """End `run` after the batch in progress. From any thread."""
        self._stopping = True
        self._alarm.ring()

    def step(self) -> bool:
        """Do what it is time for. Returns whether there was anything."""
        now = self._clock()
        erases = now >= self._erase_at
        if erases:
            self._erase_at = now + timedelta(seconds=ERASE_EVERY_SECONDS)
            erasing.finish_all(now=now, stopping=lambda: self._stopping)
        if now < self._due_at:
            return erases
        self._due_at = now + timedelta(seconds=EVERY_SECONDS)
        prune(now, stopping=lambda: self._stopping)
        return True

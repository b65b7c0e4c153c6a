"""Lets a loop sleep until its next due moment, and lets any thread wake it earlier."""

from __future__ import annotations

import asyncio


class Alarm:
    """Wakes the waiter in the loop that it was last set in."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rang = asyncio.Event()

    def set(self) -> None:
        """Belong to the running loop from now on."""
        self._loop = asyncio.get_running_loop()
        self._rang = asyncio.Event()

    def ring(self) -> None:
        """Wake the current or next waiter. Does nothing before `set` or after the loop has ended. From any thread."""
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._rang.set)
        except RuntimeError:
            # The loop is closed, so nothing is waiting any more.
            return

    def clear(self) -> None:
        """Forget that it rang, before looking at what it rang for."""
        self._rang.clear()

    async def wait(self, seconds: float) -> None:
        """Wait until it rings, for at most this many seconds."""
        try:
            await asyncio.wait_for(self._rang.wait(), seconds)
        except TimeoutError:
            return

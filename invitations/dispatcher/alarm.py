"""What lets a loop sleep until its next due moment and still be woken at once, from any thread."""

from __future__ import annotations

import asyncio


class Alarm:
    """Wakes whoever waits in the loop that it was last set in."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rang = asyncio.Event()

    def set(self) -> None:
        """Belong to the running loop from now on."""
        self._loop = asyncio.get_running_loop()
        self._rang = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits, or waits next; nobody before `set` and after the end of the loop. From any thread."""
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._rang.set)
        except RuntimeError:
            # That loop is closed: whoever waited has ended.
            return

    def clear(self) -> None:
        """Forget that it rang: whatever it rang for is looked at from now on."""
        self._rang.clear()

    async def wait(self, seconds: float) -> None:
        """Wait until it rings, so many seconds at most."""
        try:
            await asyncio.wait_for(self._rang.wait(), seconds)
        except TimeoutError:
            return

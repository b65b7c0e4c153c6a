"""Outbound requests for code that waits for the answer: one event loop in a thread of its own, so that connections are
kept from one to the next."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

R = TypeVar("R")
_starting = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}
"""By process: what is forked has no such thread."""


def wait_for(work: Coroutine[Any, Any, R]) -> R:
    """Do something that is to be awaited, from a thread without an event loop.

    Args:
        work: bounds its time by itself.
    """
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


async def do_there_too(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do something on the running loop, and on that of the thread, if there is one and it is another.

    Args:
        work: what to do.
    """
    await work()
    there = _loops.get(os.getpid())
    if there is not None and there is not asyncio.get_running_loop():
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), there))


def _loop() -> asyncio.AbstractEventLoop:
    with _starting:
        found = _loops.get(os.getpid())
        if found is None:
            found = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=found.run_forever, daemon=True, name="outbound").start()
        return found

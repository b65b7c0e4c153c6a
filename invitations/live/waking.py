"""Hands work from other threads to event loops. A loop is woken once for all that gathers until it looks: waking it is
a system call, and makes it fight with the threads for the interpreter."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

logger = logging.getLogger(__name__)


class _Mailbox:
    """What waits to be done on one loop."""

    __slots__ = ("_is_awaited", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._is_awaited = False

    def put(self, loop: asyncio.AbstractEventLoop, act: Callable[[Any], object], argument: Any) -> None:
        self._waiting.append((act, argument))
        if loop.is_closed() or not self._is_awaited:
            self._is_awaited = True
            try:
                loop.call_soon_threadsafe(self._empty)
            except RuntimeError:
                self._waiting.clear()
                raise

    def _empty(self) -> None:
        # In this order: who adds something from now on wakes the loop again.
        self._is_awaited = False
        for _ in range(len(self._waiting)):
            act, argument = self._waiting.popleft()
            try:
                act(argument)
            except Exception:
                logger.exception("What a thread had left for the event loop went wrong")


_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Mailbox] = WeakKeyDictionary()
_lock = threading.Lock()


def on_loop(loop: asyncio.AbstractEventLoop, act: Callable[[Any], object], argument: Any) -> None:
    """Do something on an event loop, from any other thread: after what was handed over before, by whichever thread.

    Args:
        loop: where it is to be done.
        act: must not block.
        argument: its only argument.

    Raises:
        RuntimeError: the loop is closed.
    """
    mailbox = _mailboxes.get(loop)
    if mailbox is None:
        with _lock:
            mailbox = _mailboxes.setdefault(loop, _Mailbox())
    mailbox.put(loop, act, argument)

"""Two ways to publish from any thread: to channels of this process only, or through a layer that processes share.

Never waits for a receiver."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable
from typing import Any, Protocol

from channels.layers import get_channel_layer

from invitations.live.layers import EmbeddedChannelLayer

logger = logging.getLogger(__name__)
Addressed = tuple[str, dict[str, Any]]
"""A channel group, and the message for it."""

_serving_loop: asyncio.AbstractEventLoop | None = None
_own_loop: asyncio.AbstractEventLoop | None = None
_own_loop_lock = threading.Lock()


class Publisher(Protocol):
    """A way to publish. The embedded layer is one itself."""

    def publish(self, messages: Iterable[Addressed]) -> None:
        """Send messages to groups, in this order, from any thread."""

    def reaches(self, group: str, *, besides: str | None = None) -> bool:
        """Whether a message to the group could have a receiver other than the channel `besides`."""


class SharedPublisher:
    """Publishes through a channel layer that serves sockets of other processes too.

    Args:
        layer: any Channels layer that supports groups.
    """

    __slots__ = ("_layer",)

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def publish(self, messages: Iterable[Addressed]) -> None:
        """Send messages to groups, on the event loop."""
        for group, message in messages:
            asyncio.run_coroutine_threadsafe(self._send(group, message), _loop())

    def reaches(self, group: str, *, besides: str | None = None) -> bool:
        """Always true: this process does not know who listens elsewhere."""
        return True

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        try:
            await self._layer.group_send(group, message)
        except Exception as error:  # Redis can fail in a dozen ways; `sync` brings what was lost
            logger.warning("A live hint was lost: %s", type(error).__name__)


def publisher() -> Publisher | None:
    """The publisher that the settings ask for; None if they name no channel layer."""
    layer = get_channel_layer()
    if layer is None or isinstance(layer, EmbeddedChannelLayer):
        return layer
    return SharedPublisher(layer)


def serve_on(loop: asyncio.AbstractEventLoop) -> None:
    """Publish on this loop from now on: the server's own, which runs its sockets."""
    global _serving_loop
    _serving_loop = loop


def _loop() -> asyncio.AbstractEventLoop:
    """The server's loop or, in a process without one (WSGI, a command), a loop in our own thread."""
    global _own_loop
    if _serving_loop is not None and _serving_loop.is_running():
        return _serving_loop
    with _own_loop_lock:
        if _own_loop is None:
            _own_loop = asyncio.new_event_loop()
            threading.Thread(target=_own_loop.run_forever, name="live-publisher", daemon=True).start()
    return _own_loop

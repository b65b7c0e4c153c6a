"""A channel layer for one process whose cost does not grow with the number of users online.

It has the same interface as the layers of Channels. The in-memory layer of Channels walks through every channel on each
send; this one touches only the receivers, and any thread may publish to it. It never reaches another process."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Iterable
from typing import Any

from channels.layers import BaseChannelLayer

from invitations.live.waking import on_loop

logger = logging.getLogger(__name__)
Message = dict[str, Any]


class Inbox:
    """The messages waiting for one channel, which has one receiver on one event loop."""

    __slots__ = ("_capacity", "_messages", "_waiter", "loop", "overflowed")

    def __init__(self, loop: asyncio.AbstractEventLoop, capacity: int) -> None:
        self.loop = loop
        self.overflowed = False
        self._capacity = capacity
        self._messages: deque[Message] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def put(self, message: Message) -> None:
        """Add a message. If the inbox is full, drop it, as channel layers may, and remember that it was dropped."""
        if len(self._messages) >= self._capacity:
            self.overflowed = True
            return
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self) -> Message:
        """Return the oldest message; wait for one if there is none."""
        while not self._messages:
            self._waiter = self.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._messages.popleft()


class EmbeddedChannelLayer(BaseChannelLayer):
    """Groups and channels of one process.

    Args:
        capacity: how many messages may wait in one channel before more are dropped.
        expiry: seconds; accepted for the interface only, since messages here wait until they are read.
    """

    extensions = ("groups", "flush")

    def __init__(self, expiry: int = 60, capacity: int = 1000, channel_capacity: Any = None) -> None:
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self._inboxes: dict[str, Inbox] = {}
        self._groups: dict[str, dict[str, None]] = {}
        self._groups_of: dict[str, set[str]] = {}

    async def new_channel(self, prefix: str = "specific") -> str:
        """A new channel name, to be received on the running event loop."""
        name = f"{prefix}.embedded!{uuid.uuid4().hex}"
        self._inbox(name)
        return name

    async def send(self, channel: str, message: Message) -> None:
        """Put a message into one channel."""
        self.require_valid_channel_name(channel)
        self._deliver([(channel, message)])

    async def receive(self, channel: str) -> Message:
        """Wait for a channel's next message."""
        return await self._inbox(channel).take()

    async def group_add(self, group: str, channel: str) -> None:
        """Let a channel receive what is sent to a group. Adding it twice has no further effect."""
        self._groups.setdefault(group, {})[channel] = None
        self._groups_of.setdefault(channel, set()).add(group)

    async def group_discard(self, group: str, channel: str) -> None:
        """Remove a channel from a group."""
        members = self._groups.get(group)
        if members is not None:
            members.pop(channel, None)
            if not members:
                del self._groups[group]
        groups = self._groups_of.get(channel)
        if groups is not None:
            groups.discard(group)
            if not groups:
                del self._groups_of[channel]

    async def group_send(self, group: str, message: Message) -> None:
        """Put a message into every channel of a group."""
        self.publish([(group, message)])

    async def flush(self) -> None:
        """Forget all channels and groups."""
        self._inboxes.clear()
        self._groups.clear()
        self._groups_of.clear()

    async def close_channel(self, channel: str) -> None:
        """Forget a channel, its waiting messages and its groups, because its reader is gone."""
        for group in list(self._groups_of.pop(channel, ())):
            await self.group_discard(group, channel)
        self._groups_of.pop(channel, None)
        self._inboxes.pop(channel, None)

    def publish(self, messages: Iterable[tuple[str, Message]]) -> None:
        """Send to groups from any thread, without waiting for the receivers.

        Args:
            messages: pairs of a group and its message, delivered in this order.
        """
        addressed = [(name, message) for group, message in messages for name in list(self._groups.get(group, ()))]
        if addressed:
            self._deliver(addressed)

    def reaches(self, group: str, *, besides: str | None = None) -> bool:
        """Whether a group has any channel except `besides`."""
        members = self._groups.get(group)
        if not members:
            return False
        return len(members) > 1 or besides not in members

    def vouches(self, group: str) -> bool:
        """Always true: whatever is published to a group arrives."""
        return True

    def _inbox(self, channel: str) -> Inbox:
        inbox = self._inboxes.get(channel)
        if inbox is None:
            inbox = self._inboxes[channel] = Inbox(asyncio.get_running_loop(), self.get_capacity(channel))
        return inbox

    def _deliver(self, addressed: list[tuple[str, Message]]) -> None:
        """Put messages into channels. A loop in another thread is woken only once for all its messages."""
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        elsewhere: dict[asyncio.AbstractEventLoop, list[tuple[Inbox, Message]]] = {}
        for channel, message in addressed:
            inbox = self._inboxes.get(channel)
            if inbox is None:
                continue
            if inbox.loop is here:
                inbox.put(message)
                continue
            elsewhere.setdefault(inbox.loop, []).append((inbox, message))
        for loop, waiting in elsewhere.items():
            try:
                on_loop(loop, _put_all, waiting)
            except RuntimeError:
                logger.debug("A loop with live channels was closed")


def _put_all(waiting: list[tuple[Inbox, Message]]) -> None:
    for inbox, message in waiting:
        inbox.put(message)

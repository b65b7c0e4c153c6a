"""A channel layer for one process whose cost does not grow with the users online.

Same interface as the layers of Channels. The in-memory layer that comes with Channels walks every channel on each send;
this one touches the receivers only, and may be published to from any thread. It never reaches another process."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from typing import Any

from channels.layers import BaseChannelLayer

Message = dict[str, Any]


class Inbox:
    """The messages that wait for one channel, taken by one receiver on one event loop."""

    __slots__ = ("_capacity", "_messages", "_waiter", "loop", "overflowed")

    def __init__(self, loop: asyncio.AbstractEventLoop, capacity: int) -> None:
        self.loop = loop
        self.overflowed = False
        self._capacity = capacity
        self._messages: deque[Message] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def put(self, message: Message) -> None:
        """Add a message; one too many is dropped, as channel layers may, and remembered."""
        if len(self._messages) >= self._capacity:
            self.overflowed = True
            return
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self) -> Message:
        """The oldest message, waiting for one if there is none."""
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
        capacity: messages that may wait in one channel before further ones are dropped.
        expiry: seconds; accepted for the interface, messages here wait for their reader.
    """

    extensions = ("groups", "flush")

    def __init__(self, expiry: int = 60, capacity: int = 1000, channel_capacity: Any = None) -> None:
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self._inboxes: dict[str, Inbox] = {}
        self._groups: dict[str, dict[str, None]] = {}
        self._groups_of: dict[str, set[str]] = {}

    async def new_channel(self, prefix: str = "specific") -> str:
        """A channel name of its own, received on the running event loop."""
        name = f"{prefix}.embedded!{uuid.uuid4().hex}"
        self._inbox(name)
        return name

    async def send(self, channel: str, message: Message) -> None:
        """Put a message into one channel."""
        self.require_valid_channel_name(channel)
        self._deliver([channel], message)

    async def receive(self, channel: str) -> Message:
        """Wait for the next message of one channel."""
        return await self._inbox(channel).take()

    async def group_add(self, group: str, channel: str) -> None:
        """Let a channel receive what is sent to a group; adding twice is adding once."""
        self._groups.setdefault(group, {})[channel] = None
        self._groups_of.setdefault(channel, set()).add(group)

    async def group_discard(self, group: str, channel: str) -> None:
        """Take a channel out of a group."""
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
        self.publish(group, message)

    async def flush(self) -> None:
        """Forget all channels and groups."""
        self._inboxes.clear()
        self._groups.clear()
        self._groups_of.clear()

    async def close_channel(self, channel: str) -> None:
        """Forget one channel, what waits in it and its groups: its reader is gone."""
        for group in list(self._groups_of.pop(channel, ())):
            await self.group_discard(group, channel)
        self._groups_of.pop(channel, None)
        self._inboxes.pop(channel, None)

    def publish(self, group: str, message: Message) -> None:
        """Send to a group from whatever thread this is; returns before the message is taken."""
        members = self._groups.get(group)
        if members:
            self._deliver(list(members), message)

    def _inbox(self, channel: str) -> Inbox:
        inbox = self._inboxes.get(channel)
        if inbox is None:
            inbox = self._inboxes[channel] = Inbox(asyncio.get_running_loop(), self.get_capacity(channel))
        return inbox

    def _deliver(self, channels: list[str], message: Message) -> None:
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        for channel in channels:
            inbox = self._inboxes.get(channel)
            if inbox is None:
                continue
            if inbox.loop is here:
                inbox.put(message)
                continue
            try:
                inbox.loop.call_soon_threadsafe(inbox.put, message)
            except RuntimeError:  # that loop is closed, and its reader gone with it
                self._inboxes.pop(channel, None)

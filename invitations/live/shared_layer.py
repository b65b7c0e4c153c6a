"""A channel layer for several processes, over Redis or Valkey.

What is published reaches channels of the same process at once, as in the embedded layer, and those of others through a
broker: subscribed to once per process and group, read and decoded once, and written without anybody waiting for it.
Measured against the layer of channels-redis in docs/performance.md."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4
from weakref import WeakMethod
from zlib import crc32

import msgpack

from invitations.live import generations
from invitations.live.brokers import Broker, BrokerAway
from invitations.live.layers import EmbeddedChannelLayer, Message

logger = logging.getLogger(__name__)


class SharedChannelLayer(EmbeddedChannelLayer):
    """Groups and channels of all processes that use the same servers and prefix.

    Args:
        hosts: the URL of each server. A group lives on one of them, so all processes must name them in the same order.
        prefix: tells installations that share a server apart.
        capacity: how many messages may wait in one channel before more are dropped.
        expiry: seconds; accepted for the interface only, since messages here wait until they are read.
    """

    def __init__(
        self,
        hosts: list[str],
        prefix: str = "callinvite",
        expiry: int = 60,
        capacity: int = 1000,
        channel_capacity: Any = None,
    ) -> None:
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self._prefix = f"{prefix}:"
        self._hosts = hosts
        self._begin()
        # A server may load the program before it forks its workers. Each is a process of its own, without our threads.
        os.register_at_fork(after_in_child=partial(_begin_in, WeakMethod(self._begin)))

    def _begin(self) -> None:
        """Be a process that others tell from theirs, with connections of its own."""
        self._process = uuid4()
        self._home = self._home_of(self._process.hex)
        self._is_home = False
        self._alarm = f"{self._prefix}alarm"
        self._brokers = [Broker(url, self._hear, self._alarm) for url in self._hosts]

    async def new_channel(self, prefix: str = "specific") -> str:
        """A new channel name, to be received on the running event loop."""
        name = f"{prefix}.{self._process.hex}!{uuid4().hex}"
        self._inbox(name)
        if not self._is_home:
            self._is_home = True
            with suppress(BrokerAway):  # it is subscribed to when the server is back
                await self._broker(self._home).subscribe(self._home)
        return name

    async def send(self, channel: str, message: Message) -> None:
        """Put a message into one channel, whichever process reads it."""
        self.require_valid_channel_name(channel)
        if channel in self._inboxes:
            await super().send(channel, message)
            return
        home = self._home_of(channel.partition("!")[0].rpartition(".")[2])
        self._broker(home).publish([(home, self._packed({"channel": channel, "message": message}))])

    async def group_add(self, group: str, channel: str) -> None:
        """Let a channel receive what is sent to a group; adding it twice has no further effect.

        Raises:
            BrokerAway: the server is away. The channel is in the group, and hears other processes when it is back.
        """
        await super().group_add(group, channel)
        topic = self._topic_of(group)
        await self._broker(topic).subscribe(topic)

    async def group_discard(self, group: str, channel: str) -> None:
        """Remove a channel from a group."""
        await super().group_discard(group, channel)
        if group not in self._groups:
            self._forget(group)

    async def flush(self) -> None:
        """Forget all channels and groups of this process."""
        for group in self._groups:
            self._forget(group)
        await super().flush()

    def publish(self, messages: Iterable[tuple[str, Message]]) -> None:
        """Send to groups from any thread, without waiting for the receivers or for a server.

        Args:
            messages: pairs of a group and its message, delivered in this order.
        """
        messages = list(messages)
        super().publish(messages)
        packed = [(self._topic_of(group), self._packed(message)) for group, message in messages]
        for broker in self._brokers:
            if some := [each for each in packed if self._broker(each[0]) is broker]:
                broker.publish(some)

    def reaches(self, group: str, *, besides: str | None = None) -> bool:
        """Always true: this process does not know who listens elsewhere."""
        return True

    def vouches(self, group: str) -> bool:
        """Whether what is published to a group arrives here now, whichever process publishes it."""
        topic = self._topic_of(group)
        return self._broker(topic).is_heard(topic)

    def _forget(self, group: str) -> None:
        topic = self._topic_of(group)
        self._broker(topic).unsubscribe(topic)

    def _hear(self, topic: str, payload: bytes) -> None:
        """What a process published: this one too, whose own channels have it already."""
        if topic == self._alarm:
            generations.bump_all()
            return
        if payload.startswith(self._process.bytes):
            return
        try:
            message = msgpack.unpackb(payload[len(self._process.bytes) :])
            channel, message = (message["channel"], message["message"]) if topic == self._home else (None, message)
            if not isinstance(message["type"], str):
                raise TypeError
        except Exception:  # others can write into Redis whatever they like
            logger.warning("Something else than a live message was published to %s", topic)
            return
        if channel is not None:
            self._deliver([(channel, message)])
        else:
            super().publish([(topic.removeprefix(self._prefix), message)])

    def _packed(self, message: Message) -> bytes:
        packed: bytes = self._process.bytes + msgpack.packb(message)
        return packed

    def _topic_of(self, group: str) -> str:
        return f"{self._prefix}{group}"

    def _home_of(self, process: str) -> str:
        return f"{self._prefix}process:{process}"

    def _broker(self, topic: str) -> Broker:
        return self._brokers[crc32(topic.encode()) % len(self._brokers)]


def _begin_in(layer: WeakMethod[Callable[[], None]]) -> None:
    if begin := layer():
        begin()

"""One Redis or Valkey server over which processes tell each other what happened.

Two connections, each with a thread of its own: one writes, one reads. Neither the event loop nor a verb ever waits for
the server; several of them, each with a part of the topics, share the work of a large installation."""

from __future__ import annotations

import asyncio
import atexit
import logging
import queue
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from weakref import WeakMethod, WeakSet

import redis

logger = logging.getLogger(__name__)
RETRY_SECONDS = 0.5
"""How long to wait before the next attempt to reach a server that is away."""
CONNECT_SECONDS = 2.0
QUIET_SECONDS = 15.0
"""After how long without a word the server is asked whether it is still there, and how long it has to answer."""
WAITING_MOST = 20_000
"""How many messages may wait for a server that does not take them, before more are lost."""
AT_ONCE = 500
"""How many orders are written with one system call."""
LAST_SECONDS = 1.0
"""How long the end of a process waits for what it published last."""

Command = tuple[str | bytes, ...]
Order = tuple[str, str, bytes, int]
"""The name of a command, its topic, what to publish, and the number of the connection it is meant for."""


class BrokerAway(ConnectionError):
    """The server cannot be reached. Topics are subscribed to by themselves once it is back."""


@dataclass(slots=True)
class _Topic:
    is_live: bool = False
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


class Broker:
    """Publishes to topics of one server, and hears what others publish to them.

    Args:
        url: `redis://`, `rediss://` or `unix://`, with user, password and database if needed.
        hear: a method that gets topic and payload of each message, in the reading thread. The broker does not keep its
            owner alive, and ends its threads with it.
        alarm: a topic on which every process hears that messages may have been lost, its own ones too.
    """

    def __init__(self, url: str, hear: Callable[[str, bytes], None], alarm: str) -> None:
        self._pool = redis.ConnectionPool.from_url(
            url,
            protocol=2,
            socket_timeout=QUIET_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            **({} if url.startswith("unix:") else _watched()),
        )
        self._hear = WeakMethod(hear)
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._alarm = alarm
        self._topics: dict[str, _Topic] = {alarm: _Topic()}
        self._has_lost = False
        self._is_doubtful = False
        """Whether the writing connection may have lost its server: the reading one has."""
        self._unanswered: Counter[str] = Counter()
        self._number = 0
        self._reading: Any = None
        self._writing: Any = None
        self._writes_again_at = 0.0
        self._ordered = 0
        self._carried_out = 0
        self._is_away = False
        self._is_reading = False
        self._is_writing = False
        _brokers.add(self)

    # --- from any thread ----------------------------------------------------------------------------------------------

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send payloads to topics, in this order. Lost if the server is away.

        Args:
            messages: pairs of a topic and its payload.
        """
        self._writes()
        if self._orders.qsize() > WAITING_MOST:
            if not self._has_lost:
                logger.warning("Live hints were lost: %d wait for the broker already", WAITING_MOST)
            self._has_lost = True
            return
        for topic, payload in messages:
            self._ordered += 1
            self._orders.put(("PUBLISH", topic, payload, 0))

    def flush(self, seconds: float) -> None:
        """Wait until what was published before is written or lost, but not longer than this."""
        wanted, late = self._ordered, time.monotonic() + seconds
        while self._carried_out < wanted and time.monotonic() < late:
            time.sleep(0.005)

    async def subscribe(self, topic: str) -> None:
        """Hear what is published to a topic from now on. Returns when the server has confirmed it.

        Raises:
            BrokerAway: the server is away; the topic is subscribed to when it is back.
        """
        with self._lock:
            known = self._topics.get(topic)
            if known is not None and known.is_live:
                return
            if known is None:
                known = self._topics[topic] = _Topic()
                self._unanswered[topic] += 1
                self._orders.put(("SUBSCRIBE", topic, b"", self._number))
            if self._is_away:
                raise BrokerAway
            confirmed = asyncio.get_running_loop().create_future()
            known.waiting.append(confirmed)
        self._writes()
        self._reads()
        await confirmed

    def is_heard(self, topic: str) -> bool:
        """Whether what is published to a topic arrives here now, as far as anybody can know."""
        known = self._topics.get(topic)
        return known is not None and known.is_live

    def unsubscribe(self, topic: str) -> None:
        """Hear nothing more of a topic."""
        with self._lock:
            known = self._topics.pop(topic, None)
            if known is not None:
                self._orders.put(("UNSUBSCRIBE", topic, b"", self._number))

    # --- the writing thread -------------------------------------------------------------------------------------------

    def _writes(self) -> None:
        if not self._is_writing:
            with self._lock:
                if not self._is_writing:
                    self._is_writing = True
                    threading.Thread(target=self._write, name="live-writer-redis", daemon=True).start()

    def _write(self) -> None:
        while True:
            try:
                orders = [self._orders.get(timeout=RETRY_SECONDS if self._has_lost else QUIET_SECONDS)]
            except queue.Empty:
                if self._hear() is None:
                    return
                if self._has_lost:
                    self._send_out([])
                continue
            while len(orders) < AT_ONCE and not self._orders.empty():
                orders.append(self._orders.get())
            commands: list[Command] = [each[:3] for each in orders if each[0] == "PUBLISH"]
            if commands:
                self._send_out(commands)
                self._carried_out += len(commands)
            self._change([order for order in orders if order[0] != "PUBLISH"])

    def _send_out(self, commands: list[Command]) -> None:
        """Publish, and before that the alarm if anything was lost since the last time."""
        if time.monotonic() < self._writes_again_at:
            self._has_lost = True
            return
        try:
            connection = self._writing
            if connection is not None and (self._is_doubtful or _has_ended(connection)):
                # What was written last may not have arrived.
                self._has_lost = True
                _close(connection)
                connection = None
            self._is_doubtful = False
            if connection is None:
                connection = self._writing = self._open()
                connection.send_command("CLIENT", "REPLY", "OFF")
            alarm: list[Command] = [("PUBLISH", self._alarm, b"")] if self._has_lost else []
            connection.send_packed_command(connection.pack_commands([*alarm, *commands]))
            self._has_lost = False
        except Exception as error:  # Redis can fail in a dozen ways; this thread must go on
            self._has_lost = True
            _close(self._writing)
            self._writing = None
            self._writes_again_at = time.monotonic() + RETRY_SECONDS
            logger.warning("%d live hints were lost: %s", len(commands), type(error).__name__)

    def _change(self, orders: list[Order]) -> None:
        """Change what the reading connection hears. Orders for an earlier one were carried out when this one began."""
        with self._lock:
            connection, number = self._reading, self._number
        current = [(name, topic) for name, topic, _, meant_for in orders if meant_for == number]
        if connection is None or not current:
            return
        commands = [(name, *(topic for _, topic in some)) for name, some in groupby(current, key=lambda each: each[0])]
        # The reading thread notices a lost connection.
        try:
            with self._sending:
                connection.send_packed_command(connection.pack_commands(commands))
        except Exception:  # as above
            logger.debug("A subscription was not sent: the connection is lost")

    # --- the reading thread -------------------------------------------------------------------------------------------

    def _reads(self) -> None:
        if not self._is_reading:
            with self._lock:
                if not self._is_reading:
                    self._is_reading = True
                    threading.Thread(target=self._read, name="live-reader-redis", daemon=True).start()

    def _read(self) -> None:
        while self._hear() is not None:
            connection = None
            try:
                connection = self._open()
                self._begin(connection)
                while self._take(connection):
                    continue
            except Exception as error:  # Redis can fail in a dozen ways; this thread must go on
                self._lose(error)
            finally:
                _close(connection)
            time.sleep(RETRY_SECONDS)
        self._is_reading = False

    def _begin(self, connection: Any) -> None:
        """Subscribe to all that is wanted, on a new connection."""
        with self._lock:
            self._number += 1
            self._reading = connection
            topics = list(self._topics)
            self._unanswered = Counter(topics)
        for some in _in_parts(topics, AT_ONCE):
            with self._sending:
                connection.send_command("SUBSCRIBE", *some)

    def _take(self, connection: Any) -> bool:
        """Wait for what the server says next and act on it. Returns False when nobody wants any more."""
        try:
            said = connection.read_response(disable_decoding=True, disconnect_on_error=False)
        except redis.TimeoutError:
            with self._sending:
                connection.send_command("PING")
            said = connection.read_response(disable_decoding=True)
        hear = self._hear()
        if hear is None:
            return False
        # Only to a ping without a subscription it answers otherwise.
        if type(said) is list:
            kind, topic = said[0], said[1].decode()
            if kind == b"message":
                hear(topic, said[2])
            elif kind == b"subscribe" and self._confirmed(topic):
                # Only now is everything heard that is published from now on.
                logger.warning("The live broker is back")
                hear(self._alarm, b"")
        return True

    def _confirmed(self, topic: str) -> bool:
        """Returns whether with this topic all are heard again, after the server was away."""
        with self._lock:
            self._unanswered[topic] -= 1
            if self._unanswered[topic] > 0:
                return False
            del self._unanswered[topic]
            known, waiting = self._topics.get(topic), []
            if known is not None:
                known.is_live = True
                waiting, known.waiting = known.waiting, []
            is_back = self._is_away and not self._unanswered
            if is_back:
                self._is_away = False
        _settle(waiting, None)
        return is_back

    def _lose(self, error: Exception) -> None:
        with self._lock:
            was_away, self._is_away = self._is_away, True
            self._is_doubtful = True
            self._reading = None
            waiting = []
            for known in self._topics.values():
                known.is_live = False
                waiting += known.waiting
                known.waiting = []
        if not was_away:
            logger.warning("The live broker is away: %s", type(error).__name__)
        _settle(waiting, BrokerAway())

    def _open(self) -> Any:
        connection = self._pool.make_connection()
        connection.connect()
        return connection


_brokers: WeakSet[Broker] = WeakSet()


@atexit.register
def _flush_all() -> None:
    """Let the writing threads finish, which end with the process wherever they are: a worker or a command may end right
    after it published, when it has not even a connection yet."""
    late = time.monotonic() + LAST_SECONDS
    for each in list(_brokers):
        each.flush(late - time.monotonic())


def _settle(futures: list[asyncio.Future[None]], error: Exception | None) -> None:
    for each in futures:
        try:
            each.get_loop().call_soon_threadsafe(_settle_one, each, error)
        except RuntimeError:
            logger.debug("A loop that waited for a subscription was closed")


def _settle_one(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _watched() -> dict[str, Any]:
    """What lets a connection notice within seconds that the other end has vanished without a word."""
    options = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
    known = {getattr(socket, name): value for name, value in options.items() if hasattr(socket, name)}
    return {"socket_keepalive": True, "socket_keepalive_options": known}


def _has_ended(connection: Any) -> bool:
    """Whether a connection on which nothing is ever answered has: what can be read there is its end."""
    try:
        return bool(connection.can_read(0))
    except Exception:  # Redis can fail in a dozen ways
        return True


def _close(connection: Any) -> None:
    if connection is not None:
        connection.disconnect()


def _in_parts(topics: list[str], length: int) -> Iterator[list[str]]:
    for start in range(0, len(topics), length):
        yield topics[start : start + length]

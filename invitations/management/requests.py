"""HTTP of `manage.py serve`, with the bounds that daphne lacks: how long a body is, how long it may take to arrive, and
how many connections one address may have. Knows nothing of calls."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

# Installs Twisted's asyncio reactor, so it must come before any other import of Twisted.
from daphne.server import reactor  # isort: skip
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketProtocol

from invitations.conf import is_trusted_proxy, limits
from invitations.errors import Code
from invitations.requests.clients import network_of
from invitations.requests.problems import CONTENT_TYPE, problem

logger = logging.getLogger(__name__)
MOST_ADDRESSES = 10_000
WHOLE_FOR_ONE = 10
"""How many connections an address may keep open between its requests for each one on which a request has still to
come."""
LINGER_SECONDS = 2
"""How long a refused body is still read, into nothing, so that its sender gets to see the answer."""
LINGER_BYTES = 32 * 1024 * 1024
"""How much of it is read at most."""


class BoundedRequest(WebRequest):
    """A request that is refused as soon as its body is too long, and cut off if it does not come whole in time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._refused = False
        self._received = 0
        self._deadline = _later(limits().request_seconds, self._cut_off)
        self.channel.factory.begun(self.channel.transport)

    def gotLength(self, length: int | None) -> None:
        """Refuse a body by what it says of its length."""
        if length is not None and _is_too_long(length):
            self._refuse()
            # Nothing is kept of it: a file would be made for a body of this length.
            length = 0
        super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:
        """Take a part of the body, unless that makes it too long."""
        self._received += len(data)
        if self._refused:
            if self._received > LINGER_BYTES:
                self._cut_off()
            return
        if _is_too_long(self._received):
            self._refuse()
            return
        super().handleContentChunk(data)

    def process(self) -> Any:
        """Answer, now that the request is whole."""
        self._stop_waiting()
        self.channel.factory.came(self.channel.transport)
        return None if self._refused else super().process()

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Answer; as the last one on this connection, if the server ends."""
        if message["type"] == "http.response.start" and self.server.is_ending and self.channel is not None:
            self.channel.persistent = False
            self.responseHeaders.setRawHeaders(b"connection", [b"close"])
        super().handle_reply(message)
        if message.get("more_body"):
            # A long answer has the time that one may take for each part.
            self.request_start = time.time()

    def check_timeouts(self) -> None:
        """Cut off a client that has taken nothing of its answer for long. Ended in good order, as daphne does, what it
        has got so far would look like all of it."""
        if self._response_started and self.duration() > self.server.http_timeout:
            logger.warning("A client that does not take its answer was cut off")
            self._cut_off()
            return
        super().check_timeouts()

    def connectionLost(self, reason: Any) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connectionLost(reason)

    def _refuse(self) -> None:
        self._refused = True
        self._stop_waiting()
        body = json.dumps(problem(Code.TOO_LARGE)).encode()
        head = f"HTTP/1.1 413 Payload Too Large\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
        self.channel.transport.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        _later(LINGER_SECONDS, self._cut_off)

    def _cut_off(self) -> None:
        if self.channel is not None and self.channel.transport is not None:
            self.channel.transport.abortConnection()

    def _stop_waiting(self) -> None:
        _stop(self._deadline)
        self._deadline = None


class BoundedHTTPFactory(HTTPFactory):
    """Accepts connections, but only so many from one address on which a request has still to come, and
    `WHOLE_FOR_ONE` times as many in all; and closes those on which nothing begins. Live sockets have bounds of their
    own."""

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self._of_address: defaultdict[str, list[Any]] = defaultdict(list)
        self._silent: dict[Any, Any] = {}
        self._expected: WeakSet[Any] = WeakSet()

    def buildProtocol(self, addr: Any) -> Any:
        """The protocol for a new connection; None closes it at once."""
        host, most = getattr(addr, "host", ""), limits().connections_per_address
        client = network_of(host)
        known = self._of_address[client] = [each for each in self._of_address[client] if _is_waiting(each)]
        expected = sum(each in self._expected for each in known)
        is_full = expected >= most or len(known) >= most * WHOLE_FOR_ONE
        if most and is_full and not is_trusted_proxy(host):
            logger.warning("An address has %d connections: no more are accepted from it", len(known))
            return None
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        connected = protocol.makeConnection

        def connect(transport: Any) -> None:
            known.append(transport)
            self._expected.add(transport)
            self._silent[transport] = _later(limits().request_seconds, lambda: self._cut_off(transport))
            connected(transport)

        protocol.makeConnection = connect
        self._forget_others()
        return protocol

    def has_connections(self) -> bool:
        """Whether any connection is open on which a request may come."""
        return any(_is_waiting(each) for known in self._of_address.values() for each in known)

    def begun(self, transport: Any) -> None:
        """Note that a request begins on a connection."""
        _stop(self._silent.pop(transport, None))
        self._expected.add(transport)

    def came(self, transport: Any) -> None:
        """Note that the request has come whole."""
        self._expected.discard(transport)

    def _cut_off(self, transport: Any) -> None:
        self._silent.pop(transport, None)
        transport.abortConnection()

    def _forget_others(self) -> None:
        """Forget the addresses that have no connection any more, once there are many."""
        if len(self._of_address) > MOST_ADDRESSES:
            waiting = {host: [each for each in known if _is_waiting(each)] for host, known in self._of_address.items()}
            self._of_address = defaultdict(list, {host: known for host, known in waiting.items() if known})


def _is_waiting(transport: Any) -> bool:
    """Whether a connection is open and is no live socket."""
    return not transport.disconnected and not isinstance(transport.protocol, WebSocketProtocol)


def _is_too_long(length: int) -> bool:
    most = limits().request_bytes
    return bool(most) and length > most


def _later(seconds: float, act: Callable[[], None]) -> Any:
    """Do it after a while; 0 stands for never."""
    return reactor.callLater(seconds, act) if seconds else None


def _stop(timer: Any) -> None:
    if timer is not None and timer.active():
        timer.cancel()

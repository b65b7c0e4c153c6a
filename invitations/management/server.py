"""The web server of `manage.py serve`: daphne in this process, with a stop that finishes what is in progress."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

# Installs Twisted's asyncio reactor, so it must come before any other import of Twisted.
from daphne.server import Server, twisted_loop  # isort: skip
from autobahn.websocket.protocol import WebSocketProtocol as WebSocketStates
from daphne.endpoints import build_endpoint_description_strings
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer

from invitations.management.protocol import BoundedWebSocketProtocol, unsent_bytes
from invitations.management.requests import BoundedHTTPFactory

logger = logging.getLogger(__name__)
GOING_AWAY = 1001
"""The server is going down, and clients will come back (RFC 6455 section 7.4.1)."""
HARD_FRAME_BYTES = 1024 * 1024
"""Above the app's own limit of 64 KiB, so that the app can answer `too_large`; beyond this, 1009 closes the socket."""
HTTP_TIMEOUT_SECONDS = 60
STOP_SECONDS = 8
LAST_REQUESTS_SECONDS = 1.0
"""How long the server still takes requests on open connections after SIGTERM, at most. A proxy keeps some, and may be
sending a request on one just now: each gets its answer with `Connection: close`, and no connection just ends."""
LOOK_SECONDS = 0.02
AHEAD_BYTES = 256 * 1024
"""How much of a long answer may wait for its client."""
Effect = Callable[[], Awaitable[None]]


class ClientGone(OSError):
    """Nobody is there any more for the rest of an answer."""


class WebServer(Server):
    """HTTP and WebSockets on one address.

    Args:
        application: the ASGI application.
        host: the name or address to listen on.
        port: 1 to 65535, or 0 for any free one.
        on_start: called on the server's loop with the port, once the server listens.
        on_stop: awaited on the loop after the last request, before the loop ends.
    """

    def __init__(
        self, application: Any, *, host: str, port: int, on_start: Callable[[int], None], on_stop: Effect
    ) -> None:
        super().__init__(
            application,
            endpoints=build_endpoint_description_strings(host=host, port=port),
            http_timeout=HTTP_TIMEOUT_SECONDS,
            websocket_timeout=-1,
            websocket_max_message_size=HARD_FRAME_BYTES,
            websocket_max_frame_size=HARD_FRAME_BYTES,
            ping_interval=20,
            ping_timeout=30,
            ready_callable=self._ready,
            server_name="callinvite",
        )
        self.refusal: str | None = None
        """Why the server could not listen; None if it could."""
        self.is_ending = False
        """Whether each answer is the last one on its connection."""
        self._ports: list[Any] = []
        self._on_start = on_start
        self._on_stop = on_stop

    @property
    def http_factory(self) -> BoundedHTTPFactory:
        """What accepts connections. daphne makes one of its own and puts it here; ours takes its place."""
        return self._http_factory

    @http_factory.setter
    def http_factory(self, made: object) -> None:
        self._http_factory = BoundedHTTPFactory(self)

    def listen_success(self, port: Any) -> None:
        """Remember the listening port, in order to close it first."""
        super().listen_success(port)
        self._ports.append(port)

    def listen_error(self, failure: Any) -> None:
        """Remember the reason. `run` then returns without having served."""
        reason = getattr(failure.value, "socketError", None) or failure.value
        self.refusal = getattr(reason, "strerror", None) or str(reason)
        self.stop()

    def kill_all_applications(self) -> defer.Deferred[None]:
        """Stop in good order instead of killing what runs, as daphne does. Twisted's loop ends only after this."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._wind_up(), loop=twisted_loop))

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Pass on what the application sends. It may go on with a long answer once the client has taken most of what
        came before, so that an answer is never in memory as a whole.

        Raises:
            OSError: the client has gone, and the rest need not be made (ASGI 3.0, "Disconnected Client").
        """
        await super().handle_reply(protocol, message)
        if not message.get("more_body"):
            return
        while self._is_connected(protocol) and unsent_bytes(protocol.channel.transport) > AHEAD_BYTES:
            await asyncio.sleep(LOOK_SECONDS)
        if not self._is_connected(protocol):
            raise ClientGone

    def _is_connected(self, protocol: Any) -> bool:
        known = self.connections.get(protocol)
        return known is not None and not known.get("disconnected") and protocol.channel is not None

    def _ready(self) -> None:
        self.ws_factory.protocol = BoundedWebSocketProtocol
        # An oversized message gets a close frame with 1009 instead of a dropped connection.
        # An origin that is none (`null`, `file://`) is for the app to refuse, with a code that its client understands.
        self.ws_factory.setProtocolOptions(failByDrop=False, allowNullOrigin=True)
        twisted_loop.call_soon(lambda: self._on_start(self.listening_addresses[0][1]))

    async def _wind_up(self) -> None:
        try:
            await self._finish_connections()
        except Exception:
            logger.exception("The connections could not be closed in good order")
        await self._on_stop()

    async def _finish_connections(self) -> None:
        self.is_ending = True
        for port in self._ports:
            port.stopListening()
        self._send_away()
        over = twisted_loop.time() + LAST_REQUESTS_SECONDS
        while self.http_factory.has_connections() and twisted_loop.time() < over:
            await asyncio.sleep(LOOK_SECONDS)
        # Those that came meanwhile on connections that a proxy had kept.
        self._send_away()
        running = [task for task in map(_application_of, self.connections.values()) if task is not None]
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _send_away(self) -> None:
        for protocol in list(self.connections):
            if isinstance(protocol, WebSocketProtocol) and protocol.state == WebSocketStates.STATE_OPEN:
                # Not `sendClose`, which does not let applications send this code.
                protocol.sendCloseFrame(code=GOING_AWAY)


def _application_of(details: dict[str, Any]) -> asyncio.Future[Any] | None:
    task: asyncio.Future[Any] | None = details.get("application_instance")
    return None if task is None or task.done() else task

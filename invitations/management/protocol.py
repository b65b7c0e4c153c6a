"""The WebSocket protocol of `manage.py serve`, with two limits that daphne lacks: on output that a client does not
read, and on input that arrives faster than it is handled. Knows nothing of calls."""

from __future__ import annotations

import logging
from typing import Any

from daphne.ws_protocol import WebSocketProtocol

logger = logging.getLogger(__name__)
OUTBOX_BYTES = 8 * 1024 * 1024
"""How much output may wait for one client before its connection is cut."""
WAITING_FRAMES = 256
"""How many frames of one client may wait to be handled before nothing more is read from it."""
LOOK_SECONDS = 0.02


class BoundedWebSocketProtocol(WebSocketProtocol):
    """A WebSocket connection whose input and output queues are both bounded."""

    reading_paused = False
    cut_off = False

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Accept a frame. If many are waiting already, stop reading until they have been handled."""
        super().onMessage(payload, isBinary)
        if not self.reading_paused and self._waiting() > WAITING_FRAMES:
            self.reading_paused = True
            self.transport.pauseProducing()
            self._look_later()

    def serverSend(self, content: Any, binary: bool = False) -> None:
        """Send a frame, or cut the connection if the client has not read what came before."""
        if self.state in (self.STATE_CLOSING, self.STATE_CLOSED):
            # The connection ended while this answer was being made: autobahn would raise into the app.
            return
        if unsent_bytes(self.transport) > OUTBOX_BYTES:
            if not self.cut_off:
                self.cut_off = True
                logger.warning("A client that does not read was cut off")
                self.transport.abortConnection()
            return
        super().serverSend(content, binary)

    def serverClose(self, code: int | None = None) -> None:
        """Close the connection, unless it is closed already."""
        if self.state not in (self.STATE_CLOSING, self.STATE_CLOSED):
            super().serverClose(code)

    def _look_later(self) -> None:
        self.factory.reactor.callLater(LOOK_SECONDS, self._read_again)

    def _read_again(self) -> None:
        if self._waiting() > WAITING_FRAMES // 2 and self.state != self.STATE_CLOSED:
            self._look_later()
            return
        self.reading_paused = False
        if self.state != self.STATE_CLOSED:
            self.transport.resumeProducing()

    def _waiting(self) -> int:
        return int(self.application_queue.qsize())


def unsent_bytes(transport: Any) -> int:
    """How much output a client has not taken yet."""
    # Twisted's own test of when to pause a producer, which has no public name.
    return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)

"""What the server sends to the client of a live socket, and the codes with which it closes one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from invitations.live import publishing
from invitations.sockets.frames import Frame

NOT_AUTHENTICATED = 4401
BAD_ORIGIN = 4403
NO_SUCH_PATH = 4404
ONE_TOO_MANY = 4408
"""For a user's oldest socket, when they open more than one may have."""
TOO_MUCH = 4429
"""For clients that send too much, or that never read."""
UNAVAILABLE = 4503
"""The database does not answer. Not 1008 or 1011: autobahn, and so daphne, lets applications close only with 1000 and
codes from 3000."""


class Line:
    """The outgoing side of one connection.

    Args:
        send: takes an ASGI message.
    """

    __slots__ = ("_send",)

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._send = send

    async def accept(self) -> None:
        """Complete the handshake."""
        await self._send({"type": "websocket.accept"})

    async def say(self, frame: Frame) -> None:
        """Send a frame."""
        await self.carry(publishing.encode_anything(frame))

    async def carry(self, text: str) -> None:
        """Send a frame that is already encoded."""
        await self._send({"type": "websocket.send", "text": text})

    async def close(self, code: int) -> None:
        """Close the connection.

        Args:
            code: one of the codes above.
        """
        await self._send({"type": "websocket.close", "code": code})

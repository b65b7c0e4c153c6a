"""What the server sends to the client of a live socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from invitations.live import publishing
from invitations.sockets.frames import Frame


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
            code: one of `shapes.frames.CLOSES`.
        """
        await self._send({"type": "websocket.close", "code": code})

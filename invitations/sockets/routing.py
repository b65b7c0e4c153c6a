"""The live socket as an ASGI application, at one path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from invitations import addresses
from invitations.shapes.frames import NO_SUCH_PATH
from invitations.sockets import door
from invitations.sockets.line import Line

Scope = dict[str, Any]
Application = Callable[[Scope, Callable[..., Any], Callable[..., Any]], Awaitable[None]]


class LiveSockets:
    """Serves WebSocket connections on one path and refuses all others.

    Args:
        path: the live socket's path, with its leading slash.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    async def __call__(self, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Serve one connection."""
        if scope["path"] != self._path:
            await receive()
            await Line(send).close(NO_SUCH_PATH)
            return
        if addresses.PROBE in scope:
            await send({"type": "websocket.close", "code": addresses.FOUND})
            return
        await door.serve(scope, receive, send)

"""Which ASGI connection goes where: the live socket here, everything else to Django."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import ProtocolTypeRouter

from invitations.sockets import door
from invitations.sockets.line import NO_SUCH_PATH, Line

LIVE_PATH = "/ws/v1/live"
Scope = dict[str, Any]
Application = Callable[[Scope, Callable[..., Any], Callable[..., Any]], Awaitable[None]]


def live_router(*, http: Application) -> ProtocolTypeRouter:
    """The application for an ASGI server.

    Args:
        http: takes the HTTP connections.
    """
    return ProtocolTypeRouter({"http": http, "websocket": live_socket})


async def live_socket(scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """Serve one WebSocket connection; another path than the live socket's is refused."""
    if scope["path"] != LIVE_PATH:
        await receive()
        await Line(send).close(NO_SUCH_PATH)
        return
    await door.serve(scope, receive, send)

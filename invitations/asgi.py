"""Which ASGI connection goes where: the live socket here, everything else to Django."""

from __future__ import annotations

from channels.routing import ProtocolTypeRouter

from invitations import addresses
from invitations.sockets import routing
from invitations.sockets.routing import Application


def live_router(*, http: Application, prefix: str = "") -> ProtocolTypeRouter:
    """The application for an ASGI server.

    Args:
        http: takes the HTTP connections.
        prefix: what `invitations.urls` is included below, written as there: `calls/`. A page asks for its socket below
            its own address, so the two must agree.
    """
    live = routing.LiveSockets(f"/{prefix}{addresses.LIVE}")
    return ProtocolTypeRouter({"http": http, "websocket": live})

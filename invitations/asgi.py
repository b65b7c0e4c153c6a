"""Routes ASGI connections: the live socket here, everything else to Django."""

from __future__ import annotations

from channels.routing import ProtocolTypeRouter

from invitations import addresses
from invitations.requests.bodies import BoundedBodies
from invitations.requests.shut_doors import ShutDoors
from invitations.sockets import routing
from invitations.sockets.routing import Application


def live_router(*, http: Application, prefix: str = "") -> ProtocolTypeRouter:
    """The application for an ASGI server.

    Args:
        http: the application for HTTP connections.
        prefix: the prefix under which `invitations.urls` is included, written the same way: `calls/`. A page looks for
            its socket below its own URL, so the two must agree.
    """
    live = routing.LiveSockets(f"/{prefix}{addresses.LIVE}")
    return ProtocolTypeRouter({"http": ShutDoors(BoundedBodies(http)), "websocket": live})

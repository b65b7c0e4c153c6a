"""What a project may have for its ASGI application and its addresses, each lacking something."""

from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import URLPattern, path

from invitations.asgi import live_router
from invitations.sockets.routing import LiveSockets

urlpatterns: list[URLPattern] = []


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Takes connections of any kind and says nothing."""


wrong_prefix = live_router(http=nothing, prefix="calls/")
without_sockets = ProtocolTypeRouter({"http": nothing})
other_sockets = ProtocolTypeRouter({"http": nothing, "websocket": URLRouter([path("chat", nothing)])})  # type: ignore[arg-type]
wrapped = ProtocolTypeRouter(
    {"http": nothing, "websocket": URLRouter([path("ws/v1/live", LiveSockets("/ws/v1/live"))])}  # type: ignore[arg-type]
)

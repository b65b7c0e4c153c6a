"""Floor: a bare Channels relay. A frame names a user and goes to that user's socket. No database, no sign-in.

With FLOOR_DATABASE set, each invitation is also committed to that SQLite file (WAL, synchronous=FULL) before it is
passed on: the least that a durable ring can cost. The statement runs on the event loop itself, because a thread would
cost more."""

from __future__ import annotations

import os
import sqlite3
from typing import Any

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="a floor keeps no secrets",
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    USE_TZ=True,
)
django.setup()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402


def _opened(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS invitation (id INTEGER PRIMARY KEY, caller TEXT, invitee TEXT, data TEXT)"
    )
    return connection


database = _opened(os.environ["FLOOR_DATABASE"]) if os.environ.get("FLOOR_DATABASE") else None


class Relay(AsyncJsonWebsocketConsumer):
    """One user's socket, in its own group."""

    async def connect(self) -> None:
        self.username = self.scope["url_route"]["kwargs"]["username"]
        await self.channel_layer.group_add(f"user.{self.username}", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(f"user.{self.username}", self.channel_name)

    async def receive_json(self, content: dict[str, Any], **kwargs: Any) -> None:
        if database is not None and content["kind"] == "ring":
            database.execute(
                "INSERT INTO invitation (caller, invitee, data) VALUES (?, ?, ?)",
                (self.username, content["to"], content["data"]),
            )
        await self.channel_layer.group_send(
            f"user.{content['to']}",
            {
                "type": "relayed",
                "frame": {"kind": content["kind"], "from": self.username, "data": content["data"]},
            },
        )

    async def relayed(self, event: dict[str, Any]) -> None:
        await self.send_json(event["frame"])


application = ProtocolTypeRouter({"websocket": URLRouter([re_path(r"^ws/(?P<username>\w+)$", Relay.as_asgi())])})

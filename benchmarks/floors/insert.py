"""Floor: a bare DRF view that makes one durable INSERT and passes a frame on, with one request per verb.

Plain Django under ASGI, with PostgreSQL by its pool or SQLite in WAL mode with synchronous=FULL (FLOOR_DATABASE: a
URL or a file). No sign-in, no permissions,
no queries besides the INSERT, and no middleware: Django's default list would take another 15 to 20 %. Run it once as a
script to create the table."""

from __future__ import annotations

import os
from typing import Any, cast
from urllib.parse import urlsplit

import django
from django.conf import settings

given = os.environ["FLOOR_DATABASE"]
address = urlsplit(given)
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": given,
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    },
}
POSTGRES = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": address.path.removeprefix("/"),
    "USER": address.username,
    "HOST": address.hostname,
    "PORT": address.port,
    "OPTIONS": {"pool": {"min_size": 1, "max_size": 16}},
}
settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="a floor keeps no secrets",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "channels"],
    MIDDLEWARE=[],
    ROOT_URLCONF=__name__,
    DATABASES={"default": POSTGRES if address.scheme.startswith("postgres") else SQLITE},
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "UNAUTHENTICATED_USER": None,
    },
    USE_TZ=True,
)
django.setup()

from asgiref.sync import async_to_sync  # noqa: E402
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import path, re_path  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Act(models.Model):
    """One verb, stored."""

    objects: models.Manager[Act] = models.Manager()

    kind = models.CharField(max_length=16)
    sender = models.CharField(max_length=64)
    receiver = models.CharField(max_length=64)
    data = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "floor"

    def __str__(self) -> str:
        return f"{self.kind} of {self.sender}"


class Verb(APIView):
    """Store the verb, pass it on, answer."""

    def post(self, request: Request, kind: str) -> Response:
        asked = cast(dict[str, str], request.data)
        act = Act.objects.create(kind=kind, sender=asked["from"], receiver=asked["to"], data=asked["data"])
        frame = {"kind": kind, "from": act.sender, "data": act.data}
        async_to_sync(get_channel_layer().group_send)(f"user.{act.receiver}", {"type": "passed", "frame": frame})
        return Response({"id": act.pk, "kind": kind, "to": act.receiver}, status=201)


class Live(AsyncJsonWebsocketConsumer):
    """One user's socket, in its own group."""

    async def connect(self) -> None:
        self.group = f"user.{self.scope['url_route']['kwargs']['username']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def passed(self, event: dict[str, Any]) -> None:
        await self.send_json(event["frame"])


urlpatterns = [path("verbs/<str:kind>", Verb.as_view())]
application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([re_path(r"^ws/(?P<username>\w+)$", Live.as_asgi())]),
    }
)

if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Act)

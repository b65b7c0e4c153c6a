"""An open page or app as the tests speak through it: one live socket and what came down it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeVar

from channels.testing import WebsocketCommunicator
from django.db import connections
from django.test import Client

from callinvite.asgi import application
from invitations.live import publishing
from invitations.models import User
from tests.sockets.contract import Conversation

Frame = dict[str, Any]
R = TypeVar("R")
HOST = "testserver"
ORIGIN = f"http://{HOST}"
PATIENCE_SECONDS = 10


async def in_thread(function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """Do something with the database, which async code must not touch; leaves no connection behind."""

    def run() -> R:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


def session_of(user: User) -> str:
    """The key of a fresh browser session of the user."""
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


class Page:
    """One socket.

    Args:
        query: of the address, without the question mark.
        path: where it connects.
        headers: as the client sends them; names in lower case.
        peer: the address at the other end of the connection; empty for a Unix socket.
    """

    def __init__(
        self, *, query: str = "", path: str = "/ws/v1/live", headers: dict[str, str] | None = None, peer: str = ""
    ) -> None:
        sent = {"host": HOST, **(headers or {})}
        self.user: User | None = None
        self.device_id = ""
        self.snapshot: Frame = {}
        self._requests = 0
        self._contract = Conversation()
        self._socket = WebsocketCommunicator(
            application,
            f"{path}?{query}" if query else path,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in sent.items() if value is not None],
        )
        if peer:
            self._socket.scope["client"] = [peer, 50_000]

    @classmethod
    def of(cls, session_key: str, **headers: str) -> Page:
        """A browser's page of the server's own origin."""
        return cls(headers={"origin": ORIGIN, "cookie": f"theme=dark; sessionid={session_key}", **headers})

    async def open(self) -> bool:
        """Connect; whether the handshake was accepted."""
        accepted, _ = await self._socket.connect(timeout=PATIENCE_SECONDS)
        return bool(accepted)

    async def turned_away(self) -> int | None:
        """The code with which the handshake itself is refused; None if it is accepted."""
        accepted, code = await self._socket.connect(timeout=PATIENCE_SECONDS)
        return None if accepted else int(code)

    async def hello(self, device_id: str, label: str | None = "Chrome on Linux", **more: Any) -> Frame:
        """Say hello and take the snapshot."""
        self.device_id = device_id
        said = {"type": "hello", "device_id": device_id, "audible": True, **more}
        await self.say(said if label is None else {**said, "label": label})
        self.snapshot = await self.hear()
        assert self.snapshot["type"] == "snapshot", self.snapshot
        return self.snapshot

    async def say(self, frame: Frame) -> None:
        """Send a frame. One that breaks the contract must be refused."""
        await self.say_text(json.dumps(frame))

    async def say_text(self, text: str) -> None:
        self._contract.said(text)
        await self._socket.send_input({"type": "websocket.receive", "text": text})

    async def say_bytes(self, data: bytes) -> None:
        await self._socket.send_input({"type": "websocket.receive", "bytes": data})

    async def hear(self) -> Frame:
        """The next frame; markers of other pages are passed over."""
        while (frame := await self._next())["type"] == "marker":
            continue
        return frame

    async def _next(self) -> Frame:
        output = await self._socket.receive_output(timeout=PATIENCE_SECONDS)
        assert output["type"] == "websocket.send", output
        frame = dict(json.loads(output["text"]))
        if frame["type"] != "marker":
            self._contract.heard(frame)
        return frame

    async def hear_close(self) -> int:
        """The code that the server closes with; what comes before it is passed over."""
        while True:
            output = await self._socket.receive_output(timeout=PATIENCE_SECONDS)
            if output["type"] == "websocket.close":
                return int(output["code"])

    async def ask(self, verb: str, call_id: str | None = None, /, **body: Any) -> Frame:
        """Send a request and give its result; call frames that come in between are passed over."""
        request_id = await self.request(verb, call_id, body)
        while True:
            frame = await self.hear()
            if frame["type"] == "result":
                assert frame["id"] == request_id
                return frame

    async def request(self, verb: str, call_id: str | None = None, body: object = None) -> str:
        """Send a request without waiting for its result; gives its id."""
        self._requests += 1
        frame = {"type": "request", "id": str(self._requests), "verb": verb, "body": body}
        await self.say(frame if call_id is None else {**frame, "call_id": call_id})
        return str(self._requests)

    async def sync(self, **held: int) -> Frame:
        """Send a sync and give the answer; call frames that come in between are passed over."""
        await self.say({"type": "sync", "calls": held})
        while True:
            frame = await self.hear()
            if frame["type"] == "synced":
                return frame
            assert frame["type"] == "call", frame

    async def so_far(self) -> list[Frame]:
        """Every frame published to this user until now, with no waiting for frames that may not come."""
        assert self.user is not None
        marker = json.dumps({"type": "marker", "of": id(self)})
        publishing.publish(publishing.group_of(self.user.pk), {"type": "live.frame", "text": marker, "origin": None})
        frames = []
        while (frame := await self._next()) != {"type": "marker", "of": id(self)}:
            if frame["type"] != "marker":
                frames.append(frame)
        return frames

    async def done(self) -> list[Frame]:
        """Wait until the server has acted on everything said here; gives the frames that came meanwhile."""
        request_id = await self.request("open")
        frames = []
        while (frame := await self.hear()).get("id") != request_id:
            frames.append(frame)
        return frames

    async def close(self) -> None:
        """Close it as a client does, and wait until the server has tidied up."""
        if not self._socket.future.done():
            await self._socket.disconnect(timeout=PATIENCE_SECONDS)

"""People at devices of the layout of production: live sockets that come back by themselves, and REST, both with the
patience of a real client: what got no answer is asked again with the same key."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx2
import websockets

from tests.support.layout import SeveralProcesses

MAKE = """
import json
from knox.models import get_token_model
from invitations.models import User
tokens = {{}}
for name in {names!r}:
    user = User(username=name)
    user.set_unusable_password()
    user.save()
    tokens[name] = get_token_model().objects.create(user)[1]
print(json.dumps(tokens))
"""
LIMIT_SECONDS = 60.0
POLL_SECONDS = 0.02
AGAIN_SECONDS = 0.1
SYNC_SECONDS = 5.0
"""How often a client with an open call asks for what it may have missed."""
GATEWAYS = (502, 503, 504)


def tokens_of(product: SeveralProcesses, names: list[str]) -> dict[str, str]:
    """New people, each with an app's token."""
    printed = product.manage("shell", "--no-imports", "--command", MAKE.format(names=names))
    return dict(json.loads(printed.splitlines()[-1]))


async def until(condition: Callable[[], bool], limit_seconds: float = LIMIT_SECONDS) -> None:
    """Look again and again until it holds."""
    async with asyncio.timeout(limit_seconds):
        while not condition():
            await asyncio.sleep(POLL_SECONDS)


class Device:
    """One person's one device.

    Args:
        product: spoken to through its nginx only.
        name: of the person.
        token: the person's.

    Attributes:
        calls: every call that it was told of, as it was told last.
        frames: how often it was sent each revision of a call in a frame of its own.
        heard_at: when it was first told of each call, by `time.monotonic()`.
        losses: how often its socket was lost.
        refused: answers that are no success and no matter of asking again.
    """

    def __init__(self, product: SeveralProcesses, name: str, token: str) -> None:
        self.name = name
        self.calls: dict[str, dict[str, Any]] = {}
        self.frames: Counter[tuple[str, int]] = Counter()
        self.heard_at: dict[str, float] = {}
        self.losses = 0
        self.refused: list[Any] = []
        self._product = product
        self._headers = {"Authorization": f"Bearer {token}"}
        self._socket: websockets.ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._rest = httpx2.AsyncClient(base_url=f"{product.url}/api/v1/", headers=self._headers, timeout=LIMIT_SECONDS)
        self._lasting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Device:
        self._lasting = asyncio.create_task(self._last())
        await until(lambda: self.is_open)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._lasting is not None
        self._lasting.cancel()
        with suppress(asyncio.CancelledError):
            await self._lasting
        await self._rest.aclose()

    @property
    def is_open(self) -> bool:
        """Whether its socket is open and has said what there is."""
        return self._socket is not None

    def state(self, call_id: str) -> str:
        """The state of a call as it was told last; empty if it never was."""
        return str(self.calls.get(call_id, {}).get("state", ""))

    async def hears(self, call_id: str, state: str) -> None:
        """Wait until it was told that a call is in this state."""
        await until(lambda: self.state(call_id) == state)

    async def by_socket(self, verb: str, call_id: str | None = None, **body: Any) -> dict[str, Any]:
        """Ask by the live socket until there is an answer; gives its body."""
        key = {"idempotency_key": uuid4().hex} if verb == "send" else {}
        while True:
            await until(lambda: self.is_open)
            number = uuid4().hex
            asked = {"type": "request", "id": number, "verb": verb, "call_id": call_id, "body": body, **key}
            answer = self._answers[number] = asyncio.get_running_loop().create_future()
            with suppress(ConnectionError, websockets.ConnectionClosed):
                assert self._socket is not None
                await self._socket.send(json.dumps(asked))
                result = await asyncio.wait_for(answer, LIMIT_SECONDS)
                if result["status"] not in GATEWAYS:
                    return self._taken(verb, result["status"], result["body"])
            await asyncio.sleep(AGAIN_SECONDS)

    async def by_rest(self, verb: str, call_id: str | None = None, **body: Any) -> dict[str, Any]:
        """Ask by REST until there is an answer; gives its body."""
        headers = {"Idempotency-Key": uuid4().hex} if verb == "send" else {}
        path = "calls" if call_id is None else f"calls/{call_id}/{verb}"
        while True:
            with suppress(httpx2.TransportError):
                answer = await self._rest.post(path, json=body, headers=headers)
                if answer.status_code not in GATEWAYS:
                    return self._taken(verb, answer.status_code, answer.json())
            await asyncio.sleep(AGAIN_SECONDS)

    async def get(self, path: str) -> dict[str, Any]:
        """Read something by REST."""
        return dict((await self._rest.get(path)).raise_for_status().json())

    async def put(self, path: str, body: dict[str, Any]) -> None:
        """Write something by REST."""
        (await self._rest.put(path, json=body)).raise_for_status()

    async def once_by_rest(self, verb: str, call_id: str | None = None, **body: Any) -> dict[str, Any]:
        """Ask by REST once, as one who takes no excuse."""
        path = "calls" if call_id is None else f"calls/{call_id}/{verb}"
        answer = await self._rest.post(path, json=body)
        return self._taken(verb, answer.status_code, answer.json() if answer.is_success else answer.text)

    def _taken(self, verb: str, status: int, body: Any) -> dict[str, Any]:
        if status >= 400:
            self.refused.append((verb, status, body))
            raise AssertionError(f"{self.name}: {verb}: {status} {body}")
        self._learn(body["call"])
        return dict(body)

    async def _last(self) -> None:
        """Be connected, whatever happens."""
        while True:
            with suppress(OSError, websockets.WebSocketException):
                await self._be_connected()
            if self._socket is not None:
                self.losses += 1
                self._socket = None
            for each in self._answers.values():
                if not each.done():
                    each.set_exception(ConnectionError())
            self._answers.clear()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _be_connected(self) -> None:
        async with websockets.connect(self._product.live_url, additional_headers=self._headers) as connection:
            hello = {"type": "hello", "device_id": f"{self.name}s", "label": self.name, "audible": True}
            await connection.send(json.dumps(hello))
            syncing = asyncio.create_task(self._sync(connection))
            try:
                async for text in connection:
                    self._hear(json.loads(text), connection)
            finally:
                syncing.cancel()

    async def _sync(self, connection: websockets.ClientConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(SYNC_SECONDS)
                held = {key: each["revision"] for key, each in self.calls.items() if each["state"] != "ended"}
                await connection.send(json.dumps({"type": "sync", "calls": held}))

    def _hear(self, frame: dict[str, Any], connection: websockets.ClientConnection) -> None:
        if frame["type"] == "call":
            self.frames[frame["call"]["call_id"], frame["call"]["revision"]] += 1
            self._learn(frame["call"])
        elif frame["type"] in ("snapshot", "synced"):
            for call in frame.get("calls", []):
                self._learn(call)
            if frame["type"] == "snapshot":
                self._socket = connection
        elif frame["type"] == "result" and (asked := self._answers.pop(frame["id"], None)):
            asked.set_result(frame)

    def _learn(self, call: dict[str, Any]) -> None:
        self.heard_at.setdefault(call["call_id"], time.monotonic())
        known = self.calls.get(call["call_id"])
        if known is None or known["revision"] <= call["revision"]:
            self.calls[call["call_id"]] = call


class Pair:
    """Two people who ring each other again and again: a ring, an answer, an end.

    Args:
        caller: rings.
        invitee: accepts.
        ask: how both ask: `Device.by_socket`, say.
    """

    def __init__(self, caller: Device, invitee: Device, ask: Callable[..., Awaitable[dict[str, Any]]]) -> None:
        self.caller = caller
        self.invitee = invitee
        self.begun = 0
        self.slowest_seconds = 0.0
        self.call_ids: list[str] = []
        self.is_over = False
        self._ask = ask

    @property
    def rounds(self) -> int:
        """How many calls went from their ring to their end."""
        return len(self.call_ids)

    async def go_on(self) -> None:
        """Ring until `is_over`."""
        while not self.is_over:
            began = time.monotonic()
            self.begun += 1
            body = {"invitees": [self.invitee.name], "is_video_call": False}
            call_id = (await self._ask(self.caller, "send", **body))["call"]["call_id"]
            await self.invitee.hears(call_id, "ringing")
            await self._ask(self.invitee, "accept", call_id)
            await self.caller.hears(call_id, "active")
            await self._ask(self.caller, "end", call_id)
            await self.invitee.hears(call_id, "ended")
            self.call_ids.append(call_id)
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)


@asynccontextmanager
async def ringing(devices: list[Device], *asks: Callable[..., Any]) -> AsyncIterator[list[Pair]]:
    """Pairs of people who ring each other until the block ends, in turns by each of these ways to ask."""
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(each) for each in devices))
        pairs = [
            Pair(caller, invitee, asks[number % len(asks)])
            for number, (caller, invitee) in enumerate(zip(devices[::2], devices[1::2], strict=True))
        ]
        async with asyncio.TaskGroup() as group:
            for each in pairs:
                group.create_task(each.go_on())
            yield pairs
            for each in pairs:
                each.is_over = True


async def further(pairs: list[Pair], rounds: int = 3) -> None:
    """Wait until every pair has made so many more rounds."""
    wanted = {id(each): each.rounds + rounds for each in pairs}
    await until(lambda: all(each.rounds >= wanted[id(each)] for each in pairs))


async def in_a_thread(act: Callable[[], Any]) -> Any:
    """Do what waits, while everybody goes on."""
    return await asyncio.to_thread(act)

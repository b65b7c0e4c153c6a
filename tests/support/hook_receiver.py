"""A program that hooks lead to, by https on this machine: it verifies with the standard's own library, as its owner
would, and answers as told. `python -m tests.support.hook_receiver` is one that can be killed, and writes down what it
took."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.support.contract import faults
from tests.support.push_answers import ScriptedAnswer, scripted
from tests.support.push_tls import Authority

WAIT_SECONDS = 20.0


@dataclass
class Lying:
    """Says that its body is longer than it is, and then says nothing more."""

    status: int = 200
    claimed_bytes: int = 5000

    async def give(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {self.claimed_bytes}\r\n\r\nshort"
        request.transport.write(head.encode())
        await asyncio.get_running_loop().create_future()
        raise AssertionError("unreachable")


Scripted = ScriptedAnswer | Lying


@dataclass
class Arrived:
    """One try of one message."""

    id: str
    timestamp: int
    headers: Mapping[str, str]
    body: bytes
    path: str
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return str(self.json["type"])

    @property
    def call(self) -> Any:
        return self.json["data"]["call"]


class HookReceiver:
    """A receiver in a thread, on 127.0.0.1 and a free port.

    Attributes:
        secret: of its hook; what is not signed by it stands in `forged`.
        arrived: each try, oldest first, whatever was answered.
        forged: what could not be verified, and every request that was no message.
        is_in_time: whether the test's clock is the real one, by which a message must be of just now.

    Args:
        authority: signs its certificate; one of its own if omitted.
    """

    def __init__(self, authority: Authority | None = None) -> None:
        self.is_in_time = True
        self.secret = ""
        self.arrived: list[Arrived] = []
        self.forged: list[str] = []
        self.changed = threading.Condition()
        self.port = 0
        self._script: deque[Scripted] = deque()
        self._always: Callable[[Arrived], int | Scripted] = lambda arrived: 204
        self._folder = tempfile.TemporaryDirectory(prefix="callinvite-hooks-")
        self.authority = authority or Authority(Path(self._folder.name))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="hook receiver")
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hooks"

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_SECONDS)
        self._loop.close()
        self._folder.cleanup()

    def answer(self, *answers: int | Scripted) -> None:
        """Answer the next tries so, in order; then as `always` says."""
        self._script.extend(each if isinstance(each, Lying) else scripted(each) for each in answers)

    def always(self, answer: Callable[[Arrived], int | Scripted]) -> None:
        """Answer all further tries so."""
        self._always = answer

    def forget_answers(self) -> None:
        """Take everything from now on."""
        self._script.clear()
        self._always = lambda arrived: 204

    def wait_for(self, count: int) -> list[Arrived]:
        """Wait until so many tries have arrived in all.

        Raises:
            TimeoutError: they have not.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.arrived) >= count, WAIT_SECONDS):
                raise TimeoutError(f"{len(self.arrived)} of {count}: {[each.type for each in self.arrived]}")
            return list(self.arrived)

    def _call(self, function: Callable[[], Any]) -> None:
        asyncio.run_coroutine_threadsafe(function(), self._loop).result(WAIT_SECONDS)

    async def _listen(self) -> None:
        application = web.Application(client_max_size=2**20)
        application.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.authority.context("127.0.0.1")).start()
        self.port = self._runner.addresses[0][1]

    async def _end(self) -> None:
        assert self._runner is not None
        for each in self._runner.server.connections if self._runner.server else []:
            if each.transport is not None:
                each.transport.abort()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self.changed:
            fault = f"{request.method} {request.path}" if request.path != "/hooks" else ""
            fault = fault or broken_by(body)
            fault = fault or unverified(self.secret, body, headers, is_in_time=self.is_in_time)
            if fault:
                self.forged.append(fault)
                self.changed.notify_all()
                return web.Response(status=400)
            arrived = Arrived(headers["webhook-id"], int(headers["webhook-timestamp"]), headers, body, request.path)
            self.arrived.append(arrived)
            answer = self._script.popleft() if self._script else self._always(arrived)
            self.changed.notify_all()
        return await (scripted(answer) if isinstance(answer, int) else answer).give(request)


def broken_by(body: bytes) -> str:
    """In what a message breaks the contract (docs/contract/asyncapi.json); empty if in nothing."""
    told = json.loads(body)
    name = {"user.missed": "missed", "device.disabled": "disabled", "hook.test": "trial"}.get(told["type"], "change")
    channel, name = ("ring_hook", "question") if told["type"] == "ring.ask" else ("hooks", name)
    return "; ".join(faults(channel, name, told))


def unverified(secret: str, body: bytes, headers: dict[str, str], *, is_in_time: bool = True) -> str:
    """Why a message is not good; empty if it is."""
    if not is_in_time:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        good = Webhook(secret).sign(headers["webhook-id"], at, body.decode())
        return "" if good in headers["webhook-signature"].split() else "not signed"
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError as error:
        return str(error) or type(error).__name__
    return ""


def main() -> None:
    """Take messages until killed. Each is on disk before it is answered: a line of its id, type, call and revision."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--book", required=True)
    asked = parser.parse_args()
    book = os.open(asked.book, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def take(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        fault = unverified(asked.secret, body, headers)
        told: Any = json.loads(body) if not fault else {"type": "forged", "data": {"call": None}}
        call = told["data"]["call"] or {}
        line = {
            "id": headers.get("webhook-id"),
            "type": told["type"],
            "events": told["data"].get("events", []),
            "call_id": call.get("call_id"),
            "revision": call.get("revision"),
            "fault": fault,
        }
        os.write(book, (json.dumps(line) + "\n").encode())
        return web.Response(status=400 if fault else 204)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(asked.certificate)
    application = web.Application()
    application.router.add_post("/hooks", take)
    web.run_app(application, host="127.0.0.1", port=asked.port, ssl_context=context, print=None, reuse_address=True)


@contextmanager
def trusted(receiver: HookReceiver) -> Iterator[None]:
    """Trust the receiver's authority, as an operator does by SSL_CERT_FILE."""
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(receiver.authority.ca_file)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SSL_CERT_FILE"]
        else:
            os.environ["SSL_CERT_FILE"] = before


if __name__ == "__main__":
    main()

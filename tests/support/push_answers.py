"""What a push service may answer, good and bad, in the order in which a test writes it down.

An answer is a status (`201`, `404`, `410`, `413`, `429`, `500`, ...) or one of the classes below."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import zlib
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

HTTP_DATE = "http-date"
"""`Answer(429, retry_after=HTTP_DATE)`: a date DATE_SECONDS ahead; `http_date(30)` for another."""
DATE_SECONDS = 5

CREATED = 201
MIB = 1024 * 1024
CHUNK_BYTES = 65536


def http_date(seconds_ahead: float) -> str:
    """A moment from now as HTTP writes it (RFC 9110 section 5.6.7), whole seconds."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds_ahead), usegmt=True)


@dataclass(frozen=True)
class Answer:
    """A plain answer.

    Args:
        retry_after: seconds, HTTP_DATE, or any text, sent as it is (`"soon"`).
        headers: further ones.
    """

    status: int = CREATED
    retry_after: float | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def give(self, request: web.Request) -> web.StreamResponse:
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = http_date(DATE_SECONDS) if self.retry_after == HTTP_DATE else str(self.retry_after)
        return web.Response(status=self.status, headers=headers, body=self.body)


@dataclass(frozen=True)
class Redirect:
    """A redirection. A client that follows it without a given location shows up in `PushService.strays`."""

    location: str = "/elsewhere"
    status: int = 307

    async def give(self, request: web.Request) -> web.StreamResponse:
        location = self.location
        if location.startswith("/"):
            location = f"{request.scheme}://{request.host}{location}"
        return web.Response(status=self.status, headers={"Location": location})


class Silence:
    """Never answers, and keeps the connection open until the client gives up."""

    async def give(self, request: web.Request) -> web.StreamResponse:
        await asyncio.get_running_loop().create_future()
        raise AssertionError("unreachable")


class HangUp:
    """Closes the connection instead of answering."""

    async def give(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


class Slow:
    """Answers 201 (or something else) when the test calls `release()`, or at the latest after so many seconds."""

    def __init__(self, seconds: float | None = None, then: int | Answer = CREATED) -> None:
        self.seconds = seconds
        self.then = then if isinstance(then, Answer) else Answer(then)
        self._released: Future[None] = Future()

    def release(self) -> None:
        with contextlib.suppress(InvalidStateError):  # released before
            self._released.set_result(None)

    async def give(self, request: web.Request) -> web.StreamResponse:
        released = asyncio.shield(asyncio.wrap_future(self._released))
        await asyncio.wait([released], timeout=self.seconds)
        return await self.then.give(request)


class Endless:
    """A body without an end; `sent_bytes` says how much of it was sent so far, never less than the client has.

    It falls silent after `limit_mib`, so that a client that reads everything does not fill the machine.
    """

    def __init__(self, status: int = 400, limit_mib: int = 64) -> None:
        self.status = status
        self.limit_bytes = limit_mib * MIB
        self.sent_bytes = 0

    async def give(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=self.status, headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while self.sent_bytes < self.limit_bytes:
            self.sent_bytes += CHUNK_BYTES
            await response.write(b"x" * CHUNK_BYTES)
        return await Silence().give(request)


class GzipBomb:
    """A small body that grows a thousandfold when it is unpacked."""

    def __init__(self, status: int = 400, expanded_mib: int = 256) -> None:
        self.status = status
        self.expanded_mib = expanded_mib

    async def give(self, request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return web.Response(status=self.status, headers=headers, body=_bomb(self.expanded_mib))


@functools.cache
def _bomb(expanded_mib: int) -> bytes:
    zeros = bytes(MIB)
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    return b"".join([packer.compress(zeros) for _ in range(expanded_mib)]) + packer.flush()


ScriptedAnswer = Answer | Redirect | Silence | HangUp | Slow | Endless | GzipBomb


def scripted(answer: int | ScriptedAnswer) -> ScriptedAnswer:
    return Answer(answer) if isinstance(answer, int) else answer


def accepts(answer: ScriptedAnswer) -> bool:
    """Whether the message is taken by this answer, and so delivered."""
    if isinstance(answer, Slow):
        return answer.then.status == CREATED
    return isinstance(answer, Answer) and answer.status == CREATED

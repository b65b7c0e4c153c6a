"""Doors that stay shut for a client that was told to wait and goes on. It is answered before Django has work with it.

A refused attempt costs a thread, a session, a form and a page. Somebody who guesses passwords makes as many attempts as
the server can refuse, so the dear answer is for people, who read it, and the cheap one for those who do not."""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from io import BytesIO
from math import ceil
from threading import Lock
from time import monotonic
from typing import NamedTuple

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import translation

from invitations import request_ids
from invitations.errors import Code
from invitations.requests import audit, known_devices, readable
from invitations.requests.bodies import Application, Message, Receive, Send
from invitations.requests.clients import address_of, address_of_scope, network_of
from invitations.requests.problems import CONTENT_TYPE, STATUS, problem
from invitations.words import say

PATIENCE = 3
"""How many times a client is told to wait by the door itself before it stays shut."""
LONGEST_SECONDS = 60
"""For how long a door stays shut without asking again, however long the wait is."""
HELD_SECONDS = 1.0
"""How long the answer of a shut door takes, so that a client which tries again at once makes few attempts."""
HELD_AT_ONCE = 200
"""How many answers a process holds back at once; the others go out at once, and are cheap all the same."""
REMEMBERED = 10_000
"""How many waiting clients a process remembers; beyond that, those that it has known for longest are forgotten."""

_PAGE_HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    # The page is made without Django's middleware. It has styles and a picture.
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]


class _Wait(NamedTuple):
    until: float
    times_told: int


_waits: dict[tuple[str, str], _Wait] = {}
"""By path and network. In each process by itself: it only spares work, and the counting is done elsewhere."""
_writing = Lock()


def told_to_wait(request: HttpRequest, seconds: int) -> None:
    """Note that a door has just told a client to wait.

    Args:
        request: the attempt that was refused.
        seconds: for how long, as the client was told.
    """
    key, now = (request.path, network_of(address_of(request))), monotonic()
    with _writing:
        known = _waits.pop(key, None)
        times = 1 if known is None or known.until <= now else known.times_told + 1
        _waits[key] = _Wait(now + min(seconds, LONGEST_SECONDS), times)
        while len(_waits) > REMEMBERED:
            del _waits[next(iter(_waits))]
    if times == PATIENCE:
        audit.shut_out(request, seconds)


def _seconds_left(path: str, network: str) -> int:
    """For how long a door still stays shut for a client; 0 if it is open."""
    wait = _waits.get((path, network))
    if wait is None or wait.times_told < PATIENCE:
        return 0
    left = wait.until - monotonic()
    if left <= 0:
        with _writing:
            _waits.pop((path, network), None)
    return max(0, ceil(left))


def forget_all() -> None:
    """Open all doors, as after a start."""
    with _writing:
        _waits.clear()


class ShutDoors:
    """An ASGI application for HTTP that keeps doors shut.

    Args:
        application: answers everybody else.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._held = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        network = network_of(address_of_scope(scope)) if _waits and scope["method"] == "POST" else ""
        if (
            not network
            or not _seconds_left(scope["path"], network)
            or known_devices.is_known(_header(scope, b"cookie"))
        ):
            await self._application(scope, receive, send)
            return
        if self._held < HELD_AT_ONCE:
            self._held += 1
            try:
                await asyncio.sleep(HELD_SECONDS)
            finally:
                self._held -= 1
        await _refuse(scope, max(1, _seconds_left(scope["path"], network)), send)


def _header(scope: Message, wanted: bytes) -> str:
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted)


async def _refuse(scope: Message, seconds: int, send: Send) -> None:
    """Say by when to come again: as a page to a browser, as a problem document to everything else."""
    request = ASGIRequest(scope, BytesIO())
    language = translation.get_language_from_request(request)
    if "text/html" in request.headers.get("Accept", ""):
        headers, body = _PAGE_HEADERS, _page(language, scope["path"], seconds)
    else:
        headers, body = [(b"content-type", CONTENT_TYPE.encode())], _problem(language, seconds)
    said = [
        (b"retry-after", b"%d" % seconds),
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(body)),
        request_ids.header_of(scope),
        *readable.headers_for(scope),
    ]
    await send({"type": "http.response.start", "status": STATUS[Code.THROTTLED], "headers": [*headers, *said]})
    await send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=256)
def _page(language: str, path: str, seconds: int) -> bytes:
    with translation.override(language):
        return render_to_string("callinvite/429.html", {"path": path, "seconds": seconds}).encode()


@lru_cache(maxsize=256)
def _problem(language: str, seconds: int) -> bytes:
    with translation.override(language):
        detail = say("sign_in.wait", count=seconds)
        return json.dumps(problem(Code.THROTTLED, detail, retry_after_seconds=seconds)).encode()

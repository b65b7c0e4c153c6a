"""The bound on request bodies, as an ASGI server meets it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django import Settings

from invitations.asgi import live_router

SCOPE = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "http_version": "1.1"}


class Reader:
    """An application that reads a body to its end and says how long it was."""

    def __init__(self) -> None:
        self.length: int | None = None
        self.was_cut = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        length = 0
        while (message := await receive())["type"] == "http.request":
            length += len(message["body"])
            if not message.get("more_body"):
                self.length = length
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"read"})
                return
        self.was_cut = True


async def _asked(reader: Reader, *parts: bytes, length: int | None = None) -> tuple[int, bytes]:
    headers = [] if length is None else [(b"content-length", str(length).encode())]
    request = ApplicationCommunicator(live_router(http=reader), {**SCOPE, "headers": headers})
    for number, part in enumerate(parts, 1):
        await request.send_input({"type": "http.request", "body": part, "more_body": number < len(parts)})
    start = await request.receive_output(5)
    body = await request.receive_output(5)
    await request.wait(5)
    return start["status"], body["body"]


@pytest.fixture(autouse=True)
def ten_bytes(settings: Settings) -> None:
    settings.CALLINVITE = {"request_bytes": 10}


async def test_a_body_within_the_bound_is_read() -> None:
    reader = Reader()
    assert await _asked(reader, b"12345", b"67890", length=10) == (200, b"read")
    assert reader.length == 10


async def test_a_body_that_says_it_is_longer_is_not_read_at_all() -> None:
    reader = Reader()
    status, body = await _asked(reader, length=11)
    assert (status, json.loads(body)["code"]) == (413, "too_large")
    assert (reader.length, reader.was_cut) == (None, False)


async def test_a_body_that_turns_out_longer_is_cut() -> None:
    reader = Reader()
    status, body = await _asked(reader, b"12345", b"67890", b"1", b"2")
    assert (status, json.loads(body)["code"]) == (413, "too_large")
    assert (reader.length, reader.was_cut) == (None, True)


async def test_zero_is_no_bound(settings: Settings) -> None:
    settings.CALLINVITE = {"request_bytes": 0}
    assert await _asked(Reader(), b"x" * 100, length=100) == (200, b"read")


@pytest.mark.parametrize(("origin", "told"), [("https://site.example", True), ("https://evil.example", False)])
async def test_a_page_of_a_listed_origin_can_read_that_it_was_too_long(
    settings: Settings, origin: str, told: bool
) -> None:
    settings.CALLINVITE = {"request_bytes": 10, "origins": ("https://site.example",)}
    headers = [(b"origin", origin.encode()), (b"content-length", b"11")]
    request = ApplicationCommunicator(live_router(http=Reader()), {**SCOPE, "headers": headers})
    start = await request.receive_output(5)

    assert start["status"] == 413
    assert dict(start["headers"]).get(b"access-control-allow-origin") == (origin.encode() if told else None)

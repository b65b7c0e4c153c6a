"""Doors that stay shut for those who were told to wait, as an ASGI server meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.core.cache import cache
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from pytest_django import Settings

from invitations.asgi import live_router
from invitations.requests import shut_doors

pytestmark = pytest.mark.django_db
DOORS = ["/sign-in/", "/admin/login/", "/api/v1/auth/token", "/sign-up/"]
GUESSER = "192.0.2.77"


class House:
    """Stands for Django: notes whether anybody got as far as that."""

    def __init__(self) -> None:
        self.visits = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.visits += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})


async def knock(
    house: House, path: str, *, address: str = GUESSER, method: str = "POST", **headers: str
) -> tuple[int, dict[str, str], str]:
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "http_version": "1.1",
        "client": (address, 1234),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    request = ApplicationCommunicator(live_router(http=house), scope)
    await request.send_input({"type": "http.request", "body": b""})
    start = await request.receive_output(5)
    body = await request.receive_output(5)
    await request.wait(5)
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body["body"].decode()


@pytest.fixture(autouse=True)
def at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 1, "signup": "open"}
    monkeypatch.setattr(shut_doors, "HELD_SECONDS", 0)
    shut_doors.forget_all()
    cache.clear()
    yield
    shut_doors.forget_all()
    cache.clear()


@sync_to_async
def _guess(path: str, times: int) -> None:
    kind = "application/json" if path.startswith("/api/") else MULTIPART_CONTENT
    form = {"username": "alice", "password": "wrong"}
    for _ in range(times):
        answer = Client().post(path, form, kind, REMOTE_ADDR=GUESSER)
    assert "Too many attempts" in answer.text


@pytest.mark.parametrize("path", DOORS)
async def test_who_goes_on_is_answered_before_django(path: str) -> None:
    await _guess(path, 1 + shut_doors.PATIENCE)
    house = House()

    status, headers, body = await knock(house, path, accept="application/json")

    problem = json.loads(body)
    assert (status, problem["code"], house.visits) == (429, "throttled", 0)
    assert headers["retry-after"] == str(problem["retry_after_seconds"])
    assert 1 <= problem["retry_after_seconds"] <= 60
    assert f"Try again in {headers['retry-after']} second" in problem["detail"]


async def test_a_browser_gets_a_page() -> None:
    await _guess("/sign-in/", 1 + shut_doors.PATIENCE)

    status, headers, body = await knock(House(), "/sign-in/", accept="text/html,*/*")

    assert (status, headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert "Too many attempts. Try again in" in body
    assert 'href="/sign-in/"' in body
    assert "<script" not in body
    assert "default-src 'none'" in headers["content-security-policy"]


async def test_others_come_in() -> None:
    await _guess("/sign-in/", 1 + shut_doors.PATIENCE)
    house = House()

    for door in (
        {"path": "/sign-in/", "address": "192.0.2.78"},
        {"path": "/sign-in/", "method": "GET"},
        {"path": "/api/v1/calls"},
    ):
        assert (await knock(house, **door))[0] == 200
    assert house.visits == 3


async def test_who_stops_in_time_is_told_by_the_door_itself() -> None:
    await _guess("/sign-in/", shut_doors.PATIENCE)
    assert (await knock(House(), "/sign-in/"))[0] == 200


async def test_clients_behind_a_trusted_proxy_are_told_apart(settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "trusted_proxies": ["127.0.0.1"]}
    await _guess("/sign-in/", 1 + shut_doors.PATIENCE)

    shut = await knock(House(), "/sign-in/", address="127.0.0.1", x_forwarded_for=GUESSER)
    open_ = await knock(House(), "/sign-in/", address="127.0.0.1", x_forwarded_for=f"{GUESSER}, 192.0.2.9")

    assert (shut[0], open_[0]) == (429, 200)


async def test_the_door_opens_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    await _guess("/sign-in/", 1 + shut_doors.PATIENCE)
    seconds = int((await knock(House(), "/sign-in/"))[1]["retry-after"])

    later = shut_doors.monotonic() + seconds
    monkeypatch.setattr(shut_doors, "monotonic", lambda: later)

    assert (await knock(House(), "/sign-in/"))[0] == 200


async def test_it_is_logged_once(lines: list[str]) -> None:
    await _guess("/sign-in/", 1 + shut_doors.PATIENCE)
    for _ in range(3):
        await knock(House(), "/sign-in/")

    said = [each for each in lines if "shut-out" in each]
    assert len(said) == 1
    assert f"address={GUESSER} path=/sign-in/" in said[0]


async def test_only_so_many_clients_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shut_doors, "REMEMBERED", 1)
    await _guess("/sign-in/", 1 + shut_doors.PATIENCE)
    await _guess("/sign-up/", shut_doors.PATIENCE)

    assert (await knock(House(), "/sign-in/"))[0] == 200
    assert (await knock(House(), "/sign-up/"))[0] == 429

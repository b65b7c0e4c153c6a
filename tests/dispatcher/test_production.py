"""The layout of production: web and dispatcher apart, on PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import websockets

from tests.support.server import DEMO_PASSWORD, ROOT, RunningServer

pytestmark = [
    pytest.mark.server,
    pytest.mark.redis,
    pytest.mark.sqlite_only,
    pytest.mark.own_layout("chooses its processes itself"),
]
LIMIT_SECONDS = 60


@contextmanager
def process(product: RunningServer, *command: str) -> Iterator[None]:
    """A process of the product, while it is needed; what it says is shown if the test fails."""
    started = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=product.env)
    try:
        yield
        assert started.poll() is None, "it ended by itself"
    finally:
        started.kill()
        started.wait(LIMIT_SECONDS)


def until(condition: Callable[[], bool]) -> None:
    """Look again and again until it holds."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


@pytest.fixture
def product(tmp_path: Path, postgres_url: str, redis_url: str) -> RunningServer:
    """The address and environment of an instance on PostgreSQL and Redis; nothing of it runs yet."""
    env = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url, "CALLINVITE_PROCESSES": "2"}
    return RunningServer(tmp_path / "data", env=env).prepare()


def ask(product: RunningServer, path: str, body: Any, bearer: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    asked = urllib.request.Request(f"{product.url}/api/v1/{path}", data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(asked, timeout=LIMIT_SECONDS) as answer:
        return json.load(answer)


def token(product: RunningServer, username: str) -> str:
    sign_in = {"username": username, "password": DEMO_PASSWORD, "device_name": "test"}
    return str(ask(product, "auth/token", sign_in)["token"])


async def until_ended(connection: websockets.ClientConnection) -> dict[str, Any]:
    """The call as the frame shows it that tells of its end. No sync is sent: what comes was published."""
    while True:
        frame = json.loads(await asyncio.wait_for(connection.recv(), LIMIT_SECONDS))
        if frame["type"] == "call" and frame["call"]["state"] == "ended":
            return dict(frame["call"])


OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def cut_all_connections(database_url: str) -> int:
    """What a restart of PostgreSQL does to those who are connected. Returns how many were."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        cut = {row[0] for row in connection.execute(f"SELECT pid, pg_terminate_backend(pid) {OTHERS}")}
        # Each was only asked to end.
        until(lambda: not cut & {row[0] for row in connection.execute(f"SELECT pid {OTHERS}")})
    return len(cut)


def test_a_dispatcher_apart_tells_open_pages_and_outlives_a_restart_of_the_database(
    product: RunningServer, postgres_url: str
) -> None:
    async def ring_and_wait(alice: str, bob: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {bob}"}
        async with websockets.connect(product.live_url, additional_headers=headers) as connection:
            await connection.send(json.dumps({"type": "hello", "device_id": "web", "label": "Web", "audible": True}))
            assert json.loads(await connection.recv())["type"] == "snapshot"
            body = {"invitees": ["bob"], "is_video_call": False, "timeout_seconds": 2}
            await asyncio.to_thread(ask, product, "calls", body, alice)
            return await until_ended(connection)

    web = ("-m", "daphne", "-b", "127.0.0.1", "-p", str(product.port), "callinvite.asgi:application")
    with process(product, *web), process(product, "manage.py", "dispatch"):
        until(product.answers)
        alice, bob = token(product, "alice"), token(product, "bob")
        assert asyncio.run(ring_and_wait(alice, bob))["end_reason"] == "timed_out"
        assert cut_all_connections(postgres_url) > 0
        assert asyncio.run(ring_and_wait(alice, bob))["end_reason"] == "timed_out"


def test_a_request_right_after_a_restart_of_the_database_is_answered(product: RunningServer, postgres_url: str) -> None:
    web = ("-m", "daphne", "-b", "127.0.0.1", "-p", str(product.port), "callinvite.asgi:application")
    with process(product, *web):
        until(product.answers)
        bearer = token(product, "alice")
        for _ in range(5):
            body = {"invitees": ["bob"], "is_video_call": False, "timeout_seconds": 30}
            call = ask(product, "calls", body, bearer)
            assert cut_all_connections(postgres_url) > 0
            ended = ask(product, f"calls/{call['call']['call_id']}/cancel", {}, bearer)
            assert ended["call"]["state"] == "ended"

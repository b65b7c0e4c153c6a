"""The dispatcher as real processes: stopped, killed and started again, alone and beside a web server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import DEMO_PASSWORD, ROOT, RunningServer

pytestmark = [
    pytest.mark.server,
    pytest.mark.sqlite_only,
    pytest.mark.own_layout("one process and its SQLite, and dispatchers one by one"),
]
LIMIT_SECONDS = 90
PROMPT = timedelta(seconds=2)
"""How late a deadline may be met on a machine that does other things as well."""


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory, migrated and with demo users, made once; nobody works in it."""
    return RunningServer(tmp_path_factory.mktemp("prepared") / "data").prepare().data_dir


@pytest.fixture
def server(prepared_data: Path, tmp_path: Path) -> Iterator[RunningServer]:
    """A running server with demo users."""
    running = RunningServer(shutil.copytree(prepared_data, tmp_path / "data"))
    try:
        yield running.start()
    finally:
        running.kill()


def ask(server: RunningServer, path: str, body: Any = None, bearer: str = "") -> Any:
    asked = urllib.request.Request(f"{server.url}/api/v1/{path}", headers={"Content-Type": "application/json"})
    if body is not None:
        asked.data = json.dumps(body).encode()
    if bearer:
        asked.add_header("Authorization", f"Bearer {bearer}")
    with urllib.request.urlopen(asked, timeout=LIMIT_SECONDS) as answer:
        return json.load(answer)


def alice_calls_bob(server: RunningServer, timeout_seconds: int) -> tuple[str, dict[str, Any]]:
    """Gives alice's token and the call."""
    sign_in = {"username": "alice", "password": DEMO_PASSWORD, "device_name": "test"}
    bearer = ask(server, "auth/token", sign_in)["token"]
    body = {"invitees": ["bob"], "is_video_call": False, "timeout_seconds": timeout_seconds}
    return bearer, ask(server, "calls", body, bearer)["call"]


def stored(server: RunningServer, call_id: str) -> tuple[str, str | None, str | None]:
    """State, reason and end of a call, read from the database whatever processes are running."""
    with closing(sqlite3.connect(server.data_dir / "callinvite.sqlite3", timeout=20)) as database:
        [row] = database.execute(
            "SELECT state, end_reason, ended_at FROM invitations_call WHERE call_id = ?", [call_id]
        ).fetchall()
    return row


def until(condition: Callable[[], bool]) -> None:
    """Look again and again until it holds."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@contextmanager
def dispatch(server: RunningServer) -> Iterator[subprocess.Popen[str]]:
    """`manage.py dispatch` on the server's data, from the moment it says that it runs."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "dispatch"],
        env=server.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "The dispatcher is running.\n"
        yield process
    finally:
        process.kill()
        process.wait(LIMIT_SECONDS)
        process.stdout.close()


def lateness(server: RunningServer, call: dict[str, Any]) -> timedelta:
    _, _, ended_at = stored(server, call["call_id"])
    assert ended_at is not None
    due = datetime.fromisoformat(call["ring_expires_at"])
    return datetime.fromisoformat(ended_at).replace(tzinfo=UTC) - due


def test_a_ring_times_out_by_itself_at_its_moment(server: RunningServer) -> None:
    _, call = alice_calls_bob(server, timeout_seconds=2)
    until(lambda: stored(server, call["call_id"])[0] == "ended")
    assert stored(server, call["call_id"])[1] == "timed_out"
    assert timedelta(0) <= lateness(server, call) < PROMPT


def test_a_killed_server_keeps_the_ring_and_ends_it_at_its_moment(server: RunningServer) -> None:
    # Longer than a busy machine needs for a start.
    bearer, call = alice_calls_bob(server, timeout_seconds=40)
    server.restart()
    again = ask(server, f"calls/{call['call_id']}", bearer=bearer)
    assert again["state"] == "ringing"
    assert again["ring_expires_at"] == call["ring_expires_at"]
    left = datetime.fromisoformat(call["ring_expires_at"]) - datetime.fromisoformat(again["server_time"])
    assert again["remaining_ms"] == pytest.approx(left.total_seconds() * 1000, abs=50)
    until(lambda: stored(server, call["call_id"])[0] == "ended")
    assert timedelta(0) <= lateness(server, call) < PROMPT


def test_what_fell_due_while_nothing_ran_is_done_at_the_start(server: RunningServer) -> None:
    _, call = alice_calls_bob(server, timeout_seconds=1)
    server.kill()
    due = datetime.fromisoformat(call["ring_expires_at"])
    until(lambda: datetime.now(UTC) > due)
    state, _, _ = stored(server, call["call_id"])
    server.start()
    until(lambda: stored(server, call["call_id"])[0] == "ended")
    assert state in ("ringing", "ended")
    assert stored(server, call["call_id"])[1] == "timed_out"


def test_a_dispatcher_alone_ends_the_ring_that_a_dead_server_left(server: RunningServer) -> None:
    _, call = alice_calls_bob(server, timeout_seconds=8)
    server.kill()
    with dispatch(server):
        until(lambda: stored(server, call["call_id"])[0] == "ended")
    assert stored(server, call["call_id"])[1] == "timed_out"


def test_three_dispatchers_one_of_them_killed_end_each_ring_once(server: RunningServer) -> None:
    with dispatch(server) as first, dispatch(server):
        _, call = alice_calls_bob(server, timeout_seconds=3)
        first.kill()
        until(lambda: stored(server, call["call_id"])[0] == "ended")
    with closing(sqlite3.connect(server.data_dir / "callinvite.sqlite3", timeout=20)) as database:
        kinds = [kind for (kind,) in database.execute("SELECT kind FROM invitations_callevent ORDER BY revision")]
    # Whether it was noticed before its end that nothing reaches Bob depends on when the first one was killed.
    known = [kind for kind in kinds if kind != "invitation.unreachable"]
    assert known == ["call.sent", "invitation.timed_out", "participant.left", "call.ended"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_dispatcher_at_once_with_code_0(server: RunningServer, number: signal.Signals) -> None:
    server.kill()
    with dispatch(server) as process:
        os.kill(process.pid, number)
        assert process.wait(15) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""

"""`make run` as a newcomer meets it: it starts, says address and password, and starts again at once."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.repository.tracked import ROOT
from tests.support.processes import processor_seconds
from tests.support.server import free_port

SECOND_START_SECONDS = 3.0
PASSWORD_LINE = re.compile(r"password: (\S+)", re.IGNORECASE)


@contextmanager
def make_run(data_dir: Path, port: int) -> Iterator[tuple[str, float]]:
    """`make run` until its address is printed: what it printed, and the seconds of a processor that it took."""
    # As a person's shell would have it: nothing of the test run's own settings.
    foreign = ("CALLINVITE_", "DATABASE_URL", "REDIS_URL", "DJANGO_", "DEBUG", "MAKE", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment["CALLINVITE_DATA_DIR"] = str(data_dir)
    process = subprocess.Popen(
        ["make", "run", f"PORT={port}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        printed = ""
        while f"http://127.0.0.1:{port}" not in printed:
            line = process.stdout.readline()
            assert line, f"make run ended:\n{printed}"
            printed += line
        yield printed, processor_seconds(process.pid)
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.server
@pytest.mark.own_layout("what `make run` starts")
def test_make_run_starts_again_at_once_with_the_same_data_and_password(tmp_path: Path) -> None:
    port = free_port()
    with make_run(tmp_path / "data", port) as (first, _):
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=30).status == 200
        users = _usernames(tmp_path / "data")
    with make_run(tmp_path / "data", port) as (second, seconds):
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=30).status == 200

    assert users == ["alice", "bob", "carol", "dave"]
    assert _usernames(tmp_path / "data") == users
    assert _password(first) == _password(second) == (tmp_path / "data/demo-password").read_text().strip()
    assert seconds < SECOND_START_SECONDS


@pytest.mark.server
@pytest.mark.own_layout("what `make run` starts")
def test_secrets_of_make_run_are_for_its_owner_alone(tmp_path: Path) -> None:
    with make_run(tmp_path / "data", free_port()):
        secrets = [tmp_path / "data" / name for name in ("secret-key", "demo-password")]

        assert [oct(path.stat().st_mode & 0o777) for path in secrets] == ["0o600", "0o600"]


def test_ci_runs_the_same_as_a_developer() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def _password(printed: str) -> str:
    found = PASSWORD_LINE.search(printed)
    assert found is not None, printed
    return found.group(1)


def _usernames(data_dir: Path) -> list[str]:
    with sqlite3.connect(data_dir / "callinvite.sqlite3") as database:
        rows = database.execute("SELECT username FROM invitations_user ORDER BY username").fetchall()
    database.close()
    return [name for (name,) in rows]

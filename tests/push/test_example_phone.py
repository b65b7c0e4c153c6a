"""The reference client for phones, `examples/phone/phone.py`: rung by push, answering by REST."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.push.phone import LIMIT_SECONDS, signed_in
from tests.support import layout
from tests.support.server import DEMO_PASSWORD, RunningServer, free_port

pytestmark = pytest.mark.server
PHONE = Path(__file__).resolve().parents[2] / "examples" / "phone" / "phone.py"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[RunningServer]:
    hosts = {"CALLINVITE_PUSH_HOSTS": f"http://127.0.0.1:{port}"}
    with layout.running(tmp_path / "data", env=hosts) as running:
        yield running


@pytest.fixture
def start(server: RunningServer, port: int) -> Iterator[Start]:
    """The program, until the test ends; it has registered."""
    started: list[subprocess.Popen[str]] = []

    def run(*more: str) -> subprocess.Popen[str]:
        account = ["--user", "bob", "--password", DEMO_PASSWORD, "--listen", f"127.0.0.1:{port}"]
        command = [sys.executable, str(PHONE), "--server", server.url, *account, *more]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert line(started[-1]) == "bob can be called."
        return started[-1]

    yield run
    for each in started:
        each.terminate()
        assert each.wait(LIMIT_SECONDS) == 0
        if each.stdout is not None:
            each.stdout.close()


def line(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline().rstrip("\n")


def call(alice: httpx2.Client, **more: object) -> str:
    answer = alice.post("calls", json={"invitees": ["bob"], "is_video_call": True, "device_id": "desk", **more})
    assert answer.status_code == 201
    return str(answer.json()["call"]["call_id"])


def refused(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program where it cannot begin."""
    command = [sys.executable, str(PHONE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)


def test_it_says_what_is_wrong_with_an_address_that_the_server_does_not_send_to(server: RunningServer) -> None:
    account = ["--user", "bob", "--password", DEMO_PASSWORD, "--listen", f"127.0.0.1:{free_port()}"]
    ended = refused("--server", server.url, *account)
    assert ended.returncode == 1
    assert ended.stdout.startswith("The server refused: invalid. The request isn't valid. push: ")


@pytest.mark.parametrize("listen", ["9000", ":9000", "127.0.0.1", "127.0.0.1:70000"])
def test_it_wants_a_host_and_a_port(listen: str) -> None:
    ended = refused("--server", "http://127.0.0.1:1", "--user", "bob", "--password", "x", "--listen", listen)
    assert ended.returncode == 2
    assert f"{listen} is not HOST:PORT" in ended.stderr


def test_it_says_who_calls_and_how_the_ring_ended_and_rings_no_more_once_it_has_ended(
    server: RunningServer, start: Start
) -> None:
    phone = start()
    with signed_in("alice", server) as alice, signed_in("bob", server) as bob:
        for who, verb, said in (
            (alice, "cancel", "Missed call (cancelled before it was answered)"),
            (None, "", "Missed call (nobody answered)"),
            (bob, "reject", "Declined on test"),
            (bob, "accept", "Answered on test"),
        ):
            call_id = call(alice, timeout_seconds=30 if who else 10)
            assert line(phone) == "Alice (@alice) calls: Incoming video call · Not in your contacts"
            if who:
                assert who.post(f"calls/{call_id}/{verb}", json={}).status_code == 200
            assert line(phone) == said
        phone.terminate()
        phone.wait(LIMIT_SECONDS)
        [device] = [each for each in bob.get("devices").json()["results"] if each["device_id"].startswith("terminal-")]
        assert device["push"] is None


@pytest.mark.parametrize(
    ("answer", "said", "ends"),
    [
        ("accept", ["Accepted", "The call is over: completed"], "completed"),
        ("reject", ["Declined"], "rejected"),
    ],
)
def test_it_answers_as_it_is_told(server: RunningServer, start: Start, answer: str, said: list[str], ends: str) -> None:
    phone = start("--answer", answer)
    with signed_in("alice", server) as alice:
        call_id = call(alice)
        assert line(phone).startswith("Alice (@alice) calls:")
        assert line(phone) == said[0]
        if answer == "accept":
            alice.post(f"calls/{call_id}/end", json={})
            assert line(phone) == said[1]
        assert alice.get(f"calls/{call_id}").json()["end_reason"] == ends

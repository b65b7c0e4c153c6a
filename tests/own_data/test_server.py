"""A copy of a long history through a real server: as fast as its client takes it, and never in memory as a whole."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, sleep

import httpx2
import pytest

from tests.support import layout
from tests.support.server import DEMO_PASSWORD, RunningServer

pytestmark = pytest.mark.server

CALLS = 6_000
MAKE = f"""
import secrets
from datetime import timedelta
from django.contrib.auth import get_user_model
from django.utils import timezone
from invitations.models import Call, Invitation
people = get_user_model().objects.in_bulk(field_name="username")
now = timezone.now()
moments = [now - timedelta(seconds=100 + number) for number in range({CALLS})]
once = dict(timeout_seconds=60)
made = Call.objects.bulk_create(
    Call(call_id=f"past-{{number}}", is_video_call=False, caller=people["bob"], created_at=at, fingerprint="",
         ring_expires_at=at + timedelta(seconds=60), ended_at=at + timedelta(seconds=60), state="ended",
         end_reason="timed_out", custom_data=secrets.token_urlsafe(3000), **once)
    for number, at in enumerate(moments)
)
Invitation.objects.bulk_create(
    Invitation(call=call, invitee=people["alice"], inviter=people["bob"], state="timed_out", missed=True,
               created_at=call.created_at, expires_at=call.ring_expires_at, closed_at=call.ended_at,
               ring_data=call.custom_data, **once)
    for call in made
)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with layout.running(tmp_path_factory.mktemp("copies") / "data") as running:
        running.manage("shell", "-c", MAKE)
        yield running


@contextmanager
def app(server: RunningServer, name: str) -> Iterator[httpx2.Client]:
    """An app that has signed in."""
    with httpx2.Client(base_url=f"{server.url}/api/v1/", timeout=60) as client:
        asked = {"username": name, "password": DEMO_PASSWORD}
        client.headers["Authorization"] = f"Bearer {client.post('auth/token', json=asked).json()['token']}"
        yield client


def megabytes(server: RunningServer) -> float:
    """The memory of the server's process."""
    assert server.process is not None
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def rests(server: RunningServer) -> None:
    """Wait until the server's process has nothing to do: it has made all, or waits for its client."""
    assert server.process is not None
    until, used = monotonic() + 60, -1
    while True:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        before, used = used, int(fields[11]) + int(fields[12])
        # In hundredths of a second.
        if before >= 0 and used - before < 10:
            return
        assert monotonic() < until
        sleep(0.5)


def test_a_long_history_comes_whole(server: RunningServer) -> None:
    with app(server, "alice") as alice:
        answer = alice.get("me/export")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert len(json.loads(archive.read("calls.json"))) == CALLS


@pytest.mark.own_layout("the memory of one process")
def test_a_client_that_does_not_read_costs_no_memory_and_nobody_time(server: RunningServer) -> None:
    before = megabytes(server)
    with app(server, "alice") as alice, app(server, "bob") as bob:
        with alice.stream("GET", "me/export") as answer:
            pieces = answer.iter_raw(1024)
            received = next(pieces)
            waits: list[float] = []
            for _ in range(20):
                since = monotonic()
                assert bob.get("me").status_code == 200
                waits.append(monotonic() - since)
            rests(server)
            grown = megabytes(server) - before
            content = received + b"".join(pieces)
        assert len(content) > 12_000_000
        assert grown < 10
        assert median(waits) < 0.5
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


def hung_up(client: httpx2.Client) -> int:
    """Ask for a copy and hang up: the status."""
    with client.stream("GET", "me/export") as answer:
        return answer.status_code


@pytest.mark.own_layout("a client of the server itself, not of the proxy before it")
def test_a_client_that_hangs_up_ends_it(server: RunningServer) -> None:
    with app(server, "alice") as alice:
        with alice.stream("GET", "me/export") as answer:
            assert answer.status_code == 200
            assert hung_up(alice) == 429
        until = monotonic() + 10
        while hung_up(alice) == 429:
            assert monotonic() < until
            sleep(0.1)
    assert "Traceback" not in server.output

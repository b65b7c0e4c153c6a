"""`manage.py serve`: one line when it is ready, one line when it cannot be, and a stop in good order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets

from tests.commands.conftest import LIMIT_SECONDS, manage
from tests.support.hook_receiver import HookReceiver
from tests.support.processes import processor_seconds
from tests.support.push_answers import Answer
from tests.support.server import DEMO_PASSWORD, ROOT, RunningServer, free_port

pytestmark = [pytest.mark.server, pytest.mark.own_layout("one command in one process")]
GZIP = {"Accept-Encoding": "gzip"}


@contextmanager
def demo(data_dir: Path, port: int, **env: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """What `make run` runs, up to its ready line; gives the process and the lines it printed."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "serve", "--demo", "--port", str(port)],
        env=os.environ | {"CALLINVITE_DATA_DIR": str(data_dir), "DATABASE_URL": "", "REDIS_URL": ""} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            if "ready" in line:
                break
        yield process, lines
    finally:
        process.kill()
        process.wait(LIMIT_SECONDS)
        process.stdout.close()


def token(server: RunningServer, username: str) -> str:
    body = json.dumps({"username": username, "password": DEMO_PASSWORD, "device_name": "test"}).encode()
    asked = urllib.request.Request(
        f"{server.url}/api/v1/auth/token", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=LIMIT_SECONDS) as answer:
        return str(json.load(answer)["token"])


def live(server: RunningServer, bearer: str) -> websockets.connect:
    return websockets.connect(server.live_url, additional_headers={"Authorization": f"Bearer {bearer}"}, max_size=None)


async def hello(connection: websockets.ClientConnection) -> None:
    await connection.send(json.dumps({"type": "hello", "device_id": "laptop", "label": "Laptop", "audible": True}))
    assert json.loads(await connection.recv())["type"] == "snapshot"


def asked(server: RunningServer, bearer: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the server answers to a POST."""
    request = urllib.request.Request(
        f"{server.url}/api/v1/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"},
    )
    with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as answer:
        return dict(json.load(answer))


def test_a_stop_leaves_no_connection_to_the_ring_hook_behind(tmp_path: Path) -> None:
    with HookReceiver() as receiver:
        receiver.always(lambda arrived: Answer(200, body=b'{"allow": true}'))
        env = {"CALLINVITE_HOOK_NETWORKS": "127.0.0.1", "SSL_CERT_FILE": str(receiver.authority.ca_file)}
        with RunningServer(tmp_path, env=env) as server:
            service = server.manage("make_service", "clinic", "--scope", "hooks").split()[-1]
            receiver.secret = asked(server, service, "hooks", {"url": receiver.url, "kind": "ring"})["secret"]
            ring = {"invitees": ["bob"], "is_video_call": False}
            bearer = token(server, "alice")
            assert asked(server, bearer, "calls", ring)["call"]["state"] == "ringing"

            async def ring_live() -> int:
                async with live(server, token(server, "carol")) as connection:
                    await hello(connection)
                    sent = {"type": "request", "id": "1", "verb": "send", "body": {**ring, "invitees": ["dave"]}}
                    await connection.send(json.dumps(sent))
                    while (frame := json.loads(await connection.recv()))["type"] != "result":
                        pass
                    return int(frame["status"])

            assert asyncio.run(ring_live()) == 201
            assert [each.type for each in receiver.wait_for(2)] == ["ring.ask"] * 2
            assert server.stop() == 0
            assert "Unclosed" not in server.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_code_0_and_tells_open_sockets(server: RunningServer, number: signal.Signals) -> None:
    async def connected_when_stopped(bearer: str) -> int:
        async with live(server, bearer) as connection:
            await hello(connection)
            assert server.process is not None
            server.process.send_signal(number)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(connection.recv(), LIMIT_SECONDS)
            assert closed.value.rcvd is not None
            return closed.value.rcvd.code

    assert asyncio.run(connected_when_stopped(token(server, "alice"))) == 1001
    assert server.process is not None
    assert server.process.wait(LIMIT_SECONDS) == 0
    assert "Traceback" not in server.output


def test_a_stop_waits_for_no_idle_connection(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        before = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - before < 5


def test_a_frame_beyond_the_hard_limit_closes_the_socket_with_1009(server: RunningServer) -> None:
    async def send_much(bearer: str) -> int:
        async with live(server, bearer) as connection:
            await hello(connection)
            # Over the app's own limit the server still answers.
            await connection.send("x" * (64 * 1024 + 1))
            assert json.loads(await connection.recv())["code"] == "too_large"
            await connection.send("x" * (1024 * 1024 + 1))
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(connection.recv(), LIMIT_SECONDS)
            assert closed.value.rcvd is not None
            return closed.value.rcvd.code

    assert asyncio.run(send_much(token(server, "alice"))) == 1009
    assert server.answers()


def test_static_files_come_with_debug_off(server: RunningServer) -> None:
    with urllib.request.urlopen(f"{server.url}/static/admin/css/base.css", timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/css")


def test_pages_are_served_from_a_compressed_bundle(server: RunningServer) -> None:
    page = urllib.request.urlopen(f"{server.url}/sign-in/", timeout=30).read().decode()
    asked = urllib.request.Request(f"{server.url}/static/callinvite/bundle/shell.js", headers=GZIP)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "<style nonce=" in page


def test_pages_are_served_file_by_file_while_somebody_works_on_them(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", env={"DEBUG": "1"}) as developing:
        page = urllib.request.urlopen(f"{developing.url}/sign-in/", timeout=30).read().decode()
    assert "/static/callinvite/style/tokens.css" in page
    assert "bundle" not in page


def test_a_port_in_use_is_one_clear_line(server: RunningServer) -> None:
    second = manage(server.data_dir, "serve", "--port", str(server.port))
    assert second.returncode == 1
    assert second.stdout == ""
    said = second.stderr.splitlines()[-1]
    assert said == f"CommandError: Cannot listen on 127.0.0.1:{server.port}: Address already in use"


def test_a_database_that_is_not_migrated_is_one_clear_line(tmp_path: Path) -> None:
    done = manage(tmp_path / "data", "serve", "--port", str(free_port()))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CommandError: The database is not up to date. Run: manage.py migrate\n"


def test_a_database_that_cannot_be_reached_is_one_clear_line(tmp_path: Path) -> None:
    nowhere = f"postgres://nobody@127.0.0.1:{free_port()}/nothing"
    done = manage(tmp_path / "data", "serve", "--port", str(free_port()), DATABASE_URL=nowhere)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("CommandError: The database cannot be reached: ")


@pytest.mark.parametrize("port", ["80000", "-1", "http"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    done = manage(tmp_path / "data", "serve", f"--port={port}")
    assert done.returncode == 2
    assert f"{port} is not a port" in done.stderr


def test_a_misconfigured_instance_does_not_start(tmp_path: Path) -> None:
    done = manage(tmp_path / "data", "serve", CALLINVITE_PROCESSES="3")
    assert done.returncode == 1
    assert "callinvite.E002" in done.stderr


def test_a_demo_needs_nothing_and_keeps_its_data_and_password(tmp_path: Path) -> None:
    data_dir, port = tmp_path / "data", free_port()
    with demo(data_dir, port) as (process, lines):
        users, ready = lines[-2:]
        assert ready == f"Callinvite is ready at http://127.0.0.1:{port}/"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=30) as page:
            assert page.status == 200
        process.terminate()
        assert process.wait(LIMIT_SECONDS) == 0
    password = (data_dir / "demo-password").read_text().strip()
    assert password in users
    assert stat.S_IMODE((data_dir / "demo-password").stat().st_mode) == 0o600
    with demo(data_dir, port) as (_, again):
        assert again[-2:] == [users, ready]


@pytest.mark.slow
def test_a_second_start_takes_less_than_three_seconds_of_a_processor(tmp_path: Path) -> None:
    data_dir, port = tmp_path / "data", free_port()
    with demo(data_dir, port):
        pass
    with demo(data_dir, port) as (process, lines):
        assert processor_seconds(process.pid) < 3, lines

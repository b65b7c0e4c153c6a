"""REST through a real server: what the test client cannot show, because it hands over whole requests."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import layout
from tests.support.server import DEMO_PASSWORD, RunningServer

pytestmark = pytest.mark.server

Headers = dict[str, str]
JSON: Headers = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with layout.running(tmp_path_factory.mktemp("rest") / "data") as running:
        yield running


@pytest.fixture
def connection(server: RunningServer) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    yield opened
    opened.close()


def _asked(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: str | bytes | Iterator[bytes] | None = None,
    headers: Headers | None = None,
    **options: Any,
) -> tuple[http.client.HTTPResponse, Any]:
    connection.request(method, f"/api/v1/{path}", body, headers or {}, **options)
    answer = connection.getresponse()
    return answer, json.loads(answer.read() or b"null")


@pytest.fixture
def alice(connection: http.client.HTTPConnection) -> Headers:
    body = json.dumps({"username": "alice", "password": DEMO_PASSWORD})
    _, answer = _asked(connection, "POST", "auth/token", body, JSON)
    return {**JSON, "Authorization": f"Bearer {answer['token']}"}


def _chunks(size: int) -> Iterator[bytes]:
    yield b'{"invitees": ["bob"], "is_video_call": true, "unknown": "'
    for _ in range(0, size, 1000):
        yield b"x" * 1000
    yield b'"}'


def test_a_body_in_chunks_is_read(connection: http.client.HTTPConnection, alice: Headers) -> None:
    answer, body = _asked(connection, "POST", "calls", _chunks(1000), alice, encode_chunked=True)
    assert (answer.status, body["call"]["state"]) == (201, "ringing")
    answer, _ = _asked(connection, "POST", f"calls/{body['call']['call_id']}/cancel", "{}", alice)
    assert answer.status == 200


def test_a_large_body_in_chunks_is_refused(connection: http.client.HTTPConnection, alice: Headers) -> None:
    answer, body = _asked(connection, "POST", "calls", _chunks(200_000), alice, encode_chunked=True)
    assert (answer.status, body["code"]) == (413, "too_large")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_large_body_is_refused(connection: http.client.HTTPConnection, alice: Headers) -> None:
    answer, body = _asked(connection, "POST", "calls", b"x" * 200_000, alice)
    assert (answer.status, body["code"]) == (413, "too_large")


def test_a_body_longer_than_it_says_is_cut_there(server: RunningServer, alice: Headers) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in alice.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        raw.sendall(f"PATCH /api/v1/me HTTP/1.1\r\nHost: localhost\r\n{head}Content-Length: 2\r\n\r\n".encode())
        raw.sendall(b'{}{"name": "smuggled"}')
        assert raw.recv(4096).startswith(b"HTTP/1.1 200")


def test_many_requests_share_a_connection(connection: http.client.HTTPConnection, alice: Headers) -> None:
    assert [_asked(connection, "GET", "me", headers=alice)[0].status for _ in range(20)] == [200] * 20


def test_a_client_that_hangs_up_leaves_the_server_well(
    server: RunningServer, connection: http.client.HTTPConnection, alice: Headers
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in alice.items())
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
            raw.sendall(f"GET /api/v1/calls HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
    assert _asked(connection, "GET", "me", headers=alice)[0].status == 200
    assert "Traceback" not in server.output


@pytest.mark.parametrize("path", ["me", "nothing/at/all", "calls/%ff", "docs/x"])
def test_failures_outside_the_views_are_problems_too(connection: http.client.HTTPConnection, path: str) -> None:
    answer, body = _asked(connection, "GET", path, headers={"Host": "evil.example"})
    assert (answer.status, body["code"]) == (400, "invalid")
    answer, body = _asked(connection, "GET", path)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["code"] in {"not_found", "not_authenticated"}


def test_files_of_any_size_come_whole(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")
    answer = connection.getresponse()
    assert len(answer.read()) == int(answer.headers["Content-Length"]) > 1_000_000

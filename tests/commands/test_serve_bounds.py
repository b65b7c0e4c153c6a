"""What strangers may ask of `manage.py serve` before anybody knows who they are: so much, so slowly, so often."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic

import pytest

from tests.support.server import RunningServer

pytestmark = [pytest.mark.server, pytest.mark.own_layout("the bounds of one process, by its memory")]
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("bounds") / "data") as running:
        yield running


def connect(server: RunningServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_SECONDS)


def everything(client: socket.socket) -> bytes:
    """What the server says until it closes."""
    said = b""
    try:
        while part := client.recv(65536):
            said += part
    except ConnectionResetError:
        pass
    return said


def head(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


@pytest.mark.parametrize("path", ["/api/v1/calls", "/sign-in/", "/admin/login/", "/static/nothing"])
def test_a_body_is_refused_by_its_length_before_it_is_sent(server: RunningServer, path: str) -> None:
    with connect(server) as client:
        client.sendall(head(path, "Content-Type: application/json", f"Content-Length: {400 * 1024 * 1024}"))
        said = everything(client)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["code"] == "too_large"


def test_a_body_in_chunks_is_counted(server: RunningServer) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with connect(server) as client:
        client.sendall(head("/sign-in/", "Transfer-Encoding: chunked"))
        with suppress(ConnectionError):
            for sent in range(400):  # noqa: B007
                client.sendall(chunk)
    assert sent < 399
    files = sum(each.stat().st_size for each in Path("/proc", str(_pid(server)), "fd").iterdir() if _is_large(each))
    assert files == 0


def _pid(server: RunningServer) -> int:
    assert server.process is not None
    return server.process.pid


def _is_large(link: Path) -> bool:
    try:
        return "deleted" in str(link.readlink()) and link.stat().st_size > 8 * 1024 * 1024
    except OSError:
        return False


def test_requests_that_do_not_come_whole_are_cut_off(server: RunningServer) -> None:
    begun = [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", head("/sign-in/", "Content-Length: 9")]
    since = monotonic()
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in begun]
        for client, text in zip(clients, begun, strict=True):
            client.sendall(text)
        assert [everything(client) for client in clients] == [b""] * len(begun)
    assert 15 < monotonic() - since < PATIENCE_SECONDS


def test_one_address_has_so_many_connections_and_others_are_served(server: RunningServer) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(connect(server)) for _ in range(100)]
        with connect(server) as one_too_many:
            assert everything(one_too_many) == b""
        # From another address, as far as one machine has several.
        other = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 10, ("127.0.0.2", 0)))
        other.sendall(b"GET /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert other.recv(15) == b"HTTP/1.1 200 OK"
        held[0].sendall(b"GET /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert everything(held[0]).startswith(b"HTTP/1.1 200")
    assert server.answers()


def test_connections_between_two_requests_are_not_counted_with_those(server: RunningServer) -> None:
    with ExitStack() as stack:
        for _ in range(150):
            client = stack.enter_context(connect(server))
            client.sendall(b"GET /nothing-here HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 404")
        assert server.answers()

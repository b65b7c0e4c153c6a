"""A browser on a host of its own, whose network can be cut and mended."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.support.network import IsolatedHost
from tests.support.server import RunningServer
from tests.support.services import Missing

ANSWERS = """() => fetch("/sign-in/", { cache: "no-store", signal: AbortSignal.timeout(500) })
    .then((answer) => answer.status, (error) => error.name)"""
LAST_WORD = "still here"


def answers_in_time(page: Page) -> bool:
    """Whether it answers once within a minute: on a busy machine one request may take longer than it waits."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if page.evaluate(ANSWERS) == 200:
            return True
    return False


@pytest.fixture
def host() -> Iterator[IsolatedHost]:
    try:
        with IsolatedHost() as made:
            yield made
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def page(browser: Browser, host: IsolatedHost) -> Iterator[Page]:
    """A page of a Chromium there."""
    own = browser.browser_type.launch(executable_path=host.program(CHROMIUM), args=ARGUMENTS)
    yield own.new_page()
    own.close()


def test_a_browser_there_uses_the_product_until_it_is_cut_off(
    page: Page, host: IsolatedHost, server: RunningServer, sessions: dict[str, list[Any]]
) -> None:
    host.forward(server.port)
    page.context.add_cookies(sessions["alice"])
    page.goto(server.url)
    expect(page.locator("people-view .person")).to_have_count(3)
    assert page.evaluate("isSecureContext") is True
    assert page.evaluate(
        """navigator.mediaDevices.getUserMedia({ audio: true, video: true })
            .then((stream) => stream.getTracks().every((track) => track.readyState === "live"))"""
    )
    assert answers_in_time(page)

    host.cut()
    assert page.evaluate(ANSWERS) == "TimeoutError"
    assert page.evaluate("navigator.onLine") is True
    host.mend()
    assert answers_in_time(page)

    host.unplug()
    assert page.evaluate(ANSWERS) in ("TypeError", "TimeoutError")
    host.mend()
    assert answers_in_time(page)


def test_a_connection_survives_a_cut(host: IsolatedHost) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        echo = threading.Thread(target=_echo, args=(listening,), daemon=True)
        echo.start()
        host.forward(port)
        with host.connect(port) as connection:
            connection.settimeout(10)
            connection.sendall(b"before")
            assert connection.recv(100) == b"before"

            host.cut()
            connection.settimeout(0.3)
            connection.sendall(LAST_WORD.encode())
            with pytest.raises(TimeoutError):
                connection.recv(100)

            host.mend()
            connection.settimeout(10)
            assert connection.recv(100) == LAST_WORD.encode()
        echo.join(5)


def test_two_hosts_reach_this_machine_and_not_each_other(host: IsolatedHost) -> None:
    with IsolatedHost() as other, socket.create_server(("0.0.0.0", 0)) as listening:
        port = str(listening.getsockname()[1])

        assert _reaches(host, host.machine, port)
        assert _reaches(other, other.machine, port)
        assert _reaches(host, other.machine, port)
        assert not _reaches(host, other.address, port)


def test_a_host_next_door_is_reached_by_its_neighbour_and_changes_nothing_here(host: IsolatedHost) -> None:
    names = set(socket.if_nameindex())
    with IsolatedHost(next_door=True) as other, socket.create_server(("0.0.0.0", 0)) as listening:
        port = listening.getsockname()[1]
        assert set(socket.if_nameindex()) == names
        assert not _reaches(other, other.machine, str(port))

        other.forward(port)
        assert _reaches(other, "127.0.0.1", str(port))
        here, next_door = (
            subprocess.run([program, "addr"], capture_output=True, text=True, check=True).stdout
            for program in (other.program("ip"), other.neighbour("ip"))
        )
        assert other.address in here
        assert other.machine in next_door
        other.cut()
        assert not _reaches(other, other.machine, str(port))
        other.mend()
        assert _reaches(other, other.machine, str(port))
        assert set(socket.if_nameindex()) == names
    assert not list(Path("/run/netns").glob(f"{other.name}*"))


def test_nothing_is_left_of_a_host(host: IsolatedHost) -> None:
    names = set(socket.if_nameindex())
    with IsolatedHost():
        assert set(socket.if_nameindex()) - names
    assert set(socket.if_nameindex()) == names


def _reaches(host: IsolatedHost, address: str, port: str) -> bool:
    script = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)"
    return host.run("python3", "-c", script, address, port).returncode == 0


def _echo(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        while part := connection.recv(100):
            connection.sendall(part)

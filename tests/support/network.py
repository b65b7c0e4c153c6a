"""A host of its own for one browser: a network namespace behind a wire that a test can cut and mend.

What runs on it reaches this machine and nothing else. Linux and root only; elsewhere `Missing` says so in words.

    with IsolatedHost() as host:
        host.forward(server.port)                          # http://127.0.0.1:PORT there is the server here
        browser = playwright.chromium.launch(executable_path=host.program(CHROMIUM), args=...)
        host.cut()                                         # packets vanish without a word
        host.mend()

A Chromium drops what it is loading whenever an interface comes or goes on its machine. Tests that run beside others
therefore say `IsolatedHost(next_door=True)`: both ends of the wire are then elsewhere, and nothing changes here."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tests.support.services import Missing

PREFIX = "callinvite-"
SPACE = "198.18"
"""RFC 2544 sets 198.18.0.0/15 apart for tests: nobody's own network is ever in the way."""

NUMBERS = 16384
"""How many hosts there can be: four addresses each."""
TRIES = 20
READY_SECONDS = 10.0
CLONE_NEWNET = 0x40000000
DISABLED, FORWARDING = "0", "3"
"""States of a bridge's port, as in IEEE 802.1D."""

Made = TypeVar("Made")


class IsolatedHost:
    """A network namespace, wired to this machine through a bridge of its own; `with IsolatedHost() as host:`.

    Two of these cannot reach each other, only this machine: two people behind strict firewalls.

    Args:
        next_door: the wire ends in a second namespace, the neighbour, and not at this machine. See `neighbour`.

    Attributes:
        address: its own IPv4 address, as the other end sees it.
        machine: the address of the other end, as it sees it. Nothing listens there unless told to; see `forward`.
    """

    def __init__(self, *, next_door: bool = False) -> None:
        self._closing: list[Callable[[], object]] = []
        self._next_door = next_door
        self._take(0)

    def _take(self, number: int) -> None:
        """Names and addresses by a number, which nobody else on this machine may have at the same time."""
        # An interface's name has room for 15 characters.
        self.name = f"{PREFIX}{os.getpid()}-{number}"
        self._other_end = f"{self.name}-next" if self._next_door else None
        self._bridge, self._plug, self._socket = f"cib{number}", f"cip{number}", f"cih{number}"
        high, low = divmod(number * 4, 256)
        self._network = f"{SPACE}.{high}.{low}/30"
        self.machine, self.address = f"{SPACE}.{high}.{low + 1}", f"{SPACE}.{high}.{low + 2}"

    def start(self) -> Self:
        """Make it.

        Raises:
            Missing: this machine or this user cannot; the message says why.
        """
        _require()
        _sweep()
        try:
            self._reserve()
            self._make()
        except BaseException:
            self.close()
            raise
        return self

    def _reserve(self) -> None:
        """Find a number that no other run has, each with processes and hosts of its own: their routes tell."""
        for _ in range(TRIES):
            self._take(random.randrange(NUMBERS))
            # What is meant for it must never leave by another interface, whatever happens to the wire.
            route = ("unreachable", self._network, "metric", "65535")
            try:
                _ip("route", "add", *route)
            except RuntimeError as error:
                if "File exists" not in str(error):
                    raise
                continue
            self._closing.append(partial(_ip, "route", "del", *route))
            return
        raise RuntimeError("no network is free for an isolated host")

    def close(self) -> None:
        """Take everything away that was made for it. What still runs on it loses its network."""
        while self._closing:
            with contextlib.suppress(OSError, RuntimeError):
                self._closing.pop()()

    def command(self, *command: str) -> list[str]:
        """This command, as one that runs there."""
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command: str, timeout_seconds: float = 30) -> subprocess.CompletedProcess[str]:
        """Run a command there and give its outcome, whatever it is."""
        return subprocess.run(
            self.command(*command), capture_output=True, text=True, timeout=timeout_seconds, check=False
        )

    def program(self, executable: str | Path) -> str:
        """A script that runs this program there, for tools that accept only a path, such as Playwright."""
        return self._script(self.name, executable)

    def neighbour(self, executable: str | Path) -> str:
        """The same for a program at the other end of the wire, if that is next door."""
        assert self._other_end is not None, "its other end is this machine"
        return self._script(self._other_end, executable)

    def _script(self, namespace: str, executable: str | Path) -> str:
        folder = tempfile.mkdtemp(prefix=PREFIX)
        self._closing.append(lambda: shutil.rmtree(folder, ignore_errors=True))
        script = Path(folder) / Path(executable).name
        script.write_text(f'#!/bin/sh\nexec ip netns exec {namespace} {executable} "$@"\n')
        script.chmod(0o755)
        return str(script)

    def forward(self, port: int) -> None:
        """Let 127.0.0.1:port there be 127.0.0.1:port here, by way of the wire. (A neighbour has it without a wire.)

        The origin stays http://127.0.0.1:port, which browsers trust with camera and microphone. A connection there is
        taken at once also while the wire is cut; it just carries nothing, like one that was open before."""
        for address in [self.machine, *(["127.0.0.1"] if self._other_end else [])]:
            near = _inside(self._other_end, partial(socket.create_server, (address, port)))
            self._relay(near, lambda: socket.create_connection(("127.0.0.1", port)))
        far = _inside(self.name, lambda: socket.create_server(("127.0.0.1", port)))
        self._relay(far, lambda: _inside(self.name, lambda: socket.create_connection((self.machine, port))))

    def connect(self, port: int, timeout_seconds: float = 10) -> socket.socket:
        """A connection to 127.0.0.1:port there, for what is driven from here; no cut concerns it."""
        return _inside(self.name, lambda: socket.create_connection(("127.0.0.1", port), timeout_seconds))

    def cut(self) -> None:
        """Nothing passes any more, and neither side is told: a far-off router died."""
        self._let_through(DISABLED)

    def unplug(self) -> None:
        """Nothing passes any more, and those there notice: the cable is out, browsers say `offline`."""
        _ip("-n", self.name, "link", "set", self._socket, "down")

    def mend(self) -> None:
        """As before `cut` or `unplug`. Returns when the wire carries again, within a second."""
        _ip("-n", self.name, "link", "set", self._socket, "up")
        # Browsers offer their peers the interface of the default route. This one leads no further than the other end
        # of the wire, where only this machine's own addresses are answered for. It went when the link did.
        _ip("-n", self.name, "route", "replace", "default", "dev", self._socket)
        deadline = time.monotonic() + READY_SECONDS
        while "LOWER_UP" not in self._at_other_end("link", "show", self._plug):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self._plug} has no carrier")
            time.sleep(0.01)
        self._let_through(FORWARDING)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make(self) -> None:
        for namespace in filter(None, (self.name, self._other_end)):
            _ip("netns", "add", namespace)
            self._closing.append(partial(_ip, "netns", "del", namespace))
            _ip("-n", namespace, "link", "set", "lo", "up")
        there = self._at_other_end
        there("link", "add", self._bridge, "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
        self._closing.append(lambda: there("link", "del", self._bridge))
        there("link", "add", self._plug, "type", "veth", "peer", "name", self._socket, "netns", self.name)
        self._closing.append(lambda: there("link", "del", self._plug))
        for interface in (self._bridge, self._plug):
            _inside(self._other_end, partial(_quiet, interface))
        _inside(self.name, partial(_quiet, "all"))
        there("link", "set", self._plug, "master", self._bridge, "up")
        there("address", "add", f"{self.machine}/30", "dev", self._bridge)
        there("link", "set", self._bridge, "up")
        _ip("-n", self.name, "address", "add", f"{self.address}/30", "dev", self._socket)
        self.mend()

    def _at_other_end(self, *arguments: str) -> str:
        return _ip(*_namespace(self._other_end), *arguments)

    def _let_through(self, state: str) -> None:
        _tool("bridge", *_namespace(self._other_end), "link", "set", "dev", self._plug, "state", state)

    def _relay(self, listening: socket.socket, onward: Callable[[], socket.socket]) -> None:
        def serve() -> None:
            with contextlib.suppress(OSError):  # closed
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=_join, args=(connection, onward), daemon=True).start()

        def close() -> None:
            # A mere close() would leave the thread in accept().
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            thread.join(5)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        self._closing.append(close)


def _require() -> None:
    if not sys.platform.startswith("linux"):
        raise Missing("an isolated host needs network namespaces, which only Linux has")
    if os.geteuid() != 0:
        raise Missing("an isolated host needs root: network namespaces and veth pairs are made for it")
    if shutil.which("ip") is None:
        raise Missing("no ip command: apt-get install iproute2")
    probe = f"{PREFIX}{os.getpid()}-probe"
    done = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"this machine permits no network namespaces: {done.stderr.strip()}")
    _ip("netns", "del", probe)


def _sweep() -> None:
    """Take away what runs left behind that were killed."""
    folder = Path("/run/netns")
    for path in folder.glob(f"{PREFIX}*-*") if folder.exists() else ():
        owner, number = path.name.removeprefix(PREFIX).split("-", 1)
        if Path("/proc", owner).exists():
            continue
        for command in (["netns", "del", path.name], ["link", "del", f"cib{number}"], ["link", "del", f"cip{number}"]):
            subprocess.run(["ip", *command], capture_output=True, check=False)
        if number.isdigit():
            high, low = divmod(int(number) * 4, 256)
            route = ["ip", "route", "del", "unreachable", f"{SPACE}.{high}.{low}/30"]
            subprocess.run(route, capture_output=True, check=False)


def _namespace(name: str | None) -> list[str]:
    """What `ip` and `bridge` are told; nothing for that of this machine."""
    return ["-n", name] if name else []


def _ip(*arguments: str) -> str:
    return _tool("ip", *arguments)


def _tool(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _quiet(interface: str) -> None:
    # IPv6 would add addresses and traffic that no test asks for, and wait a second for duplicates of them.
    setting = Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6")
    if setting.exists():
        setting.write_text("1")


def _inside(namespace: str | None, make: Callable[[], Made]) -> Made:
    """Do something there. A socket belongs for ever to the namespace of the thread that made it."""
    if namespace is None:
        return make()
    outcome: list[Made] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            _enter(namespace)
            outcome.append(make())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


def _enter(name: str) -> None:
    """Move this thread into a namespace; see setns(2). Python has it from 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", name).open() as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns({name})")


def _join(near: socket.socket, onward: Callable[[], socket.socket]) -> None:
    """Carry bytes both ways until both sides have ended."""
    with near:
        try:
            far = onward()
        except OSError:
            return
        with far:
            back = threading.Thread(target=_carry, args=(far, near), daemon=True)
            back.start()
            _carry(near, far)
            back.join()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        # One side is gone without a good-bye; so goes the other.
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

"""A real TURN server (coturn) on this machine for a test, with credentials that expire as in production.

It relays between loopback addresses, which a production server must refuse; see deploy/coturn.conf."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.server import free_port
from tests.support.services import Missing

RELAY_PORTS = 200
"""How many ports there are for relays: each allocation takes one."""


def program() -> str:
    """Where coturn's server is.

    Raises:
        Missing: nowhere.
    """
    found = shutil.which("turnserver")
    if found is None:
        raise Missing("no TURN server: apt-get install coturn")
    return found


def credentials(secret: str, user: str = "test", lifetime_seconds: float = 600) -> tuple[str, str]:
    """User name and password of one person for a while, from the secret that only servers know.

    That is the "TURN REST API" (draft-uberti-behave-turn-rest-00): `<expiry>:<user>` and its HMAC-SHA1 in base64."""
    name = f"{int(time.time() + lifetime_seconds)}:{user}"
    return name, base64.b64encode(hmac.digest(secret.encode(), name.encode(), hashlib.sha1)).decode()


class RunningTurn:
    """One `turnserver` process; `with RunningTurn() as turn: turn.url, turn.secret`.

    Args:
        secret: what credentials are made from; a random one when omitted.
        address: the IPv4 address of this machine on which it listens and relays.
        options: further command line options.
        configuration: a file of options, instead of those of this class; addresses, ports and files stay the test's.
    """

    def __init__(
        self,
        secret: str | None = None,
        *,
        address: str = "127.0.0.1",
        options: Sequence[str] = (),
        configuration: str | Path | None = None,
    ) -> None:
        self.secret = secret or secrets.token_hex(16)
        self.address = address
        self.port = free_port()
        self.options = list(options)
        self.configuration = configuration
        self.process: subprocess.Popen[str] | None = None
        self._folder: Path | None = None
        self._lines: deque[str] = deque(maxlen=20_000)
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        """As in CALLINVITE_ICE_SERVERS and RTCIceServer.urls."""
        return f"turn:{self.address}:{self.port}"

    @property
    def output(self) -> str:
        """What the process printed, for failure messages."""
        return "\n".join(self._lines)

    @property
    def sessions(self) -> int:
        """How many allocations it has granted so far. Stays 0 with a configuration that is not `verbose`."""
        return sum("ALLOCATE processed, success" in line for line in list(self._lines))

    @property
    def relayed_bytes(self) -> int:
        """How much it has relayed, of sessions that are over and of every 2048 packets of those that are not.

        Counted towards peers and back, without TURN's own messages."""
        return sum(
            int(received) + int(sent)
            for line in list(self._lines)
            for received, sent in re.findall(r" peer usage: .*\brb=(\d+), .*\bsb=(\d+)", line)
        )

    def start(self, timeout_seconds: float = 20) -> Self:
        """Start it and wait until it answers a STUN binding request (RFC 8489).

        Raises:
            Missing: there is no coturn.
            RuntimeError: it ended or said nothing in time; the message holds its output.
        """
        executable = program()
        self._folder = Path(tempfile.mkdtemp(prefix="callinvite-turn-"))
        try:
            self.process = subprocess.Popen(
                [executable, *self._arguments(self._folder)],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
            self._reader.start()
            deadline = time.monotonic() + timeout_seconds
            while not answers_binding(self.address, self.port):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("it did not answer")
        except BaseException as error:
            self.kill()
            if isinstance(error, RuntimeError):
                raise RuntimeError(f"coturn did not become ready: {error}\n{self.output}") from error
            raise
        return self

    def kill(self) -> None:
        """End it; sessions end with it. Harmless when repeated."""
        if self.process is not None:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(15)
        if self._reader is not None:
            self._reader.join(5)
            self._reader = None
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()
            self.process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _arguments(self, folder: Path) -> list[str]:
        first = _free_range()
        given = ["-c", str(self.configuration)] if self.configuration else ["-n", *self._usual()]
        return [
            *given,
            *["--listening-ip", self.address, "--relay-ip", self.address, "--listening-port", str(self.port)],
            *["--min-port", str(first), "--max-port", str(first + RELAY_PORTS - 1)],
            *["--static-auth-secret", self.secret],
            # Nothing outside this folder: neither the system's database of users nor a log.
            *["--userdb", str(folder / "users"), "--pidfile", str(folder / "pid"), "--log-file", "stdout"],
            *self.options,
        ]

    def _usual(self) -> list[str]:
        plain = ["--no-tls", "--no-dtls", "--no-cli", "--no-rfc5780", "--fingerprint"]
        who = ["--use-auth-secret", "--realm", "callinvite.test"]
        # Its sessions are told of only when it is verbose.
        return [*plain, *who, "--allow-loopback-peers", "--no-multicast-peers", "--verbose"]

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.append(line.rstrip("\n"))


def answers_binding(address: str, port: int) -> bool:
    """Whether a STUN server answers there, over UDP, within a moment."""
    request = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + secrets.token_bytes(12)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.05)
        try:
            asking.connect((address, port))
            asking.send(request)
            answer = asking.recv(2048)
        except OSError:
            # Not there yet: a closed port answers at once, by ICMP.
            time.sleep(0.02)
            return False
    return answer[:2] == b"\x01\x01" and answer[8:20] == request[8:20]


def _free_range() -> int:
    """The first of RELAY_PORTS neighbouring ports outside those that systems give out by themselves."""
    return 20_000 + secrets.randbelow(10_000 // RELAY_PORTS) * RELAY_PORTS

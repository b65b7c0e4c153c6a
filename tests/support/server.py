"""The product as its own process, on a data directory of the test's choice, spoken to only from outside.

It runs the same commands that a user runs, so that `kill()` followed by `start()` is a true crash and restart."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
LAYOUT = "TEST_LAYOUT"
"""The variable that says what tests of the product run against: `one` process, or `several` with REST under `asgi` or
`wsgi` (tests/support/layout.py)."""
LAYOUTS = ("one", "asgi", "wsgi")
DEMO_USERS = ("alice", "bob", "carol", "dave")
DEMO_PASSWORD = "demo-pass-1"


def chosen_layout() -> str:
    """The layout that this test run asks for: `one`, `asgi` or `wsgi`.

    Raises:
        ValueError: there is no such layout.
    """
    name = os.environ.get(LAYOUT) or "one"
    if name not in LAYOUTS:
        raise ValueError(f"{LAYOUT}={name}: there are {', '.join(LAYOUTS)}")
    return name


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningServer:
    """One `manage.py serve` process.

    Args:
        data_dir: becomes CALLINVITE_DATA_DIR: database, generated secrets.
        port: where it listens on 127.0.0.1; a free port when omitted. Kept over restarts.
        env: further environment variables, over those of the test run.
    """

    program = (sys.executable, str(ROOT / "manage.py"))
    folder = ROOT

    def __init__(self, data_dir: str | Path, port: int | None = None, env: Mapping[str, str] | None = None) -> None:
        self.data_dir = Path(data_dir)
        self.port = port or free_port()
        self.env = self._environment(env or {})
        self.process: subprocess.Popen[str] | None = None
        self._lines: deque[str] = deque(maxlen=2000)
        self._ready = threading.Event()
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def live_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/v1/live"

    @property
    def output(self) -> str:
        """What the process printed lately, for failure messages."""
        return "\n".join(self._lines)

    def prepare(self) -> Self:
        """Migrate and make alice, bob, carol and dave. On SQLite that is done once and copied."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if "DATABASE_URL" not in self.env:
            shutil.copytree(_prepared(), self.data_dir, dirs_exist_ok=True)
            return self
        self._prepare()
        return self

    def _prepare(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("make_demo_users", "--password", DEMO_PASSWORD)

    def manage(self, *arguments: str, timeout_seconds: float = 120) -> str:
        """Run one management command on this server's data and give what it printed.

        Raises:
            RuntimeError: it failed; the message holds its output.
        """
        done = subprocess.run(
            [*self.program, *arguments],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, timeout_seconds: float = 60) -> Self:
        """Start it and wait until it says that it is ready.

        Raises:
            RuntimeError: it ended or said nothing in time; the message holds its output. Or this run is about another
                layout, and the test should have been left out by the mark `own_layout`.
        """
        if chosen_layout() != "one":
            raise RuntimeError("This run is about several processes: mark a test of one with `own_layout`, and why")
        self._ready.clear()
        self.process = subprocess.Popen(
            [*self.program, "serve", "--port", str(self.port)],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        self._ready.wait(timeout_seconds)
        if self.process.poll() is not None or not self._ready.is_set():
            self.kill()
            raise RuntimeError(f"The server did not become ready:\n{self.output}")
        return self

    def stop(self, timeout_seconds: float = 15) -> int:
        """SIGTERM, as an operator would; gives the exit code, kills it if it does not end in time."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._close()
        return code

    def kill(self) -> None:
        """SIGKILL to the process and its children: nothing is tidied up, as after a power cut."""
        if self.process is None:
            return
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(15)
        self._close()

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Takes connections and says nothing meanwhile, as a server that hangs."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def restart(self) -> Self:
        """A crash and a fresh start on the same data and port."""
        self.kill()
        return self.start()

    def answers(self) -> bool:
        """Whether the sign-in page comes."""
        try:
            with urllib.request.urlopen(f"{self.url}/sign-in/", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def __enter__(self) -> Self:
        return self.prepare().start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        # Nothing of the test run's own database or layer may leak into the product under test.
        foreign = ("CALLINVITE_", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DEBUG")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        kept |= {
            "CALLINVITE_DATA_DIR": str(self.data_dir),
            "CALLINVITE_SENDS_PER_MINUTE": "0",
            "CALLINVITE_LOGINS_PER_MINUTE": "0",
            "CALLINVITE_ADDRESSES_PER_USER": "0",
            "CALLINVITE_PUSHES_PER_MINUTE": "0",
            "PYTHONUNBUFFERED": "1",
        }
        return kept | dict(extra)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.append(line.rstrip("\n"))
            if f":{self.port}" in line and "http" in line:
                self._ready.set()
        # An end without the line must not leave start() waiting for its whole time.
        self._ready.set()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.join(5)
            self._reader = None
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()


@cache
def _prepared() -> Path:
    """A data directory with nothing but a database of the demo users, as long as this process of the test run lives."""
    folder = tempfile.TemporaryDirectory(prefix="callinvite-prepared-")
    atexit.register(folder.cleanup)
    template = RunningServer(Path(folder.name) / "data")
    template.data_dir.mkdir()
    template._prepare()
    kept = Path(folder.name) / "kept"
    kept.mkdir()
    for each in template.data_dir.glob("callinvite.sqlite3*"):
        each.rename(kept / each.name)
    return kept

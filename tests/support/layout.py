"""The layout of production as one server: nginx, three web processes, two dispatchers, PostgreSQL and Redis.

It runs the commands of the units in deploy/ behind deploy/nginx.conf. Only ports and places are other ones, and nginx
speaks plain http, as every client of the tests does; TLS is tested with the containers."""

from __future__ import annotations

import atexit
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from invitations.transports import vapid
from tests.support import services
from tests.support.server import ROOT, RunningServer, chosen_layout, free_port

WEB = "callinvite-web@.service"
REST = "callinvite-rest.service"
DISPATCHER = "callinvite-dispatch@.service"
WEB_PROCESSES = 3
DISPATCHERS = 2
READY_SECONDS = 90.0
STOP_SECONDS = 30.0
NGINX = """
{user}
pid {folder}/nginx.pid;
error_log stderr;
daemon off;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    include {folder}/site.conf;
}}
"""


def running(data_dir: str | Path, env: Mapping[str, str] | None = None) -> RunningServer:
    """The product in the layout that this test run asks for; it does not run yet.

    Args:
        data_dir: becomes CALLINVITE_DATA_DIR.
        env: further environment variables of all its processes.
    """
    if chosen_layout() == "one":
        return RunningServer(data_dir, env=env)
    return SeveralProcesses(data_dir, env=env, wsgi=chosen_layout() == "wsgi")


class Unit:
    """One process of the layout, run by the command of its systemd unit.

    Args:
        name: what to call it.
        command: what to run.
        env: its environment.
        is_ready: whether it can be used; asked again and again after a start.
    """

    def __init__(self, name: str, command: list[str], env: dict[str, str], is_ready: Callable[[Unit], bool]) -> None:
        self.name = name
        self.lines: deque[str] = deque(maxlen=2000)
        self.process: subprocess.Popen[str] | None = None
        self._command = command
        self._env = env
        self._is_ready = is_ready
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        """The process.

        Raises:
            AssertionError: it does not run.
        """
        assert self.process is not None
        return self.process.pid

    def children(self) -> list[psutil.Process]:
        """The processes that it started, such as gunicorn's workers."""
        return psutil.Process(self.pid).children()

    def begin(self) -> None:
        """Start it without waiting for it."""
        self.lines.clear()
        self.process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        """Wait until it can be used.

        Raises:
            RuntimeError: it ended or was not ready in time; the message holds what it said.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready(self):
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not become ready:\n" + "\n".join(self.lines))
            time.sleep(0.05)

    def start(self) -> None:
        """Start it, as systemd does, and wait until it can be used."""
        self.begin()
        self.wait_until_ready()

    def kill(self) -> None:
        """SIGKILL to it and its children: nothing is tidied up."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self._close()

    def terminate(self) -> None:
        """SIGTERM, as an operator would, without waiting."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> int:
        """SIGTERM, and wait for the end; gives the exit code.

        Raises:
            subprocess.TimeoutExpired: it did not end in the time that its unit gives it. It is killed.
        """
        self.terminate()
        assert self.process is not None
        try:
            code = self.process.wait(STOP_SECONDS)
        finally:
            self.kill()
        return code

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))

    def _close(self) -> None:
        if self.process is None:
            return
        self.process.wait(15)
        if self._reader is not None:
            self._reader.join(5)
            self._reader = None
        if self.process.stdout is not None:
            self.process.stdout.close()


class SeveralProcesses(RunningServer):
    """Callinvite as docs/production.md has it; `port` is nginx's.

    Args:
        data_dir: becomes CALLINVITE_DATA_DIR.
        port: where nginx listens on 127.0.0.1; a free port when omitted.
        env: further environment variables of all processes.
        wsgi: whether pages and REST are served by gunicorn, in the second of the two documented layouts.
    """

    def __init__(
        self,
        data_dir: str | Path,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        *,
        wsgi: bool = False,
    ) -> None:
        super().__init__(data_dir, port, env)
        self.wsgi = wsgi
        self.stores = ExitStack()
        self.ports = [free_port() for _ in range(WEB_PROCESSES)]
        self._rest_port = free_port()
        self.env |= {
            "CALLINVITE_PROCESSES": str(WEB_PROCESSES + 4 * wsgi),
            "CALLINVITE_DATABASE_POOL": "8",
            "SECRET_KEY": "only-for-tests-of-several-processes-0123456789-abcdefghij",
            "CALLINVITE_VAPID_PRIVATE_KEY": vapid.generate(),
        } | dict(env or {})
        self.web: list[Unit] = []
        self.rest: Unit | None = None
        self.dispatchers: list[Unit] = []
        self.nginx: Unit | None = None

    @property
    def units(self) -> list[Unit]:
        """All its processes, nginx first."""
        return [each for each in (self.nginx, self.rest, *self.web, *self.dispatchers) if each is not None]

    @property
    def output(self) -> str:
        """What its processes printed lately."""
        return "\n".join(f"{unit.name}: {line}" for unit in self.units for line in tuple(unit.lines))

    def prepare(self) -> Self:
        """Give it a database with the demo users, a Redis, and the static files, all of them until `__exit__`.

        Raises:
            tests.support.services.Missing: a program is not on this machine.
        """
        if shutil.which("nginx") is None:
            raise services.Missing("nginx is missing: install nginx-light")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.env |= {"CALLINVITE_STATIC_ROOT": str(_collected())}
        if "DATABASE_URL" not in self.env:
            server = self.stores.enter_context(services.postgres())
            self.env["DATABASE_URL"] = self.stores.enter_context(
                services.fresh_database(server, template=template(server))
            )
        if "REDIS_URL" not in self.env:
            self.env["REDIS_URL"] = self.stores.enter_context(services.own_redis())
        return self

    def start(self, timeout_seconds: float = READY_SECONDS) -> Self:
        """Start all processes and wait until they can be used."""
        self._make_units()
        try:
            *others, nginx = reversed(self.units)
            for unit in others:
                unit.begin()
            for unit in others:
                unit.wait_until_ready()
            # It leaves out for ten seconds whom it once found away.
            nginx.start()
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> int:
        """SIGTERM to all processes; gives 0, or the first exit code that is another one."""
        for unit in self.units:
            unit.terminate()
        return next((code for code in [unit.stop() for unit in self.units] if code), 0)

    def kill(self) -> None:
        """SIGKILL to all processes at once; database and Redis stay."""
        for unit in self.units:
            unit.kill()

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Takes connections and says nothing meanwhile, as a machine that hangs."""
        running = [unit.pid for unit in self.units]
        for pid in running:
            os.killpg(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in running:
                os.killpg(pid, signal.SIGCONT)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.kill()
        finally:
            self.stores.close()

    def _make_units(self) -> None:
        folder = Path(self.stores.enter_context(tempfile.TemporaryDirectory(prefix="callinvite-nginx-")))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
        (folder / "site.conf").write_text(self._site())
        nginx = ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        self.nginx = Unit("nginx", nginx, self.env, lambda _: _listens(self.port))
        self.web = [
            Unit(f"web-{number}", command(WEB, str(port)), self.env, lambda _, port=port: _listens(port))  # type: ignore[misc]
            for number, port in enumerate(self.ports, 1)
        ]
        self.dispatchers = [
            Unit(f"dispatcher-{number}", command(DISPATCHER, str(number)), self.env, _says_that_it_runs)
            for number in range(1, DISPATCHERS + 1)
        ]
        if self.wsgi:
            rest = [word.replace(":8101", f":{self._rest_port}") for word in command(REST)]
            self.rest = Unit("rest", rest, self.env, lambda _: _listens(self._rest_port))

    def _site(self) -> str:
        """deploy/nginx.conf on ports of this machine, as many web processes as there are, and without TLS."""
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        servers = "".join(f"    server 127.0.0.1:{port};\n" for port in self.ports)
        changes = [
            (r"(?m)^(    server 127\.0\.0\.1:800\d;\n)+", servers),
            (r"listen 80;\n +listen \[::\]:80;", f"listen 127.0.0.1:{free_port()};"),
            (r"listen 443 ssl http2;\n +listen \[::\]:443 ssl http2;", f"listen 127.0.0.1:{self.port};"),
            (r"    ssl_certificate +\S+\n +ssl_certificate_key +\S+\n", ""),
            (r"/var/www/callinvite/", f"{self.env['CALLINVITE_STATIC_ROOT']}/"),
        ]
        if self.wsgi:
            changes += [
                (
                    r"# (upstream callinvite_wsgi \{)\n# (.*)8101;\n# (.*)\n# \}",
                    rf"\1\n\g<2>{self._rest_port};\n\3\n}}",
                ),
                (
                    r"proxy_pass http://callinvite_asgi;\n +# REST under WSGI.*\n +# (proxy_pass http://callinvite_wsgi;)",
                    r"\1",
                ),
            ]
        for pattern, here in changes:
            text, count = re.subn(pattern, here, text)
            assert count == 1, f"deploy/nginx.conf has not this once: {pattern}"
        return text


def command(unit: str, instance: str = "") -> list[str]:
    """What a unit of deploy/ runs, with the programs of this environment."""
    found = re.search(r"^ExecStart=(.+)$", (ROOT / "deploy" / unit).read_text(), re.MULTILINE)
    assert found is not None
    programs = f"{Path(sys.executable).parent}/"
    return [
        word.replace("/opt/callinvite/.venv/bin/", programs).replace("%i", instance) for word in shlex.split(found[1])
    ]


def _listens(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=5).close()
    except urllib.error.HTTPError:
        # nginx, while nobody behind it answers yet.
        return False
    except OSError:
        return False
    return True


def _says_that_it_runs(unit: Unit) -> bool:
    return "The dispatcher is running." in unit.lines


@cache
def template(server_url: str) -> str:
    """The name of a database with nothing but the demo users. It stays as long as its server, for others to copy."""
    url = services.make_database(server_url)
    with tempfile.TemporaryDirectory(prefix="callinvite-template-") as folder:
        RunningServer(folder, env={"DATABASE_URL": url}).prepare()
    return url.rpartition("/")[2]


@cache
def _collected() -> Path:
    """The folder of the static files as nginx serves them, as long as this process of the test run lives."""
    folder = tempfile.TemporaryDirectory(prefix="callinvite-static-")
    atexit.register(folder.cleanup)
    root = Path(folder.name) / "static"
    collecting = RunningServer(Path(folder.name) / "data", env={"CALLINVITE_STATIC_ROOT": str(root)})
    collecting.manage("collectstatic", "--no-input", "--verbosity", "0")
    return root

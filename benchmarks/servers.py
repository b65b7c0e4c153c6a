"""Starts what is measured, each on the server's core, and reads its costs: CPU time, memory, fsyncs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.support import services

ROOT = Path(__file__).resolve().parents[1]
READY_SECONDS = 60.0
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES = {CORES[0]}
CLIENT_CORES = set(CORES[1:2]) or SERVER_CORES
UNLIMITED = {
    "CALLINVITE_SENDS_PER_MINUTE": "0",
    "CALLINVITE_LOGINS_PER_MINUTE": "0",
    "CALLINVITE_CONNECTIONS_PER_ADDRESS": "0",
}
"""Turned off: otherwise the limits that protect people would be all that is measured."""


class Server:
    """A running server: its port and the processes that do its work.

    Args:
        port: where it listens on 127.0.0.1; the first of several if it has several web processes.
        processes: everything that works for it, databases included; their CPU time and fsyncs count.
        web: the processes that hold the sockets; their memory counts.
        parts: by name, the processes of each part of it.
    """

    def __init__(
        self,
        port: int,
        processes: list[psutil.Process],
        web: list[psutil.Process] | None = None,
        parts: Mapping[str, list[psutil.Process]] | None = None,
    ) -> None:
        self.port = port
        self.parts = dict(parts or {"web": web or processes})
        self.ports = [port]
        self.wsgi_port: int | None = None
        """Where WSGI workers listen, if there are any beside the web processes."""
        self._processes = processes
        self._web = web or processes

    def cpu_seconds(self) -> float:
        """CPU time used so far by all its processes and their children."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes())

    def cpu_seconds_of_parts(self) -> dict[str, float]:
        """The same, of each part by itself."""
        return {
            name: sum(sum(each.cpu_times()[:2]) for each in _with_children(processes))
            for name, processes in self.parts.items()
        }

    def memory_bytes(self) -> int:
        """Resident memory of the processes that hold the sockets."""
        return sum(process.memory_info().rss for process in self._web)

    def processes(self) -> list[psutil.Process]:
        """Its processes and all their children."""
        return _with_children(self._processes)

    @contextmanager
    def counting_fsyncs(self) -> Iterator[list[int]]:
        """Count fsync and fdatasync calls with strace. The list holds the count afterwards.

        The list stays empty if there is no strace. Tracing slows the server, so nothing may be timed meanwhile.
        """
        counted: list[int] = []
        if shutil.which("strace") is None:
            yield counted
            return
        attach = [part for process in self.processes() for part in ("-p", str(process.pid))]
        with tempfile.TemporaryDirectory(prefix="bench-strace-") as folder:
            log = Path(folder) / "log"
            tracer = subprocess.Popen(
                ["strace", "-f", "-q", "-e", "trace=fsync,fdatasync", "-o", str(log), *attach],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            time.sleep(1.0)  # strace does not say when it has attached
            try:
                yield counted
            finally:
                tracer.send_signal(signal.SIGINT)
                tracer.wait(20)
            # Calls that another thread interrupted are written twice: as unfinished and as resumed.
            counted.append(len(re.findall(r"f(?:data)?sync\(", log.read_text(errors="replace"))))


def _with_children(processes: list[psutil.Process]) -> list[psutil.Process]:
    found = {process.pid: process for process in processes}
    for process in processes:
        found |= {child.pid: child for child in process.children(recursive=True)}
    return list(found.values())


@dataclass
class Product:
    """A running Callinvite, and the names and tokens of the people created for it."""

    server: Server
    tokens: list[tuple[str, str]]
    database_url: str = ""
    """Of its PostgreSQL; empty if it has none."""
    stores: tuple[psutil.Process, ...] = ()
    """Its PostgreSQL and its Redis."""
    env: dict[str, str] = field(default_factory=dict)
    """Of its processes; empty if it is none of several."""


def environment(**values: str) -> dict[str, str]:
    """This process's environment plus these values, for a server's process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CALLINVITE_", "DJANGO_"))}
    for name in ("DATABASE_URL", "REDIS_URL", "DEBUG"):
        kept.pop(name, None)
    return kept | {"PYTHONPATH": str(ROOT)} | values


def run(arguments: list[str], env: Mapping[str, str], timeout_seconds: float = 600) -> str:
    """Run a Python command to its end and return its output.

    Raises:
        RuntimeError: it failed; the message contains its output.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def process(
    arguments: list[str],
    env: Mapping[str, str],
    log: Path,
    *,
    port: int | None = None,
    cores: set[int] | None = None,
) -> Iterator[psutil.Process]:
    """A Python process on the server's core, from the moment when it listens on `port`."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores or SERVER_CORES),
        )
    try:
        if port is not None:
            _wait_for(port, child, log)
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(15)


def _wait_for(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            pass
        else:
            return
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"nothing listens on port {port}:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.1)


def daphne(module: str, port: int) -> list[str]:
    """The command line of a daphne without an access log."""
    return ["-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), f"{module}:application"]


def wsgi(package: str, port: int, workers: int) -> list[str]:
    """The command line of the workers in deploy/callinvite-rest.service."""
    options = ["--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--no-control-socket"]
    return ["-m", "gunicorn", *options, f"{package}.wsgi:application"]


@contextmanager
def relay_floor(folder: Path, port: int, *, commit: bool = False) -> Iterator[Server]:
    """The bare relay, with or without a commit per invitation."""
    extra = {"FLOOR_DATABASE": str(folder / "relay.sqlite3")} if commit else {}
    command = daphne("benchmarks.floors.relay", port)
    with process(command, environment(**extra), folder / f"relay-{port}.log", port=port) as child:
        yield Server(port, [child])


@contextmanager
def insert_floor(folder: Path, port: int, beside: Product | None = None) -> Iterator[Server]:
    """The bare DRF view with one INSERT.

    Args:
        folder: for its database, unless it is to be PostgreSQL.
        port: where it listens.
        beside: a product whose PostgreSQL it uses too, with a table of its own.
    """
    database = beside.database_url if beside else ""
    env = environment(FLOOR_DATABASE=database or str(folder / "insert.sqlite3"))
    run(["-m", "benchmarks.floors.insert"], env)
    with process(daphne("benchmarks.floors.insert", port), env, folder / "insert.log", port=port) as child:
        yield Server(port, [child, *(beside.stores if beside else ())])


@contextmanager
def embedded(folder: Path, port: int, people: int, history: tuple[int, int] | None = None) -> Iterator[Product]:
    """`manage.py serve` on SQLite in its own data directory.

    Args:
        folder: an empty folder for the data.
        port: where it listens.
        people: how many accounts with tokens to create.
        history: how many users and calls the history has.
    """
    env = environment(CALLINVITE_DATA_DIR=str(folder / "data"), **UNLIMITED)
    tokens = _prepare(env, people, history)
    arguments = ["manage.py", "serve", "--port", str(port)]
    with process(arguments, env, folder / "serve.log", port=port) as child:
        yield Product(Server(port, [child]), tokens)


@contextmanager
def production(
    folder: Path,
    port: int,
    people: int,
    *,
    web_processes: int = 1,
    wsgi_workers: int = 0,
    cores: set[int] | None = None,
) -> Iterator[Product]:
    """Web processes and `manage.py dispatch` with their own PostgreSQL and Redis, all on the server's core.

    Args:
        folder: an empty folder for the data.
        port: where the first web process listens; the others use the next ports.
        people: how many accounts with tokens to create.
        web_processes: how many `manage.py serve --no-dispatcher`.
        wsgi_workers: how many of gunicorn's, for REST, besides.
        cores: other cores for all of them.

    Raises:
        tests.support.services.Missing: there is no PostgreSQL or no Redis.
    """
    with ExitStack() as stack:
        before = set(psutil.Process().children())
        given = {
            "DATABASE_URL": stack.enter_context(services.postgres(durable=True)),
            "REDIS_URL": stack.enter_context(services.own_redis()),
        }
        stores = [child for child in psutil.Process().children() if child not in before]
        for store in stores:
            for each in [store, *store.children(recursive=True)]:
                each.cpu_affinity(sorted(cores or SERVER_CORES))
        env = environment(
            CALLINVITE_DATA_DIR=str(folder / "data"),
            CALLINVITE_PROCESSES=str(web_processes + wsgi_workers),
            **UNLIMITED,
            **given,
        )
        tokens = _prepare(env, people, None)
        web = [
            stack.enter_context(
                process(
                    ["manage.py", "serve", "--no-dispatcher", "--port", str(each)],
                    env,
                    folder / f"web-{each}.log",
                    port=each,
                    cores=cores,
                )
            )
            for each in range(port, port + web_processes)
        ]
        dispatch = stack.enter_context(process(["manage.py", "dispatch"], env, folder / "dispatch.log", cores=cores))
        parts = {"web": web, "dispatcher": [dispatch]}
        for store in stores:
            parts.setdefault("Redis" if "redis" in store.name() else "PostgreSQL", []).append(store)
        wsgi_port = port + web_processes if wsgi_workers else None
        if wsgi_port is not None:
            gunicorn = process(
                wsgi("callinvite", wsgi_port, wsgi_workers), env, folder / "wsgi.log", port=wsgi_port, cores=cores
            )
            parts["REST"] = [stack.enter_context(gunicorn)]
        server = Server(port, [each for some in parts.values() for each in some], web, parts)
        server.wsgi_port = wsgi_port
        server.ports = list(range(port, port + web_processes))
        yield Product(server, tokens, given["DATABASE_URL"], tuple(stores), env)


def _prepare(env: Mapping[str, str], people: int, history: tuple[int, int] | None) -> list[tuple[str, str]]:
    run(["manage.py", "migrate", "--skip-checks", "--verbosity", "0"], env)
    made = json.loads(run(["-m", "benchmarks.accounts", str(people)], env).splitlines()[-1])
    if history is not None:
        users, calls = history
        run(
            ["-m", "benchmarks.history", "--users", str(users), "--calls", str(calls)],
            env,
            timeout_seconds=1800,
        )
    return [(name, token) for name, token in made]

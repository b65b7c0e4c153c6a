"""The launcher that gives tests a real PostgreSQL and a real Redis, and takes them away again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.repository.tracked import ROOT
from tests.support import services

LAUNCHER = [sys.executable, "-m", "tests.support.services"]
PRINT_ADDRESSES = ["sh", "-c", "echo $TEST_POSTGRES_URL $TEST_REDIS_URL $DATABASE_URL"]


@pytest.mark.server
@pytest.mark.own_layout("starts no server")
def test_a_fresh_database_is_empty_and_gone_afterwards(postgres_server: str) -> None:
    with services.fresh_database(postgres_server) as url, psycopg.connect(url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()

    assert tables == (0,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


@pytest.mark.server
@pytest.mark.own_layout("starts no server")
def test_a_redis_answers_and_is_gone_afterwards() -> None:
    with services.own_redis() as url:
        assert _listens(url)
    assert not _listens(url)


@pytest.mark.server
@pytest.mark.own_layout("starts no server")
def test_the_launcher_gives_addresses_and_leaves_nothing_running() -> None:
    done = subprocess.run(
        [*LAUNCHER, "--database", "--", *PRINT_ADDRESSES],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    postgres, redis, database = done.stdout.split()

    assert database == postgres
    assert not _listens(postgres)
    assert not _listens(redis)


@pytest.mark.server
@pytest.mark.own_layout("starts no server")
def test_the_launcher_gives_the_exit_code_of_its_command() -> None:
    done = subprocess.run([*LAUNCHER, "--", "sh", "-c", "exit 3"], cwd=ROOT, timeout=120, check=False)

    assert done.returncode == 3


@pytest.mark.server
@pytest.mark.own_layout("starts no server")
def test_a_launcher_that_is_stopped_takes_its_servers_along() -> None:
    with subprocess.Popen(
        [*LAUNCHER, "--", *PRINT_ADDRESSES[:2], "echo $TEST_POSTGRES_URL $TEST_REDIS_URL; exec sleep 600"],
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        addresses = process.stdout.readline().split()
        assert all(_listens(url) for url in addresses)
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    assert len(addresses) == 2
    assert not any(_listens(url) for url in addresses)


def test_given_addresses_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(services.POSTGRES_URL, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example.org/callinvite")
    monkeypatch.setenv(services.REDIS_URL, "redis://redis.example.org:6379/3")

    with services.postgres() as postgres, services.redis() as redis:
        assert postgres == "postgres://db.example.org/callinvite"
        assert redis == "redis://redis.example.org:6379/3"


def _environment() -> dict[str, str]:
    """Without addresses that an outer launcher gave: these tests want their own servers."""
    given = {services.POSTGRES_URL, services.REDIS_URL, "DATABASE_URL", "REDIS_URL"}
    return {name: value for name, value in os.environ.items() if name not in given}


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    assert parts.hostname is not None
    try:
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=1):
            return True
    except OSError:
        return False

"""The threads of sockets on a database that locks rows: how many there are, and what they do with their connections."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import connection, connections

from invitations.sockets.workers import READERS, ROW_LOCKING_WRITERS, ThreadWriter, shares

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("connections", [4, 5, 8, 12, 16, 20, 100])
def test_half_of_the_connections_are_left_for_requests(connections: int) -> None:
    writers, readers = shares(connections)
    assert 1 <= writers <= ROW_LOCKING_WRITERS
    assert 1 <= readers <= READERS
    assert writers + readers <= connections // 2


async def test_each_job_is_done_once_and_answered() -> None:
    threads = ThreadWriter(3)
    done: list[int] = []

    def job(number: int) -> int:
        if number % 10 == 0:
            raise ValueError(number)
        done.append(number)
        return number

    answers = await asyncio.gather(
        *(threads.run(lambda number=number: job(number)) for number in range(100)),  # type: ignore[misc]
        return_exceptions=True,
    )

    assert sorted(done) == [number for number in range(100) if number % 10]
    assert [each for each in answers if not isinstance(each, ValueError)] == [n for n in range(100) if n % 10]
    assert len([each for each in answers if isinstance(each, ValueError)]) == 10


async def test_a_lasting_connection_lasts() -> None:
    """As on SQLite: to open one for each read would take three times as long as the read."""
    threads = ThreadWriter(1)
    lasting = connection.settings_dict["CONN_MAX_AGE"] is None

    def used() -> tuple[int, int]:
        connection.ensure_connection()
        return threading.get_ident(), id(connection.connection)

    seen = {await threads.run(used) for _ in range(5)}
    await threads.run(connections.close_all)

    assert len(seen) == 1 or not lasting

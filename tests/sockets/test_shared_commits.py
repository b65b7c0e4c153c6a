"""Verbs that share a commit where rows are locked: none of them waits for a stranger, and nothing is done twice."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import psycopg
import pytest
from django.db import connection

from invitations.models import Call
from invitations.sockets.workers import workers
from tests.sockets.batches import HeldWriter, queued, result_of
from tests.sockets.page import Page, in_thread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.postgres_only]

LOCK_CALLEE = "SELECT 1 FROM invitations_user WHERE username = 'callee0' FOR NO KEY UPDATE"


def _connected() -> psycopg.Connection[Any]:
    """A connection of somebody else's."""
    known = connection.get_connection_params()
    named = {name: known[name] for name in ("dbname", "host", "port", "user", "password") if known.get(name)}
    return psycopg.connect(**named, autocommit=True)


async def _send(pairs: list[tuple[Page, Page]]) -> None:
    """Ask for a call by each, all of which wait for the writer then."""
    for caller, callee in pairs:
        assert callee.user is not None
        await caller.request("send", None, {"invitees": [callee.user.username], "is_video_call": True})
    await queued(len(pairs))


@pytest.mark.parametrize("position", [0, 3, 7])
async def test_nobody_waits_for_a_lock_that_a_stranger_waits_for(pairs: list[tuple[Page, Page]], position: int) -> None:
    """Wherever in the batch it is that wants somebody whom another process has locked."""
    blocked, others = pairs[0], pairs[1:]
    async with HeldWriter() as writer:
        with await in_thread(_connected) as other:
            await _send([*others[:position], blocked, *others[position:]])
            await in_thread(lambda: other.execute("BEGIN").execute(LOCK_CALLEE))
            writer.release()
            assert [(await result_of(caller))["status"] for caller, _ in others] == [201] * 7
            for _, callee in others:
                assert [each["event"] for each in await callee.so_far()] == ["call.sent"]
            # Nor does what comes after them.
            sent = await in_thread(lambda: Call.objects.get(caller__username="caller1"))
            assert (await others[0][0].ask("end", sent.call_id))["status"] == 200
            await in_thread(other.execute, "COMMIT")
            assert (await result_of(blocked[0]))["status"] == 201
    assert await in_thread(Call.objects.count) == 8


async def test_two_batches_that_want_each_others_people_do_not_stand_still(
    pairs: list[tuple[Page, Page]],
) -> None:
    """The other process holds callee0 and wants callee1, whom the batch has locked by then."""

    def crosswise(other: psycopg.Connection[Any]) -> None:
        with other.transaction():
            other.execute(LOCK_CALLEE)
            turned.set()
            other.execute(LOCK_CALLEE.replace("callee0", "callee1"))

    turned = threading.Event()
    async with HeldWriter() as writer:
        with await in_thread(_connected) as other:
            await pairs[1][0].request("send", None, {"invitees": ["callee1"], "is_video_call": True})
            await pairs[0][0].request("send", None, {"invitees": ["callee0"], "is_video_call": True})
            await queued(2)
            crossing = asyncio.ensure_future(in_thread(crosswise, other))
            await asyncio.to_thread(turned.wait, 10)
            writer.release()
            assert {(await result_of(caller))["status"] for caller, _ in pairs[:2]} == {201}
            await crossing
    assert await in_thread(Call.objects.count) == 2


def _end_the_connection() -> None:
    """As a failover would, after everything was asked and before it is committed."""
    connection.ensure_connection()
    with _connected() as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [connection.connection.info.backend_pid])


async def test_a_connection_that_is_lost_at_the_commit_leaves_nothing_done_twice(
    pairs: list[tuple[Page, Page]],
) -> None:
    async with HeldWriter() as writer:
        await _send(pairs[:3])
        ending = asyncio.ensure_future(workers.perform(_end_the_connection))
        await queued(4)
        writer.release()
        results = [await result_of(caller) for caller, _ in pairs[:3]]
        with pytest.raises(Exception, match=r"terminating connection|closed"):
            await ending
    # Whether it was committed could not be told, so nobody is told that it was, and it is not tried again by itself.
    assert [(each["status"], each["body"]["code"]) for each in results] == [(503, "unavailable")] * 3
    assert await in_thread(Call.objects.count) == 0
    assert [await callee.so_far() for _, callee in pairs[:3]] == [[]] * 3
    again = await pairs[0][0].ask("send", invitees=["callee0"], is_video_call=True)
    assert again["status"] == 201


async def test_a_connection_that_is_lost_before_the_commit_costs_nobody_a_verb(
    pairs: list[tuple[Page, Page]],
) -> None:
    async with HeldWriter() as writer:
        await _send(pairs[:3])
        ending = asyncio.ensure_future(workers.perform(_end_the_connection))
        await queued(4)
        await pairs[3][0].request("send", None, {"invitees": ["callee3"], "is_video_call": True})
        await queued(5)
        writer.release()
        assert [(await result_of(caller))["status"] for caller, _ in pairs[:4]] == [201] * 4
        await ending
    assert await in_thread(Call.objects.count) == 4

"""Verbs that arrive together: one commit for all, and for each its own right result."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from invitations.calls.transaction import write
from invitations.live import publishing
from invitations.models import Call, User
from invitations.sockets.workers import workers
from tests.sockets.batches import HeldWriter, queued, result_of
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


async def test_what_comes_together_shares_one_commit(pairs: list[tuple[Page, Page]]) -> None:
    async with HeldWriter() as writer:
        for number, (caller, _) in enumerate(pairs):
            await caller.request("send", None, {"invitees": [f"callee{number}"], "is_video_call": True})
        await queued(len(pairs))
        writer.release()
        results = [await result_of(caller) for caller, _ in pairs]
        assert await writer.transactions() == 1

    for number, (result, (_, callee)) in enumerate(zip(results, pairs, strict=True)):
        assert result["status"] == 201
        assert result["body"]["call"]["caller"]["id"] == f"caller{number}"
        [frame] = await callee.so_far()
        assert frame["call"]["call_id"] == result["body"]["call"]["call_id"]
    assert await in_thread(Call.objects.count) == len(pairs)


async def test_refusals_among_them_change_nothing_for_the_others(pairs: list[tuple[Page, Page]]) -> None:
    callers = [caller for caller, _ in pairs]
    taken = await callers[0].ask("send", invitees=["callee0"], is_video_call=True, call_id="taken")
    assert taken["status"] == 201
    bodies: list[tuple[str, str | None, Any, int, str | None]] = [
        ("send", None, {"invitees": ["callee1"], "is_video_call": True}, 409, "already_in_call"),
        ("send", None, {"invitees": ["callee1"], "is_video_call": True, "call_id": "taken"}, 409, "call_id_in_use"),
        ("send", None, {"invitees": ["callee2"], "is_video_call": True}, 201, None),
        ("send", None, {"invitees": [], "is_video_call": 5}, 400, "invalid"),
        ("send", None, {"invitees": ["nobody"], "is_video_call": True}, 400, "no_valid_invitee"),
        ("accept", "taken", {}, 404, "not_found"),
        ("nonsense", None, {}, 400, "invalid"),
        ("send", None, {"invitees": ["callee7"], "is_video_call": True}, 201, None),
    ]
    async with HeldWriter() as writer:
        for page, (verb, call_id, body, _, _) in zip(callers, bodies, strict=True):
            await page.request(verb, call_id, body)
        await queued(len(bodies))
        writer.release()
        for page, (*_, status, code) in zip(callers, bodies, strict=True):
            result = await result_of(page)
            assert (result["status"], result["body"].get("code")) == (status, code), result
        assert await writer.transactions() == 1
    ids = await in_thread(lambda: set(Call.objects.values_list("caller__username", flat=True)))
    assert ids == {"caller0", "caller2", "caller7"}
    assert await pairs[1][1].so_far() == []


async def test_all_who_call_one_person_at_once_ring_there(
    pairs: list[tuple[Page, Page]], open_quick_page: OpenPage
) -> None:
    callers = [caller for caller, _ in pairs]
    async with HeldWriter() as writer:
        for page in callers:
            await page.request("send", None, {"invitees": ["callee0"], "is_video_call": True})
        await queued(len(callers))
        writer.release()
        results = [await result_of(page) for page in callers]
    states = [each["body"]["call"]["invitations"][0]["state"] for each in results]
    assert states == ["pending"] * len(callers)
    heard = await pairs[0][1].so_far()
    assert sum(each["call"]["you"]["state"] == "pending" for each in heard) == len(callers)


def _writes_then_fails() -> None:
    with write():
        User.objects.create(username="half-done")
        transaction.on_commit(lambda: publishing.publish("callinvite.half", {"type": "live.frame"}))
        raise RuntimeError("half way")


def _breaks_the_transaction() -> None:
    with transaction.atomic(savepoint=False):
        raise IntegrityError("as bulk_create would")


def _swallows_what_broke_the_transaction() -> str:
    try:
        with transaction.atomic(savepoint=False):
            raise IntegrityError("as bulk_create would")
    except IntegrityError:
        return "did what it could"


@pytest.mark.parametrize("fails", [_writes_then_fails, _breaks_the_transaction])
async def test_one_that_fails_half_way_leaves_the_others_whole(
    pairs: list[tuple[Page, Page]], fails: Callable[[], None]
) -> None:
    async with HeldWriter() as writer:
        for number, (caller, _) in enumerate(pairs[:4]):
            await caller.request("send", None, {"invitees": [f"callee{number}"], "is_video_call": True})
        await queued(4)
        failing = asyncio.ensure_future(workers.perform(fails))
        await queued(5)
        for number, (caller, _) in enumerate(pairs[4:], 4):
            await caller.request("send", None, {"invitees": [f"callee{number}"], "is_video_call": True})
        await queued(9)
        writer.release()
        results = [await result_of(caller) for caller, _ in pairs]
        with pytest.raises((RuntimeError, DatabaseError)):
            await failing

    assert [each["status"] for each in results] == [201] * 8
    assert await in_thread(Call.objects.count) == 8, "what was answered is there"
    assert not await in_thread(User.objects.filter(username="half-done").exists)
    for _, callee in pairs:
        assert [each["event"] for each in await callee.so_far()] == ["call.sent"], "once, though done twice"


def _swallows_an_error_of_the_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'x'::int" if connection.vendor == "postgresql" else "SELECT nonsense")
    except DatabaseError:
        return "did what it could"
    return "did it"


@pytest.mark.parametrize("hides", [_swallows_what_broke_the_transaction, _swallows_an_error_of_the_database])
async def test_one_that_hides_what_it_broke_harms_nobody(
    pairs: list[tuple[Page, Page]], hides: Callable[[], str]
) -> None:
    async with HeldWriter() as writer:
        await pairs[0][0].request("send", None, {"invitees": ["callee0"], "is_video_call": True})
        await queued(1)
        hiding = asyncio.ensure_future(workers.perform(hides))
        await queued(2)
        writer.release()
        result = await result_of(pairs[0][0])
        assert await hiding == "did what it could"
    assert result["status"] == 201
    assert await in_thread(Call.objects.count) == 1, "answered, hence committed"


@pytest.mark.sqlite_only
async def test_a_database_that_takes_no_writes_is_unavailable_and_nothing_is_published(
    pairs: list[tuple[Page, Page]],
) -> None:
    def be_impatient() -> None:
        connection.cursor().execute("PRAGMA busy_timeout = 50")

    def be_patient() -> None:
        connection.cursor().execute("PRAGMA busy_timeout = 20000")

    await workers.perform(be_impatient)
    name = str(await in_thread(lambda: connection.settings_dict["NAME"]))
    locker = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    locker.execute("BEGIN IMMEDIATE")
    try:
        async with HeldWriter() as writer:
            for number, (caller, _) in enumerate(pairs):
                await caller.request("send", None, {"invitees": [f"callee{number}"], "is_video_call": True})
            await queued(len(pairs))
            writer.release()
            results = [await result_of(caller) for caller, _ in pairs]
        alone = await pairs[0][0].ask("send", invitees=["callee0"], is_video_call=True)
    finally:
        locker.execute("ROLLBACK")
        locker.close()
        await workers.perform(be_patient)

    for each in (*results, alone):
        assert (each["status"], each["body"]["code"]) == (503, "unavailable")
    for _, callee in pairs:
        assert await callee.so_far() == []
    assert await in_thread(Call.objects.count) == 0
    again = await pairs[0][0].ask("send", invitees=["callee0"], is_video_call=True)
    assert again["status"] == 201, "it works again as soon as the database does"


async def test_a_hundred_requests_of_one_socket_are_answered_in_order(open_quick_page: OpenPage, alice: User) -> None:
    page = await open_quick_page(alice)
    ids = [await page.request("history_seen") for _ in range(100)]
    assert [(await result_of(page))["id"] for _ in ids] == ids

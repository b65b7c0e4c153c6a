"""On PostgreSQL, push messages and the logs of calls are kept by the month: partitions come in time, old ones are
dropped, and nobody who calls meanwhile notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from invitations import calls
from invitations.calls.quieting import BACK_WITHIN_SECONDS
from invitations.dispatcher import prune, pruning
from invitations.dispatcher.post import Post
from invitations.models import Call, CallEvent, Delivery, Device
from invitations.push.recent import span
from invitations.store import months
from invitations.store.months import Month
from tests.dispatcher.conftest import until

if TYPE_CHECKING:
    from invitations.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres_only]
Ring = Callable[..., calls.CallSheet]
LONGEST_RING_SECONDS = 3.0
"""Some milliseconds on a machine that has nothing else to do."""
TABLES = [model._meta.db_table for model, _ in pruning.BY_MONTH]


def acting(user: User) -> calls.Actor:
    return calls.Actor(user.pk, user.username, "phone")


@pytest.fixture(autouse=True)
def _partitions_as_before() -> Iterator[None]:
    before = {table: months.months(table) for table in TABLES}
    yield
    for table in TABLES:
        for month in months.months(table):
            if month not in before[table]:
                months.drop(table, month)


@pytest.fixture
def old_month(ring: Ring, alice: User, bob: User, phone: Device, now: datetime) -> Month:
    """A month of long ago that has its partition, and in it a call with its log and its push message."""
    month = Month.of(now - timedelta(days=200))
    at = month.begins_at + timedelta(days=3)
    prune(at)
    calls.cancel(ring(alice, bob, at=at).call.call_id, by=acting(alice), now=at + timedelta(seconds=3))
    assert all(month in months.months(table) for table in TABLES)
    return month


@pytest.fixture
def brief(settings: Any) -> None:
    """Calls are kept for 90 days, push messages for 30."""
    settings.CALLINVITE = {"keep_calls_days": 90, "sends_per_minute": 0}


def rows_of(table: str, partition: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}_{partition}"')  # noqa: S608
        found: int = cursor.fetchone()[0]
    return found


def in_thread(act: Callable[[], Any]) -> Any:
    try:
        return act()
    finally:
        connection.close()


@contextmanager
def ringing(caller: User, callee: User) -> Iterator[list[float]]:
    """Somebody rings and cancels again and again meanwhile; how long each of both took, in seconds."""
    taken: list[float] = []
    stop = threading.Event()

    def ring_on() -> None:
        while not stop.is_set():
            now = datetime.now(UTC)
            began_at = time.monotonic()
            sent = calls.send(by=acting(caller), invitees=[callee.username], is_video_call=True, now=now)
            calls.cancel(sent.sheet.call.call_id, by=acting(caller), now=now)
            taken.append(time.monotonic() - began_at)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(in_thread, ring_on)
        try:
            yield taken
        finally:
            stop.set()
            done.result()


def test_this_month_and_the_next_always_have_their_part(now: datetime) -> None:
    for table in TABLES:
        assert {Month.of(now), Month.of(now).next()} <= set(months.months(table)), "a new database has them"
    later = Month.of(now).next().begins_at + timedelta(days=2)

    prune(later)

    for table in TABLES:
        assert months.months(table)[-1] == Month.of(later).next()


def test_two_that_prune_at_once_make_each_part_once_and_drop_each_once(
    old_month: Month, brief: None, now: datetime
) -> None:
    later = Month.of(now).next().begins_at + timedelta(days=2)
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(in_thread, lambda: prune(later)) for _ in range(4)]
        pruned = [each.result() for each in done]

    assert [each.undone for each in pruned] == [[]] * 4
    assert sum(each.counts["calls"] for each in pruned) == 1
    assert not Call.objects.exists()
    for table in TABLES:
        assert Month.of(later).next() in months.months(table)
        assert old_month not in months.months(table)


def test_a_call_is_no_worse_off_if_nobody_made_a_part_for_its_month(
    ring: Ring, alice: User, bob: User, phone: Device, now: datetime
) -> None:
    month = Month.of(now - timedelta(days=500))
    at = month.begins_at + timedelta(days=3)
    call_id = ring(alice, bob, at=at).call.call_id
    calls.cancel(call_id, by=acting(alice), now=at + timedelta(seconds=3))

    told = [each["code"] for each in calls.timeline(call_id, viewer_id=alice.pk, now=now)]
    assert {"call.sent", "invitation.cancelled", "call.ended"} <= set(told)
    assert [rows_of(table, "default") > 0 for table in TABLES] == [True, True]
    prune(at)
    assert [month in months.months(table) for table in TABLES] == [False, False], "its rows would be in the way"
    prune(now)
    assert [rows_of(table, "default") > 0 for table in TABLES] == [True, False], "which go one by one"


def test_a_log_lies_in_the_month_in_which_its_call_began(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    month = Month.of(now - timedelta(days=300))
    prune(month.begins_at)
    at = month.ends_at - timedelta(seconds=5)
    call_id = ring(alice, bob, at=at).call.call_id
    calls.accept(call_id, by=acting(bob), now=at + timedelta(seconds=10))
    calls.end(call_id, by=acting(alice), now=at + timedelta(seconds=20))

    partition = months.partition_of(CallEvent._meta.db_table, month).removeprefix(f"{CallEvent._meta.db_table}_")
    assert rows_of(CallEvent._meta.db_table, partition) == CallEvent.objects.count() > 4


def test_a_month_is_dropped_whole_while_rings_go_on(
    old_month: Month, brief: None, alice: User, bob: User, carol: User, now: datetime
) -> None:
    old, facts = set(Call.objects.values_list("pk", flat=True)), CallEvent.objects.count()
    with ringing(carol, bob) as taken:
        until(lambda: len(taken) >= 5)
        counts = prune(now).counts
        since = len(taken)
        until(lambda: len(taken) >= since + 5)

    assert (counts["calls"], counts["push messages"]) == (1, 1)
    assert counts["log entries of calls"] == facts
    assert [old_month in months.months(table) for table in TABLES] == [False, False]
    assert not Call.objects.filter(pk__in=old).exists()
    assert max(taken) < LONGEST_RING_SECONDS


def test_a_month_that_is_not_past_its_time_as_a_whole_stays_unless_it_is_asked_for(
    ring: Ring, alice: User, bob: User, phone: Device, now: datetime, settings: Any
) -> None:
    month = Month.of(now - timedelta(days=300))
    prune(month.begins_at)
    for day in (1, 20):
        at = month.begins_at + timedelta(days=day)
        calls.cancel(ring(alice, bob, at=at).call.call_id, by=acting(alice), now=at + timedelta(seconds=3))
    settings.CALLINVITE = {"keep_calls_days": 10, "keep_deliveries_days": 10}
    between = month.begins_at + timedelta(days=21)

    prune(between)
    assert (Call.objects.count(), Delivery.objects.count()) == (2, 2)
    prune(between, exactly=True)
    assert [each.created_at for each in Call.objects.all()] == [at]
    assert [each.created_at for each in Delivery.objects.all()] == [at]
    assert set(CallEvent.objects.values_list("call__created_at", flat=True)) == {at}
    prune(month.ends_at + timedelta(days=9, hours=23))
    assert (Call.objects.count(), Delivery.objects.count()) == (1, 1)
    prune(month.ends_at + timedelta(days=10))
    assert (Call.objects.count(), Delivery.objects.count(), CallEvent.objects.count()) == (0, 0, 0)


def test_nobody_waits_behind_a_drop_that_has_to_wait_itself(
    old_month: Month, brief: None, alice: User, carol: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while a dump is made, which holds all tables for long."""
    monkeypatch.setattr(months, "TRIES", 3)
    monkeypatch.setattr(months, "PAUSE_SECONDS", 0.1)
    held, released = threading.Event(), threading.Event()

    def dump() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f'LOCK TABLE "{table}" IN ACCESS SHARE MODE')
            held.set()
            released.wait(60)

    with ThreadPoolExecutor(1) as pool, ringing(carol, bob) as taken:
        dumped = pool.submit(in_thread, dump)
        try:
            assert held.wait(10)
            with pytest.raises(CommandError, match="in use"):
                call_command("prune", verbosity=0)
        finally:
            released.set()
            dumped.result()
        assert [old_month in months.months(table) for table in TABLES] == [True, True]
        assert Call.objects.filter(created_at__lt=old_month.ends_at).count() == 1, "its log would go row by row"
        monkeypatch.undo()
        call_command("prune", verbosity=0)

    assert max(taken) < LONGEST_RING_SECONDS
    assert not Call.objects.filter(created_at__lt=old_month.ends_at).exists()


def test_who_may_not_change_the_tables_is_told_and_all_else_is_done(
    old_month: Month, brief: None, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    """A role with what docs/production.md says to grant it, and nothing on partitions, of which some are newer."""
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS callinvite_guest")
        cursor.execute("CREATE ROLE callinvite_guest")
        cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO callinvite_guest")
        cursor.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO callinvite_guest")
        cursor.execute("SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'")
        for (partition,) in cursor.fetchall():
            cursor.execute(f"REVOKE ALL ON {partition} FROM callinvite_guest")
        cursor.execute("SET ROLE callinvite_guest")
        try:
            later = Month.of(now).next().begins_at + timedelta(days=2)
            sent = ring(alice, bob, at=later)
            pruned = prune(later)
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY callinvite_guest")
            cursor.execute("DROP ROLE callinvite_guest")
    assert {table for table in TABLES for each in pruned.undone if f"{table} belongs to another role" in each} == {
        *TABLES
    }
    assert "sessions" in pruned.counts
    assert CallEvent.objects.filter(call=sent.call.pk).exists()


def test_what_a_verb_asks_of_push_messages_looks_into_no_other_month(
    old_month: Month, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    post = Post(clock=lambda: now)
    with CaptureQueriesContext(connection) as ran:
        rung = ring(alice, bob, at=now)
        call_id = rung.call.call_id
        post.exchange([], 10)
        calls.expire(rung.call.pk, now=now + timedelta(seconds=15))
        calls.ringing(call_id, by=acting(bob), now=now)
        calls.went(bob.pk, "phone", now=now)
        calls.expire(rung.call.pk, now=now + timedelta(seconds=BACK_WITHIN_SECONDS + 1))
        calls.accept(call_id, by=acting(bob), now=now)
        calls.end(call_id, by=acting(alice), now=now)
        calls.timeline(call_id, viewer_id=bob.pk, now=now)
    allowed = {Month.of(each) for each in span(now).values()}
    looked = set()
    for sql in (each["sql"] for each in ran):
        if any(f'"{table}"' in sql for table in TABLES) and sql.startswith(("SELECT", "UPDATE")):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
            looked |= {name for table in TABLES for name in _partitions_in(plan, table)}
    names = {months.partition_of(table, month) for table in TABLES for month in allowed}
    assert looked
    assert looked <= names


def _partitions_in(plan: str, table: str) -> set[str]:
    known = [months.partition_of(table, month) for month in months.months(table)] + [f"{table}_default"]
    return {name for name in known if f" on {name} " in plan}

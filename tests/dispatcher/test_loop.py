"""The loop itself: woken, stopped, and going on whatever happens to the database."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection

from invitations import calls
from invitations.dispatcher import Dispatcher, pruning
from invitations.dispatcher import loop as loop_module
from invitations.models import Call
from tests.dispatcher.conftest import LIMIT_SECONDS, Clock, until

if TYPE_CHECKING:
    from invitations.models import User

pytestmark = pytest.mark.django_db(transaction=True)
Ring = Callable[..., calls.CallSheet]


def run(loop: Dispatcher, meanwhile: Callable[[], None]) -> None:
    """Run the loop until `meanwhile`, in a thread of its own, is through and has stopped it."""

    def act() -> None:
        try:
            meanwhile()
        finally:
            loop.stop()
            connection.close()

    async def both() -> None:
        work = asyncio.create_task(loop.run())
        await asyncio.gather(asyncio.to_thread(act), work)

    asyncio.run(asyncio.wait_for(both(), LIMIT_SECONDS))


def look_at(loop: Dispatcher, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Gives a function that waits until the loop has looked once more from now on."""
    looked = threading.Semaphore(0)
    tick = loop._tick

    def counted() -> float:
        try:
            return tick()
        finally:
            looked.release()

    monkeypatch.setattr(loop, "_tick", counted)
    return lambda: _acquire(looked)


def _acquire(semaphore: threading.Semaphore) -> None:
    assert semaphore.acquire(timeout=LIMIT_SECONDS), "the dispatcher did not look"


def test_the_loop_expires_what_is_overdue_when_it_starts(alice: User, bob: User, ring: Ring, now: datetime) -> None:
    ring(alice, bob, at=now - timedelta(seconds=100), timeout_seconds=60)
    loop = Dispatcher()
    with pytest.MonkeyPatch.context() as patch:
        run(loop, look_at(loop, patch))
    assert Call.objects.get().end_reason == "timed_out"


def test_the_loop_ends_a_call_without_media_though_nobody_asks(
    alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    answered_at = now - timedelta(seconds=19.5)
    call_id = ring(alice, bob, at=answered_at, lives=True).call.call_id
    phones = [calls.Actor(each.pk, each.username, "phone", lives=True) for each in (alice, bob)]
    calls.accept(call_id, by=phones[1], now=answered_at)
    for later in (5, 10, 15):
        for each in phones:
            calls.heartbeat(call_id, by=each, now=answered_at + timedelta(seconds=later))
    loop = Dispatcher()
    with pytest.MonkeyPatch.context() as patch:
        looked = look_at(loop, patch)

        def until_it_is_over() -> None:
            while Call.objects.get().state == "active":
                looked()

        run(loop, until_it_is_over)
    call = Call.objects.get()
    assert call.end_reason == "media_failed"
    assert call.ended_at is not None
    assert (call.ended_at - answered_at).total_seconds() < 25


def test_the_loop_does_not_sleep_past_what_comes_after_something_that_was_due(
    clock: Clock, alice: User, bob: User, ring: Ring
) -> None:
    sheet = ring(alice, bob, timeout_seconds=60)
    loop = Dispatcher(clock=clock)
    deadline = sheet.call.ring_expires_at
    assert deadline is not None

    clock.now = deadline - timedelta(seconds=0.7)
    # The repeats of the ring are due first: what comes after them is not known before they are done.
    assert loop._tick() < 0.1
    assert loop._tick() == pytest.approx(0.7)
    assert Call.objects.get().state == "ringing"

    clock.now = deadline
    loop._tick()
    assert Call.objects.get().ended_at == deadline


def test_a_wake_makes_it_look_at_once(
    clock: Clock, alice: User, bob: User, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "LOOK_EVERY_SECONDS", 3600)
    loop = Dispatcher(clock=clock)
    looked = look_at(loop, monkeypatch)

    def wake() -> None:
        looked()
        ring(alice, bob, timeout_seconds=5)
        clock.advance(10)
        loop.wake()
        looked()

    run(loop, wake)
    assert Call.objects.get().end_reason == "timed_out"


def test_a_database_that_is_away_is_waited_for(
    alice: User, bob: User, ring: Ring, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ring(alice, bob, at=now - timedelta(seconds=100), timeout_seconds=60)
    loop = Dispatcher()
    tries = iter([True, True])
    agenda = loop._agenda

    def away_twice(now: datetime, *, by: datetime) -> list[tuple[int, datetime]]:
        if next(tries, False):
            raise OperationalError("connection refused")
        return agenda(now, by=by)

    monkeypatch.setattr(loop, "_agenda", away_twice)
    looked = look_at(loop, monkeypatch)

    def wait() -> None:
        for _ in range(3):
            looked()

    with caplog.at_level(logging.WARNING):
        run(loop, wait)
    assert Call.objects.get().end_reason == "timed_out"
    assert "cannot reach the database (OperationalError), attempt 2" in caplog.text
    assert "works again after 2 failed attempts" in caplog.text


def test_calls_go_on_after_a_database_that_was_away_for_longer_than_leases(
    clock: Clock, alice: User, bob: User, ring: Ring, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = ring(alice, bob, lives=True).call.call_id
    phones = [calls.Actor(each.pk, each.username, "phone", lives=True) for each in (alice, bob)]
    calls.accept(call_id, by=phones[1], now=now)
    for each in phones:
        calls.connected(call_id, by=each, now=now)
    loop = Dispatcher(clock=clock)
    agenda = loop._agenda
    failures = iter([OperationalError("connection refused")])

    def away_once(now: datetime, *, by: datetime) -> list[tuple[int, datetime]]:
        if (failure := next(failures, None)) is not None:
            clock.advance(75)
            raise failure
        return agenda(now, by=by)

    monkeypatch.setattr(loop, "_agenda", away_once)
    looked = look_at(loop, monkeypatch)

    def wait() -> None:
        for _ in range(3):
            looked()

    run(loop, wait)
    assert Call.objects.get().state == "active"


def test_the_loop_prunes_beside_its_work_and_nothing_waits_for_that(
    ring: Ring, alice: User, bob: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PRUNE_BATCH", 1)
    ring(alice, bob, at=clock.now, timeout_seconds=60)
    Session.objects.bulk_create(
        Session(session_key=f"old-{number}", session_data="", expire_date=clock.now) for number in range(2000)
    )
    loop = Dispatcher(clock=clock)

    def meanwhile() -> None:
        clock.advance(59)
        look_at(loop, monkeypatch)()
        assert Session.objects.count() == 2000
        clock.advance(2)
        until(lambda: Session.objects.count() < 2000)
        until(lambda: Call.objects.get().state == "ended")

    run(loop, meanwhile)
    assert 0 < Session.objects.count() < 2000


def test_stopping_and_waking_a_dispatcher_that_does_not_run_does_no_harm() -> None:
    loop = Dispatcher()
    loop.wake()
    loop.stop()
    asyncio.run(asyncio.wait_for(loop.run(), LIMIT_SECONDS))
    loop.wake()

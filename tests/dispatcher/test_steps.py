"""What the dispatcher does, when, and what it costs when there is nothing to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invitations import calls
from invitations.conf import limits
from invitations.dispatcher import Dispatcher
from invitations.dispatcher import loop as loop_module
from invitations.models import Call, CallEvent, Invitation, Participant
from tests.dispatcher.conftest import Clock

if TYPE_CHECKING:
    from invitations.models import User

Ring = Callable[..., calls.CallSheet]


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def phone(user: User, *, lives: bool = False) -> calls.Actor:
    return calls.Actor(user.pk, user.username, "phone", lives=lives)


def answered(ring: Ring, caller: User, invitee: User, now: datetime) -> str:
    """A call answered now by two devices that both speak to us until 15 s later, without media."""
    call_id = ring(caller, invitee, lives=True).call.call_id
    calls.accept(call_id, by=phone(invitee, lives=True), now=now)
    for later in (5, 10, 15):
        for each in (caller, invitee):
            calls.heartbeat(call_id, by=phone(each), now=now + seconds(later))
    return call_id


def looked_at(dispatcher: Dispatcher, now: datetime, moments: Iterable[int]) -> list[int]:
    """A dispatcher's work at so many seconds from now: when it had a call to look at, though it changed none."""
    looks = []
    for later in moments:
        looks += [later for _ in dispatcher._agenda(now, by=now + seconds(later))]
        assert dispatcher.step(now + seconds(later)) == 0
    return looks


def test_a_ring_expires_at_its_deadline_and_not_before(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    ring(alice, bob, timeout_seconds=30)
    assert dispatcher.step(now + seconds(29.9)) == 0
    assert dispatcher.step(now + seconds(30)) == 1
    assert (Invitation.objects.get().state, Call.objects.get().end_reason) == ("timed_out", "timed_out")


def test_a_step_repeated_does_nothing_more(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    ring(alice, bob, timeout_seconds=30)
    dispatcher.step(now + seconds(31))
    events = CallEvent.objects.count()
    assert dispatcher.step(now + seconds(32)) == 0
    assert CallEvent.objects.count() == events


def test_two_dispatchers_do_one_thing_once(alice: User, bob: User, ring: Ring, now: datetime) -> None:
    ring(alice, bob, timeout_seconds=30)
    late = now + seconds(31)
    first, second = Dispatcher(), Dispatcher()
    # The second one looked before the first one acted.
    found = second._agenda(late, by=late)
    assert first.step(late) == 1
    assert second._act_on([call_pk for call_pk, _ in found], late) == 0
    assert CallEvent.objects.filter(kind="invitation.timed_out").count() == 1


def test_a_caller_whose_lease_lapses_while_it_rings_ends_the_call(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    ring(alice, bob, lives=True)
    assert dispatcher.step(now + seconds(19.9)) == 0
    assert dispatcher.step(now + seconds(20)) == 1
    assert Call.objects.get().end_reason == "caller_lost"


def test_a_lapsed_lease_in_an_active_call_ends_it(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    sheet = ring(alice, bob, lives=True)
    calls.accept(sheet.call.call_id, by=phone(bob, lives=True), now=now)
    assert dispatcher.step(now + seconds(29.9)) == 0
    assert dispatcher.step(now + seconds(30)) == 1
    assert Call.objects.get().end_reason == "connection_lost"


def test_a_call_whose_media_never_comes_up_ends(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    answered(ring, alice, bob, now)
    assert dispatcher.step(now + seconds(19.9)) == 0
    assert dispatcher.step(now + seconds(20)) == 1
    assert Call.objects.get().end_reason == "media_failed"


def test_a_call_that_people_talk_in_is_looked_at_once_a_lease(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    call_id = answered(ring, alice, bob, now)
    calls.connected(call_id, by=phone(alice), now=now + seconds(16))
    looks = 0
    for later in range(17, 167):
        if later % 5 == 0:
            for each in (alice, bob):
                calls.heartbeat(call_id, by=phone(each), now=now + seconds(later))
        looks += len(dispatcher._agenda(now, by=now + seconds(later)))
        assert dispatcher.step(now + seconds(later)) == 0
    assert looks == 5


def test_a_device_that_never_proved_life_keeps_its_place_for_five_minutes(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    sheet = ring(alice, bob)
    calls.accept(sheet.call.call_id, by=phone(bob), now=now + seconds(10))
    assert dispatcher.step(now + seconds(309.9)) == 0
    assert dispatcher.step(now + seconds(310)) == 1
    assert Call.objects.get().state == "ended"


def test_no_call_lasts_longer_than_allowed(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    sheet = ring(alice, bob)
    calls.accept(sheet.call.call_id, by=phone(bob), now=now)
    calls.connected(sheet.call.call_id, by=phone(bob), now=now)
    longest = now + seconds(limits().max_duration_seconds)
    Participant.objects.update(proved_at=longest)
    assert dispatcher.step(longest - seconds(1)) == 0
    assert dispatcher.step(longest) == 1
    assert Call.objects.get().end_reason == "max_duration"


def test_a_ring_that_no_device_acknowledges_is_repeated_three_times(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    ring(alice, bob)
    assert looked_at(dispatcher, now, range(60)) == [2, 10, 25]


def test_an_acknowledged_ring_is_not_repeated(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring, now: datetime
) -> None:
    sheet = ring(alice, bob)
    calls.ringing(sheet.call.call_id, by=phone(bob), now=now + seconds(1))
    assert looked_at(dispatcher, now, range(60)) == []


def test_the_rings_of_a_group_are_repeated_in_one_look(
    dispatcher: Dispatcher, make_user: Callable[..., User], ring: Ring, now: datetime
) -> None:
    ring(*(make_user(f"user{number}") for number in range(5)))
    assert looked_at(dispatcher, now, range(60)) == [2, 10, 25]
    assert not Invitation.objects.exclude(next_ring_at=None).exists()


def test_after_an_outage_everything_overdue_is_done_at_once(
    dispatcher: Dispatcher, make_user: Callable[..., User], ring: Ring, now: datetime
) -> None:
    for number in range(5):
        ring(make_user(f"caller{number}"), make_user(f"callee{number}"), timeout_seconds=10 + number)
    assert dispatcher.step(now + seconds(3600)) == 5
    assert set(Call.objects.values_list("end_reason", flat=True)) == {"timed_out"}


def test_an_idle_look_is_two_queries(dispatcher: Dispatcher, db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        dispatcher._tick()
    assert len(queries) == 2


def test_an_open_call_with_nothing_due_costs_no_more(
    dispatcher: Dispatcher, alice: User, bob: User, ring: Ring
) -> None:
    ring(alice, bob, lives=True)
    with CaptureQueriesContext(connection) as queries:
        dispatcher._tick()
    assert len(queries) == 2


def test_the_loop_sleeps_until_the_next_deadline_and_a_second_at_most(
    dispatcher: Dispatcher, clock: Clock, alice: User, bob: User, ring: Ring
) -> None:
    ring(alice, bob, timeout_seconds=1)
    assert dispatcher._tick() == pytest.approx(1)
    clock.advance(0.75)
    assert dispatcher._tick() == pytest.approx(0.25)
    clock.advance(0.25)
    dispatcher._tick()
    assert Call.objects.get().end_reason == "timed_out"
    assert dispatcher._tick() == 1


def test_one_failing_call_does_not_hold_up_the_others(
    dispatcher: Dispatcher,
    make_user: Callable[..., User],
    ring: Ring,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sheets = [ring(make_user(f"caller{n}"), make_user(f"callee{n}"), timeout_seconds=10) for n in range(3)]
    broken = sheets[0].call.pk
    expire = calls.expire

    def fails_for_one(call_pk: int, *, now: datetime) -> calls.CallSheet | None:
        if call_pk == broken:
            raise ValueError("a row that cannot be read")
        return expire(call_pk, now=now)

    monkeypatch.setattr(calls, "expire", fails_for_one)
    with caplog.at_level(logging.ERROR):
        assert dispatcher.step(now + seconds(11)) == 2
    assert f"could not expire call {broken}" in caplog.text
    # Put off, so that it is not tried again with every look; then it is.
    monkeypatch.setattr(calls, "expire", expire)
    assert dispatcher.step(now + seconds(11.5)) == 0
    assert dispatcher.step(now + seconds(12.5)) == 1


def test_a_batch_is_bounded_and_the_earliest_come_first(
    dispatcher: Dispatcher,
    make_user: Callable[..., User],
    ring: Ring,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_module, "BATCH", 2)
    for number in range(4):
        ring(make_user(f"caller{number}"), make_user(f"callee{number}"), at=now - seconds(number))
    found = dispatcher._agenda(now, by=now + seconds(60))
    assert [due_at for _, due_at in found] == [now - seconds(1), now]


def test_more_than_a_batch_is_done_without_a_pause(
    dispatcher: Dispatcher,
    clock: Clock,
    make_user: Callable[..., User],
    ring: Ring,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_module, "BATCH", 2)
    for number in range(3):
        ring(make_user(f"caller{number}"), make_user(f"callee{number}"), timeout_seconds=1)
    clock.advance(1)
    assert dispatcher._tick() == 0
    assert dispatcher._tick() > 0
    assert set(Call.objects.values_list("state", flat=True)) == {"ended"}


def test_calls_that_an_older_version_made_meanwhile_are_found_every_hour(
    dispatcher: Dispatcher, clock: Clock, ring: Ring, alice: User, bob: User, carol: User, mallory: User
) -> None:
    def ends(caller: User, callee: User) -> bool:
        call = ring(caller, callee, timeout_seconds=1, at=clock.now - seconds(2)).call
        Call.objects.filter(pk=call.pk).update(due_at=None)
        dispatcher._tick()
        dispatcher._tick()
        return Call.objects.get(pk=call.pk).state == "ended"

    assert not ends(alice, bob)
    clock.advance(60)
    assert ends(carol, mallory)
    assert not Call.objects.exclude(state="ended").exists()
    clock.advance(3599)
    assert not ends(alice, bob)
    clock.advance(1)
    assert ends(carol, mallory)

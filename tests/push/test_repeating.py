"""Rings repeated until a device acknowledges; what is held back for a moment, and what is withheld."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.dispatcher import Dispatcher
from invitations.live import presence
from invitations.models import CallEvent, Delivery, DeliveryState, Invitation
from invitations.push import deliveries
from tests.push.conftest import (
    MakeDevice,
    Ring,
    acting,
    claim,
    deliver,
    open_page,
    outcome,
    owed,
    rung,
    seconds,
    settle,
    states,
)

if TYPE_CHECKING:
    from invitations.models import User


def watch(now: datetime, until: int = 60, meanwhile: Callable[[int], object] = lambda _: None) -> list[tuple[int, str]]:
    """A dispatcher's work, second by second: what left when. `meanwhile` is done before each."""
    dispatcher = Dispatcher(clock=lambda: now)
    left = []
    for count in range(until):
        meanwhile(count)
        dispatcher.step(now + seconds(count))
        left += [(count, each) for each in deliver(now + seconds(count))]
    return left


def test_a_ring_that_nobody_acknowledges_is_pushed_again_after_ten_and_25_seconds(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    assert watch(now) == [(0, "ring phone"), (10, "ring phone"), (25, "ring phone")]
    assert list(Delivery.objects.values_list("number", flat=True)) == [1, 2, 3]


@pytest.mark.parametrize("audible", [True, False])
@pytest.mark.parametrize(("at", "rings"), [(1, 1), (12, 2), (30, 3)])
def test_no_ring_is_repeated_once_a_device_has_acknowledged_it(
    audible: bool, at: int, rings: int, ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id

    def acknowledge(count: int) -> None:
        if count == at:
            calls.ringing(call_id, by=acting(bob, "laptop"), audible=audible, now=now + seconds(at))

    assert len(watch(now, meanwhile=acknowledge)) == rings


def test_no_ring_is_repeated_when_the_call_is_over(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id

    def reject(count: int) -> None:
        if count == 12:
            calls.reject(call_id, by=acting(bob), now=now + seconds(12))

    assert watch(now, meanwhile=reject) == [(0, "ring phone"), (10, "ring phone")]


def test_a_ring_that_still_waits_is_not_doubled(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    device(bob, "laptop")
    call = ring(alice, bob).call.pk
    taken = {each.device_key: each for each in claim(now)}
    settle([taken["laptop"]], now)
    settle([taken["phone"]], now, DeliveryState.PENDING, status=503, code="service_error", retry_at=now + seconds(12))
    calls.expire(call, now=now + seconds(10))
    assert sorted(owed()) == sorted(rung(bob, "phone", "laptop", "laptop"))


@pytest.mark.parametrize(
    ("state", "code"),
    [(DeliveryState.FAILED, "too_large"), (DeliveryState.EXPIRED, "throttled")],
    ids=["refused", "told to wait beyond the deadline"],
)
def test_a_device_whose_push_service_does_not_want_the_ring_is_not_sent_it_again(
    state: DeliveryState, code: str, ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    device(bob, "laptop")
    call = ring(alice, bob).call.pk
    taken = {each.device_key: each for each in claim(now)}
    settle([taken["laptop"]], now)
    settle([taken["phone"]], now, state, status=429, code=code)
    calls.expire(call, now=now + seconds(10))
    assert sorted(owed()) == sorted(rung(bob, "phone", "laptop", "laptop"))


def test_a_device_that_came_after_the_ring_began_is_rung_with_the_next_round(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    left = watch(now, until=12, meanwhile=lambda count: device(bob, "new") if count == 5 else None)
    assert sorted(left) == [(0, "ring phone"), (10, "ring new"), (10, "ring phone")]
    assert Delivery.objects.get(device_key="new").number == 1


def test_a_repeat_that_was_acknowledged_before_it_left_is_dropped(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    deliver(now)
    calls.expire(sheet.call.pk, now=now + seconds(10))
    calls.ringing(sheet.call.call_id, by=acting(bob, "laptop"), now=now + seconds(10))
    assert deliver(now + seconds(10)) == []
    assert Delivery.objects.get(number=2).code == "acknowledged"


def test_a_page_that_is_heard_has_its_own_devices_push_withheld_and_no_others(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    for device_id in ("laptop", "phone"):
        device(bob, device_id)
    open_page(bob, "laptop")
    call_id = ring(alice, bob).call.call_id
    assert deliver(now) == ["ring phone"]
    calls.ringing(call_id, by=acting(bob, "laptop"), audible=True, now=now + seconds(1))
    assert deliver(now + seconds(5)) == []
    assert states() == {"ring laptop 1": "withheld", "ring phone 1": "sent"}
    row = Delivery.objects.get(device_key="laptop")
    assert (row.settled_at, row.acknowledged_at) == (now + seconds(1), now + seconds(1))


@pytest.mark.parametrize(
    ("acknowledging", "audible"),
    [("laptop", False), ("phone", True), ("tablet", True)],
    ids=["not audible", "another device", "a device without an address"],
)
def test_nothing_else_withholds_a_push(
    acknowledging: str, audible: bool, ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    for device_id in ("laptop", "phone"):
        device(bob, device_id)
    open_page(bob, "laptop")
    call_id = ring(alice, bob).call.call_id
    deliver(now)
    calls.ringing(call_id, by=acting(bob, acknowledging), audible=audible, now=now + seconds(1))
    assert deliver(now + seconds(2)) == ["ring laptop"]


def test_another_persons_acknowledgement_withholds_nothing_from_a_device_of_the_same_id(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime
) -> None:
    for each in (bob, carol):
        device(each)
        open_page(each, "phone")
    call_id = ring(alice, bob, carol).call.call_id
    assert deliver(now) == []
    calls.ringing(call_id, by=acting(carol), audible=True, now=now + seconds(1))
    assert [each.user_id for each in claim(now + seconds(2))] == [bob.pk]


def test_what_is_already_on_its_way_is_not_withheld_any_more(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    [flying] = claim(now)
    calls.ringing(call_id, by=acting(bob), audible=True, now=now + seconds(0.1))
    with_answer = outcome(flying, now + seconds(0.2))
    deliveries.settle([with_answer])
    row = Delivery.objects.get()
    assert (row.state, row.acknowledged_at) == ("sent", now + seconds(0.1))


def test_a_withheld_push_becomes_a_stop_for_nobody(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    open_page(bob, "phone")
    call_id = ring(alice, bob).call.call_id
    deliver(now)
    calls.ringing(call_id, by=acting(bob), audible=True, now=now + seconds(1))
    calls.cancel(call_id, by=acting(alice, "desk"), now=now + seconds(2))
    assert owed("stop") == []


def test_the_first_ring_waits_two_seconds_for_a_live_page_and_no_longer(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    open_page(bob, "phone")
    ring(alice, bob)
    assert deliver(now) == []
    assert deliveries.next_moment(now) == now + seconds(2)
    assert deliver(now + seconds(1.999)) == []
    assert deliver(now + seconds(2)) == ["ring phone"]


def test_a_ring_that_is_looked_at_late_is_held_back_no_longer_than_if_in_time(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    open_page(bob, "phone")
    ring(alice, bob)
    assert deliver(now + seconds(1.5)) == []
    assert deliver(now + seconds(2)) == ["ring phone"]


@pytest.mark.parametrize("page", ["none", "another device", "another user", "closed"])
def test_a_ring_leaves_at_once_where_that_very_device_has_no_live_page(
    page: str, ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    if page == "another device":
        open_page(bob, "laptop")
    if page == "another user":
        open_page(alice, "phone")
    if page == "closed":
        open_page(bob, "phone")
        presence.mark_device_gone(bob.pk, "phone")
    ring(alice, bob)
    assert deliver(now) == ["ring phone"]


def test_a_live_page_holds_no_repeat_and_no_stop_back(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    deliver(now)
    open_page(bob, "phone")
    calls.expire(sheet.call.pk, now=now + seconds(10))
    assert deliver(now + seconds(10)) == ["ring phone"]
    calls.cancel(sheet.call.call_id, by=acting(alice, "desk"), now=now + seconds(11))
    assert deliver(now + seconds(11)) == ["stop phone"]


def test_a_cache_that_is_away_holds_nothing_back(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime, settings: Settings
) -> None:
    device(bob)
    open_page(bob, "phone")
    # Nothing listens there.
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": away}
    ring(alice, bob)
    assert deliver(now) == ["ring phone"]


def test_the_first_service_that_takes_the_ring_makes_the_invitee_notified_once(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    for device_id in ("phone", "laptop"):
        device(bob, device_id)
    ring(alice, bob)
    deliver(now + seconds(1))
    assert Invitation.objects.get().notified_at == now + seconds(1)
    watch(now, until=30)
    assert CallEvent.objects.filter(kind="invitation.notified").count() == 1
    assert Invitation.objects.get().notified_at == now + seconds(1)


def test_a_ring_that_was_cancelled_on_its_way_is_missed_once_the_service_took_it(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    (taken,) = claim(now)
    calls.cancel(sheet.call.call_id, by=acting(alice, "desk"), now=now + seconds(1))
    assert calls.missed_unseen(bob.pk) == 0
    for _ in range(2):
        calls.notified([calls.Taken(sheet.call.pk, sheet.invitations[0].pk, now + seconds(2))])
    settle([taken], now + seconds(2))
    assert (Invitation.objects.get().notified_at, Invitation.objects.get().missed) == (now + seconds(2), True)
    assert CallEvent.objects.filter(kind="invitation.notified").count() == 1
    assert calls.missed_unseen(bob.pk) == 1
    assert [each.kind for each in claim(now + seconds(2))] == ["stop"]


def test_an_answer_of_the_service_that_comes_after_the_persons_own_changes_nothing(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    calls.reject(sheet.call.call_id, by=acting(bob, "laptop"), now=now)
    calls.notified([calls.Taken(sheet.call.pk, sheet.invitations[0].pk, now + seconds(1))])
    assert (Invitation.objects.get().notified_at, Invitation.objects.get().missed) == (None, False)
    assert not CallEvent.objects.filter(kind="invitation.notified").exists()


@pytest.mark.parametrize(
    ("attempts", "least", "most"), [(1, 0.375, 0.625), (2, 0.75, 1.25), (4, 3, 5), (9, 11.25, 18.75)]
)
def test_the_wait_between_tries_doubles_with_jitter_up_to_a_bound(
    attempts: int,
    least: float,
    most: float,
    ring: Ring,
    device: MakeDevice,
    alice: User,
    bob: User,
    now: datetime,
) -> None:
    device(bob)
    ring(alice, bob)
    [one] = claim(now)
    for _ in range(attempts - 1):
        at = now + seconds(1)
        settle([one], now, DeliveryState.PENDING, retry_at=at)
        [one] = claim(at)
    assert one.attempts == attempts
    waits = [deliveries.retry_at(one, now=now, after_seconds=None) for _ in range(50)]
    assert all(each is not None and seconds(least) <= each - now <= seconds(most) for each in waits)
    assert len(set(waits)) > 1


def test_an_end_that_is_worth_a_day_is_not_tried_thousands_of_times(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    """Else a service that is away for long would fill the post, and rings to others would wait."""
    device(bob)
    call_id = ring(alice, bob).call.call_id
    deliver(now)
    calls.cancel(call_id, by=acting(alice, "desk"), now=now)
    moment, tries = now, 0
    while taken := claim(moment):
        tries += 1
        again = deliveries.retry_at(taken[0], now=moment, after_seconds=None)
        settle(taken, moment, DeliveryState.PENDING if again else DeliveryState.EXPIRED, retry_at=again)
        moment = again or moment
    assert now + seconds(23.5 * 3600) < moment < now + seconds(24 * 3600)
    assert 200 < tries < 400


def test_no_number_of_tries_is_too_large_to_count_the_wait_from(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    [one] = claim(now)
    again = deliveries.retry_at(replace(one, attempts=32767), now=now, after_seconds=None)
    assert again is not None
    assert again - now <= seconds(18.75)


@pytest.mark.parametrize(("after", "at"), [(30, 30), (59.9, 59.9), (60, None), (3600, None)])
def test_a_service_that_asks_for_time_gets_it_and_a_ring_that_would_be_too_late_is_over(
    after: float, at: float | None, ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob, timeout_seconds=60)
    [one] = claim(now)
    found = deliveries.retry_at(one, now=now, after_seconds=after)
    assert found == (None if at is None else now + seconds(at))

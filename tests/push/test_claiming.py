"""Who sends what, in which order, under which lease; and what a settlement may still change."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from pytest_django import Settings

from invitations import calls
from invitations.models import Delivery, DeliveryState, DisabledReason
from invitations.push import deliveries, devices, planning
from invitations.push.deliveries import LEASE_SECONDS
from tests.push.conftest import (
    MakeDevice,
    Ring,
    acting,
    address_at,
    claim,
    deliver,
    owed,
    seconds,
    settle,
    states,
    stopped,
)

if TYPE_CHECKING:
    from invitations.models import User

LIMIT_SECONDS = 30


def keys(taken: list[deliveries.Claimed]) -> list[int]:
    return [each.pk for each in taken]


def test_a_claim_has_all_that_sending_needs(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    phone = device(bob)
    sheet = ring(alice, bob, timeout_seconds=30)
    [one] = claim(now)
    assert (one.kind, one.number, one.attempts, one.reason) == ("ring", 1, 1, "")
    assert (one.call_pk, one.invitation_pk) == (sheet.call.pk, sheet.invitations[0].pk)
    assert (one.user_id, one.device_pk, one.device_key, one.digest) == (bob.pk, phone.pk, "phone", phone.push_digest)
    assert (one.origin, one.address[1]) == ("https://calls.example.org", phone.push_endpoint)
    assert (one.claimed_until - now, one.expires_at - now) == (seconds(LEASE_SECONDS), seconds(30))


def test_what_is_claimed_is_nobody_elses_until_the_lease_runs_out(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    [first] = claim(now)
    assert claim(now) == []
    assert claim(now + seconds(LEASE_SECONDS - 0.001)) == []
    [second] = claim(now + seconds(LEASE_SECONDS))
    assert (second.pk, second.attempts, second.claim != first.claim) == (first.pk, 2, True)


@pytest.mark.parametrize(
    "late", [(DeliveryState.SENT, {}), (DeliveryState.PENDING, {"retry_at": 1}), (DeliveryState.GONE, {})], ids=str
)
def test_a_settlement_under_a_dead_lease_does_nothing(
    late: tuple[DeliveryState, dict[str, Any]], ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    [former] = claim(now)
    later = now + seconds(LEASE_SECONDS)
    [present] = claim(later)
    state, more = late
    settle([former], later, state, **{name: later + seconds(value) for name, value in more.items()})
    row = Delivery.objects.get()
    assert (row.state, row.claimed_until, row.due_at) == ("pending", present.claimed_until, now)
    settle([present], later, DeliveryState.SENT)
    assert states() == {"ring phone 1": "sent"}
    settle([present], later + seconds(1), DeliveryState.FAILED)
    assert states() == {"ring phone 1": "sent"}


def test_a_settlement_keeps_what_the_service_said(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    settle(claim(now), now + seconds(1), DeliveryState.FAILED, status=413, code="too_large", host="push.example.org")
    row = Delivery.objects.get()
    assert (row.state, row.status, row.code, row.host) == ("failed", 413, "too_large", "push.example.org")
    assert (row.settled_at, row.claimed_until) == (now + seconds(1), None)


def test_the_messages_of_one_device_leave_in_their_order_and_others_do_not_wait_for_them(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime
) -> None:
    for each in (bob, carol):
        device(each)
    call_id = ring(alice, bob, carol).call.call_id
    flying = {each.user_id: each for each in claim(now)}
    calls.cancel(call_id, by=acting(alice, "desk"), now=now)
    settle([flying[carol.pk]], now)
    assert [(each.kind, each.user_id) for each in claim(now)] == [("stop", carol.pk)]
    settle([flying[bob.pk]], now)
    assert [(each.kind, each.user_id) for each in claim(now)] == [("stop", bob.pk)]


def test_a_ring_that_waits_for_its_next_try_does_not_hold_up_its_own_end(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    settle(claim(now), now, DeliveryState.PENDING, status=None, code="no_answer", retry_at=now + seconds(20))
    calls.cancel(call_id, by=acting(alice, "desk"), now=now + seconds(1))
    assert deliver(now + seconds(1)) == ["stop phone"]
    assert deliver(now + seconds(20)) == []
    assert states() == {"ring phone 1": "dropped", "stop phone 1": "sent"}


@pytest.mark.parametrize(("status", "code"), [(429, "throttled"), (503, "service_error")])
def test_a_service_that_asked_to_wait_is_not_told_of_the_end_sooner(
    status: int, code: str, ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    settle(claim(now), now, DeliveryState.PENDING, status=status, code=code, retry_at=now + seconds(20))
    calls.cancel(call_id, by=acting(alice, "desk"), now=now + seconds(1))
    assert deliver(now + seconds(19)) == []
    assert deliver(now + seconds(20)) + deliver(now + seconds(20)) == ["stop phone"]
    assert states() == {"ring phone 1": "dropped", "stop phone 1": "sent"}


def test_a_claim_takes_no_more_than_asked_and_what_was_due_first(
    ring: Ring, device: MakeDevice, make_user: Callable[..., User], now: datetime
) -> None:
    for number in range(4):
        callee = make_user(f"callee{number}")
        device(callee)
        ring(make_user(f"caller{number}"), callee, at=now - seconds(number))
    first = claim(now, size=3)
    assert [each.created_at for each in first] == [now - seconds(number) for number in (3, 2, 1)]
    assert [each.created_at for each in claim(now, size=3)] == [now]


def test_the_next_moment_is_that_of_the_next_thing_to_do(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    assert deliveries.next_moment(now) is None
    device(bob)
    ring(alice, bob)
    assert deliveries.next_moment(now) == now
    taken = claim(now)
    assert deliveries.next_moment(now) == now + seconds(LEASE_SECONDS)
    settle(taken, now, DeliveryState.PENDING, retry_at=now + seconds(3))
    assert deliveries.next_moment(now) == now + seconds(3)
    settle(claim(now + seconds(3)), now + seconds(3))
    assert deliveries.next_moment(now + seconds(3)) is None


@pytest.mark.parametrize(
    ("ends", "at"),
    [
        (lambda call_id, by, now: calls.cancel(call_id, by=by, now=now), 0),
        (lambda call_id, by, now: None, 59),
        (lambda call_id, by, now: None, 100),
    ],
    ids=["cancelled", "no second left", "overdue"],
)
def test_no_ring_leaves_for_a_call_that_is_over(
    ends: Callable[..., object],
    at: float,
    ring: Ring,
    device: MakeDevice,
    alice: User,
    bob: User,
    now: datetime,
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    ends(call_id, acting(alice, "desk"), now)
    assert deliver(now + seconds(at)) == []
    assert [(each.state, each.code) for each in Delivery.objects.all()] == [("dropped", "call_over")]


def test_a_ring_with_more_than_a_second_left_still_leaves(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    assert deliver(now + seconds(58.9)) == ["ring phone"]


def test_a_stop_that_is_worth_nothing_any_more_is_dropped(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    deliver(now)
    calls.accept(call_id, by=acting(bob, "laptop"), now=now)
    assert deliver(now + seconds(300)) == []
    assert Delivery.objects.get(kind="stop").code == "too_late"


@pytest.mark.parametrize("loss", ["removed", "disabled", "deleted", "moved"])
def test_what_is_owed_to_an_address_that_is_no_more_is_dropped(
    loss: str, ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime
) -> None:
    phone = device(bob)
    ring(alice, bob)
    if loss == "removed":
        devices.remove_address(phone)
    if loss == "disabled":
        devices.disable(phone.pk, phone.push_digest or "", DisabledReason.GONE, now=now)
    if loss == "deleted":
        phone.delete()
    if loss == "moved":
        shared = devices.describe(carol.pk, "shared", label="", kind="browser", now=now)
        devices.set_address(shared, devices.address_of(phone), origin="", credential="", now=now)
    assert deliver(now) == []
    assert [(each.state, each.code) for each in Delivery.objects.all()] == [("dropped", "no_address")]


def test_the_address_of_the_moment_of_sending_counts(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    phone = device(bob)
    ring(alice, bob)
    renewed = replace(devices.address_of(phone), endpoint="https://fcm.googleapis.com/new")
    devices.set_address(phone, renewed, origin="", credential="", now=now)
    assert [each.address[1] for each in claim(now)] == [renewed.endpoint]


class Lanes:
    """Threads with connections of their own."""

    def __init__(self, count: int) -> None:
        self._pools = [ThreadPoolExecutor(1) for _ in range(count)]

    def run(self, lane: int, act: Callable[[], Any]) -> Future[Any]:
        return self._pools[lane].submit(act)

    def close(self) -> None:
        for each in self._pools:
            each.submit(connections.close_all).result(LIMIT_SECONDS)
            each.shutdown()


@pytest.fixture
def lanes(transactional_db: None) -> Iterator[Lanes]:
    made = Lanes(4)
    yield made
    made.close()


def test_users_take_turns_the_one_who_has_waited_longest_first(
    ring: Ring, device: MakeDevice, make_user: Callable[..., User], alice: User, bob: User, carol: User, now: datetime
) -> None:
    for number in range(6):
        device(bob, f"device{number}")
    ring(alice, bob)
    dora = make_user("dora")
    for number, each in enumerate((carol, dora)):
        device(each)
        ring(make_user(f"caller{number}"), each, at=now + seconds(1))
    later = now + seconds(2)
    batches = [claim(later, size=4), claim(later, size=4)]
    names = {bob.pk: "bob", carol.pk: "carol", dora.pk: "dora"}
    assert [[names[each.user_id] for each in batch] for batch in batches] == [
        ["bob", "carol", "dora", "bob"],
        ["bob", "bob", "bob", "bob"],
    ]


def test_one_users_devices_are_sent_so_much_a_minute_through_one_service(
    ring: Ring,
    device: MakeDevice,
    make_user: Callable[..., User],
    alice: User,
    bob: User,
    carol: User,
    now: datetime,
    settings: Settings,
) -> None:
    settings.CALLINVITE = {"pushes_per_minute": 3}
    device(bob)
    device(bob, "laptop")
    device(carol)
    ring(alice, bob, timeout_seconds=600)
    assert len(deliver(now)) == 2
    later = now + seconds(10)
    call_id = ring(carol, bob, at=later, timeout_seconds=600).call.call_id
    assert deliver(later) == ["ring phone"]
    # The first that were sent are a minute old then, and one makes room for one.
    assert claim(now + seconds(59)) == []
    assert deliver(now + seconds(60)) == ["ring laptop"]
    # Another's own share is untouched, and what stops a ring is never held back.
    dora = make_user("dora")
    device(dora)
    ring(make_user("caller"), dora, at=now + seconds(60))
    assert deliver(now + seconds(60)) == ["ring phone"]
    calls.cancel(call_id, by=acting(carol, "desk"), now=now + seconds(61))
    assert deliver(now + seconds(61)) == ["stop phone", "stop laptop"]


def test_messages_on_their_way_count_as_well_before_they_have_an_outcome(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"pushes_per_minute": 1}
    device(bob)
    ring(alice, bob)
    [flying] = claim(now)
    device(bob, "laptop")
    ring(carol, bob)
    assert claim(now) == []
    settle([flying], now + seconds(1))
    assert claim(now + seconds(59)) == []


def test_a_message_that_is_tried_again_counts_once_and_at_its_latest_try(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"pushes_per_minute": 1}
    device(bob)
    ring(alice, bob, timeout_seconds=600)
    for tries in range(3):
        at = now + seconds(20 * tries)
        [again] = claim(at)
        assert again.attempts == tries + 1
        settle([again], at, DeliveryState.PENDING, status=503, retry_at=at + seconds(20))
    device(bob, "laptop")
    ring(carol, bob, at=now + seconds(41), timeout_seconds=600)
    assert "laptop" not in [each.device_key for each in claim(now + seconds(99))]


def test_what_would_come_too_late_by_the_bound_is_dropped_with_the_reason(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"pushes_per_minute": 1}
    device(bob)
    device(bob, "laptop")
    ring(alice, bob, timeout_seconds=30)
    assert deliver(now) == ["ring phone"]
    assert states() == {"ring phone 1": "sent", "ring laptop 1": "dropped"}
    assert Delivery.objects.get(state="dropped").code == "too_many"


def test_another_push_service_has_a_share_of_its_own(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"pushes_per_minute": 1}
    device(bob)
    elsewhere = device(bob, "laptop", push=False)
    endpoint = "https://updates.push.services.mozilla.com/wpush/v2/laptop"
    address = replace(address_at("laptop"), endpoint=endpoint)
    devices.set_address(elsewhere, address, origin="https://calls.example.org", credential="session", now=now)
    ring(alice, bob)
    assert deliver(now) == ["ring phone", "ring laptop"]


def many_rings(device: MakeDevice, ring: Ring, make_user: Callable[..., User], count: int) -> None:
    for number in range(count):
        callee = make_user(f"callee{number}")
        for each in range(3):
            device(callee, f"device{each}")
        ring(make_user(f"caller{number}"), callee)


def test_claimers_at_the_same_time_never_get_the_same_row(
    lanes: Lanes, device: MakeDevice, ring: Ring, make_user: Callable[..., User], now: datetime
) -> None:
    many_rings(device, ring, make_user, 20)
    start = Barrier(4)

    def work() -> list[int]:
        start.wait(LIMIT_SECONDS)
        found: list[int] = []
        rounds = 0
        # On PostgreSQL a round may find nothing because others hold what is left; the rest is theirs.
        while rounds < 30:
            rounds += 1
            with suppress(OperationalError):
                found += keys(claim(now, size=3))
        return found

    taken = [lanes.run(lane, work) for lane in range(4)]
    counted = Counter(pk for each in taken for pk in each.result(LIMIT_SECONDS))
    assert set(counted.values()) == {1}
    assert set(counted) == set(Delivery.objects.values_list("pk", flat=True))
    assert len(counted) == 60


@pytest.mark.postgres_only
def test_what_another_one_is_just_claiming_is_passed_over(
    lanes: Lanes, device: MakeDevice, ring: Ring, make_user: Callable[..., User], now: datetime
) -> None:
    many_rings(device, ring, make_user, 2)
    with transaction.atomic():
        mine = keys(deliveries.claim(now=now, size=4))
        theirs = keys(lanes.run(0, lambda: claim(now)).result(LIMIT_SECONDS))
    assert (len(mine), len(theirs), set(mine) & set(theirs)) == (4, 2, set())


@pytest.mark.postgres_only
def test_a_cancel_waits_for_who_is_just_claiming_the_ring_and_owes_its_end(
    lanes: Lanes, device: MakeDevice, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    with transaction.atomic():
        [flying] = deliveries.claim(now=now, size=1)
        cancel = lanes.run(0, lambda: calls.cancel(call_id, by=acting(alice, "desk"), now=now))
        until_somebody_waits_for_a_lock(cancel)
    cancel.result(LIMIT_SECONDS)
    assert owed("stop") == stopped(bob, "cancelled", "phone")
    settle([flying], now)
    assert deliver(now) == ["stop phone"]


@pytest.mark.postgres_only
def test_a_ring_whose_call_is_just_being_cancelled_is_not_claimed(
    lanes: Lanes, device: MakeDevice, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    with transaction.atomic():
        calls.cancel(call_id, by=acting(alice, "desk"), now=now)
        assert lanes.run(0, lambda: claim(now)).result(LIMIT_SECONDS) == []
    assert (claim(now), owed("stop")) == ([], [])


def until_somebody_waits_for_a_lock(doing: Future[Any]) -> None:
    """Or is through, so that a test fails by what it asks and not by waiting."""
    deadline = time.monotonic() + LIMIT_SECONDS
    with connection.cursor() as cursor:
        while not doing.done():
            assert time.monotonic() < deadline, "nobody waits for a lock"
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            # The clock of a transaction stands still; its view of the locks does not.
            with suppress(TimeoutError):
                doing.result(0.02)


def test_acknowledgements_and_settlements_at_once_leave_no_row_behind(
    lanes: Lanes, device: MakeDevice, ring: Ring, make_user: Callable[..., User], now: datetime
) -> None:
    many_rings(device, ring, make_user, 10)
    invitations = list(Delivery.objects.order_by("id").values_list("invitation_id", "device_key"))
    start = Barrier(2)

    def acknowledge() -> None:
        start.wait(LIMIT_SECONDS)
        for invitation_pk, device_key in invitations:
            deliveries.acknowledge(invitation_pk, device_key, audible=True, now=now)

    def send() -> None:
        start.wait(LIMIT_SECONDS)
        while taken := claim(now, size=4):
            settle(taken, now)

    for each in (lanes.run(0, acknowledge), lanes.run(1, send)):
        each.result(LIMIT_SECONDS)
    found = Counter(Delivery.objects.values_list("state", flat=True))
    assert set(found) <= {"sent", "withheld"}
    assert Delivery.objects.filter(acknowledged_at=now).count() == 30


def test_a_claim_has_aware_moments_whatever_the_database_keeps(device: MakeDevice, bob: User, now: datetime) -> None:
    planning.plan_test(device(bob), now=now)
    [one] = claim(now)
    assert one.created_at.utcoffset() == one.expires_at.utcoffset() == seconds(0)

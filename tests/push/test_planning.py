"""Which change of a call owes which message to which device."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from invitations import calls
from invitations.models import Delivery, DeliveryState, Device, DisabledReason, Invitation
from invitations.push import devices, planning
from tests.push.conftest import (
    MakeDevice,
    Ring,
    acting,
    address_at,
    claim,
    deliver,
    owed,
    rung,
    seconds,
    settle,
    stopped,
)

if TYPE_CHECKING:
    from invitations.models import User


def test_a_ring_is_owed_to_every_device_with_an_address(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    for device_id in ("phone", "laptop", "tablet"):
        device(bob, device_id)
    device(alice, "desk")
    sheet = ring(alice, bob, timeout_seconds=40)
    assert sorted(owed()) == sorted(rung(bob, "phone", "laptop", "tablet"))
    one = Delivery.objects.filter(device_key="phone").get()
    assert (one.invitation_id, one.state, one.number, one.attempts) == (sheet.invitations[0].pk, "pending", 1, 0)
    assert (one.created_at, one.due_at, one.expires_at) == (now, now, now + seconds(40))
    assert (one.device_label, one.user_id, one.device_id) == ("Phone", bob.pk, Device.objects.get(device_id="phone").pk)


def test_nothing_is_owed_to_devices_that_cannot_be_pushed_to(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob, "never", push=False)
    devices.remove_address(device(bob, "removed"))
    gone = device(bob, "gone")
    devices.disable(gone.pk, devices.digest_of(address_at("bob/gone")), DisabledReason.GONE, now=now)
    ring(alice, bob)
    assert owed() == []


def test_a_disabled_address_is_rung_again_once_it_is_registered_anew(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    gone = device(bob)
    devices.disable(gone.pk, devices.digest_of(address_at("bob/phone")), DisabledReason.GONE, now=now)
    device(bob)
    ring(alice, bob)
    assert owed() == rung(bob, "phone")


def test_an_address_that_was_replaced_meanwhile_is_not_disabled_for_the_old_ones_fault(
    device: MakeDevice, bob: User, now: datetime
) -> None:
    phone = device(bob)
    devices.disable(phone.pk, devices.digest_of(address_at("bob/former")), DisabledReason.GONE, now=now)
    phone.refresh_from_db()
    assert phone.health == "ok"


def test_a_group_call_rings_the_devices_of_all_invitees(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User
) -> None:
    device(bob, "phone")
    device(carol, "phone")
    device(carol, "laptop")
    ring(alice, bob, carol)
    assert sorted(owed()) == sorted(rung(bob, "phone") + rung(carol, "phone", "laptop"))


def test_a_repeated_send_owes_no_second_ring(ring: Ring, device: MakeDevice, alice: User, bob: User) -> None:
    device(bob)
    for _ in range(2):
        ring(alice, bob, call_id="mine")
    assert owed() == rung(bob, "phone")


def test_people_added_to_a_call_are_rung_and_nobody_else(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime
) -> None:
    for each in (alice, bob, carol):
        device(each)
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    calls.invite(call_id, by=acting(bob), invitees=["carol"], now=now)
    assert owed() == rung(bob, "phone") + rung(carol, "phone")


def test_somebody_busy_is_not_rung_unless_they_have_call_waiting(
    ring: Ring, device: MakeDevice, make_user: Callable[..., User], alice: User, bob: User, carol: User
) -> None:
    patient = make_user("patient", call_waiting=True)
    for each in (bob, patient):
        device(each)
        ring(each, alice, make_user(f"partner of {each}"))
    ring(carol, bob, patient)
    assert owed() == rung(patient, "phone")


def test_when_two_call_each_other_the_devices_that_rang_are_told_which_one_answered(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    for device_id in ("phone", "laptop"):
        device(bob, device_id)
        device(alice, device_id)
    ring(alice, bob)
    deliver(now)
    sent = calls.send(by=acting(bob, "laptop"), invitees=["alice"], is_video_call=True, now=now)
    assert sent.merged
    assert owed("stop") == stopped(bob, "answered_elsewhere", "phone")
    assert [each for each in owed("ring") if each[1] == "alice"] == []


def by_alice(verb: str) -> Callable[[str, User, User, datetime], object]:
    return lambda call_id, alice, bob, now: getattr(calls, verb)(call_id, by=acting(alice, "desk"), now=now)


def time_passes(call_id: str, alice: User, bob: User, now: datetime) -> object:
    return calls.expire(calls.view(call_id, viewer_id=alice.pk, now=now).call.pk, now=now + seconds(61))


def caller_vanishes(call_id: str, alice: User, bob: User, now: datetime) -> object:
    calls.heartbeat(call_id, by=acting(alice, "desk"), now=now)
    return calls.expire(calls.view(call_id, viewer_id=alice.pk, now=now).call.pk, now=now + seconds(21))


@pytest.mark.parametrize(
    ("ends", "reason", "missed"),
    [
        (by_alice("cancel"), "cancelled", True),
        (by_alice("leave"), "cancelled", True),
        (by_alice("end"), "cancelled", True),
        (time_passes, "timed_out", True),
        (caller_vanishes, "cancelled", True),
    ],
    ids=["cancel", "leave", "end", "timeout", "caller lost"],
)
def test_the_end_of_a_ring_is_owed_to_all_devices_that_were_sent_it(
    ends: Callable[..., object],
    reason: str,
    missed: bool,
    ring: Ring,
    device: MakeDevice,
    alice: User,
    bob: User,
    now: datetime,
) -> None:
    for device_id in ("phone", "laptop"):
        device(bob, device_id)
    call_id = ring(alice, bob).call.call_id
    deliver(now)
    device(bob, "new")
    ends(call_id, alice, bob, now)
    assert sorted(owed("stop")) == sorted(stopped(bob, reason, "phone", "laptop"))
    assert Invitation.objects.get().missed is missed


@pytest.mark.parametrize(
    ("verb", "reason"), [("accept", "answered_elsewhere"), ("reject", "rejected_elsewhere")], ids=["accept", "reject"]
)
def test_an_answer_stops_all_devices_but_the_one_that_answered(
    verb: str, reason: str, ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    for device_id in ("phone", "laptop", "tablet"):
        device(bob, device_id)
    call_id = ring(alice, bob).call.call_id
    deliver(now)
    getattr(calls, verb)(call_id, by=acting(bob, "laptop"), now=now)
    assert sorted(owed("stop")) == sorted(stopped(bob, reason, "phone", "tablet"))


def test_an_answer_on_a_device_without_an_address_stops_all_that_have_one(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    deliver(now)
    calls.accept(call_id, by=acting(bob, "script"), now=now)
    assert owed("stop") == stopped(bob, "answered_elsewhere", "phone")


def test_one_person_of_a_group_is_told_of_their_own_ring_only(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime
) -> None:
    for each in (bob, carol):
        device(each)
        device(each, "laptop")
    call_id = ring(alice, bob, carol).call.call_id
    deliver(now)
    calls.accept(call_id, by=acting(bob), now=now)
    assert owed("stop") == stopped(bob, "answered_elsewhere", "laptop")
    calls.cancel(call_id, by=acting(alice, "desk"), callees=["carol"], now=now)
    assert sorted(owed("stop")[1:]) == sorted(stopped(carol, "cancelled", "phone", "laptop"))


def test_an_answer_that_leaves_another_call_stops_that_ones_rings_too(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime
) -> None:
    device(carol)
    ring(acting(bob), carol, call_id="outgoing")
    deliver(now)
    calls.end("outgoing", by=acting(bob), now=now)
    assert owed("stop") == stopped(carol, "cancelled", "phone")


@pytest.mark.parametrize("verb", ["cancel", "accept"])
def test_a_ring_that_was_never_tried_needs_no_end(
    verb: str, ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    getattr(calls, verb)(call_id, by=acting(alice if verb == "cancel" else bob, "desk"), now=now)
    assert owed("stop") == []
    assert deliver(now) == []
    assert [(each.state, each.code) for each in Delivery.objects.all()] == [("dropped", "call_over")]


@pytest.mark.parametrize(
    ("state", "more", "is_told"),
    [
        (DeliveryState.SENT, {}, True),
        (DeliveryState.EXPIRED, {"status": None, "code": "no_answer"}, True),
        (DeliveryState.EXPIRED, {"status": 429, "code": "throttled"}, False),
        (DeliveryState.PENDING, {"status": None, "code": "no_answer"}, True),
        (DeliveryState.GONE, {"status": 410, "code": "gone"}, False),
        (DeliveryState.FAILED, {"status": 413, "code": "too_large"}, False),
    ],
    ids=lambda value: str(value) if isinstance(value, DeliveryState) else "",
)
def test_only_a_device_that_may_have_got_the_ring_is_told_of_its_end(
    state: DeliveryState,
    more: dict[str, object],
    is_told: bool,
    ring: Ring,
    device: MakeDevice,
    alice: User,
    bob: User,
    now: datetime,
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    again = {"retry_at": now + seconds(5)} if state == DeliveryState.PENDING else {}
    settle(claim(now), now, state, **more, **again)
    calls.cancel(call_id, by=acting(alice, "desk"), now=now + seconds(1))
    assert owed("stop") == (stopped(bob, "cancelled", "phone") if is_told else [])


def test_a_ring_that_is_on_its_way_is_followed_by_its_end(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob).call.call_id
    [flying] = claim(now)
    calls.cancel(call_id, by=acting(alice, "desk"), now=now)
    assert claim(now) == []
    settle([flying], now + seconds(1))
    assert deliver(now + seconds(1)) == ["stop phone"]


def test_a_device_that_was_tried_without_an_answer_and_then_rang_by_its_page_is_told_of_the_end(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    """The service may have taken the first try, though it did not say so."""
    device(bob)
    call_id = ring(alice, bob).call.call_id
    settle(claim(now), now, DeliveryState.PENDING, status=None, code="no_answer", retry_at=now + seconds(5))
    calls.ringing(call_id, by=acting(bob), now=now + seconds(1))
    calls.cancel(call_id, by=acting(alice, "desk"), now=now + seconds(2))
    assert owed("stop") == stopped(bob, "cancelled", "phone")


def test_a_stop_is_worth_a_day_where_the_call_was_missed_and_minutes_where_it_was_answered(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime
) -> None:
    for each in (bob, carol):
        device(each)
    call_id = ring(alice, bob, carol).call.call_id
    deliver(now)
    calls.accept(call_id, by=acting(bob, "laptop"), now=now)
    calls.cancel(call_id, by=acting(alice, "desk"), now=now + seconds(1))
    worth = {each.user_id: each.expires_at - each.created_at for each in Delivery.objects.filter(kind="stop")}
    assert worth == {bob.pk: seconds(300), carol.pk: seconds(86400)}


def test_each_repeat_of_a_verb_owes_nothing_more(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    for device_id in ("phone", "laptop"):
        device(bob, device_id)
    call_id = ring(alice, bob).call.call_id
    deliver(now)
    for _ in range(3):
        calls.reject(call_id, by=acting(bob), now=now)
    assert owed("stop") == stopped(bob, "rejected_elsewhere", "laptop")


def test_who_is_asked_again_is_rung_again_and_told_of_each_end_once(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime
) -> None:
    device(bob)
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(carol), now=now)
    deliver(now)
    calls.cancel(call_id, by=acting(alice, "desk"), callees=["bob"], now=now + seconds(1))
    calls.invite(call_id, by=acting(alice, "desk"), invitees=["bob"], now=now + seconds(2))
    assert owed() == rung(bob, "phone") + stopped(bob, "cancelled", "phone") + rung(bob, "phone")
    while deliver(now + seconds(2)):
        pass
    calls.cancel(call_id, by=acting(alice, "desk"), callees=["bob"], now=now + seconds(3))
    assert owed()[3:] == stopped(bob, "cancelled", "phone")


def test_a_device_that_was_named_anew_between_two_rings_is_told_of_the_end_once(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    deliver(now)
    devices.seen(bob.pk, "phone", label="Bob's phone", now=now + seconds(5))
    calls.expire(sheet.call.pk, now=now + seconds(10))
    assert deliver(now + seconds(10)) == ["ring phone"]
    calls.cancel(sheet.call.call_id, by=acting(alice, "desk"), now=now + seconds(11))
    assert owed("stop") == stopped(bob, "cancelled", "phone")


def test_a_removed_device_leaves_its_deliveries_to_the_record(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    phone = device(bob)
    call_id = ring(alice, bob).call.call_id
    deliver(now)
    phone.delete()
    calls.cancel(call_id, by=acting(alice, "desk"), now=now)
    left = Delivery.objects.get()
    assert (left.device_id, left.device_key, left.device_label, left.state) == (None, "phone", "Phone", "sent")


def test_a_test_ring_is_owed_to_its_one_device_for_a_minute(device: MakeDevice, bob: User, now: datetime) -> None:
    phone = device(bob)
    device(bob, "laptop")
    planning.plan_test(phone, now=now)
    test = Delivery.objects.get()
    assert (test.kind, test.device_key, test.invitation_id) == ("test", "phone", None)
    assert test.expires_at - now == seconds(60)
    assert deliver(now) == ["test phone"]


@pytest.mark.sqlite_only
def test_the_end_of_a_ring_is_owed_to_more_devices_than_one_statement_takes(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    devices_of_bob = Device.objects.bulk_create(
        Device(user=bob, device_id=f"d-{number}", kind="android", created_at=now, last_seen_at=now)
        for number in range(200)
    )
    call = ring(alice, bob).call
    own = Invitation.objects.get()
    Delivery.objects.bulk_create(
        Delivery(
            device=each,
            user=bob,
            device_key=each.device_id,
            invitation=own,
            kind="ring",
            state="sent",
            attempts=1,
            created_at=now,
            due_at=now,
            expires_at=own.expires_at,
            settled_at=now,
        )
        for each in devices_of_bob
    )
    connection.ensure_connection()
    # Some builds of SQLite take 250,000 parameters; its own default is 32,766, and far less will do.
    former = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 2_000)
    try:
        calls.cancel(call.call_id, by=acting(alice, "desk"), now=now)
    finally:
        connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, former)
    assert Delivery.objects.filter(kind="stop", state="pending").count() == 200

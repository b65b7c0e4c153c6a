"""Whether calls reach a person: the one line, and device by device."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from invitations.live import presence
from invitations.models import Delivery, DeliveryState, Device, DisabledReason
from invitations.push import devices, reachability
from invitations.push.deliveries import settle
from tests.push.conftest import claim, outcome, seconds

if TYPE_CHECKING:
    from invitations.models import User

pytestmark = pytest.mark.django_db
MakeDevice = Callable[..., Device]


def told(user: User, now: datetime) -> dict[str, Any]:
    return dict(reachability.view(reachability.look(user.pk, now=now)))


def reaches(user: User, now: datetime) -> dict[str, str]:
    return {each["device_id"]: each["reach"] for each in told(user, now)["devices"]}


def lose(device: Device, reason: DisabledReason, at: datetime) -> None:
    devices.disable(device.pk, device.push_digest or "", reason, now=at)


@pytest.mark.parametrize(
    ("count", "sentence"), [(1, "Calls reach you on 1 device."), (2, "Calls reach you on 2 devices.")]
)
def test_calls_reach_devices_that_can_be_woken(
    device: MakeDevice, bob: User, now: datetime, count: int, sentence: str
) -> None:
    for number in range(count):
        device(bob, f"phone-{number}")
    device(bob, "bare", push=False)
    found = told(bob, now)
    assert (found["state"], found["text"], found["devices_reached"]) == ("reached", sentence, count)


def test_without_any_device_nothing_rings(bob: User, now: datetime) -> None:
    assert told(bob, now) == {
        "state": "unreached",
        "text": "Calls won't reach you: none of your devices can be woken.",
        "devices_reached": 0,
        "devices": [],
    }


@pytest.mark.parametrize(
    ("reason", "days", "sentence"),
    [
        ("permission", 3, "Phone lost its permission 3 days ago."),
        ("permission", 1, "Phone lost its permission 1 day ago."),
        ("permission", 0, "Phone has lost its permission today."),
        ("gone", 2, "Phone lost its push address 2 days ago."),
        ("gone", 0, "Phone has lost its push address today."),
        ("unsubscribed", 2, "Phone lost its push address 2 days ago."),
        ("unsubscribed", 0, "Phone has lost its push address today."),
        ("vapid_key_changed", 5, "Phone has had an old push key for 5 days."),
        ("vapid_key_changed", 0, "Phone has an old push key."),
    ],
)
def test_what_was_lost_is_said(
    device: MakeDevice, bob: User, now: datetime, reason: str, days: int, sentence: str
) -> None:
    lose(device(bob), DisabledReason(reason), now - timedelta(days=days, minutes=5))
    found = told(bob, now)
    assert found["state"] == "unreached"
    assert found["text"] == f"Calls won't reach you while Callinvite is closed: {sentence}"
    assert (found["devices"][0]["reach"], found["devices"][0]["reason"]) == ("lost", reason)


def test_the_latest_loss_is_the_one_that_is_said(device: MakeDevice, bob: User, now: datetime) -> None:
    lose(device(bob, "early"), DisabledReason.GONE, now - timedelta(days=9))
    lose(device(bob, "late"), DisabledReason.PERMISSION, now - timedelta(days=3))
    assert "Late lost its permission 3 days ago" in told(bob, now)["text"]


def test_one_that_is_lost_is_no_warning_while_another_rings(device: MakeDevice, bob: User, now: datetime) -> None:
    lose(device(bob, "early"), DisabledReason.GONE, now - timedelta(days=9))
    device(bob, "phone")
    assert told(bob, now)["text"] == "Calls reach you on 1 device."
    assert reaches(bob, now) == {"early": "lost", "phone": "ok"}


@pytest.mark.parametrize("lost", [False, True])
def test_an_open_page_is_a_way_for_as_long_as_it_is_open(
    device: MakeDevice, bob: User, now: datetime, lost: bool
) -> None:
    phone = device(bob, push=lost)
    if lost:
        lose(phone, DisabledReason.PERMISSION, now - timedelta(days=3))
    assert told(bob, now)["state"] == "unreached"
    presence.mark_online(bob.pk, "phone")
    found = told(bob, now)
    assert found["state"] == "open"
    assert ("lost its permission" if lost else "only while Callinvite is open") in found["text"]


def test_of_a_device_that_was_silent_for_a_month_nobody_knows(device: MakeDevice, bob: User, now: datetime) -> None:
    phone = device(bob)
    later = now + timedelta(days=30)
    assert told(bob, later - seconds(1))["state"] == "reached"
    found = told(bob, later)
    assert found["state"] == "doubtful"
    assert found["text"] == "Calls may not reach you: Phone hasn't been heard of for 30 days."
    devices.prove(phone, now=later)
    assert told(bob, later)["state"] == "reached"


@pytest.mark.parametrize(
    ("state", "code", "reach"),
    [
        (DeliveryState.FAILED, "forbidden_address", "failing"),
        (DeliveryState.EXPIRED, "no_answer", "failing"),
        (DeliveryState.SENT, "", "ok"),
    ],
)
def test_what_the_push_service_said_to_the_last_ring_counts(
    device: MakeDevice,
    ring: Callable[..., Any],
    alice: User,
    bob: User,
    now: datetime,
    state: DeliveryState,
    code: str,
    reach: str,
) -> None:
    device(bob)
    ring(alice, bob, at=now + seconds(1))
    [claimed] = claim(now + seconds(2))
    settle([outcome(claimed, now + seconds(3), state, code=code)])
    assert reaches(bob, now + seconds(4)) == {"phone": reach}
    if reach == "failing":
        assert told(bob, now + seconds(4))["text"].startswith("Calls may not reach you. The last message to Phone")
    # It is forgotten once the address is another one.
    device(bob)
    Device.objects.update(push_set_at=now + seconds(5))
    assert reaches(bob, now + seconds(6)) == {"phone": "ok"}
    assert Delivery.objects.count() == 1


def test_a_proof_is_written_once_an_hour_and_only_of_the_address_there_is(
    device: MakeDevice, bob: User, now: datetime
) -> None:
    phone = device(bob)
    for minutes, proved in ((59, 0), (61, 61), (100, 61), (130, 130)):
        devices.prove(phone, now=now + timedelta(minutes=minutes))
        phone.refresh_from_db()
        assert phone.push_proved_at == now + timedelta(minutes=proved)
    lose(phone, DisabledReason.PERMISSION, now)
    devices.prove(phone, now=now + timedelta(days=1))
    phone.refresh_from_db()
    assert phone.push_proved_at == now + timedelta(minutes=130)


def test_others_devices_do_not_count(device: MakeDevice, alice: User, bob: User, now: datetime) -> None:
    device(alice)
    assert told(bob, now)["devices"] == []

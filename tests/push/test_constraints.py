"""What the database itself refuses from any writer about devices, deliveries and resources."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from invitations.models import Delivery, Device, RingResource
from invitations.push import planning
from tests.push.conftest import MakeDevice, Ring
from tests.support.tables import refuses

if TYPE_CHECKING:
    from invitations.models import User


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "song"},
        {"kind": "test"},
        {"state": "lost"},
        {"state": "sent"},
        {"settled_at": "now"},
        {"invitation": None},
        {"kind": "stop", "invitation": None},
        {"attempts": -1},
    ],
    ids=str,
)
def test_a_delivery_that_contradicts_itself_is_refused(
    wrong: dict[str, Any], ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    values = {name: now if value == "now" else value for name, value in wrong.items()}
    assert refuses(lambda: Delivery.objects.update(**values))


def test_a_test_ring_belongs_to_no_call(ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime) -> None:
    test = planning.plan_test(device(bob), now=now)
    invitation = ring(alice, bob).invitations[0].pk
    assert refuses(lambda: Delivery.objects.filter(pk=test.pk).update(invitation=invitation))


@pytest.mark.parametrize(
    "wrong",
    [
        {"push_disabled_at": "now"},
        {"push_disabled_reason": "gone"},
        {"push_disabled_at": "now", "push_disabled_reason": "bored"},
        {"kind": "toaster"},
        {"device_id": ""},
    ],
    ids=str,
)
def test_a_device_that_contradicts_itself_is_refused(
    wrong: dict[str, Any], device: MakeDevice, bob: User, now: datetime
) -> None:
    device(bob)
    values = {name: now if value == "now" else value for name, value in wrong.items()}
    assert refuses(lambda: Device.objects.update(**values))


def test_an_address_belongs_to_one_device(device: MakeDevice, alice: User, bob: User) -> None:
    digest = device(bob).push_digest
    device(alice)
    assert refuses(lambda: Device.objects.filter(user=alice).update(push_digest=digest))


def test_any_number_of_devices_have_no_address(device: MakeDevice, bob: User) -> None:
    for number in range(3):
        device(bob, f"device{number}", push=False)
    assert Device.objects.filter(push_digest=None).count() == 3


def test_there_is_one_default_resource_at_most(db: None) -> None:
    RingResource.objects.create(resource_id="a", name="A", is_default=True)
    RingResource.objects.create(resource_id="b", name="B")
    assert refuses(lambda: RingResource.objects.filter(resource_id="b").update(is_default=True))
    assert refuses(lambda: RingResource.objects.create(resource_id="", name="C"))
    assert refuses(lambda: RingResource.objects.create(resource_id="a", name="D"))

"""How many devices and push addresses one user may have: those that were not used for longest go."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from invitations.models import Device, User
from invitations.push import devices
from invitations.transports import Address
from tests.calls.conftest import seconds


def address(number: int) -> Address:
    return Address("webpush", f"https://push.example/{number}", "p", "a", "s")


def ids(user: User) -> list[str]:
    return sorted(Device.objects.filter(user=user).values_list("device_id", flat=True))


@pytest.fixture
def few(settings: Settings) -> None:
    settings.CALLINVITE = {"devices_per_user": 3, "addresses_per_user": 2}


def test_the_devices_that_were_not_used_for_longest_are_forgotten(
    few: None, db: None, alice: User, bob: User, now: datetime
) -> None:
    devices.seen(alice.pk, "hers", label="Hers", now=now)
    for number in range(3):
        devices.seen(bob.pk, f"d{number}", label="Chrome on Linux", now=now + seconds(number))
    devices.seen(bob.pk, "d0", label="Chrome on Linux", now=now + seconds(5))
    devices.describe(bob.pk, "d3", label="New", kind="android", now=now + seconds(6))
    devices.seen(bob.pk, "d4", label=None, now=now + seconds(7))
    assert (ids(bob), ids(alice)) == (["d0", "d3", "d4"], ["hers"])


def test_the_addresses_that_were_not_used_for_longest_are_given_up(
    few: None, db: None, bob: User, now: datetime
) -> None:
    for number in range(3):
        at = now + seconds(number)
        device = devices.describe(bob.pk, f"d{number}", label="Phone", kind="android", now=at)
        devices.set_address(device, address(number), origin="https://x", credential="", now=at)
    reached = Device.objects.reachable().order_by("device_id").values_list("device_id", flat=True)
    assert list(reached) == ["d1", "d2"]
    assert ids(bob) == ["d0", "d1", "d2"]


def test_zero_is_no_limit(db: None, bob: User, now: datetime, settings: Settings) -> None:
    settings.CALLINVITE = {"devices_per_user": 0, "addresses_per_user": 0}
    for number in range(40):
        devices.seen(bob.pk, f"d{number:02}", label=None, now=now)
    assert len(ids(bob)) == 40


def _at_once(count: int, act: Callable[[int], Any]) -> None:
    barrier = Barrier(count)

    def one(number: int) -> None:
        try:
            barrier.wait(timeout=30)
            act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        list(threads.map(one, range(count)))


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_leave_exactly_as_many_as_allowed(few: None, bob: User, now: datetime) -> None:
    def register(number: int) -> None:
        devices.seen(bob.pk, f"d{number}", label=None, now=now)
        device = devices.describe(bob.pk, f"e{number}", label="Phone", kind="android", now=now + seconds(1))
        devices.set_address(device, address(number), origin="https://x", credential="", now=now + seconds(1))

    _at_once(20, register)
    assert len(ids(bob)) == 3
    assert Device.objects.reachable().count() <= 2

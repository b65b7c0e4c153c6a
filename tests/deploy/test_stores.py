"""Redis or PostgreSQL goes away under the layout of production and comes back: nothing is lost, nothing done twice."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.deploy.books import all_is_counted
from tests.deploy.conftest import Ask, Store
from tests.deploy.people import Device, further, in_a_thread, ringing, until
from tests.support.layout import SeveralProcesses

pytestmark = [pytest.mark.server, pytest.mark.redis, pytest.mark.own_layout("always several processes")]
MakeDevices = Callable[[int], list[Device]]
SOON_SECONDS = 4.0
"""Sooner than any `sync`, by which a frame that was lost would be made good."""


async def test_calls_go_on_without_redis_and_are_live_again_when_it_is_back(
    product: SeveralProcesses, broker: Store, devices: MakeDevices, rows: Ask
) -> None:
    people = devices(12)
    async with ringing(people, Device.by_socket, Device.once_by_rest) as pairs:
        await further(pairs)
        await in_a_thread(broker.stop)
        # Frames do not come from other processes now: `sync` brings what they held.
        await further(pairs, 1)
        await in_a_thread(broker.start)
        await further(pairs)
        for each in pairs:
            each.slowest_seconds = 0.0
        await further(pairs)
        slowest = max(each.slowest_seconds for each in pairs)

    all_is_counted(pairs, rows)
    assert slowest < SOON_SECONDS
    # A page whose Redis is away stays where it is.
    assert {each.losses for each in people} == {0}


async def test_calls_go_on_after_postgresql_was_away(
    product: SeveralProcesses, database: Store, devices: MakeDevices, rows: Ask
) -> None:
    async with ringing(devices(12), Device.by_socket, Device.by_rest) as pairs:
        await further(pairs)
        await in_a_thread(database.stop)
        away = time.monotonic()
        await until(lambda: time.monotonic() - away > SOON_SECONDS)
        await in_a_thread(database.start)
        await further(pairs)

    all_is_counted(pairs, rows)

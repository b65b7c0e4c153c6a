"""REST under WSGI workers beside sockets under ASGI: the second of the two documented layouts."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.deploy.books import all_is_counted
from tests.deploy.conftest import Ask, Store
from tests.deploy.people import Device, further, in_a_thread, ringing, until
from tests.support import layout, services
from tests.support.layout import SeveralProcesses, Unit

pytestmark = [pytest.mark.server, pytest.mark.redis, pytest.mark.own_layout("always several processes")]
MakeDevices = Callable[[int], list[Device]]
SOON_SECONDS = 2.0
"""Sooner than any `sync`, by which a frame that was lost would be made good."""
TIMES = 2


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, broker: Store, database: Store) -> Iterator[SeveralProcesses]:
    env = {
        "REDIS_URL": broker.url,
        "DATABASE_URL": services.make_database(database.url, template=layout.template(database.url)),
    }
    with SeveralProcesses(tmp_path_factory.mktemp("wsgi") / "data", env=env, wsgi=True) as running:
        yield running


@pytest.fixture
def rest(product: SeveralProcesses) -> Unit:
    assert product.rest is not None
    return product.rest


async def test_what_a_worker_publishes_first_and_last_reaches_sockets_at_once(rest: Unit, devices: MakeDevices) -> None:
    caller, invitee = devices(2)
    async with caller, invitee:
        for _ in range(TIMES):
            # These workers have never published, and will not again.
            sent = await caller.once_by_rest("send", invitees=[invitee.name], is_video_call=False)
            answered, call_id = time.monotonic(), sent["call"]["call_id"]
            await in_a_thread(lambda: restarted(rest))
            assert call_id in invitee.heard_at
            assert invitee.heard_at[call_id] - answered < SOON_SECONDS
            await caller.once_by_rest("cancel", call_id)
            await in_a_thread(lambda: restarted(rest))
            assert invitee.state(call_id) == "ended"


async def test_a_worker_that_is_killed_takes_no_call_with_it(rest: Unit, devices: MakeDevices, rows: Ask) -> None:
    async with ringing(devices(8), Device.by_rest) as pairs:
        await further(pairs)
        for _ in range(3):
            victim = rest.children()[0]
            await in_a_thread(victim.kill)
            await further(pairs, 1)

    all_is_counted(pairs, rows)


async def test_a_reload_answers_what_was_asked(rest: Unit, devices: MakeDevices, rows: Ask) -> None:
    before = {each.pid for each in rest.children()}
    async with ringing(devices(8), Device.once_by_rest) as pairs:
        await further(pairs)
        assert rest.process is not None
        # As its unit says.
        rest.process.send_signal(signal.SIGHUP)
        await until(lambda: not before & {each.pid for each in rest.children()})
        await further(pairs)

    all_is_counted(pairs, rows)


def restarted(rest: Unit) -> None:
    assert rest.stop() == 0
    rest.start()

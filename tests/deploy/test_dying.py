"""A process of the layout of production dies, or is stopped, in the middle of calls: nothing is lost and nothing done
twice, and those who had nothing to do with it notice nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

import pytest

from tests.deploy.books import all_is_counted
from tests.deploy.conftest import Ask
from tests.deploy.people import Device, further, in_a_thread, ringing, until
from tests.support.layout import SeveralProcesses, Unit

pytestmark = [pytest.mark.server, pytest.mark.redis, pytest.mark.own_layout("always several processes")]
MakeDevices = Callable[[int], list[Device]]


async def test_a_web_process_that_is_killed_takes_no_call_with_it(
    product: SeveralProcesses, devices: MakeDevices, rows: Ask
) -> None:
    people = devices(16)
    victim = product.web[1]
    async with ringing(people, Device.by_socket, Device.by_rest) as pairs:
        await further(pairs)
        await in_a_thread(victim.kill)
        await further(pairs)
        await in_a_thread(victim.start)
        await further(pairs)

    all_is_counted(pairs, rows)
    losses = [each.losses for each in people]
    # nginx spread them evenly over three.
    assert 3 <= sum(losses) <= 9
    assert set(losses) == {0, 1}


async def test_a_web_process_that_is_stopped_answers_what_it_was_asked(
    product: SeveralProcesses, devices: MakeDevices, rows: Ask
) -> None:
    victim = product.web[2]
    async with ringing(devices(16), Device.once_by_rest) as pairs:
        await further(pairs)
        code = await in_a_thread(victim.stop)
        await in_a_thread(victim.start)
        await further(pairs)

    assert code == 0
    all_is_counted(pairs, rows)
    assert "Traceback" not in product.output


TIMEOUTS = """
SELECT c.call_id, array_agg(e.kind ORDER BY e.revision) FROM invitations_callevent e
  JOIN invitations_call c ON c.id = e.call_id JOIN invitations_user u ON u.id = c.caller_id
WHERE u.username = ANY(%s) AND e.kind <> 'invitation.unreachable' GROUP BY c.call_id
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_the_deadlines_of_a_dispatcher_that_ends_are_met_by_the_other(
    number: signal.Signals, product: SeveralProcesses, devices: MakeDevices, rows: Ask
) -> None:
    callers, invitees = devices(20), devices(20)
    victim = product.dispatchers[0]
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(each) for each in callers))
        pairs = list(zip(callers, invitees, strict=True))
        sent = await asyncio.gather(
            *(
                caller.by_socket("send", invitees=[invitee.name], is_video_call=False, timeout_seconds=3 + index % 10)
                for index, (caller, invitee) in enumerate(pairs)
            )
        )
        over = dict(zip([each["call"]["call_id"] for each in sent], callers, strict=True))

        def ended() -> int:
            return sum(caller.state(call_id) == "ended" for call_id, caller in over.items())

        # The first deadlines are just being met.
        await until(lambda: ended() > 0)
        await in_a_thread(partial(end, victim, number))
        at_its_end = ended()
        await until(lambda: ended() == len(over))
        await in_a_thread(victim.start)

    assert at_its_end < len(over), "it had nothing left to do"
    names = [each.name for each in callers]
    expected = ["call.sent", "invitation.timed_out", "participant.left", "call.ended"]
    assert {call: kinds for call, kinds in rows(TIMEOUTS, names) if kinds != expected} == {}
    assert len(rows(TIMEOUTS, names)) == len(callers)


def end(unit: Unit, number: signal.Signals) -> None:
    """SIGKILL, or a stop in good order."""
    if number == signal.SIGKILL:
        unit.kill()
    else:
        assert unit.stop() == 0

"""Two dispatchers and three web processes while calls come in fast: everything is done, and once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from tests.deploy.conftest import Ask
from tests.deploy.people import Device, until
from tests.support.layout import SeveralProcesses
from tests.support.push_receiver import Receiver
from tests.support.push_service import PushService

pytestmark = [pytest.mark.server, pytest.mark.redis, pytest.mark.own_layout("always several processes")]
MakeDevices = Callable[[int], list[Device]]
CALLERS = 8
WAVES = 4
TIMEOUT_SECONDS = 2
EVENTS = """
SELECT c.call_id, e.kind, count(*) FROM invitations_callevent e
  JOIN invitations_call c ON c.id = e.call_id JOIN invitations_user u ON u.id = c.caller_id
WHERE u.username = ANY(%s) GROUP BY c.call_id, e.kind
"""
DELIVERIES = """
SELECT t.kind, t.state, t.attempts, count(*) FROM invitations_delivery t
  JOIN invitations_invitation i ON i.id = t.invitation_id JOIN invitations_call c ON c.id = i.call_id
  JOIN invitations_user u ON u.id = c.caller_id
WHERE u.username = ANY(%s) GROUP BY t.kind, t.state, t.attempts
"""


async def test_each_push_is_sent_once_and_each_ring_ends_once_while_calls_come_in_fast(
    product: SeveralProcesses, service: PushService, devices: MakeDevices, rows: Ask
) -> None:
    """Each caller rings another person in each wave, and every ring times out while the next ones begin."""
    callers, invitees = devices(CALLERS), devices(CALLERS * WAVES)
    names = [each.name for each in callers]
    before = len(service.messages)

    async def ring_one_after_the_other(index: int) -> None:
        for wave in range(WAVES):
            caller, invitee = callers[index], invitees[wave * CALLERS + index]
            ask = caller.by_socket if (index + wave) % 2 else caller.by_rest
            sent = await ask("send", invitees=[invitee.name], is_video_call=True, timeout_seconds=TIMEOUT_SECONDS)
            for each in (caller, invitee):
                await each.hears(sent["call"]["call_id"], "ended")

    def is_pending() -> bool:
        return any(state == "pending" for _, state, _, _ in rows(DELIVERIES, names))

    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(each) for each in callers + invitees))
        receivers = await asyncio.gather(*(enrolled(each, service) for each in invitees))
        await asyncio.gather(*map(ring_one_after_the_other, range(CALLERS)))
        await until(lambda: not is_pending())

    told = Counter((kind, count) for _, kind, count in rows(EVENTS, names))
    for kind in ("call.sent", "invitation.timed_out", "participant.left", "call.ended"):
        assert told[kind, 1] == CALLERS * WAVES, told
    assert {count for _, count in told} == {1}, told
    # No frame came twice, by whatever process and road.
    assert {count for each in callers + invitees for count in each.frames.values()} == {1}
    sent = Counter(
        (number, read["kind"], read["renotify"])
        for number, receiver in enumerate(receivers)
        for read in map(receiver.decrypt, receiver.messages)
    )
    assert set(sent.values()) == {1}, sent
    assert len([each for each in sent if each[1:] == ("ring", False)]) == len(receivers)
    assert {attempts for _, _, attempts, _ in rows(DELIVERIES, names)} <= {0, 1}
    # Each process signs by itself: both were at work.
    assert len({each.vapid_token for each in service.messages[before:]}) == 2
    assert service.violations == []


async def enrolled(device: Device, service: PushService) -> Receiver:
    """Give somebody's second device a push address."""
    receiver = service.subscribe((await device.get("push/key"))["public_key"])
    address = {"transport": "webpush", "endpoint": receiver.endpoint, "keys": receiver.keys}
    await device.put(f"devices/{device.name}-phone", {"label": "Phone", "kind": "android", "push": address})
    return receiver

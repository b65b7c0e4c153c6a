"""The embedded channel layer on its own: groups, order, capacity, threads, loops and closing."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from channels.exceptions import ChannelFull

from invitations.live.layers import EmbeddedChannelLayer


@pytest.fixture
def layer() -> EmbeddedChannelLayer:
    return EmbeddedChannelLayer(capacity=5)


async def taken(layer: EmbeddedChannelLayer, channel: str, count: int) -> list[Any]:
    """The numbers of the next messages of a channel."""
    async with asyncio.timeout(5):
        return [(await layer.receive(channel))["n"] for _ in range(count)]


async def nothing_waits(layer: EmbeddedChannelLayer, channel: str) -> bool:
    """Whether the channel is empty: what is put in now is the first that comes out."""
    await layer.send(channel, {"n": -1})
    return await taken(layer, channel, 1) == [-1]


async def test_channels_have_names_of_their_own(layer: EmbeddedChannelLayer) -> None:
    names = {await layer.new_channel() for _ in range(100)}
    assert len(names) == 100
    assert all(layer.require_valid_channel_name(each) for each in names)


async def test_a_group_reaches_its_members_once_and_nobody_else(layer: EmbeddedChannelLayer) -> None:
    first, second, third = [await layer.new_channel() for _ in range(3)]
    for channel in (first, second, first):
        await layer.group_add("g", channel)

    await layer.group_send("g", {"n": 1})

    assert await taken(layer, first, 1) == [1]
    assert await taken(layer, second, 1) == [1]
    for channel in (first, second, third):
        assert await nothing_waits(layer, channel)


async def test_a_group_without_members_takes_anything(layer: EmbeddedChannelLayer) -> None:
    await layer.group_send("nobody", {"n": 1})
    await layer.group_discard("nobody", "no.such!channel")


async def test_one_who_left_a_group_hears_nothing_more(layer: EmbeddedChannelLayer) -> None:
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    await layer.group_discard("g", channel)
    await layer.group_send("g", {"n": 1})
    assert await nothing_waits(layer, channel)


async def test_messages_come_in_order(layer: EmbeddedChannelLayer) -> None:
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    for number in range(5):
        await layer.group_send("g", {"n": number})
    assert await taken(layer, channel, 5) == [0, 1, 2, 3, 4]


async def test_a_reader_who_waits_is_woken(layer: EmbeddedChannelLayer) -> None:
    channel = await layer.new_channel()
    reader = asyncio.ensure_future(taken(layer, channel, 3))
    await asyncio.sleep(0)
    for number in range(3):
        await layer.send(channel, {"n": number})
    assert await reader == [0, 1, 2]


async def test_a_reader_who_gives_up_loses_nothing(layer: EmbeddedChannelLayer) -> None:
    channel = await layer.new_channel()
    reader = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await layer.send(channel, {"n": 1})
    assert await taken(layer, channel, 1) == [1]


async def test_what_is_over_the_capacity_is_dropped_and_the_rest_kept(layer: EmbeddedChannelLayer) -> None:
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    try:
        for number in range(8):
            await layer.group_send("g", {"n": number})
    except ChannelFull:
        pytest.fail("a group's sender is never held up by a slow member")
    assert await taken(layer, channel, 5) == [0, 1, 2, 3, 4]
    assert await nothing_waits(layer, channel)


async def test_one_slow_member_costs_the_others_nothing(layer: EmbeddedChannelLayer) -> None:
    slow, quick = await layer.new_channel(), await layer.new_channel()
    for channel in (slow, quick):
        await layer.group_add("g", channel)
    for number in range(50):
        await layer.group_send("g", {"n": number})
        assert await taken(layer, quick, 1) == [number]


async def test_any_thread_may_publish_and_its_own_order_is_kept() -> None:
    layer = EmbeddedChannelLayer(capacity=10_000)
    channel = await layer.new_channel()
    await layer.group_add("g", channel)

    def publish(thread: int) -> None:
        for number in range(500):
            layer.publish([("g", {"n": (thread, number)})])

    threads = [threading.Thread(target=publish, args=(each,)) for each in range(4)]
    for each in threads:
        each.start()
    heard = await taken(layer, channel, 2000)
    for each in threads:
        each.join()

    for thread in range(4):
        assert [number for sender, number in heard if sender == thread] == list(range(500))


async def test_members_may_come_and_go_while_threads_publish() -> None:
    layer = EmbeddedChannelLayer(capacity=1000)
    stop, failures = threading.Event(), []

    def publish() -> None:
        try:
            while not stop.is_set():
                layer.publish([("g", {"n": 1})])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for each in threads:
        each.start()
    for _ in range(300):
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        await asyncio.sleep(0)
        await layer.close_channel(channel)
    stop.set()
    for each in threads:
        each.join()

    assert failures == []


async def test_a_member_on_another_loop_is_reached_there() -> None:
    layer = EmbeddedChannelLayer()
    ready, heard = threading.Event(), []

    async def elsewhere() -> None:
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        ready.set()
        heard.extend(await taken(layer, channel, 1))

    thread = threading.Thread(target=asyncio.run, args=(elsewhere(),))
    thread.start()
    await asyncio.to_thread(ready.wait, 5)
    await layer.group_send("g", {"n": 7})
    await asyncio.to_thread(thread.join, 5)

    assert heard == [7]


async def test_a_member_whose_loop_is_closed_harms_nobody() -> None:
    layer = EmbeddedChannelLayer()

    async def elsewhere() -> None:
        await layer.group_add("g", await layer.new_channel())

    await asyncio.to_thread(asyncio.run, elsewhere())
    here = await layer.new_channel()
    await layer.group_add("g", here)

    await layer.group_send("g", {"n": 1})

    assert await taken(layer, here, 1) == [1]


async def test_a_closed_channel_leaves_nothing_behind(layer: EmbeddedChannelLayer) -> None:
    for _ in range(20):
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        await layer.group_add("h", channel)
        await layer.group_send("g", {"n": 1})
        await layer.group_discard("g", channel)
        await layer.close_channel(channel)
    assert not layer._inboxes
    assert not layer._groups
    assert not layer._groups_of


async def test_groups_left_one_by_one_leave_nothing_behind(layer: EmbeddedChannelLayer) -> None:
    await layer.group_add("g", "a!b")
    await layer.group_discard("g", "a!b")
    assert not layer._groups
    assert not layer._groups_of


async def test_flush_forgets_everything(layer: EmbeddedChannelLayer) -> None:
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    await layer.group_send("g", {"n": 1})
    await layer.flush()
    await layer.group_send("g", {"n": 2})
    again = await layer.new_channel()
    await layer.group_add("g", again)
    assert await nothing_waits(layer, again)


async def test_the_cost_of_a_send_does_not_grow_with_those_who_are_online(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = EmbeddedChannelLayer()
    for number in range(3000):
        await layer.group_add(f"user.{number}", await layer.new_channel())
    touched: list[object] = []
    deliver = layer._deliver

    def watched(addressed: Any) -> None:
        touched.extend(addressed)
        deliver(addressed)

    monkeypatch.setattr(layer, "_deliver", watched)

    await layer.group_send("user.7", {"n": 1})

    assert len(touched) == 1

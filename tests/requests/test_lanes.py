"""The threads that serve pages and REST under an ASGI server."""

from __future__ import annotations

import asyncio
import threading

from callinvite.lanes import Lanes


async def test_nobody_waits_behind_something_slow_while_a_lane_is_free() -> None:
    lanes, begun, finish = Lanes(2), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hash_a_password() -> int:
        loop.call_soon_threadsafe(begun.set)
        finish.wait(10)
        return threading.get_ident()

    slow = asyncio.create_task(lanes.run(hash_a_password))
    await asyncio.wait_for(begun.wait(), 5)
    quick = await asyncio.wait_for(asyncio.gather(*(lanes.run(threading.get_ident) for _ in range(20))), 5)
    finish.set()

    assert set(quick).isdisjoint({await slow})
    assert len(set(quick)) == 1, "the other lane kept its thread"


async def test_a_lane_is_busy_until_its_work_is_done_whoever_stops_waiting() -> None:
    lanes, begun, finish = Lanes(2), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work() -> int:
        loop.call_soon_threadsafe(begun.set)
        finish.wait(10)
        return threading.get_ident()

    hung_up = asyncio.create_task(lanes.run(work))
    await asyncio.wait_for(begun.wait(), 5)
    hung_up.cancel()

    await asyncio.wait_for(asyncio.gather(*(lanes.run(threading.get_ident) for _ in range(4))), 5)
    finish.set()

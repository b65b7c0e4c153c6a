"""The threads that serve pages and REST under an ASGI server."""

from __future__ import annotations

import asyncio
import threading

from asgiref.sync import sync_to_async

from callinvite.lanes import Lanes


async def test_nobody_waits_behind_something_slow_while_a_lane_is_free() -> None:
    lanes, begun, finish = Lanes(2), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hash_a_password() -> int:
        loop.call_soon_threadsafe(begun.set)
        finish.wait(10)
        return threading.get_ident()

    async def run(work: object) -> int:
        async with lanes.one():
            return await sync_to_async(work, thread_sensitive=True)()  # type: ignore[call-overload]

    slow = asyncio.create_task(run(hash_a_password))
    await asyncio.wait_for(begun.wait(), 5)
    quick = await asyncio.wait_for(asyncio.gather(*(run(threading.get_ident) for _ in range(20))), 5)
    finish.set()

    assert set(quick).isdisjoint({await slow})
    assert len(set(quick)) == 1, "the other lane kept its thread"

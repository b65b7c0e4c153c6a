"""Floor: a bare loop of `WebPusher.send_async` with one shared session and a cached VAPID token, without a database.

Reads subscriptions and payloads as JSON lines and sends them all, a given number at once."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp
from py_vapid import Vapid02
from pywebpush import WebPusher


async def send_all(orders: list[dict], origin: str, in_flight: int) -> None:
    """Send everything, in order for each device."""
    vapid = Vapid02()
    vapid.generate_keys()
    claims = {"aud": origin, "exp": int(time.time()) + 12 * 3600, "sub": "mailto:bench@example.org"}
    token = vapid.sign(claims)
    room = asyncio.Semaphore(in_flight)
    queues: dict[str, list[dict]] = {}
    for order in orders:
        queues.setdefault(order["subscription"]["endpoint"], []).append(order)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:

        async def send_to(queue: list[dict]) -> None:
            for order in queue:
                async with room:
                    headers = {**token, "urgency": "high", "topic": order["topic"]}
                    answer = await WebPusher(order["subscription"], aiohttp_session=session).send_async(
                        order["payload"], headers, ttl=60, timeout=aiohttp.ClientTimeout(total=5)
                    )
                    assert answer.status == 201

        await asyncio.gather(*map(send_to, queues.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("orders", type=Path)
    parser.add_argument("origin")
    parser.add_argument("in_flight", type=int)
    asked = parser.parse_args()
    lines = [json.loads(line) for line in asked.orders.read_text().splitlines()]
    sys.stdout.write("Sending.\n")
    sys.stdout.flush()
    started_at = time.process_time()
    asyncio.run(send_all(lines, asked.origin, asked.in_flight))
    sys.stdout.write(f"{time.process_time() - started_at}\n")

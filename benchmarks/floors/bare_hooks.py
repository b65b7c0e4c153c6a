"""Floor: a bare loop that signs messages to hooks by HMAC and posts them with one aiohttp session, without a database.

Reads ids, lanes and bodies as JSON lines and sends them all, a given number at once and each lane in order."""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import ssl
import sys
import time
from pathlib import Path

import aiohttp


async def send_all(orders: list[dict], url: str, key: bytes, in_flight: int) -> None:
    """Send everything, in order for each lane."""
    room = asyncio.Semaphore(in_flight)
    queues: dict[str, list[dict]] = {}
    for order in orders:
        queues.setdefault(order["lane"], []).append(order)
    trust = ssl.create_default_context()
    connector = aiohttp.TCPConnector(limit=in_flight, ssl=trust)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def send_to(queue: list[dict]) -> None:
            for order in queue:
                async with room:
                    body, at = order["body"].encode(), int(time.time())
                    signed = f"{order['id']}.{at}.".encode() + body
                    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
                    headers = {
                        "webhook-id": order["id"],
                        "webhook-timestamp": str(at),
                        "webhook-signature": f"v1,{signature}",
                        "content-type": "application/json",
                    }
                    async with session.post(url, data=body, headers=headers) as answer:
                        await answer.read()
                        assert answer.status == 201

        await asyncio.gather(*map(send_to, queues.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("orders", type=Path)
    parser.add_argument("url")
    parser.add_argument("secret")
    parser.add_argument("in_flight", type=int)
    asked = parser.parse_args()
    lines = [json.loads(line) for line in asked.orders.read_text().splitlines()]
    raw = base64.b64decode(asked.secret.removeprefix("whsec_"))
    sys.stdout.write("Sending.\n")
    sys.stdout.flush()
    started_at = time.process_time()
    asyncio.run(send_all(lines, asked.url, raw, asked.in_flight))
    sys.stdout.write(f"{time.process_time() - started_at}\n")

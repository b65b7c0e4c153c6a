"""What a live frame costs on each channel layer: `python -m benchmarks.layers [--frames 5000]`.

A thread, like that of a verb, publishes each frame to two groups. Once both sockets are in the publishing process, once
in another one. CPU time is that of this process: publishing, and receiving if the sockets are here, but not Redis."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

TEXT = "x" * 2000
BATCH = 20
"""How many frames are on their way at once."""
LAYERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "embedded": lambda url: {"BACKEND": "invitations.live.layers.EmbeddedChannelLayer"},
    "shared": lambda url: {
        "BACKEND": "invitations.live.shared_layer.SharedChannelLayer",
        "CONFIG": {"hosts": [url]},
    },
    "channels-redis": lambda url: {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": url, "socket_timeout": None, "max_connections": 1000}]},
    },
}
GROUPS = ("callinvite.user.1", "callinvite.user.2")


async def _receive(layer: Any, frames: int, arrived: asyncio.Semaphore) -> None:
    async def one(group: str) -> None:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        for _ in range(frames):
            await layer.receive(channel)
            arrived.release()

    await asyncio.gather(*(one(group) for group in GROUPS))


async def _measure(name: str, url: str, frames: int, *, here: bool) -> tuple[float, float]:
    """CPU and time in microseconds for each frame."""
    from channels.layers import channel_layers

    from invitations.live import publishers

    layer = channel_layers.make_backend("default")
    publishers.serve_on(asyncio.get_running_loop())
    there = publishers.SharedPublisher(layer) if name == "channels-redis" else layer
    arrived = asyncio.Semaphore(0)
    other = receiving = None
    if here:
        receiving = asyncio.create_task(_receive(layer, frames, arrived))
        await asyncio.sleep(0.5)
    else:
        command = [sys.executable, "-m", "benchmarks.layers", "--receive", name, "--url", url, "--frames", str(frames)]
        other = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert other.stdout is not None
        await asyncio.to_thread(other.stdout.readline)
    cpu, since = process_time(), perf_counter()
    for _ in range(frames // BATCH):
        messages = [(group, {"type": "live.frame", "text": TEXT, "origin": None}) for group in GROUPS]
        for _ in range(BATCH):
            await asyncio.to_thread(there.publish, messages)
        if here:
            for _ in range(BATCH * len(GROUPS)):
                await arrived.acquire()
    if receiving is not None:
        await receiving
    if other is not None:
        await asyncio.to_thread(other.wait)
    return (process_time() - cpu) / frames * 1e6, (perf_counter() - since) / frames * 1e6


def main() -> None:
    """Measure every layer and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=5000, help="how many (default: 5000)")
    parser.add_argument("--receive", choices=list(LAYERS), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.receive:
        _as_receiver(asked.receive, asked.url, asked.frames)
        return
    from tests.support import services

    print(f"{'layer':16} {'sockets':10} {'CPU a frame':>12} {'time':>9}")
    with services.own_redis() as url:
        for name in LAYERS:
            for here in (True, False):
                if here or name != "embedded":
                    _configure(name, url)
                    cpu, took = asyncio.run(_measure(name, url, asked.frames, here=here))
                    print(f"{name:16} {'here' if here else 'elsewhere':10} {cpu:9.0f} µs {took:6.0f} µs", flush=True)


def _as_receiver(name: str, url: str, frames: int) -> None:
    _configure(name, url)

    async def receive() -> None:
        from channels.layers import channel_layers

        layer = channel_layers.make_backend("default")
        receiving = asyncio.create_task(_receive(layer, frames, asyncio.Semaphore(0)))
        await asyncio.sleep(0.5)
        print("ready", flush=True)
        await receiving

    asyncio.run(receive())


def _configure(name: str, url: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
    import django
    from django.conf import settings

    django.setup()
    settings.CHANNEL_LAYERS = {"default": LAYERS[name](url)}


if __name__ == "__main__":
    main()

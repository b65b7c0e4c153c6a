"""Open pages of people, as far as the channel layer knows them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from channels.layers import get_channel_layer

from invitations.live import publishing
from invitations.models import User

Frames = dict[str, list[dict[str, Any]]]


class Pages:
    """One open page of each person, on an event loop that this test turns by hand."""

    def __init__(self, *people: User) -> None:
        self._loop = asyncio.new_event_loop()
        self._layer = get_channel_layer()
        self._channels: dict[str, str] = {}
        for user in people:
            channel = self._run(self._layer.new_channel())
            self._run(self._layer.group_add(publishing.group_of(user.pk), channel))
            self._channels[user.username] = channel

    def messages(self) -> Frames:
        """What each page got since the last look."""
        return {name: self._run(self._drain(channel)) for name, channel in self._channels.items()}

    def frames(self) -> Frames:
        """The same as the frames that the pages send on; of a snapshot, which they make themselves, its type."""
        return {name: [_frame(each) for each in got] for name, got in self.messages().items()}

    def close(self) -> None:
        for channel in self._channels.values():
            self._run(self._layer.close_channel(channel))
        self._loop.close()

    async def _drain(self, channel: str) -> list[dict[str, Any]]:
        got: list[dict[str, Any]] = []
        # Publications were handed to this loop from outside; two turns let them all arrive.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        while True:
            taking = asyncio.ensure_future(self._layer.receive(channel))
            await asyncio.sleep(0)
            if not taking.done():
                taking.cancel()
                return got
            got.append(taking.result())

    def _run(self, awaitable: Any) -> Any:
        return self._loop.run_until_complete(awaitable)


def _frame(message: dict[str, Any]) -> dict[str, Any]:
    frame: dict[str, Any] = {"type": "snapshot"} if message["type"] == publishing.ANEW else json.loads(message["text"])
    return frame


def events(frames: Frames) -> dict[str, list[str]]:
    return {name: [each["event"] for each in got] for name, got in frames.items()}

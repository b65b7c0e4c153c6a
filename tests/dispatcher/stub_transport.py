"""A transport that sends nowhere: it writes down what it is given and answers as the test tells it to.

It stands at the seam that every transport keeps (`invitations.transports.Transport`), so the whole post is real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from invitations.transports import MAX_PAYLOAD_BYTES, Address, Effect, Message

Answer = int | Exception
LONGEST_WAIT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as the transport was given it."""

    place: str
    message: Message


class StubTransport:
    """Takes everything with 201 unless it is told otherwise.

    Args:
        on_send: called with each message before the answer; a test moves its clock there.
    """

    name = "webpush"

    def __init__(self, on_send: Callable[[Sent], None] = lambda sent: None) -> None:
        self.sent: list[Sent] = []
        self.answers: dict[str, list[Answer]] = {}
        self.closed = 0
        self.on_send = on_send
        self.holding = False
        self._arrived = asyncio.Condition()
        self._released = asyncio.Event()

    def answer(self, place: str, *answers: Answer) -> None:
        """Give these answers to that device's messages, one after the other; 201 follows the last."""
        self.answers[place] = list(answers)

    def hold(self) -> None:
        """Answer nothing until `release`."""
        self.holding = True

    def release(self) -> None:
        """Let every message that is held be answered."""
        self.holding = False
        self._released.set()

    async def arrived(self, count: int) -> None:
        """Wait until so many messages have come in all."""
        async with asyncio.timeout(LONGEST_WAIT_SECONDS), self._arrived:
            await self._arrived.wait_for(lambda: len(self.sent) >= count)

    def places(self) -> list[str]:
        """Which devices have been sent to, in the order of sending."""
        return [each.place for each in self.sent]

    def read(self, given: Mapping[str, Any]) -> Address:
        return Address(self.name, given["endpoint"])

    def check(self, address: Address) -> Address:
        return address

    def host_of(self, address: Address) -> str:
        return address.endpoint.split("/")[2] if address.endpoint else ""

    def room(self, address: Address, effect: Effect) -> int:
        return MAX_PAYLOAD_BYTES

    async def send(self, address: Address, message: Message) -> int:
        sent = Sent(address.endpoint.rpartition("/")[2], message)
        self.sent.append(sent)
        self.on_send(sent)
        async with self._arrived:
            self._arrived.notify_all()
        if self.holding:
            await self._released.wait()
        answers = self.answers.get(sent.place)
        answer = answers.pop(0) if answers else 201
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed += 1

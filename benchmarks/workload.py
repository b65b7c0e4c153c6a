"""Drives cycles: a number of pairs at once, each slot taking the next pair when its cycle is done."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from benchmarks.people import Face, Failed, Person, ProductSocket, Rung
from benchmarks.servers import Server

Pair = tuple[Person, Person]
CONNECTS_AT_ONCE = 20
SYNC_SECONDS = 15.0
"""How often an idle client says that it is still connected."""


@dataclass
class Window:
    """What one timed window measured; `parts` is the server's CPU time, by the part of it that used it."""

    cycles: int = 0
    seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    client_cpu_seconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    rings: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Window) -> None:
        """Add another window, as if the two had been one."""
        self.cycles += other.cycles
        self.seconds += other.seconds
        self.server_cpu_seconds += other.server_cpu_seconds
        self.client_cpu_seconds += other.client_cpu_seconds
        for name, seconds in other.parts.items():
            self.parts[name] = self.parts.get(name, 0.0) + seconds
        self.rings += other.rings
        self.answers += other.answers
        self.failures += other.failures

    @property
    def rate(self) -> float:
        """Cycles per second."""
        return self.cycles / self.seconds if self.seconds else 0.0

    @property
    def client_share(self) -> float:
        """The client's share of its core; near 1, it is the client that is measured."""
        return self.client_cpu_seconds / self.seconds if self.seconds else 0.0

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of the server's CPU time per cycle: steadier than the rate on a busy machine."""
        return 1000 * self.server_cpu_seconds / self.cycles if self.cycles else 0.0

    def ring_ms(self, percent: float) -> float:
        """That percentile of the ring latency, in milliseconds."""
        return percentile(self.rings, percent) * 1000


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which that percentage lies (nearest rank); nan if there are none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median(values: Iterable[float]) -> float:
    """The median; nan if there are none."""
    values = [value for value in values if value == value]
    return statistics.median(values) if values else float("nan")


async def connect(face: Face, people: Sequence[Person]) -> None:
    """Open everyone's socket, a few at a time."""
    waiting = iter(people)

    async def opener() -> None:
        for person in waiting:
            await face.connect(person)

    await asyncio.gather(*(opener() for _ in range(CONNECTS_AT_ONCE)))


def disconnect(people: Sequence[Person]) -> None:
    """Close everyone's socket."""
    for person in people:
        person.socket.close()


async def keep_syncing(people: Sequence[Person]) -> None:
    """Do what idle clients do, for ever: one `sync` each every `SYNC_SECONDS`, spread evenly."""
    while True:
        started_at = perf_counter()
        for number, person in enumerate(people):
            due = started_at + SYNC_SECONDS * number / len(people)
            if due > perf_counter():
                await asyncio.sleep(due - perf_counter())
            person.socket.send({"type": "sync", "calls": {}})
        await asyncio.sleep(max(0.0, started_at + SYNC_SECONDS - perf_counter()))


async def measure(server: Server, work: Callable[[Window], Awaitable[None]]) -> Window:
    """Time some work, together with the CPU that both sides used meanwhile."""
    window = Window()
    server_before, parts_before = server.cpu_seconds(), server.cpu_seconds_of_parts()
    client_before, started_at = time.process_time(), perf_counter()
    await work(window)
    window.seconds = perf_counter() - started_at
    window.client_cpu_seconds = time.process_time() - client_before
    window.server_cpu_seconds = server.cpu_seconds() - server_before
    window.parts = {name: seconds - parts_before[name] for name, seconds in server.cpu_seconds_of_parts().items()}
    return window


async def once_each(server: Server, face: Face, pairs: Sequence[Pair], slots: int, after: bool = True) -> Window:
    """Each pair rings once, `slots` of them at a time. The calls end after the clock has stopped.

    The clock runs until the last cycle is done: the tail, when slots have no pairs left, counts against the server.
    """
    done: list[tuple[Pair, Rung]] = []
    waiting = iter(pairs)

    async def work(window: Window) -> None:
        async def slot() -> None:
            own = face.slot()
            for pair in waiting:
                rung = await _cycle(own, pair, window)
                if rung is None:
                    return
                done.append((pair, rung))

        await asyncio.gather(*(slot() for _ in range(slots)))

    window = await measure(server, work)
    if after:
        await _release(face, done)
    return window


async def over_and_over(server: Server, face: Face, pairs: Sequence[Pair], seconds: float) -> Window:
    """Each pair rings, ends the call and rings again until the time is up: ending the calls counts too."""

    async def work(window: Window) -> None:
        until = perf_counter() + seconds

        async def slot(pair: Pair) -> None:
            own = face.slot()
            while perf_counter() < until:
                rung = await _cycle(own, pair, window)
                if rung is None:
                    return
                await own.release(*pair, rung)

        await asyncio.gather(*(slot(pair) for pair in pairs))

    return await measure(server, work)


async def all_at_once(
    face: ProductSocket, pairs: Sequence[Pair], patience_seconds: float = 8.0
) -> tuple[int, list[float]]:
    """Everyone sends at the same moment. Returns how many rings never arrived, and how late the others were.

    Nobody asks the server again meanwhile (no `sync`), so a lost ring stays lost.
    """
    rings = [(pair, pair[1].expect("ringing")) for pair in pairs]
    started_at = perf_counter()
    sent = [face.request_send(*pair) for pair in pairs]
    done, _ = await asyncio.wait([future for _, future in rings], timeout=patience_seconds)
    latencies = [future.result()[1] - started_at for future in done]
    for future in sent:
        await face.check(future, 201)
    ended = [(pair, Rung(0, 0, future.result()[0]["call"]["call_id"])) for pair, future in rings if future in done]
    for (caller, invitee), rung in ended:
        gone = invitee.expect("ended")
        await face.check(caller.request("cancel", rung.call_id, {}), 200)
        await gone
    return len(pairs) - len(done), latencies


async def _cycle(face: Face, pair: Pair, window: Window) -> Rung | None:
    try:
        rung = await face.ring(*pair)
    except (Failed, ConnectionError) as failure:
        window.failures.append(str(failure))
        return None
    window.cycles += 1
    window.rings.append(rung.ring_seconds)
    window.answers.append(rung.answer_seconds)
    return rung


async def _release(face: Face, done: Sequence[tuple[Pair, Rung]]) -> None:
    waiting = iter(done)

    async def releaser() -> None:
        own = face.slot()
        for pair, rung in waiting:
            await own.release(*pair, rung)

    await asyncio.gather(*(releaser() for _ in range(min(20, len(done) or 1))))

"""PostgreSQL and Redis against the embedded server, in turns on the same core: `python -m benchmarks.production`.

What a cycle costs each part of the layout, how many clients connect in a second, and what connected people cost who do
nothing. All of the server's side is on one core, the clients on the other. See docs/performance.md."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import servers, workload
from benchmarks.people import Person, ProductSocket
from benchmarks.servers import Product
from benchmarks.workload import Pair, Window, median
from tests.support import services

PAIRS = 50
IDLE_USERS = 2_000
FEW_USERS = 20
CONNECTS = 1_000
MEASURES_AN_IDLE_ROUND = 4
"""How many turns of all idle users' syncs are measured in a round: a minute, in which each is looked at once."""


@dataclass
class Run:
    """One run: its options, and what each round measured, by the figure's name."""

    rounds: int
    seconds: float
    figures: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, value: float) -> None:
        """Keep what a round measured."""
        self.figures.setdefault(name, []).append(value)
        print(f"  {name}: {value:.3f}", flush=True)


async def cycles(run: Run, products: dict[str, Product]) -> None:
    """Rings by socket, each of them answered and ended: one pair, and 50 at once."""
    for slots in (1, PAIRS):
        for number in range(run.rounds + 1):
            found = {name: await _cycles(run, product, slots) for name, product in products.items()}
            # The first round fills caches and does not count.
            if number:
                _note_cycles(run, slots, found)


async def _cycles(run: Run, product: Product, slots: int) -> Window:
    async with _online(product, product.tokens[: 2 * slots]) as people:
        window = await workload.over_and_over(product.server, _face(product), _paired(people), run.seconds)
    if window.failures:
        raise RuntimeError(window.failures[0])
    return window


def _note_cycles(run: Run, slots: int, found: dict[str, Window]) -> None:
    for name, window in found.items():
        of = f"{name}, {slots} pairs"
        run.note(f"{of}: cycles/s", window.rate)
        run.note(f"{of}: ring p50, ms", window.ring_ms(50))
        run.note(f"{of}: CPU per cycle, ms", window.cpu_ms)
        if len(window.parts) > 1:
            for part, seconds in window.parts.items():
                run.note(f"{of}: CPU of {part} per cycle, ms", 1000 * seconds / window.cycles)
    if len(found) > 1:
        mine, other = found["postgres"], found["sqlite"]
        run.note(f"postgres / sqlite, {slots} pairs: cycles/s", mine.rate / other.rate)
        run.note(f"postgres / sqlite, {slots} pairs: ring p50", mine.ring_ms(50) / other.ring_ms(50))


async def connects(run: Run, products: dict[str, Product]) -> None:
    """Sockets opened as fast as they can, each counted when its snapshot has come."""
    for number in range(run.rounds + 1):
        for name, product in products.items():
            people = [Person(*each) for each in product.tokens[:CONNECTS]]

            async def work(window: Window, product: Product = product, people: list[Person] = people) -> None:
                await workload.connect(_face(product), people)

            window = await workload.measure(product.server, work)
            workload.disconnect(people)
            await _quiet(product)
            if number:
                run.note(f"{name}: connects/s", len(people) / window.seconds)
                run.note(f"{name}: CPU per connect, ms", 1000 * window.server_cpu_seconds / len(people))


async def idle(run: Run, products: dict[str, Product]) -> None:
    """What connected people cost who only say that they are there, and what a ring takes meanwhile."""
    for name, product in products.items():
        ringing, others = product.tokens[:2], product.tokens[2:]
        async with _online(product, ringing) as people:
            latencies: dict[int, list[float]] = {}
            for users in (FEW_USERS, IDLE_USERS):
                async with _online(product, others[:users]) as idlers:
                    syncing = asyncio.ensure_future(workload.keep_syncing(idlers))
                    await asyncio.sleep(workload.SYNC_SECONDS)
                    for _ in range(run.rounds):
                        if users == IDLE_USERS:
                            window = await workload.measure(product.server, _waiting)
                            run.note(
                                f"{name}: share of a core of {users} idle users",
                                window.server_cpu_seconds / window.seconds,
                            )
                            for part, seconds in window.parts.items():
                                run.note(
                                    f"{name}: share of a core of {users} idle users, {part}", seconds / window.seconds
                                )
                        rung = await workload.over_and_over(
                            product.server, _face(product), _paired(people), run.seconds
                        )
                        latencies.setdefault(users, []).append(rung.ring_ms(50))
                    syncing.cancel()
            for few, many in zip(latencies[FEW_USERS], latencies[IDLE_USERS], strict=True):
                run.note(f"{name}: ring p50 with {IDLE_USERS} idle users / with {FEW_USERS}", many / few)


async def _waiting(_: Window) -> None:
    await asyncio.sleep(MEASURES_AN_IDLE_ROUND * workload.SYNC_SECONDS)


@asynccontextmanager
async def _online(product: Product, tokens: Sequence[tuple[str, str]]) -> AsyncIterator[list[Person]]:
    people = [Person(*each) for each in tokens]
    await workload.connect(_face(product), people)
    gc.collect()
    gc.freeze()
    try:
        yield people
    finally:
        workload.disconnect(people)
        gc.unfreeze()
        await _quiet(product)


async def _quiet(product: Product) -> None:
    """Wait until the server is done with what was asked of it."""
    while True:
        before = product.server.cpu_seconds()
        await asyncio.sleep(0.5)
        if product.server.cpu_seconds() - before < 0.05:
            return


def _face(product: Product) -> ProductSocket:
    return ProductSocket(*product.server.ports)


def _paired(people: list[Person]) -> list[Pair]:
    return list(zip(people[::2], people[1::2], strict=True))


PARTS: dict[str, Callable[[Run, dict[str, Product]], Awaitable[None]]] = {
    "cycles": cycles,
    "connects": connects,
    "idle": idle,
}
STARTS: dict[str, Any] = {"sqlite": servers.embedded, "postgres": servers.production}


def main(arguments: list[str] | None = None) -> None:
    """Measure what was asked for, and print the median of the rounds of each figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.production", description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--databases", default=",".join(STARTS), help=f"of {','.join(STARTS)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long rings are measured each time")
    parser.add_argument("--port", type=int, default=8150, help="first of twenty ports that may be used")
    parser.add_argument("--json", help="write all figures to this file")
    options = parser.parse_args(arguments)
    os.sched_setaffinity(0, servers.CLIENT_CORES)
    for given in (services.POSTGRES_URL, services.REDIS_URL, "DATABASE_URL", "REDIS_URL"):
        os.environ.pop(given, None)
    run = Run(options.rounds, options.seconds)
    with tempfile.TemporaryDirectory(prefix="bench-production-") as folder, ExitStack() as stack:
        products: dict[str, Product] = {}
        for number, name in enumerate(options.databases.split(",")):
            own = Path(folder) / name
            own.mkdir()
            products[name] = stack.enter_context(STARTS[name](own, options.port + number, IDLE_USERS + 2))

        async def everything() -> None:
            for part in options.parts.split(","):
                await PARTS[part](run, products)

        asyncio.run(everything())
    print(f"\n{'median':>10}  {'lowest':>10}  {'highest':>10}")
    for name, values in run.figures.items():
        print(f"{median(values):10.3f}  {min(values):10.3f}  {max(values):10.3f}  {name}")
    if options.json:
        Path(options.json).write_text(json.dumps(run.figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

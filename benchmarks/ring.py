"""Rings as fast as it can, against floors in the same run: `python -m benchmarks.ring --help`.

One cycle: A sends, B's open socket receives the ring, B accepts, A's open socket receives the answer. The servers and
their databases share one core, and this client has another. See docs/performance.md."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import report, servers, workload
from benchmarks.people import Insert, Person, ProductRest, ProductSocket, ProductWsgi, Relay
from benchmarks.report import Row
from benchmarks.servers import Product, Server
from benchmarks.workload import Pair, Window
from tests.support import services

PARTS = ("cycles", "burst", "fsyncs", "memory", "idle", "history", "processes")
PATHS = {"socket": ProductSocket, "rest": ProductRest, "wsgi": ProductWsgi}
WSGI_WORKERS = 4
"""As in deploy/callinvite-rest.service."""
FRESH_PAIRS = {1: 40, 10: 200, 50: 500, 200: 800}
"""How many pairs are online for a number of slots: each cycle of a window uses people who are in no call."""
IDLE_USERS = 2000
BURST_PAIRS = 200
MOST_PEOPLE = 2 * max(FRESH_PAIRS.values())


@dataclass
class Run:
    """One run: what was asked for, and what has been measured so far."""

    options: argparse.Namespace
    folder: Path
    rows: list[Row] = field(default_factory=list)
    extra: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Report progress."""
        if not self.options.quiet:
            print(f"  {line}", flush=True)

    def directory(self, name: str) -> Path:
        """A new folder for one server's data and logs."""
        folder = self.folder / f"{len(list(self.folder.iterdir())):02}-{name}"
        folder.mkdir()
        return folder

    def product(self, stack: ExitStack, database: str, people: int) -> Product:
        """Start the product on that database."""
        folder, port = self.directory(database), self.options.port
        if database == "sqlite":
            return stack.enter_context(servers.embedded(folder, port, people))
        workers = WSGI_WORKERS if "wsgi" in self.options.paths else 0
        return stack.enter_context(servers.production(folder, port, people, wsgi_workers=workers))

    def paths(self, product: Product) -> dict[str, ProductSocket]:
        """The ways to ask that were asked for and that this product has."""
        server = product.server
        ports = {name: server.wsgi_port if name == "wsgi" else server.port for name in self.options.paths}
        return {name: PATHS[name](port) for name, port in ports.items() if port is not None}


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for and print it. Returns 1 if something failed that should not have."""
    options = _parser().parse_args(arguments)
    os.sched_setaffinity(0, servers.CLIENT_CORES)
    for given in (services.POSTGRES_URL, services.REDIS_URL, "DATABASE_URL", "REDIS_URL"):
        # Each run starts its own stores: only those can be pinned to the server's core and traced for their commits.
        os.environ.pop(given, None)
    with tempfile.TemporaryDirectory(prefix="bench-ring-") as folder:
        run = Run(options, Path(folder))
        asyncio.run(_measure(run))
    lines = report.goals(run.rows, run.extra)
    print(f"\n{report.table(run.rows)}\n\n{report.goal_table(lines)}")
    for note in run.notes:
        print(note)
    if options.json:
        figures = {
            "rows": [row.figures() for row in run.rows],
            "figures": run.extra,
            "goals": [goal.figures() for goal in lines],
            "notes": run.notes,
        }
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if any(row.figures()["failures"] for row in run.rows) else 0


async def _measure(run: Run) -> None:
    wanted = run.options.parts
    if "cycles" in wanted or "burst" in wanted or "fsyncs" in wanted:
        for database in run.options.databases:
            try:
                await _one_database(run, database)
            except services.Missing as missing:
                run.notes.append(f"{database} left out: {missing}")
    if "memory" in wanted or "idle" in wanted:
        await _idle_users(run)
    if "history" in wanted:
        await _long_past(run)
    if "processes" in wanted:
        try:
            await _several_processes(run)
        except services.Missing as missing:
            run.notes.append(f"processes left out: {missing}")


async def _one_database(run: Run, database: str) -> None:
    """Rows, burst and fsyncs on one database."""
    port, wanted = run.options.port, run.options.parts
    with ExitStack() as stack:
        product = run.product(stack, database, MOST_PEOPLE)
        floors: list[tuple[str, type[Relay], Server]] = []
        if "cycles" in wanted:
            floors = [
                ("relay", Relay, stack.enter_context(servers.relay_floor(run.directory("relay"), port + 10))),
                (
                    "relay+commit",
                    Relay,
                    stack.enter_context(servers.relay_floor(run.directory("commit"), port + 11, commit=True)),
                ),
                (
                    "insert",
                    Insert,
                    stack.enter_context(
                        servers.insert_floor(
                            run.directory("insert"), port + 12, product if database == "postgres" else None
                        )
                    ),
                ),
            ]
            for pairs in run.options.pairs:
                await _rows(run, database, pairs, product, floors)
        if "burst" in wanted:
            await _burst(run, database, product)
        if "fsyncs" in wanted:
            for pairs in (1, 50):
                await _fsyncs(run, database, product, pairs)


async def _rows(
    run: Run, database: str, pairs: int, product: Product, floors: list[tuple[str, type[Relay], Server]]
) -> None:
    """One size: each round measures every floor and every path once, one after another."""
    paths = run.paths(product)
    rows = {name: Row(database, name, pairs) for name in [*(name for name, _, _ in floors), *paths]}
    async with _online(product, FRESH_PAIRS.get(pairs, 4 * pairs)) as people:
        for number in range(run.options.rounds):
            for name, kind, server in floors:
                rows[name].windows.append(await _floor_window(kind, server, pairs, run.options.seconds))
            for name, face in paths.items():
                rows[name].windows.append(await _window(product.server, face, people, pairs, run.options.seconds))
                rows[name].ending.append(
                    await workload.over_and_over(product.server, face, people[:pairs], run.options.seconds)
                )
            shown = ", ".join(f"{name} {row.windows[-1].rate:.0f}" for name, row in rows.items())
            run.say(f"{database}, {pairs} pairs, round {number + 1}: {shown} cycles/s")
    run.rows += rows.values()


async def _floor_window(kind: type[Relay], server: Server, pairs: int, seconds: float) -> Window:
    people = [Person(f"floor{number}") for number in range(2 * pairs)]
    face = kind(server.port)
    await workload.connect(face, people)
    window = await workload.over_and_over(server, face, _paired(people), seconds)
    workload.disconnect(people)
    return window


async def _window(server: Server, face: ProductSocket, people: list[Pair], pairs: int, seconds: float) -> Window:
    """Everyone rings once, and again after their calls have ended, until the time is up."""
    window = Window()
    while window.seconds < seconds and not window.failures:
        window.add(await workload.once_each(server, face, people, pairs))
    return window


async def _burst(run: Run, database: str, product: Product) -> None:
    lost = 0
    async with _online(product, BURST_PAIRS) as people:
        for _ in range(run.options.rounds):
            missing, latencies = await workload.all_at_once(ProductSocket(product.server.port), people)
            lost += missing
            run.say(
                f"{database}, {BURST_PAIRS} pairs at once: {missing} lost,"
                f" the last ring after {1000 * max(latencies, default=float('nan')):.0f} ms"
            )
    run.extra[f"burst_lost_{database}"] = lost
    run.extra[f"burst_last_ms_{database}"] = 1000 * max(latencies, default=float("nan"))


async def _fsyncs(run: Run, database: str, product: Product, pairs: int) -> None:
    """Cycles under strace: calls are counted, but nothing is timed. Ending the calls is not counted."""
    face = ProductSocket(product.server.port)
    async with _online(product, FRESH_PAIRS[pairs]) as people:
        with product.server.counting_fsyncs() as counted:
            window = await workload.once_each(product.server, face, people, pairs, after=False)
    if not counted:
        run.notes.append("fsyncs left out: there is no strace")
        return
    run.extra[f"fsyncs_{database}_{pairs}"] = counted[0] / max(1, window.cycles)
    run.say(f"{database}, {pairs} pairs: {counted[0]} fsyncs in {window.cycles} cycles")


async def _idle_users(run: Run) -> None:
    """Memory of 2,000 idle users on the embedded server, and what they cost those who ring."""
    slots = (1, 10)
    with ExitStack() as stack:
        product = run.product(stack, "sqlite", 2 * FRESH_PAIRS[10] + IDLE_USERS + 200)
        face = ProductSocket(product.server.port)
        async with _online(product, FRESH_PAIRS[10]) as people:
            everybody = [Person(*each) for each in product.tokens[2 * FRESH_PAIRS[10] :]]
            warm, idle = everybody[:200], everybody[200:]
            # The first sockets pay for what all of them share.
            await workload.connect(face, warm)
            for _ in range(2):
                await workload.once_each(product.server, face, people, 10)
            alone: dict[int, list[Window]] = {number: [] for number in slots}
            crowded: dict[int, list[Window]] = {number: [] for number in slots}
            for number in slots:
                for _ in range(run.options.rounds):
                    alone[number].append(await _window(product.server, face, people, number, run.options.seconds))
            before = product.server.memory_bytes()
            await workload.connect(face, idle)
            await asyncio.sleep(2)
            run.extra["idle_kilobytes"] = (product.server.memory_bytes() - before) / len(idle) / 1000
            syncing = asyncio.ensure_future(workload.keep_syncing(idle))
            for number in slots:
                for _ in range(run.options.rounds):
                    crowded[number].append(await _window(product.server, face, people, number, run.options.seconds))
            syncing.cancel()
            workload.disconnect([*warm, *idle])
    for number in slots:
        few, many = (workload.median(window.ring_ms(50) for window in each[number]) for each in (alone, crowded))
        run.extra[f"idle_ring_ratio_{number}"] = many / few
        run.say(f"{IDLE_USERS} idle users, {number} pairs: ring p50 {few:.2f} -> {many:.2f} ms")
    run.extra["idle_ring_ratio"] = max(run.extra[f"idle_ring_ratio_{number}"] for number in slots)


async def _long_past(run: Run) -> None:
    """The same cycles on a server with a long history and on one without, taking turns."""
    users, calls = run.options.history
    port = run.options.port
    pairs = FRESH_PAIRS[1]
    with ExitStack() as stack:
        young = stack.enter_context(servers.embedded(run.directory("young"), port, 100))
        run.say(f"filling a database with {calls} calls of {users} users")
        old = stack.enter_context(servers.embedded(run.directory("old"), port + 1, 100, history=(users, calls)))
        found: dict[str, Window] = {"young": Window(), "old": Window()}
        for number in range(2 * run.options.rounds):
            for name, product in (("young", young), ("old", old)):
                async with _online(product, pairs) as people:
                    face = ProductSocket(product.server.port)
                    # The first round fills caches and does not count.
                    window = await _window(product.server, face, people, 1, run.options.seconds / 2)
                    if number:
                        found[name].add(window)
    run.extra["history_ratio"] = found["old"].cpu_ms / found["young"].cpu_ms
    run.extra["history_ring_ratio"] = found["old"].ring_ms(50) / found["young"].ring_ms(50)
    for name, window in found.items():
        run.say(f"{name}: {window.cpu_ms:.2f} ms CPU per cycle, ring p50 {window.ring_ms(50):.2f} ms")


async def _several_processes(run: Run) -> None:
    """Three web processes against one, with all cores available to everything: shows where the machine saturates."""
    rates: dict[int, float] = {}
    for count in (1, 3):
        with ExitStack() as stack:
            product = stack.enter_context(
                servers.production(
                    run.directory(f"web{count}"),
                    run.options.port,
                    2 * FRESH_PAIRS[50],
                    web_processes=count,
                    cores=set(servers.CORES),
                )
            )
            async with _online(product, FRESH_PAIRS[50]) as people:
                windows = [
                    await _window(product.server, ProductSocket(product.server.port), people, 50, run.options.seconds)
                    for _ in range(run.options.rounds)
                ]
            rates[count] = workload.median(window.rate for window in windows)
            busy = workload.median(window.server_cpu_seconds / window.seconds for window in windows)
            used = {part: sum(window.parts[part] for window in windows) for part in windows[0].parts}
            shares = ", ".join(f"{part} {100 * seconds / sum(used.values()):.0f} %" for part, seconds in used.items())
            client = workload.median(window.client_share for window in windows)
            run.say(
                f"{count} web processes: {rates[count]:.0f} cycles/s, {busy:.2f} cores busy and {client:.2f} with the"
                f" client ({shares})"
            )
            run.extra[f"processes_{count}_rate"] = rates[count]
            run.extra[f"processes_{count}_cores"] = busy
    run.extra["processes_ratio"] = rates[3] / rates[1]


@asynccontextmanager
async def _online(product: Product, pairs: int) -> AsyncIterator[list[Pair]]:
    """That many pairs of people with open sockets, spread over all web processes of the product."""
    people = [Person(*each) for each in product.tokens[: 2 * pairs]]
    await workload.connect(ProductSocket(*product.server.ports), people)
    gc.collect()
    gc.freeze()
    try:
        yield _paired(people)
    finally:
        workload.disconnect(people)
        gc.unfreeze()
        # Gives the server time to notice before the next measurement begins.
        await asyncio.sleep(0.5)


def _paired(people: list[Person]) -> list[Pair]:
    return list(zip(people[::2], people[1::2], strict=True))


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _names(*allowed: str) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        given = text.split(",")
        if unknown := set(given) - set(allowed):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: choose from {', '.join(allowed)}")
        return given

    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ring", description=__doc__)
    parser.add_argument("--pairs", type=_numbers, default=[1, 10, 50, 200], help="how many pairs at once: 1,10,50,200")
    parser.add_argument("--paths", type=_names(*PATHS), default=list(PATHS), help="socket,rest,wsgi")
    parser.add_argument("--databases", type=_names("sqlite", "postgres"), default=["sqlite", "postgres"])
    parser.add_argument("--parts", type=_names(*PARTS), default=list(PARTS), help=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3, help="how often each window is repeated")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long a window lasts")
    parser.add_argument("--history", type=_numbers, default=[100_000, 1_000_000], help="users,calls of the long past")
    parser.add_argument("--port", type=int, default=8150, help="first of twenty ports that may be used")
    parser.add_argument("--json", help="write all figures to this file")
    parser.add_argument("--quiet", action="store_true", help="only the tables at the end")
    parser.add_argument(
        "--quick",
        action=_Quick,
        nargs=0,
        help="a first impression in two minutes: 1 and 50 pairs, SQLite, one short round, no long past",
    )
    return parser


class _Quick(argparse.Action):
    """Sets the options of a short run. Options that follow it on the command line still count."""

    def __call__(self, parser: object, namespace: argparse.Namespace, *_: object, **__: object) -> None:
        namespace.pairs, namespace.databases, namespace.rounds, namespace.seconds = (
            [1, 50],
            ["sqlite"],
            1,
            2.0,
        )
        namespace.parts = ["cycles", "burst", "fsyncs"]


if __name__ == "__main__":
    raise SystemExit(main())

"""What many connected users take: `python -m benchmarks.scale [--users 1000000]`.

Reckons with the costs in `costs.toml` how many cores each part needs, and then lets simulated people connect, sync and
call on that many, to see whether rings still arrive in time. Deterministic: the same costs give the same tables."""

from __future__ import annotations

import argparse
import heapq
import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from math import ceil, inf
from pathlib import Path
from typing import Any

from benchmarks.workload import SYNC_SECONDS, percentile

COSTS: dict[str, dict[str, float]] = tomllib.loads((Path(__file__).parent / "costs.toml").read_text())
SIZES = (10_000, 100_000, 1_000_000)
PARTS = ("web", "dispatcher", "postgresql", "redis")
BUSIEST = 0.6
"""How busy a core may be in the busiest hour: beyond that, queues grow faster than the load."""
CATCH_UP_SECONDS = 3.0
"""For how long the others may be full when a web process dies."""
RETURN_SECONDS = 4.0
"""Within which time clients in no call try again that have lost their connection: `client/socket.js`."""
COMMIT_MS = 2.0
"""How long a commit waits for the disk, in which no core works."""
NETWORK_MS = 0.3
"""From one part to another in the same place."""


@dataclass(frozen=True)
class Habits:
    """What people do in the busiest hour.

    Args:
        calls: placed by each connected person.
        connects: how often each connects anew: a page is opened, a phone changes its network.
        verbs: of one call: send, ringing, accept, connected twice, end.
        frames: signalling of one call, one way and the other.
        pushes: of one call: the ring and its end, to 1.5 devices.
        talk_seconds: how long a call lasts.
        relayed: the share of calls that go through TURN.
        megabits: of a relayed call, in and out together: video, two ways.
    """

    calls: float = 1.0
    connects: float = 2.0
    verbs: int = 6
    frames: int = 60
    pushes: float = 3.0
    talk_seconds: float = 180.0
    relayed: float = 0.2
    megabits: float = 6.0


@dataclass(frozen=True)
class Plan:
    """What so many users take.

    Args:
        users: connected at the same time.
        busy: by part, how many cores' time is used in the busiest hour.
        cores: by part, how many there have to be.
        gigabytes: memory of the web processes.
        calls_a_second: in the busiest hour.
        relayed_gigabits: through TURN, a second.
        disk_gigabytes: what a day of ten such hours leaves behind.
    """

    users: int
    busy: dict[str, float]
    cores: dict[str, int]
    gigabytes: float
    calls_a_second: float
    relayed_gigabits: float
    disk_gigabytes: float


def plan(users: int, habits: Habits) -> Plan:
    """How much of each part so many connected users take, by their habits and the measured costs."""
    calls, connects = users * habits.calls / 3600, users * habits.connects / 3600
    rates = {
        "user": float(users),
        "connect": connects,
        "verb": calls * habits.verbs,
        "frame": calls * habits.frames,
        "push": calls * habits.pushes,
    }
    busy = {part: sum(rate * COSTS[what].get(part, 0.0) for what, rate in rates.items()) / 1000 for part in PARTS}
    cores = {part: max(1, ceil(busy[part] / BUSIEST)) for part in PARTS}
    cores["dispatcher"] = max(2, cores["dispatcher"])
    # One may die at any time, and all its users come to the others at once.
    cores["web"] += 1
    while _backlog(users, "web", busy, cores["web"] - 1, cores) > CATCH_UP_SECONDS:
        cores["web"] += 1
    while _backlog(users, "postgresql", busy, cores["postgresql"], cores) > CATCH_UP_SECONDS:
        cores["postgresql"] += 1
    memory = (users * COSTS["memory"]["user"] + cores["web"] * COSTS["memory"]["web"]) / 1e6
    talking = calls * habits.talk_seconds * habits.relayed
    disk = calls * 36_000 * COSTS["disk"]["call"] / 1e6
    return Plan(users, busy, cores, memory, calls, talking * habits.megabits / 1000, disk)


def _backlog(users: int, part: str, busy: dict[str, float], left: int, cores: dict[str, int]) -> float:
    """For how many seconds a part is full with the users of a web process that died, with so many cores left."""
    free = left - busy[part]
    connects = users / cores["web"] * COSTS["connect"][part] / 1000
    return connects / free if free > 0 else inf


class _Part:
    """Cores that do one thing after the other. Each has a line of its own, or all have one."""

    def __init__(self, cores: int) -> None:
        self._free_at = [0.0] * cores
        self.worked = 0.0

    def work(self, at: float, milliseconds: float, core: int | None = None) -> float:
        """Do something that arrives at this moment; returns the moment when it is done, in seconds."""
        chosen = self._free_at.index(min(self._free_at)) if core is None else core
        done = max(at, self._free_at[chosen]) + milliseconds / 1000
        self._free_at[chosen] = done
        self.worked += milliseconds / 1000
        return done


@dataclass
class Outcome:
    """What a simulation saw: seconds from a send to its ring at the other's page, and how busy each part was."""

    rings: list[float]
    busy: dict[str, float]


def simulate(planned: Plan, habits: Habits, *, seconds: float, seed: int = 1, lost: int = 0) -> Outcome:
    """Let people sync, connect and call on the planned cores.

    Args:
        planned: how many users and cores.
        habits: what they do.
        seconds: how long; the first third fills the queues and does not count.
        seed: of the random moments.
        lost: how many web processes die in the middle: all their users connect anew.
    """
    chance, numbers = random.Random(seed), count()
    parts = {name: _Part(cores) for name, cores in planned.cores.items()}
    webs = planned.cores["web"]
    alive = list(range(webs))
    events: list[tuple[float, int, Callable[[float], None]]] = []
    rings: list[float] = []

    def later(at: float, act: Callable[[float], None]) -> None:
        heapq.heappush(events, (at, next(numbers), act))

    def cost(what: str, part: str) -> float:
        # No two are alike: half of the cost is certain, the rest is drawn.
        mean = COSTS[what].get(part, 0.0)
        return mean / 2 + chance.expovariate(2 / mean) if mean else 0.0

    def verb(at: float, then: Callable[[float], None]) -> None:
        """A verb: web, database, commit, web; then its frame goes through Redis to somebody's web process."""
        web = chance.choice(alive)

        def asked(now: float) -> None:
            later(parts["postgresql"].work(now, cost("verb", "postgresql")) + COMMIT_MS / 1000, answered)

        def answered(now: float) -> None:
            later(parts["web"].work(now, cost("verb", "web") / 2, web) + NETWORK_MS / 1000, published)

        def published(now: float) -> None:
            later(parts["redis"].work(now, cost("frame", "redis")) + NETWORK_MS / 1000, heard)

        def heard(now: float) -> None:
            then(parts["web"].work(now, cost("frame", "web"), chance.choice(alive)))

        later(parts["web"].work(at, cost("verb", "web") / 2, web) + NETWORK_MS / 1000, asked)

    def call(at: float) -> None:
        def rang(now: float) -> None:
            if at > seconds / 3:
                rings.append(now - at)
            for _ in range(round(habits.pushes)):
                later(now, push)
            for number in range(habits.verbs - 1):
                later(now + 2 + number, lambda then: verb(then, lambda _: None))
            for _ in range(habits.frames):
                later(now + 3 + chance.random(), frame)

        verb(at, rang)

    def small(what: str) -> Callable[[float], None]:
        def act(at: float) -> None:
            done = parts["web"].work(at, cost(what, "web"), chance.choice(alive)) if what != "push" else at
            if what == "push":
                done = parts["dispatcher"].work(at, cost(what, "dispatcher"))
            parts["postgresql"].work(done, cost(what, "postgresql"))
            parts["redis"].work(done, cost(what, "redis"))

        return act

    frame, push, connect = small("frame"), small("push"), small("connect")

    def sync(at: float) -> None:
        web = chance.choice(alive)
        parts["web"].work(at, COSTS["user"]["web"] * SYNC_SECONDS, web)
        parts["postgresql"].work(at, COSTS["user"]["postgresql"] * SYNC_SECONDS)
        parts["redis"].work(at, COSTS["user"]["redis"] * SYNC_SECONDS)

    def every(rate: float, act: Callable[[float], None]) -> None:
        def again(at: float) -> None:
            act(at)
            if (following := at + chance.expovariate(rate)) < seconds:
                later(following, again)

        later(chance.expovariate(rate), again)

    def die(at: float) -> None:
        for _ in range(lost):
            alive.pop()
            for _ in range(planned.users // webs):
                later(at + RETURN_SECONDS * chance.random(), connect)

    every(planned.users / SYNC_SECONDS, sync)
    every(planned.users * habits.connects / 3600, connect)
    every(planned.calls_a_second, call)
    later(seconds / 2, die)
    while events and events[0][0] < seconds:
        at, _, act = heapq.heappop(events)
        act(at)
    return Outcome(rings, {name: part.worked / seconds / planned.cores[name] for name, part in parts.items()})


def planned_table(plans: list[Plan]) -> str:
    """The plans in Markdown."""
    rows: list[tuple[str, Callable[[Plan], Any]]] = [
        ("calls a second", lambda each: f"{each.calls_a_second:.0f}"),
        *(
            (f"{part}: cores' time used, cores", lambda each, part=part: f"{each.busy[part]:.2f}, {each.cores[part]}")
            for part in PARTS
        ),
        ("memory of the web processes, GB", lambda each: f"{each.gigabytes:.1f}"),
        ("disk for a day, GB", lambda each: f"{each.disk_gigabytes:.0f}"),
        ("through TURN, Gbit/s", lambda each: f"{each.relayed_gigabits:.1f}"),
    ]
    lines = [
        f"| connected users | {' | '.join(f'{each.users:,}' for each in plans)} |",
        "| --- |" + " ---: |" * len(plans),
    ]
    lines += [f"| {name} | {' | '.join(shown(each) for each in plans)} |" for name, shown in rows]
    return "\n".join(lines)


def _simulated(planned: Plan, habits: Habits, seconds: float, lost: int) -> str:
    seen = simulate(planned, habits, seconds=seconds, lost=lost)
    rings = f"{1000 * percentile(seen.rings, 50):.1f} | {1000 * percentile(seen.rings, 99):.1f}"
    busy = " | ".join(f"{100 * seen.busy[part]:.0f} %" for part in PARTS)
    return f"| {planned.users:,} | {lost} | {len(seen.rings):,} | {rings} | {busy} |"


def main() -> None:
    """Print the plan, and what the simulation of it saw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--users", type=int, help="only for so many, instead of 10,000, 100,000 and 1,000,000")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long is simulated")
    parser.add_argument("--plan", action="store_true", help="only reckon")
    options = parser.parse_args()
    habits = Habits()
    plans = [plan(users, habits) for users in ((options.users,) if options.users else SIZES)]
    print(planned_table(plans))
    if options.plan:
        return
    heads = [
        "connected users",
        "web processes that die",
        "rings",
        "p50, ms",
        "p99, ms",
        *(f"{each} busy" for each in PARTS),
    ]
    print(f"\n| {' | '.join(heads)} |")
    print("|" + " ---: |" * len(heads))
    for each in plans:
        for lost in (0, 1):
            print(_simulated(each, habits, options.seconds, lost), flush=True)


if __name__ == "__main__":
    main()

"""Turns measurements into the two tables that a run prints: the figures and the goals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.workload import Window, median

BEST_DURABLE_PEER = 134.0
"""Cycles per second of the best durable system elsewhere (docs/performance.md), measured on another machine."""


@dataclass
class Row:
    """The medians over the rounds of one way to ring, with a given number of pairs at once."""

    database: str
    path: str
    pairs: int
    windows: list[Window] = field(default_factory=list)
    ending: list[Window] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """The row as plain values: rates per second; latencies and CPU time in milliseconds."""
        figures: dict[str, Any] = {
            "database": self.database,
            "path": self.path,
            "pairs": self.pairs,
            "cycles": sum(window.cycles for window in self.windows),
            "cycles_per_second": self.rate,
            "with_ending_per_second": median(window.rate for window in self.ending),
        }
        for percent in (50, 95, 99):
            figures[f"ring_p{percent}_ms"] = self.ring_ms(percent)
        return figures | {
            "server_cpu_ms": median(window.cpu_ms for window in self.windows),
            "client_share": median(window.client_share for window in self.windows),
            "failures": [failure for window in [*self.windows, *self.ending] for failure in window.failures],
        }

    @property
    def rate(self) -> float:
        """Cycles per second, the median of the rounds."""
        return median(window.rate for window in self.windows)

    def ring_ms(self, percent: float) -> float:
        """That percentile of the ring latency: the median of the rounds."""
        return median(window.ring_ms(percent) for window in self.windows)

    def rate_against(self, floor: Row) -> float:
        """The rate as a multiple of the floor's, compared round by round."""
        return median(mine.rate / its.rate for mine, its in zip(self.windows, floor.windows, strict=False) if its.rate)

    def ring_against(self, floor: Row) -> float:
        """The median ring latency as a multiple of the floor's, compared round by round."""
        pairs = zip(self.windows, floor.windows, strict=False)
        return median(mine.ring_ms(50) / its.ring_ms(50) for mine, its in pairs)


@dataclass
class Goal:
    """One goal: what was reached, and what is wanted.

    Args:
        name: what is compared.
        value: what was measured; nan if this run did not measure it.
        first: what the first release must reach.
        moonshot: what would be admirable.
        higher: whether more is better.
    """

    name: str
    value: float
    first: float | None
    moonshot: float | None
    higher: bool = False

    def reached(self, goal: float | None) -> str:
        """`reached`, `NOT reached`, or a dash if nothing was measured or wanted."""
        if goal is None or self.value != self.value:
            return "-"
        met = self.value >= goal if self.higher else self.value <= goal
        return "reached" if met else "NOT reached"

    def figures(self) -> dict[str, Any]:
        """The goal as plain values."""
        return asdict(self) | {
            "first_reached": self.reached(self.first),
            "moonshot_reached": self.reached(self.moonshot),
        }


def goals(rows: Iterable[Row], extra: dict[str, float]) -> list[Goal]:
    """Every goal, from the rows and from the single figures of other measurements."""
    found = {(row.database, row.path, row.pairs): row for row in rows}
    missing = Row("", "", 0)

    def row(database: str, path: str, pairs: int) -> Row:
        return found.get((database, path, pairs), missing)

    fast, rest, one = row("sqlite", "socket", 50), row("sqlite", "rest", 50), row("sqlite", "socket", 1)
    production = row("postgres", "socket", 50)
    nan = float("nan")
    return [
        Goal(
            "socket, 50 pairs, SQLite: cycles/s / relay without a database",
            fast.rate_against(row("sqlite", "relay", 50)),
            0.5,
            0.9,
            higher=True,
        ),
        Goal(
            "REST, 50 pairs, SQLite: cycles/s / bare DRF view with one INSERT",
            rest.rate_against(row("sqlite", "insert", 50)),
            0.7,
            1.0,
            higher=True,
        ),
        *(
            Goal(
                f"{name}, 50 pairs, PostgreSQL + Redis: cycles/s / bare DRF view with one INSERT",
                row("postgres", path, 50).rate_against(row("postgres", "insert", 50)),
                1.0,
                1.5,
                higher=True,
            )
            for name, path in (("REST", "rest"), ("REST under WSGI", "wsgi"))
        ),
        Goal(
            "REST under WSGI / under ASGI, 50 pairs, PostgreSQL + Redis: cycles/s",
            row("postgres", "wsgi", 50).rate_against(row("postgres", "rest", 50)),
            None,
            None,
            higher=True,
        ),
        Goal(
            "socket, 1 pair, SQLite: ring p50 / relay plus one commit",
            one.ring_against(row("sqlite", "relay+commit", 1)),
            2.0,
            1.3,
        ),
        Goal(
            "socket, 50 pairs, SQLite: cycles/s / best durable peer (134)",
            fast.rate / BEST_DURABLE_PEER,
            2.5,
            7.0,
            higher=True,
        ),
        Goal(
            "socket, 50 pairs, PostgreSQL + Redis: cycles/s / best durable peer (134)",
            production.rate / BEST_DURABLE_PEER,
            2.5,
            600 / BEST_DURABLE_PEER,
            higher=True,
        ),
        Goal("socket, 50 pairs, SQLite: ring p50, ms", fast.ring_ms(50), 100, 40),
        Goal("socket, 50 pairs, SQLite: ring p99, ms", fast.ring_ms(99), 250, 80),
        Goal("2,000 more idle users online: ring p50, times", extra.get("idle_ring_ratio", nan), 1.5, 1.2),
        Goal("200 pairs at once, SQLite: rings lost", extra.get("burst_lost_sqlite", nan), 0, 0),
        Goal("200 pairs at once, PostgreSQL: rings lost", extra.get("burst_lost_postgres", nan), 0, 0),
        Goal("fsyncs per cycle, SQLite, 1 pair", extra.get("fsyncs_sqlite_1", nan), 2, None),
        Goal("fsyncs per cycle, SQLite, 50 pairs", extra.get("fsyncs_sqlite_50", nan), 2, 1.9),
        Goal("fsyncs per cycle, PostgreSQL, 50 pairs", extra.get("fsyncs_postgres_50", nan), None, None),
        Goal("memory per idle connected user, embedded, KB", extra.get("idle_kilobytes", nan), 60, 40),
        Goal(
            "CPU of a cycle, 1,000,000 calls and 100,000 users / 100 users",
            extra.get("history_ratio", nan),
            1.2,
            1.05,
        ),
        Goal(
            "3 web processes on PostgreSQL + Redis / 1",
            extra.get("processes_ratio", nan),
            1.5,
            1.8,
            higher=True,
        ),
    ]


def table(rows: Iterable[Row]) -> str:
    """The figures, one line per row."""
    head = (
        f"{'database':9} {'path':13} {'pairs':>5} {'cycles/s':>9} {'with end':>9} {'ring p50':>9}"
        f" {'p95':>8} {'p99':>8} {'CPU/cycle':>10} {'client':>7}"
    )
    return "\n".join([head, "-" * len(head), *(_line(row) for row in rows)])


def goal_table(lines: Iterable[Goal]) -> str:
    """The goals, one line each."""
    head = f"{'goal':72} {'measured':>9} {'first':>7} {'':11} {'moonshot':>8}"
    return "\n".join([head, "-" * (len(head) + 12), *(_goal_line(goal) for goal in lines)])


def _line(row: Row) -> str:
    shown = row.figures()
    line = (
        f"{row.database:9} {row.path:13} {row.pairs:5} {shown['cycles_per_second']:9.1f}"
        f" {_number(shown['with_ending_per_second'], 9)} {shown['ring_p50_ms']:6.2f} ms"
        f" {shown['ring_p95_ms']:8.2f} {shown['ring_p99_ms']:8.2f} {shown['server_cpu_ms']:7.2f} ms"
        f" {100 * shown['client_share']:5.0f} %"
    )
    failures = row.figures()["failures"]
    return f"{line}   {len(failures)} failed: {failures[0]}" if failures else line


def _goal_line(goal: Goal) -> str:
    return (
        f"{goal.name:72} {_number(goal.value, 9)} {_number(goal.first, 7)} {goal.reached(goal.first):11}"
        f" {_number(goal.moonshot, 8)} {goal.reached(goal.moonshot)}"
    )


def _number(value: Any, width: int) -> str:
    if not isinstance(value, int | float) or value != value:
        return f"{'-':>{width}}"
    return f"{value:{width}.2f}"

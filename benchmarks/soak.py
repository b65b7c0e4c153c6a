"""A long call between two real browsers: `python -m benchmarks.soak --minutes 10`.

Prints a line per sample and, at the end, each figure's last third against its first, which shows what grows."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM, Person
from tests.browser.media import call, grows, sees, somebody
from tests.support.page_figures import Figures, PageFigures
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in

SETTLES_SECONDS = 20
"""The picture becomes whole and the bit rate climbs; samples from this time do not count."""

MEGABYTE = 1_000_000
COLUMNS: dict[str, Callable[[Figures], float]] = {
    "heap MB": lambda each: each.heap_bytes / MEGABYTE,
    "resident MB": lambda each: each.resident_bytes / MEGABYTE,
    "CPU": lambda each: each.cpu_share,
    "nodes": lambda each: each.nodes,
    "listeners": lambda each: each.listeners,
    "connections": lambda each: each.connections,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="how long the call lasts (default: 10)")
    parser.add_argument("--every", type=float, default=15, help="seconds between two samples (default: 15)")
    options = parser.parse_args()
    with call_of_two() as (people, figures):
        print(_line("seconds", list(COLUMNS)), flush=True)
        samples = []
        wait(people, SETTLES_SECONDS)
        figures.sample()
        ends_at = time.monotonic() + options.minutes * 60
        while time.monotonic() < ends_at:
            wait(people, options.every)
            samples.append(figures.sample())
            row = [f"{column(samples[-1]):.2f}".removesuffix(".00") for column in COLUMNS.values()]
            print(_line(f"{samples[-1].at_seconds:.0f}", row), flush=True)
        for each in people:
            grows(each, "audioBytes", "videoBytes", "framesDecoded", "energy")
    print(_line("last/first", [f"{_ratio(samples, column):.3f}" for column in COLUMNS.values()]))


@contextmanager
def call_of_two() -> Iterator[tuple[tuple[Person, Person], PageFigures]]:
    """Alice and Bob in a video call, with their own server and browser."""
    with (
        tempfile.TemporaryDirectory(prefix="callinvite-soak-") as folder,
        RunningServer(Path(folder) / "data") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        cookies = sign_everybody_in(server)
        with (
            somebody("alice", browser, server, cookies["alice"]) as alice,
            somebody("bob", browser, server, cookies["bob"]) as bob,
            call(alice, bob),
        ):
            for each in (alice, bob):
                sees(each)
            yield (alice, bob), PageFigures(browser, [alice.page, bob.page])
        browser.close()


def wait(people: Sequence[Person], seconds: float) -> None:
    """Let the call go on, and handle the pages' events meanwhile."""
    people[0].page.wait_for_timeout(seconds * 1000)


def _ratio(samples: Sequence[Figures], column: Callable[[Figures], float]) -> float:
    third = max(1, len(samples) // 3)
    first, last = (mean(column(each) for each in part) for part in (samples[:third], samples[-third:]))
    return last / first if first else float(first == last)


def _line(first: str, rest: Sequence[str]) -> str:
    return first.rjust(10) + "".join(each.rjust(13) for each in rest)


if __name__ == "__main__":
    main()

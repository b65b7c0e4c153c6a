"""How soon the app is seen, and can be used, over a slow connection: `python -m benchmarks.first_load`.

Each load is a new browser profile with an empty cache, at `manage.py serve` over HTTP/1.1. `usable` is the moment at
which a click on the first person's call button has shown the call's screen. Prints medians, with and without bundle."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.support.first_load import CONNECTIONS, FirstLoad, load
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in

HOW = {"bundle": {}, "module by module": {"DEBUG": "1"}}
AS_OFTEN_AS_ONE_LIKES = {
    "CALLINVITE_RINGS_PER_PAIR_MINUTE": "0",
    "CALLINVITE_RINGS_PER_PAIR_TEN_MINUTES": "0",
    "CALLINVITE_RINGS_IN_A_ROW": "0",
}
COLUMNS = ("first paint", "usable", "requests before paint", "before usable", "transferred")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=5, help="loads for each figure (default: 5)")
    parser.add_argument("--connection", choices=CONNECTIONS, action="append", help="only this one (default: all)")
    parser.add_argument("--how", choices=HOW, action="append", help="only this way (default: both)")
    options = parser.parse_args()
    print(_line("", COLUMNS))
    for how in options.how or HOW:
        for name in options.connection or CONNECTIONS:
            loads = measure(name, HOW[how], options.loads)
            print(_line(f"{how}, {name}", _medians(loads)), flush=True)


def measure(connection: str, environment: dict[str, str], count: int) -> list[FirstLoad]:
    """That many cold loads, one after the other."""
    with (
        tempfile.TemporaryDirectory(prefix="callinvite-first-load-") as folder,
        RunningServer(Path(folder) / "data", env=environment | AS_OFTEN_AS_ONE_LIKES) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            cookies = sign_everybody_in(server)["alice"]
            return [load(browser, server, cookies, CONNECTIONS[connection]) for _ in range(count)]
        finally:
            browser.close()


def _medians(loads: Sequence[FirstLoad]) -> list[str]:
    def middle(name: str) -> float:
        return median(getattr(each, name) for each in loads)

    return [
        f"{middle('first_paint_ms') / 1000:.2f} s",
        f"{middle('usable_ms') / 1000:.2f} s",
        f"{middle('requests_before_paint'):.0f}",
        f"{middle('requests_before_usable'):.0f}",
        f"{middle('transferred_bytes') / 1000:.0f} KB",
    ]


def _line(first: str, rest: Sequence[str]) -> str:
    return f"{first:26}" + "".join(f"{each:>23}" for each in rest)


if __name__ == "__main__":
    main()

"""A call that goes on for a while holds no more at its end than at its beginning.

The long one is `python -m benchmarks.soak`; its figures are in docs/performance.md."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.media import call, chromium, grows, leaves_nothing_open, sees, somebody
from tests.support.page_figures import PageFigures
from tests.support.server import RunningServer

SAMPLES = 7
PAUSE_MS = 3_500
"""Between two samples: several rounds of whatever the pages do by themselves, such as syncs every five seconds."""

HEAP_GROWS_BYTES = 300_000
NODES_GROW = 20
LISTENERS_GROW = 10


@pytest.mark.slow
def test_nothing_grows_while_a_call_goes_on(
    browser: Browser, server: RunningServer, sessions: dict[str, list[Any]]
) -> None:
    with (
        chromium(browser) as own,
        somebody("alice", own, server, sessions["alice"]) as alice,
        somebody("bob", own, server, sessions["bob"]) as bob,
    ):
        with call(alice, bob):
            for each in (alice, bob):
                sees(each)
                grows(each, "framesDecoded", "energy")
            figures = PageFigures(own, [alice.page, bob.page])
            samples = []
            for _ in range(SAMPLES):
                alice.page.wait_for_timeout(PAUSE_MS)
                samples.append(figures.sample())
                print(samples[-1])
            for each in (alice, bob):
                grows(each, "audioBytes", "videoBytes", "framesDecoded", "energy")
        # The first one is still of the beginning: code is compiled, the picture becomes whole. Of the last three the
        # least counts: a word about a bad connection comes and goes, what leaks stays.
        early, *last = samples[1], *samples[-3:]
        assert {each.connections for each in samples} == {2}
        assert min(each.heap_bytes for each in last) - early.heap_bytes < HEAP_GROWS_BYTES
        assert min(each.nodes for each in last) - early.nodes < NODES_GROW
        assert min(each.listeners for each in last) - early.listeners < LISTENERS_GROW
        leaves_nothing_open(alice, bob)

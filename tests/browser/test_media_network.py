"""One side's network goes away in a call: it comes back and the call goes on, or it does not and the call is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import CHROMIUM, Person
from tests.browser.media import call, chromium, grows, leaves_nothing_open, places, sees, served, somebody
from tests.support.network import IsolatedHost
from tests.support.server import RunningServer
from tests.support.services import Missing

CUT_SECONDS = 10
NOTICED_MS = 15_000
"""Browsers say so after five to seven seconds without a packet."""
MENDED_WITHIN_SECONDS = 8
EARLIEST_SECONDS, LATEST_SECONDS = 20, 45
"""The lease is 30 seconds, counted from a sign of life that may be some seconds older than the end of all signs."""
ENDED_WITHIN_MS = 60_000
ACTIVE = "callinvite.service.state.active?.state === 'active'"
FLOW = ("audioBytes", "videoBytes", "framesDecoded")


@pytest.fixture
def host(server: RunningServer) -> Iterator[IsolatedHost]:
    try:
        with IsolatedHost(next_door=True) as made:
            made.forward(server.port)
            yield made
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def pair(
    browser: Browser, host: IsolatedHost, server: RunningServer, sessions: dict[str, list[Any]]
) -> Iterator[tuple[Person, Person]]:
    """Alice on the host whose network can be cut, and Bob at the other end of the wire."""
    with ExitStack() as stack:
        there = stack.enter_context(chromium(browser, host.program(CHROMIUM)))
        next_door = stack.enter_context(chromium(browser, host.neighbour(CHROMIUM)))
        bob = stack.enter_context(somebody("bob", next_door, server, sessions["bob"]))
        alice = stack.enter_context(somebody("alice", there, server, sessions["alice"]))
        try:
            yield alice, bob
        finally:
            # Whatever has happened, they can leave.
            host.mend()


@pytest.mark.parametrize("how", ["cut", "unplug"])
def test_a_call_outlives_ten_seconds_without_a_network(
    how: str, pair: tuple[Person, Person], host: IsolatedHost
) -> None:
    alice, bob = pair
    with call(alice, bob):
        for each in pair:
            sees(each)
        call_id = alice.ask("callinvite.service.state.active.call_id")
        who = places(served(bob, call_id))

        getattr(host, how)()
        gone_at = time.monotonic()
        for each in pair:
            expect(each.screen.get_by_text("Reconnecting").first).to_be_visible(timeout=NOTICED_MS)
            print(f"{how}: {each.name} reads it after {time.monotonic() - gone_at:.1f} s")
        # This is how long it is gone, not a wait for something.
        time.sleep(max(0.0, gone_at + CUT_SECONDS - time.monotonic()))
        for each in pair:
            assert each.ask(ACTIVE)
        host.mend()
        mended_at = time.monotonic()

        for each in pair:
            grows(each, *FLOW)
            print(f"{how}: {each.name} sees and hears again {time.monotonic() - mended_at:.1f} s after mending")
        took = time.monotonic() - mended_at
        for each in pair:
            expect(each.screen.get_by_text("Reconnecting").first).to_be_hidden()
            sees(each)
            each.until("callinvite.service.state.connection === 'open'", 30_000)
            grows(each, "energy")
            assert each.ask(ACTIVE)
        call_now = served(bob, call_id)
        assert call_now["state"] == "active"
        assert places(call_now) == who
        assert took < MENDED_WITHIN_SECONDS
    leaves_nothing_open(*pair)


@pytest.mark.slow
def test_a_network_that_stays_away_ends_the_call(pair: tuple[Person, Person], host: IsolatedHost) -> None:
    alice, bob = pair
    with call(alice, bob):
        sees(bob)
        call_id = bob.ask("callinvite.service.state.active.call_id")

        host.cut()
        gone_at = time.monotonic()
        bob.hears("Reconnecting")
        expect(bob.screen.get_by_text("Connection lost").first).to_be_visible(timeout=ENDED_WITHIN_MS)
        took = time.monotonic() - gone_at
        print(f"over {took:.1f} s after the cut")
        assert EARLIEST_SECONDS < took < LATEST_SECONDS
        expect(bob.screen.get_by_role("button", name="Call again")).to_be_visible()
        assert served(bob, call_id)["end_reason"] == "connection_lost"
        leaves_nothing_open(bob)

        # Nobody stays before an open camera for a call that is over everywhere else.
        alice.until("watched.tracks.every((each) => each.readyState === 'ended')", 60_000)
        alice.hears("Your microphone and camera are off.")

        # Who was cut off hears of it as soon as there is a network again.
        host.mend()
        mended_at = time.monotonic()
        expect(alice.screen.get_by_text("Connection lost", exact=True).first).to_be_visible(timeout=30_000)
        print(f"the one who was cut off reads it {time.monotonic() - mended_at:.1f} s after mending")
        leaves_nothing_open(alice)

"""A call whose media never come about: it is over in time, and says why."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, expect

from tests.browser.media import RELAY_ONLY, leaves_nothing_open, moment, served, somebody
from tests.support.server import RunningServer

FAILS_AFTER_SECONDS = 20
FAILS_WITHIN_SECONDS = 35


def test_a_call_that_nothing_gets_through_ends_and_says_so(
    browser: Browser, server: RunningServer, sessions: dict[str, list[Any]]
) -> None:
    # They want a relay, and there is none.
    with (
        somebody("alice", browser, server, sessions["alice"], RELAY_ONLY) as alice,
        somebody("bob", browser, server, sessions["bob"], RELAY_ONLY) as bob,
    ):
        alice.call("Bob")
        bob.rings("Alice")
        bob.accept()
        bob.is_connected_to("Alice")
        call_id = bob.ask("callinvite.service.state.active.call_id")
        bob.hears("Connecting")
        for each in (alice, bob):
            words = each.screen.get_by_text("Audio and video couldn't connect").first
            expect(words).to_be_visible(timeout=FAILS_WITHIN_SECONDS * 1000)
            expect(each.screen.get_by_role("button", name="Call again")).to_be_visible()
        ended = served(bob, call_id)
        took = (moment(ended["ended_at"]) - moment(ended["answered_at"])).total_seconds()
        print(f"over {took:.1f} s after the answer")
        assert FAILS_AFTER_SECONDS <= took < FAILS_WITHIN_SECONDS
        leaves_nothing_open(alice, bob)
        for each in (alice, bob):
            newest = each.ask("callinvite.service.history().then(({ results }) => results[0])")
            assert (newest["call_id"], newest["end_reason"]) == (call_id, "media_failed")

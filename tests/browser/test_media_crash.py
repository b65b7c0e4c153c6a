"""A browser dies in a call, and the server dies in a call: what can go on does, and what cannot is over in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import CHROMIUM
from tests.browser.media import call, chromium, falls_silent, grows, leaves_nothing_open, places, sees, served, somebody
from tests.support import layout
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in

MORTAL = "--callinvite-mortal"
"""An option that Chromium does not know, by which its processes are found."""

EARLIEST_SECONDS, LATEST_SECONDS = 20, 45
"""The lease is 30 seconds, counted from a sign of life that may be some seconds older than the end of all signs."""
NOTICED_MS = 15_000
ENDED_WITHIN_MS = 60_000
BACK_MS = 30_000
FLOW = ("audioBytes", "videoBytes", "framesDecoded", "energy")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.slow
def test_a_browser_that_is_killed_in_a_call_leaves_it(
    browser: Browser, server: RunningServer, sessions: dict[str, list[Any]], stack: ExitStack
) -> None:
    mortal = stack.enter_context(chromium(browser, CHROMIUM, MORTAL))
    alice = stack.enter_context(somebody("alice", browser, server, sessions["alice"]))
    bob = stack.enter_context(somebody("bob", mortal, server, sessions["bob"]))
    with call(alice, bob):
        sees(alice)
        call_id = alice.ask("callinvite.service.state.active.call_id")

        kill(MORTAL)
        killed_at = time.monotonic()
        expect(alice.screen.get_by_text("Reconnecting").first).to_be_visible(timeout=NOTICED_MS)
        print(f"the other reads it {time.monotonic() - killed_at:.1f} s after the death")
        expect(alice.screen.get_by_text("Connection lost").first).to_be_visible(timeout=ENDED_WITHIN_MS)
        took = time.monotonic() - killed_at
        print(f"over {took:.1f} s after the death")
        assert EARLIEST_SECONDS < took < LATEST_SECONDS
        assert served(alice, call_id)["end_reason"] == "connection_lost"
        leaves_nothing_open(alice)


@pytest.fixture
def mortal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with layout.running(tmp_path_factory.mktemp("mortal") / "data") as running:
        yield running


def test_a_call_goes_on_while_the_server_is_dead(
    browser: Browser, mortal_server: RunningServer, stack: ExitStack
) -> None:
    sessions = sign_everybody_in(mortal_server)
    pair = [stack.enter_context(somebody(name, browser, mortal_server, sessions[name])) for name in ("alice", "bob")]
    alice, bob = pair
    with call(alice, bob):
        for each in pair:
            sees(each)
        alice.until("callinvite.service.state.active.participants.every((each) => each.connected_at !== null)")
        call_id = alice.ask("callinvite.service.state.active.call_id")
        who = places(served(alice, call_id))

        mortal_server.kill()
        for each in pair:
            each.until("callinvite.service.state.connection !== 'open'")
        for each in pair:
            grows(each, *FLOW)
            grows(each, *FLOW)
        # What one switches reaches the other without a server.
        alice.screen.get_by_role("button", name="Mute").click()
        bob.hears("Muted")
        falls_silent(bob)
        bob.screen.get_by_role("button", name="Stop video").click()
        expect(alice.screen.locator(".tile--video:not(.tile--self)")).to_have_count(0)
        for each in pair:
            assert each.ask("callinvite.service.state.connection") != "open"

        mortal_server.start()
        started_at = time.monotonic()
        for each in pair:
            each.until("callinvite.service.state.connection === 'open'", BACK_MS)
            print(f"{each.name} is back {time.monotonic() - started_at:.1f} s after the start")
        now = served(alice, call_id)
        assert now["state"] == "active"
        assert places(now) == who
        for each in pair:
            each.is_connected_to({"alice": "Bob", "bob": "Alice"}[each.name])
        alice.screen.get_by_role("button", name="Unmute").click()
        bob.screen.get_by_role("button", name="Start video").click()
        for each in pair:
            sees(each)
            grows(each, *FLOW)
        bob.hang_up()
        alice.hears("Call ended")
    assert served(alice, call_id)["end_reason"] == "completed"
    leaves_nothing_open(*pair)


def kill(option: str) -> None:
    """SIGKILL to the browser that was started with this option by this process, and to all of its processes."""
    (main,) = [each for each in psutil.Process().children(recursive=True) if _is_main(each, option)]
    family = [main, *main.children(recursive=True)]
    for each in family:
        # One may have gone with its parent.
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(family, timeout=10)


def _is_main(process: psutil.Process, option: str) -> bool:
    try:
        arguments = process.cmdline()
    except psutil.Error:
        return False
    return option in arguments and not any(each.startswith("--type=") for each in arguments)

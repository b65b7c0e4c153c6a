"""Calls through a TURN server: because somebody hides their address, or because nothing else gets through."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import CHROMIUM, Person
from tests.browser.media import RELAY_ONLY, call, chromium, grows, inbound, leaves_nothing_open, sees, somebody
from tests.support import layout
from tests.support.coturn import RunningTurn
from tests.support.network import IsolatedHost
from tests.support.server import RunningServer
from tests.support.services import Missing
from tests.support.signing_in import sign_everybody_in

EVERYTHING = ("audioBytes", "videoBytes", "framesDecoded", "energy")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def relayed(stack: ExitStack, turn: RunningTurn, folder: Path) -> RunningServer:
    """A server whose people may use this relay."""
    env = {"CALLINVITE_ICE_SERVERS": turn.url, "CALLINVITE_TURN_SECRET": turn.secret}
    return stack.enter_context(layout.running(folder / "data", env=env))


def started(stack: ExitStack, wanted: Any) -> Any:
    """Something of this machine, or a skip that says what is missing."""
    try:
        return stack.enter_context(wanted)
    except Missing as missing:
        pytest.skip(str(missing))


def test_people_who_hide_their_addresses_talk_through_the_relay(
    browser: Browser, stack: ExitStack, tmp_path: Path
) -> None:
    turn = started(stack, RunningTurn())
    server = relayed(stack, turn, tmp_path)
    sessions = sign_everybody_in(server)
    alice, bob = (
        stack.enter_context(somebody(name, browser, server, sessions[name], RELAY_ONLY)) for name in ("alice", "bob")
    )
    with call(alice, bob):
        for each in (alice, bob):
            sees(each)
            grows(each, *EVERYTHING)
            assert inbound(each)["pair"] == ["relay", "relay"]
        assert turn.sessions > 0
    leaves_nothing_open(alice, bob)


def test_two_people_behind_strict_firewalls_meet_at_the_relay(
    browser: Browser, stack: ExitStack, tmp_path: Path
) -> None:
    hosts = [started(stack, IsolatedHost()) for _ in range(2)]
    # Both reach this machine at that address, and neither reaches the other.
    turn = started(stack, RunningTurn(address=hosts[0].machine))
    server = relayed(stack, turn, tmp_path)
    sessions = sign_everybody_in(server)
    people: list[Person] = []
    for name, host in zip(("alice", "bob"), hosts, strict=True):
        host.forward(server.port)
        there = stack.enter_context(chromium(browser, host.program(CHROMIUM)))
        people.append(stack.enter_context(somebody(name, there, server, sessions[name])))
    alice, bob = people
    placed_at = time.monotonic()
    with call(alice, bob):
        for each in people:
            sees(each)
            grows(each, *EVERYTHING)
        print(f"both ways {time.monotonic() - placed_at:.1f} s after the call was placed")
        pairs = [inbound(each)["pair"] for each in people]
        print(f"by {pairs}, {turn.sessions} allocations")
        assert all("relay" in pair for pair in pairs)
        assert turn.sessions > 0
    leaves_nothing_open(alice, bob)

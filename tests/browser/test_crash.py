"""The server dies without a word and comes back: nobody loses a ring."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Person
from tests.support import layout
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with layout.running(tmp_path_factory.mktemp("mortal") / "data") as running:
        yield running


@pytest.fixture
def pair(browser: Browser, mortal: RunningServer) -> Iterator[tuple[Person, Person]]:
    sessions = sign_everybody_in(mortal)
    people = []
    for name in ("alice", "bob"):
        context = browser.new_context()
        context.add_cookies(sessions[name])
        people.append(Person(name, context, mortal))
    yield people[0], people[1]
    for each in people:
        each.context.close()


def test_a_ring_outlives_the_death_of_the_server(pair: tuple[Person, Person], mortal: RunningServer) -> None:
    alice, bob = pair
    alice.call("Bob")
    bob.rings("Alice")
    deadline = bob.ask("Date.parse(callinvite.service.state.incoming.ring_expires_at)")
    mortal.kill()
    expect(bob.page.get_by_text("Connection lost. Reconnecting…")).to_be_visible()
    mortal.start()
    for each in pair:
        each.until("callinvite.service.state.connection === 'open'", 30_000)
    bob.rings("Alice")
    assert bob.ask("Date.parse(callinvite.service.state.incoming.ring_expires_at)") == deadline
    # By the server's clock, of which each answer that travels faster says more.
    left = "callinvite.service.remainingMs(callinvite.service.state.incoming)"
    bob.until(f"Math.abs({left} - ({deadline} - Date.now())) < 2_500")
    bob.accept()
    alice.is_connected_to("Bob")
    bob.is_connected_to("Alice")

"""Chromium and Firefox call each other: sound, picture and switches both ways, and nothing stays open behind them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.browser.conftest import WATCH, Person
from tests.browser.media import UP_MS, falls_silent, grows, inbound, is_up, leaves_nothing_open, sees
from tests.support.firefox import Firefox, Tab, network_missing
from tests.support.network import IsolatedHost
from tests.support.server import RunningServer
from tests.support.services import Missing

EVERYTHING = ("audioBytes", "videoBytes", "framesDecoded", "energy")
THEIR_PICTURES = "document.querySelectorAll('call-screen .tile--video:not(.tile--self)').length"

MARK = """(() => {
  const name = (button) => button.getAttribute("aria-label") ?? button.textContent.trim();
  const found = [...document.querySelectorAll("button")].find((each) => each.checkVisibility() && name(each) === NAME);
  document.querySelectorAll("[data-wanted]").forEach((each) => each.removeAttribute("data-wanted"));
  found?.setAttribute("data-wanted", "");
  found?.addEventListener("click", ({ isTrusted }) => { globalThis.wasPressed = isTrusted; }, { once: true });
  globalThis.wasPressed = false;
  return Boolean(found);
})()"""


class FirefoxPerson:
    """A person signed in at a Firefox, with the same methods as a Person at Chromium."""

    def __init__(self, name: str, tab: Tab) -> None:
        self.name = name
        self.tab = tab

    def ask(self, function: str, argument: Any = None) -> Any:
        return self.tab.call(function, argument)

    def until(self, condition: str, timeout_ms: int = UP_MS) -> None:
        self.tab.until(condition, timeout_ms / 1000)

    def press(self, name: str) -> None:
        """A real click at a button, as soon as there is one."""
        # Firefox takes up to a minute to find something by its accessible name in a page that shows moving pictures.
        self.until(MARK.replace("NAME", json.dumps(name)))
        self.tab.click("[data-wanted]")
        self.until("wasPressed")

    def hold_down(self, selector: str) -> None:
        """Put the pointer on something, press the button of the mouse and keep it pressed."""
        locator = {"type": "css", "value": selector}
        (node,) = self._send("browsingContext.locateNodes", locator=locator)["nodes"]
        origin = {"type": "element", "element": {"sharedId": node["sharedId"]}}
        self._mouse({"type": "pointerMove", "x": 0, "y": 0, "origin": origin}, {"type": "pointerDown", "button": 0})

    def let_go(self) -> None:
        self._mouse({"type": "pointerUp", "button": 0})

    def _mouse(self, *actions: dict[str, Any]) -> None:
        self._send("input.performActions", actions=[{"type": "pointer", "id": "mouse", "actions": actions}])

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.tab.firefox.send(method, context=self.tab.context, **parameters)

    def hears(self, words: str) -> None:
        """Wait until the call screen shows this."""
        self.until(f"document.querySelector('call-screen').innerText.includes({words!r})")


@pytest.fixture(scope="module")
def firefox(server: RunningServer) -> Iterator[Firefox]:
    with ExitStack() as stack:
        try:
            host = None
            if network_missing():
                # A host of its own has a default route, without which Firefox connects to nobody.
                host = stack.enter_context(IsolatedHost())
                host.forward(server.port)
            running = stack.enter_context(Firefox(host=host))
        except Missing as missing:
            pytest.skip(str(missing))
        yield running


@pytest.fixture
def bob(firefox: Firefox, server: RunningServer, sessions: dict[str, list[Any]]) -> Iterator[FirefoxPerson]:
    tab = firefox.open(apart=True)
    firefox.send("script.addPreloadScript", functionDeclaration=f"() => {{ {WATCH} }}", contexts=[tab.context])
    tab.set_cookies(sessions["bob"])
    tab.navigate(server.url)
    tab.until("globalThis.callinvite?.service.state.connection === 'open'")
    tab.until("document.querySelectorAll('people-view .person').length === 3")
    yield FirefoxPerson("bob", tab)
    tab.close()
    assert tab.complaints == []


def test_chromium_calls_firefox(alice: Person, bob: FirefoxPerson) -> None:
    alice.call("Bob")
    bob.press("Accept")
    accepted_at = time.monotonic()
    _see_and_hear_each_other(alice, bob)
    print(f"both ways {time.monotonic() - accepted_at:.1f} s after Firefox accepted")

    alice.hang_up()
    bob.hears("Call ended")
    leaves_nothing_open(alice, bob)


def test_firefox_calls_chromium(alice: Person, bob: FirefoxPerson) -> None:
    bob.press("Video call to Alice")
    alice.rings("Bob")
    alice.accept()
    accepted_at = time.monotonic()
    _see_and_hear_each_other(alice, bob)
    print(f"both ways {time.monotonic() - accepted_at:.1f} s after Chromium accepted")

    bob.press("Hang up")
    alice.hears("Call ended")
    leaves_nothing_open(alice, bob)


def test_cameras_go_off_and_come_back_between_the_two(alice: Person, bob: FirefoxPerson) -> None:
    _call(alice, bob)
    bob.press("Stop video")
    alice.until(f"{THEIR_PICTURES} === 0")
    bob.until("watched.tracks.filter((each) => each.kind === 'video' && each.readyState === 'live').length === 0")
    bob.press("Start video")
    sees(alice)
    grows(alice, "framesDecoded")

    alice.screen.get_by_role("button", name="Stop video").click()
    bob.until(f"{THEIR_PICTURES} === 0")
    alice.screen.get_by_role("button", name="Start video").click()
    sees(bob)
    grows(bob, "framesDecoded")

    alice.hang_up()
    bob.hears("Call ended")
    leaves_nothing_open(alice, bob)


def test_muting_is_silence_between_the_two(alice: Person, bob: FirefoxPerson) -> None:
    _call(alice, bob)
    bob.press("Mute")
    alice.hears("Muted")
    falls_silent(alice)
    bob.press("Unmute")
    grows(alice, "audioBytes", "energy")

    alice.screen.get_by_role("button", name="Mute").click()
    bob.hears("Muted")
    falls_silent(bob)
    alice.screen.get_by_role("button", name="Unmute").click()
    grows(bob, "audioBytes", "energy")

    bob.press("Hang up")
    alice.hears("Call ended")
    leaves_nothing_open(alice, bob)


def test_a_click_counts_although_the_ring_is_shown_anew_meanwhile(alice: Person, bob: FirefoxPerson) -> None:
    alice.call("Bob")
    bob.until("document.querySelector('incoming-call').checkVisibility()")
    bob.hold_down("incoming-call .answer--accept ui-icon svg")
    # As every change of the state does, of which there are several in the first moments of a ring.
    bob.ask("() => document.querySelector('incoming-call').update(callinvite.service.state)")
    bob.let_go()
    bob.until("callinvite.service.state.active !== null")
    is_up(alice, bob)


def _call(alice: Person, bob: FirefoxPerson) -> None:
    alice.call("Bob")
    bob.press("Accept")
    _see_and_hear_each_other(alice, bob)


def _see_and_hear_each_other(alice: Person, bob: FirefoxPerson) -> None:
    is_up(alice, bob)
    for each in (alice, bob):
        sees(each)
        grows(each, *EVERYTHING)
        assert inbound(each)["frameWidth"] > 0
    alice.until("callinvite.service.state.active.participants.every((each) => each.connected_at !== null)")

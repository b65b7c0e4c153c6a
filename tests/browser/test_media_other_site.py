"""A page of another origin rings, answers and talks: the example, in Chromium and in Firefox, calling each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, expect

from tests.browser.accessibility import faults
from tests.browser.conftest import WAIT_MS, WATCH, until
from tests.browser.media import KNOWN, grows, is_up, leaves_nothing_open
from tests.support import other_site
from tests.support.firefox import Firefox, Tab, network_missing
from tests.support.network import IsolatedHost
from tests.support.server import RunningServer
from tests.support.services import Missing

CLICKS_MOST = 5
CONNECTED = "document.querySelector('#state').textContent.startsWith('Connected as')"
PICTURE = """(() => {
  const tile = document.querySelector("incoming-call").shadowRoot.querySelector(".tile:not(.tile--self) video");
  return tile !== null && !tile.hidden && tile.videoWidth > 0 && tile.currentTime > 0;
})()"""
WHERE = """(name) => {
  const roots = [document, ...[...document.querySelectorAll("*")].map((each) => each.shadowRoot).filter(Boolean)];
  const buttons = roots.flatMap((root) => [...root.querySelectorAll("button")]);
  const named = (each) => (each.getAttribute("aria-label") ?? each.textContent).trim() === name;
  const found = buttons.find((each) => named(each) && each.checkVisibility() && !each.disabled);
  if (!found) { return null; }
  globalThis.pressed = false;
  found.addEventListener("click", () => { globalThis.pressed = true; }, { capture: true, once: true });
  const box = found.getBoundingClientRect();
  return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
}"""
PRESSED = """() => new Promise((resolve) => {
  const late = performance.now() + 500;
  const look = () => {
    if (globalThis.pressed || performance.now() > late) { resolve(globalThis.pressed); }
    else { setTimeout(look, 10); }
  };
  look();
})"""


class AtChromium:
    """A person at the page, with what helpers of media ask of one."""

    def __init__(self, browser: Browser, site: str, name: str) -> None:
        self.complaints: list[str] = []
        self.context = browser.new_context()
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)
        self.page.goto(f"{site}/as/{name}")
        self.until(CONNECTED)
        self.ask(KNOWN)

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def ask(self, function: str, argument: Any = None, /) -> Any:
        return self.page.evaluate(function, argument)

    def until(self, condition: str, timeout_ms: int = WAIT_MS) -> None:
        until(self.page, condition, timeout_ms)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()


class AtFirefox:
    """The same at Firefox."""

    def __init__(self, tab: Tab, site: str, name: str) -> None:
        self.tab = tab
        tab.navigate(f"{site}/as/{name}")
        self.until(CONNECTED)
        self.ask(KNOWN)

    def ask(self, function: str, argument: Any = None, /) -> Any:
        return self.tab.call(function, argument)

    def until(self, condition: str, timeout_ms: int = WAIT_MS) -> None:
        self.tab.until(condition, timeout_ms / 1000)

    def press(self, name: str) -> None:
        """A real click, in whatever shadow the button is; another one if it has moved from under the pointer."""
        for _ in range(CLICKS_MOST):
            self.until(f"({WHERE})({json.dumps(name)}) !== null")
            x, y = self.ask(WHERE, name)
            moves = [
                {"type": "pointerMove", "x": x, "y": y},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerUp", "button": 0},
            ]
            actions = [{"type": "pointer", "id": "mouse", "actions": moves}]
            self.tab.firefox.send("input.performActions", context=self.tab.context, actions=actions)
            if self.ask(PRESSED):
                return
        raise AssertionError(f"{name!r} went away from {CLICKS_MOST} clicks")


@pytest.fixture(scope="module")
def site(server: RunningServer) -> Iterator[str]:
    with other_site.running(server) as address:
        yield address


@pytest.fixture(scope="module")
def firefox(server: RunningServer) -> Iterator[Firefox]:
    with ExitStack() as stack:
        try:
            host = None
            if network_missing():
                host = stack.enter_context(IsolatedHost())
                host.forward(server.port)
                host.forward(other_site.PORT)
            running = stack.enter_context(Firefox(host=host))
        except Missing as missing:
            pytest.skip(str(missing))
        yield running


@pytest.fixture
def alice(browser: Browser, site: str) -> Iterator[AtChromium]:
    person = AtChromium(browser, site, "alice")
    yield person
    with suppress(Error):
        person.context.close()
    assert person.complaints == []


@pytest.fixture
def bob(firefox: Firefox, site: str) -> Iterator[AtFirefox]:
    tab = firefox.open(apart=True)
    firefox.send("script.addPreloadScript", functionDeclaration=f"() => {{ {WATCH} }}", contexts=[tab.context])
    yield AtFirefox(tab, site, "bob")
    tab.close()
    assert tab.complaints == []


def test_the_script_of_the_example_has_twelve_lines_at_most() -> None:
    page = (other_site.FOLDER / "index.html").read_text()
    scripts = re.findall(r"<script[^>]*>\n(.*?)\n\s*</script>", page, re.DOTALL)

    assert len(scripts) == 1
    assert len(scripts[0].splitlines()) <= 12


def test_the_example_says_why_it_cannot_ring_when_it_is_closed(alice: AtChromium) -> None:
    expect(alice.page.locator("#state")).to_contain_text("Connected as")
    alice.press("Ring when this page is closed, too")
    expect(alice.page.locator("#state")).to_contain_text("Notifications are blocked, as in every private window.")


def test_chromium_rings_firefox_and_they_talk(alice: AtChromium, bob: AtFirefox) -> None:
    alice.press("Video call to bob")
    bob.press("Accept")
    is_up(alice, bob)
    for each in (alice, bob):
        each.until(PICTURE)
        grows(each, "audioBytes", "videoBytes", "framesDecoded", "energy")
    assert faults(alice.page) == []

    alice.press("Hang up")
    expect(alice.page.get_by_role("button", name="Call again")).to_be_visible()
    bob.until("document.querySelector('incoming-call').call === null")
    leaves_nothing_open(alice, bob)


def test_firefox_rings_chromium_and_they_talk(alice: AtChromium, bob: AtFirefox) -> None:
    bob.press("Audio call to alice")
    expect(alice.page.get_by_role("alertdialog", name="Bob")).to_be_visible()
    assert faults(alice.page) == []
    alice.press("Accept")
    is_up(alice, bob)
    for each in (alice, bob):
        grows(each, "audioBytes", "energy")

    bob.press("Hang up")
    alice.until("document.querySelector('incoming-call').call === null")
    leaves_nothing_open(alice, bob)

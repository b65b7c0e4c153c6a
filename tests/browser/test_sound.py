"""Which page of a browser sounds, and how its sound comes back."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Person, connected, until

WATCH_SOUND = """(() => {
  globalThis.contexts = [];
  globalThis.AudioContext = class extends AudioContext {
    constructor(...options) {
      super(...options);
      contexts.push(this);
    }
  };
})();"""
"""Keeps what a page ever opened, so that a test can interrupt it as a phone call does."""

INTERRUPT = "contexts.at(-1).suspend()"
FULL = """(() => {
  const real = Storage.prototype.setItem;
  Storage.prototype.setItem = function (key, value) {
    if (key !== "callinvite.device_id") { throw new DOMException("The quota is used up.", "QuotaExceededError"); }
    real.call(this, key, value);
  };
})();"""


def turn_on(page: Page) -> None:
    page.get_by_role("group", name="Ringing on this device").get_by_role("button", name="Turn on ringing").click()
    until(page, "callinvite.ringer.audible")


def two_tabs(bob: Person) -> Page:
    """Bob's browser with a second tab that could sound, too."""
    bob.context.add_init_script(WATCH_SOUND)
    bob.page.reload()
    connected(bob.page)
    turn_on(bob.page)
    second = bob.open()
    second.mouse.click(5, 5)
    until(second, "callinvite.ringer.elsewhere && callinvite.ringer.unlocked")
    return second


def test_silencing_one_tab_leaves_the_ringing_to_another(alice: Person, bob: Person) -> None:
    second = two_tabs(bob)
    bob.show("Settings")
    bob.page.get_by_role("button", name="Turn off ringing here").click()
    expect(bob.page.get_by_text("This tab no longer rings. Another one does.")).to_be_visible()
    until(second, "callinvite.ringer.audible")
    expect(bob.page.locator("ringing-here")).to_contain_text("Another tab rings while it's open.")
    alice.call("Bob", "Audio")
    until(second, "callinvite.ringer.playing === 'ringtone'")
    assert bob.ask("callinvite.ringer.playing") is None
    # The tab that rings was not meant: it still does after it is loaded again.
    second.reload()
    connected(second)
    second.mouse.click(5, 5)
    until(second, "callinvite.ringer.audible")


def test_a_tab_whose_sound_is_interrupted_hands_the_ring_over(alice: Person, bob: Person) -> None:
    second = two_tabs(bob)
    alice.call("Bob", "Audio")
    bob.until("callinvite.ringer.playing === 'ringtone'")
    bob.ask(INTERRUPT)
    until(second, "callinvite.ringer.playing === 'ringtone'")
    bob.until("!callinvite.ringer.audible && callinvite.ringer.playing === null")


def test_after_an_interruption_a_click_brings_the_sound_back(alice: Person, bob: Person) -> None:
    bob.context.add_init_script(WATCH_SOUND)
    bob.page.reload()
    connected(bob.page)
    turn_on(bob.page)
    for _ in range(2):
        bob.ask(INTERRUPT)
        bob.until("!callinvite.ringer.audible && !callinvite.service.audible")
        bob.page.mouse.click(5, 5)
        bob.until("callinvite.ringer.audible && callinvite.service.audible")
    alice.call("Bob", "Audio")
    bob.until("callinvite.ringer.playing === 'ringtone'")


def test_a_sound_that_never_comes_back_is_made_anew_by_a_click(bob: Person) -> None:
    bob.context.add_init_script(WATCH_SOUND)
    bob.page.reload()
    connected(bob.page)
    turn_on(bob.page)
    bob.ask("""() => {
      const [context] = contexts;
      context.resume = () => new Promise(() => {});
      return context.suspend();
    }""")
    bob.until("!callinvite.ringer.audible")
    bob.page.mouse.click(5, 5)
    bob.until("callinvite.ringer.audible")
    assert bob.ask("contexts.length") == 2


def test_ringing_is_turned_on_in_a_browser_whose_storage_is_full(person: Callable[..., Person]) -> None:
    bob = person("bob")
    bob.context.add_init_script(FULL)
    bob.page.reload()
    connected(bob.page)
    turn_on(bob.page)
    expect(bob.page.get_by_text("This browser now rings when someone calls you.")).to_be_visible()
    bob.page.locator("enable-ringing .button--quiet").click()
    expect(bob.page.locator("enable-ringing")).to_be_hidden()

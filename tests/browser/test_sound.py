"""Which page of a browser sounds, and how its sound comes back."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Person, connected, until
from tests.support.server import RunningServer

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


RING_RESOURCES = """
from invitations.models import RingResource
for resource_id, silent in (("hush", True), ("loud", False)):
    RingResource.objects.update_or_create(resource_id=resource_id, defaults={
        "name": resource_id, "silent": silent, "vibration": [111, 22, 333], "accent": "#ff8800"})
"""
CALL_BOB_AS = """(resource) => callinvite.service.send({
  invitees: [{ id: "bob", name: "Bob" }], isVideoCall: false, resourceID: resource })"""
WATCH_PHONE = """(() => {
  globalThis.felt = [];
  globalThis.heard = [];
  navigator.vibrate = (pattern) => { felt.push([pattern].flat().join()); return true; };
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function () {
    heard.push([this.loop, Math.round(this.buffer.duration * 10) / 10].join());
    start.call(this);
  };
})();"""
"""Keeps what a page lets people feel and hear: patterns; of each sound whether it is a loop, and its seconds."""


def test_a_ring_is_as_silent_strong_and_coloured_as_its_resource_says(
    alice: Person, bob: Person, server: RunningServer
) -> None:
    server.manage("shell", "-c", RING_RESOURCES)
    bob.context.add_init_script(WATCH_PHONE)
    bob.page.reload()
    connected(bob.page)
    turn_on(bob.page)
    alice.ask(CALL_BOB_AS, "hush")
    bob.rings("Alice")
    expect(bob.page.locator("incoming-call .incoming")).to_have_css("border-top-color", "rgb(255, 136, 0)")
    alice.hears("Ringing silently")
    assert bob.ask("[callinvite.ringer.playing, felt.filter((each) => each !== '0')]") == [None, []]
    alice.screen.get_by_role("button", name="Cancel").click()
    alice.screen.get_by_role("button", name="Close").last.click()
    expect(bob.ring).to_be_hidden()
    alice.ask(CALL_BOB_AS, "loud")
    bob.rings("Alice")
    bob.until("callinvite.ringer.playing === 'ringtone' && felt.includes('111,22,333')")


def test_busy_does_not_sound_like_the_end_of_a_call(alice: Person, bob: Person, carol: Person) -> None:
    carol.context.add_init_script(WATCH_PHONE)
    carol.page.reload()
    connected(carol.page)
    turn_on(carol.page)
    alice.call("Bob", "Audio")
    bob.accept()
    alice.is_connected_to("Bob")
    carol.call("Bob", "Audio")
    carol.until("heard.includes('false,1.6')")
    assert carol.ask("heard") == ["false,1.6"]

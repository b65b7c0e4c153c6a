"""No device, no permission, no sound without a tap: each in words with what to do, and the call goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ARGUMENTS, CHROMIUM, WATCH, Person
from tests.browser.media import call, grows, is_up, leaves_nothing_open, sees
from tests.support.server import RunningServer

FAKES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture
def bare(
    browser: Browser, server: RunningServer, sessions: dict[str, list[Any]]
) -> Iterator[Callable[[str, tuple[str, ...]], Person]]:
    """A person at a Chromium without some of the fakes: no devices at all, or no permission granted."""
    browsers = []

    def arrive(name: str, without: tuple[str, ...]) -> Person:
        own = browser.browser_type.launch(
            executable_path=CHROMIUM, args=[each for each in ARGUMENTS if each not in without]
        )
        browsers.append(own)
        context = own.new_context()
        context.add_init_script(WATCH)
        context.add_cookies(sessions[name])
        return Person(name, context, server)

    yield arrive
    for each in browsers:
        each.close()


def trouble(somebody: Person, words: str) -> None:
    expect(somebody.screen.get_by_role("status").filter(has_text=words)).to_be_visible()


def test_without_any_device_one_still_sees_and_hears(
    alice: Person, bare: Callable[[str, tuple[str, ...]], Person]
) -> None:
    bob = bare("bob", FAKES)
    alice.call("Bob")
    bob.rings("Alice")
    bob.accept()
    is_up(alice, bob)
    trouble(bob, "No microphone found. Plug one in, and it will be used at once.")
    sees(bob)
    grows(bob, "audioBytes", "framesDecoded")
    expect(alice.screen.get_by_role("listitem").filter(has_text="Bob")).to_contain_text("without a microphone")
    bob.screen.get_by_role("button", name="Dismiss").click()
    trouble(bob, "No camera found.")
    bob.screen.get_by_role("button", name="Dismiss").click()
    expect(bob.screen.get_by_text("No camera found")).to_be_hidden()
    alice.until("callinvite.service.state.active.participants.every((each) => each.connected_at !== null)")
    bob.hang_up()
    alice.hears("Call ended")
    leaves_nothing_open(alice, bob)


def test_a_denied_permission_says_where_to_allow_it(
    alice: Person, bare: Callable[[str, tuple[str, ...]], Person]
) -> None:
    bob = bare("bob", FAKES[1:])
    alice.call("Bob", "Audio")
    bob.rings("Alice")
    bob.accept()
    is_up(alice, bob)
    trouble(bob, "This page isn't allowed to use your microphone. Allow it at the left end of the address bar")
    grows(bob, "energy")
    # Allowed now: one click brings it.
    bob.context.grant_permissions(["microphone", "camera"])
    bob.screen.get_by_role("button", name="Try again").click()
    expect(bob.screen.get_by_text("isn't allowed to use")).to_be_hidden()
    grows(alice, "energy")
    alice.hang_up()
    bob.hears("Call ended")
    leaves_nothing_open(bob)


def test_a_microphone_in_use_elsewhere_is_named(alice: Person, bob: Person) -> None:
    bob.ask("""() => {
      const real = navigator.mediaDevices.getUserMedia;
      navigator.mediaDevices.getUserMedia = ({ audio, video }) => audio && globalThis.busy !== false
        ? Promise.reject(new DOMException("taken", "NotReadableError")) : real({ audio, video });
    }""")
    with call(alice, bob):
        trouble(bob, "Another program is using your microphone. Close that program, then try again.")
        # The picture comes all the same.
        sees(alice)
        bob.ask("globalThis.busy = false")
        bob.screen.get_by_role("button", name="Try again").click()
        grows(alice, "energy")


def test_an_unplugged_microphone_is_replaced_and_an_unplugged_camera_is_said(alice: Person, bob: Person) -> None:
    unplug = """(kind) => {
      const track = callinvite.talk.local[`${kind}Track`];
      track.stop();
      track.dispatchEvent(new Event("ended"));
    }"""
    with call(alice, bob):
        sees(alice)
        bob.ask(unplug, "microphone")
        bob.until("watched.tracks.filter((each) => each.kind === 'audio').length === 2")
        grows(alice, "energy")
        bob.ask(unplug, "camera")
        trouble(bob, "Your camera was unplugged. Plug it in again or choose another one.")
        alice.until("callinvite.talk.state.peers[0].media.camera === false")
        bob.screen.get_by_role("button", name="Try again").click()
        sees(alice)


def test_a_browser_that_stays_silent_asks_for_a_tap(alice: Person, bob: Person) -> None:
    bob.ask("""() => {
      const real = HTMLAudioElement.prototype.play;
      HTMLAudioElement.prototype.play = function play() {
        return navigator.userActivation.isActive && globalThis.tapped
          ? real.call(this) : Promise.reject(new DOMException("no gesture", "NotAllowedError"));
      };
    }""")
    with call(alice, bob):
        ask = bob.page.get_by_role("button", name="Tap to hear the others")
        expect(ask).to_be_visible()
        bob.ask("globalThis.tapped = true")
        ask.click()
        expect(ask).to_be_hidden()


def test_the_camera_is_looked_at_before_answering_and_can_be_left_off(alice: Person, person: Any) -> None:
    bob = person("bob", permissions=["camera", "microphone"])
    alice.call("Bob")
    bob.rings("Alice")
    # Where the camera was allowed before, one sees oneself without asking.
    bob.until("document.querySelector('incoming-call own-preview video').videoWidth > 0")
    bob.ring.get_by_role("button", name="Microphone").click()
    bob.ring.get_by_role("button", name="Answer without video").click()
    is_up(alice, bob)
    bob.until("watched.tracks.every((each) => each.readyState === 'ended')")
    expect(bob.screen.get_by_role("button", name="Unmute")).to_be_visible()
    expect(bob.screen.get_by_role("button", name="Start video")).to_be_visible()
    bob.screen.get_by_role("button", name="Unmute").click()
    grows(alice, "energy")
    bob.hang_up()
    alice.hears("Call ended")
    leaves_nothing_open(alice, bob)


def test_a_preview_ends_with_its_ring(alice: Person, person: Any) -> None:
    bob = person("bob", permissions=["camera", "microphone"])
    alice.call("Bob")
    bob.rings("Alice")
    bob.until("document.querySelector('incoming-call own-preview video').videoWidth > 0")
    alice.screen.get_by_role("button", name="Cancel").click()
    expect(bob.ring).to_be_hidden()
    leaves_nothing_open(alice, bob)


def test_the_caller_sees_and_mutes_themselves_while_it_rings(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    alice.until("document.querySelector('call-stage .tile--self video').videoWidth > 0")
    alice.screen.get_by_role("button", name="Mute").click()
    bob.accept()
    is_up(alice, bob)
    expect(bob.screen.get_by_role("listitem").filter(has_text="Alice")).to_contain_text("muted")
    bob.hang_up()
    alice.hears("Call ended")
    leaves_nothing_open(alice, bob)

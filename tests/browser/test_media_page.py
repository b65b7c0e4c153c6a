"""The page around a call: keys of keyboards and headsets, the awake screen, the small window, small screens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.browser.media import call, grows, is_up, sees

FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
SEEN_WHOLE = """() => [...document.querySelectorAll(
    "call-screen button, call-screen h2, call-screen .tile, call-screen [role=timer]")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest("[hidden]"))
  .filter((each) => {
    const { left, top, right, bottom } = each.getBoundingClientRect();
    return left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1;
  })
  .map((each) => each.className + " " + each.textContent)"""
KEYS = """() => {
  globalThis.keys = {};
  globalThis.active = {};
  const session = navigator.mediaSession;
  session.setActionHandler = (name, act) => { keys[name] = act; };
  session.setMicrophoneActive = (on) => { active.microphone = on; };
  session.setCameraActive = (on) => { active.camera = on; };
}"""
LOCKS = """() => {
  globalThis.locks = [];
  const real = navigator.wakeLock.request.bind(navigator.wakeLock);
  navigator.wakeLock.request = async (kind) => {
    const lock = await real(kind);
    locks.push(lock);
    return lock;
  };
}"""


def test_the_keyboard_mutes_films_and_shares(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        for key, before, after in (
            ("m", "Mute", "Unmute"),
            ("v", "Stop video", "Start video"),
            ("s", "Share", "Stop sharing"),
        ):
            expect(alice.screen.get_by_role("button", name=before, exact=True)).to_be_visible()
            alice.page.keyboard.press(key)
            expect(alice.screen.get_by_role("button", name=after, exact=True)).to_be_visible()
            alice.page.keyboard.press(key.upper())
            expect(alice.screen.get_by_role("button", name=before, exact=True)).to_be_visible()
        # Elsewhere the same letters are letters.
        alice.screen.get_by_role("button", name="Back to the app (the call continues)").click()
        alice.page.get_by_label("Search people").press_sequentially("mvs")
        assert alice.ask("callinvite.talk.state.local.microphone.muted") is False
        assert alice.ask("callinvite.talk.state.local.camera.live") is True


def test_the_keys_of_a_headset_work_and_the_system_knows(alice: Person, bob: Person) -> None:
    alice.ask(KEYS)
    with call(alice, bob):
        alice.until("active.microphone === true && active.camera === true")
        assert alice.ask("navigator.mediaSession.metadata.title") == "Bob"
        alice.ask("keys.togglemicrophone()")
        expect(bob.screen.get_by_role("listitem").filter(has_text="Alice")).to_contain_text("muted")
        alice.until("active.microphone === false")
        alice.ask("keys.togglecamera()")
        alice.until("active.camera === false")
        alice.ask("keys.hangup()")
        bob.hears("Call ended")
        alice.until("keys.hangup === null && navigator.mediaSession.metadata === null")


def test_the_screen_stays_awake_for_as_long_as_the_call(alice: Person, bob: Person) -> None:
    alice.ask(LOCKS)
    with call(alice, bob):
        alice.until("locks.length === 1 && !locks[0].released")
    alice.until("locks[0].released")


def test_the_picture_floats_above_other_windows_where_the_browser_can(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(alice)
        alice.screen.get_by_role("button", name="More").click()
        with alice.context.expect_page() as opened:
            alice.screen.get_by_role("button", name="Show in a small window").click()
        small = opened.value
        expect(small.locator("video")).to_be_visible()
        alice.until("documentPictureInPicture.window.document.querySelector('video').videoWidth > 0")
        alice.screen.get_by_role("button", name="More").click()
        alice.screen.get_by_role("button", name="Close the small window").click()
        alice.until("documentPictureInPicture.window === null")
        grows(alice, "framesDecoded")


def test_a_chosen_loudspeaker_plays_the_others(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        alice.screen.get_by_role("button", name="More").click()
        speakers = alice.screen.get_by_label("Speaker")
        chosen = speakers.locator("option").last.get_attribute("value")
        speakers.select_option(value=chosen)
        alice.until(f"document.querySelector('remote-audio audio').sinkId === '{chosen}'")
        # It is kept for the next call.
        assert alice.ask("callinvite.talk.local.chosen('speaker')") == chosen
        assert chosen in alice.ask("localStorage.getItem('callinvite.media_devices')")


@pytest.mark.parametrize(
    ("width", "height"), [(320, 568), (390, 844), (844, 390), (1280, 800)], ids=["small", "phone", "lying", "desk"]
)
def test_every_button_is_within_reach(
    person: Callable[..., Person], bob: Person, carol: Person, width: int, height: int
) -> None:
    alice = person("alice", viewport={"width": width, "height": height})
    with call(alice, bob):
        sees(alice)
        assert alice.ask(SEEN_WHOLE) == []
        assert alice.ask(FITS)
        alice.ask("callinvite.service.invite({ invitees: ['carol', 'dave'] })")
        carol.rings("Alice")
        carol.accept()
        is_up(carol)
        sees(alice, 2)
        assert alice.ask(SEEN_WHOLE) == []
        carol.page.keyboard.press("s")
        expect(alice.screen.locator(".tile--screen.tile--main")).to_be_visible()
        assert alice.ask(SEEN_WHOLE) == []
        alice.screen.get_by_role("button", name="More").click()
        assert alice.ask(SEEN_WHOLE) == []
        alice.page.keyboard.press("Escape")
        carol.ask("callinvite.service.leave()")
        expect(alice.screen.locator(".tile--screen")).to_have_count(0)
        alice.ask("callinvite.service.cancel({ callees: ['dave'] })")

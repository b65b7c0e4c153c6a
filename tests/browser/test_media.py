"""Real calls: what people see, hear and show each other, and that nothing stays open behind them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from playwright.sync_api import Error, expect

from tests.browser.conftest import Person, connected, until
from tests.browser.media import INBOUND, call, close, grows, inbound, is_up, leaves_nothing_open, sees

WIDTH = "document.querySelector('call-stage .tile--video:not(.tile--self) video').videoWidth"
SECOND = "() => new Promise((resolve) => { setTimeout(resolve, 1000); })"
ARRIVES = f"""async ([width, ms]) => {{
  // The browser's figures follow what it shows by a moment.
  for (const late = performance.now() + ms;;) {{
    const {{ frameWidth }} = await ({INBOUND})(null);
    if (frameWidth === width || performance.now() > late) {{ return frameWidth; }}
    await new Promise((resolve) => {{ setTimeout(resolve, 50); }});
  }}
}}"""
SETTLED = f"""async () => {{
  const late = performance.now() + 10000, trail = [];
  for (let before = -1; performance.now() < late;) {{
    const now = (await ({INBOUND})(null)).energy;
    trail.push(now - before);
    if (now === before) {{ return; }}
    before = now;
    await new Promise((resolve) => {{ setTimeout(resolve, 300); }});
  }}
  throw new Error("It is never silent: " + trail.join());
}}"""


def test_sound_and_picture_flow_both_ways_and_nothing_stays_open(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    bob.accept()
    for each in (alice, bob):
        sees(each)
        grows(each, "audioBytes", "videoBytes", "framesDecoded", "energy")
    alice.until("callinvite.service.state.active.participants.every((each) => each.connected_at !== null)")
    bob.hang_up()
    bob.hears("Call ended")
    alice.hears("Call ended")
    leaves_nothing_open(alice, bob)
    for each, direction in ((alice, "Outgoing"), (bob, "Incoming")):
        expect(each.screen).to_be_hidden()
        each.show("Recents")
        expect(each.page.locator(".recent").first).to_contain_text(re.compile(rf"{direction} · 0:\d\d"))
    assert alice.ask("callinvite.service.history().then(({ results }) => results[0].end_reason)") == "completed"


def test_muting_is_silence_and_is_shown(alice: Person, bob: Person) -> None:
    with call(alice, bob, medium="Audio"):
        grows(bob, "energy")
        alice.screen.get_by_role("button", name="Mute").click()
        expect(bob.screen.get_by_text("Muted")).to_be_visible()
        # What was under way when the microphone closed is played out first; from then on it is silence, not quiet.
        bob.page.evaluate(SETTLED)
        before = inbound(bob)
        bob.page.evaluate(SECOND)
        after = inbound(bob)
        assert after["energy"] - before["energy"] == 0
        assert after["audioBytes"] == before["audioBytes"]
        alice.page.keyboard.press("m")
        expect(bob.screen.get_by_text("Muted")).to_be_hidden()
        grows(bob, "energy")


def test_a_camera_that_is_off_is_closed_and_comes_back(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(bob)
        alice.page.keyboard.press("v")
        expect(bob.screen.locator(".tile--video:not(.tile--self)")).to_have_count(0)
        alice.until("watched.tracks.filter((each) => each.kind === 'video' && each.readyState === 'live').length === 0")
        alice.page.keyboard.press("v")
        sees(bob)
        grows(bob, "framesDecoded")


def test_a_shared_screen_is_seen_in_its_own_size(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(bob)
        alice.screen.get_by_role("button", name="Share").click()
        expect(bob.screen.locator(".tile--screen.tile--video")).to_be_visible()
        camera, screen = (
            alice.ask(f"callinvite.talk.local.{each}Track.getSettings().width") for each in ("camera", "screen")
        )
        assert camera != screen
        bob.until(f"{WIDTH} === {screen}", 20_000)
        assert bob.ask(ARRIVES, [screen, 20_000]) == screen
        alice.screen.get_by_role("button", name="Stop sharing").click()
        expect(bob.screen.locator(".tile--screen")).to_have_count(0)
        bob.until(f"{WIDTH} === {camera}", 30_000)
        alice.until("watched.tracks.filter((each) => each.readyState === 'live').length === 2")


def test_an_audio_call_becomes_a_video_call_when_both_want_it(alice: Person, bob: Person) -> None:
    with call(alice, bob, medium="Audio"):
        assert alice.ask("watched.tracks.map((each) => each.kind)") == ["audio"]
        bob.screen.get_by_role("button", name="Start video").click()
        expect(alice.screen.get_by_text("Bob started video.")).to_be_visible()
        sees(alice)
        assert alice.ask("watched.tracks.map((each) => each.kind)") == ["audio"]
        alice.screen.get_by_role("button", name="Start my video").click()
        sees(bob)
        expect(alice.screen.get_by_text("Bob started video.")).to_be_hidden()


def test_a_call_on_hold_sends_nothing_and_says_so(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(bob)
        alice.screen.get_by_role("button", name="More").click()
        alice.screen.get_by_role("button", name="Put on hold").click()
        expect(bob.screen.get_by_text("On hold").first).to_be_visible()
        expect(bob.screen.locator(".tile--video:not(.tile--self)")).to_have_count(0)
        assert alice.ask("document.querySelector('remote-audio audio').muted") is True
        alice.screen.get_by_role("button", name="Resume", exact=True).click()
        sees(bob)
        assert alice.ask("document.querySelector('remote-audio audio').muted") is False


def test_three_people_all_see_and_hear_each_other(alice: Person, bob: Person, carol: Person) -> None:
    with call(alice, bob):
        bob.screen.get_by_role("button", name="Add people").click()
        picker = bob.page.get_by_role("dialog", name="Add people")
        picker.get_by_role("checkbox", name=re.compile("^Carol")).check()
        picker.get_by_role("button", name="Call", exact=True).click()
        # A person who is still being rung has a tile, and only the person who invited them (or the caller) may stop it.
        waiting = bob.screen.get_by_role("listitem").filter(has_text="Carol")
        expect(waiting).to_contain_text("Ringing silently")
        expect(waiting.get_by_role("button", name="Stop calling Carol")).to_be_visible()
        carol.rings("Bob")
        carol.accept()
        everybody = (alice, bob, carol)
        for each in everybody:
            sees(each, 2)
            for other in everybody:
                if other is not each:
                    grows(each, "audioBytes", "framesDecoded", "energy", of=other.name)
        assert alice.ask("document.querySelectorAll('remote-audio audio').length") == 2
        carol.hang_up()
        carol.page.get_by_role("button", name="Leave", exact=True).click()
        leaves_nothing_open(carol)
        for each in (alice, bob):
            expect(each.screen.get_by_role("heading")).to_have_text({"alice": "Bob", "bob": "Alice"}[each.name])
            grows(each, "framesDecoded")


def test_a_reload_comes_back_into_the_call_as_it_was(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(bob)
        alice.page.keyboard.press("m")
        expect(bob.screen.get_by_role("listitem").filter(has_text="Alice")).to_contain_text("muted")
        alice.page.reload(wait_until="commit")
        is_up(alice)
        sees(alice)
        # Who was muted before stays muted.
        expect(alice.screen.get_by_role("button", name="Unmute")).to_be_visible()
        sees(bob)
        grows(bob, "framesDecoded")


def test_the_call_moves_to_another_device_with_one_tap(person: Callable[..., Person], alice: Person) -> None:
    laptop, phone = person("bob"), person("bob")
    alice.call("Bob")
    laptop.rings("Alice")
    laptop.accept()
    is_up(alice, laptop)
    phone.page.get_by_role("button", name="Move it here").click()
    expect(laptop.page.get_by_text("The call continues on your other device.")).to_be_visible()
    is_up(phone)
    sees(phone)
    sees(alice)
    leaves_nothing_open(laptop)
    phone.hang_up()
    alice.hears("Call ended")
    leaves_nothing_open(alice, phone)


def test_one_page_of_a_browser_has_the_call_and_another_can_take_it(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        other = alice.open()
        bar = other.get_by_role("group", name="Ongoing call")
        expect(bar).to_contain_text("You're in a call with Bob in another tab")
        assert other.evaluate("watched.tracks.length + watched.connections.length") == 0
        expect(other.locator("call-screen")).to_be_hidden()
        bar.get_by_role("button", name="Bring it here").click()
        expect(other.locator("call-screen .tile--video:not(.tile--self)")).to_be_visible()
        leaves_nothing_open(alice)
        expect(alice.page.get_by_role("button", name="Bring it here")).to_be_visible()
        grows(bob, "framesDecoded")
        other.locator("call-screen").get_by_role("button", name="Hang up").click()
        bob.hears("Call ended")
        other.close()


def test_closing_the_page_ends_the_call_for_the_other_one_at_once(alice: Person, bob: Person) -> None:
    for way in ("close", "elsewhere"):
        page = alice.page
        with call(alice, bob):
            sees(bob)
            if way == "close":
                alice.page = alice.open()
                close(page)
            else:
                page.goto("about:blank")
            bob.hears("Call ended")
            if way == "elsewhere":
                page.goto(alice.server.url)
                connected(page)
        bob.page.keyboard.press("Escape")


def test_closing_the_page_takes_back_the_ring(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    close(alice.page)
    expect(bob.ring).to_be_hidden()
    expect(bob.page.get_by_text("Alice (@alice) hung up.")).to_be_visible()


def test_reloading_the_page_does_not_end_the_ring(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    alice.page.reload()
    connected(alice.page)
    expect(alice.screen.get_by_role("heading", name="Bob")).to_be_visible()
    # The cookie that said so is gone: closing the page now is meant.
    assert "callinvite_loaded" not in alice.ask("document.cookie")
    bob.rings("Alice")
    bob.reject()


def test_a_crashed_page_leaves_its_call_to_be_taken_over(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        other = alice.open()
        expect(other.get_by_role("button", name="Bring it here")).to_be_visible()
        # A page that has just been loaded takes a call that no other page has: let it see first that there is one.
        until(other, "performance.now() > 3000")
        with suppress(Error):
            alice.page.goto("chrome://crash")
        alice.page.close()
        bar = other.get_by_role("group", name="Ongoing call")
        expect(bar).to_contain_text("The page with your call to Bob was closed.", timeout=15_000)
        bar.get_by_role("button", name="Continue here").click()
        alice.page = other
        is_up(alice)
        sees(alice)
        grows(bob, "framesDecoded")


def test_the_small_one_of_two_pictures_becomes_the_large_one_by_a_tap(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(alice)
        expect(alice.screen.locator(".tile--main")).not_to_have_class(re.compile("tile--self"))
        alice.screen.get_by_role("button", name="Show your picture large").click()
        expect(alice.screen.locator(".tile--main")).to_have_class(re.compile("tile--self"))
        alice.screen.get_by_role("button", name="Show Bob large").click()
        expect(alice.screen.locator(".tile--main")).not_to_have_class(re.compile("tile--self"))


def test_the_call_goes_on_small_in_the_corner(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(alice)
        alice.screen.get_by_role("button", name="Back to the app (the call continues)").click()
        corner = alice.page.get_by_role("region", name="Ongoing call")
        alice.show("Recents")
        alice.until("document.querySelector('.corner__video').videoWidth > 0")
        grows(alice, "energy", "framesDecoded")
        corner.get_by_role("button", name="Mute").click()
        expect(bob.screen.get_by_role("listitem").filter(has_text="Alice")).to_contain_text("muted")
        corner.get_by_role("button", name="Show").click()
        sees(alice)


def test_escape_asks_before_it_hangs_up(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        alice.page.keyboard.press("Escape")
        question = alice.page.get_by_role("dialog", name="Hang up?")
        expect(question).to_be_visible()
        alice.page.keyboard.press("Escape")
        expect(question).to_have_count(0)
        alice.is_connected_to("Bob")
        alice.page.keyboard.press("Escape")
        question.get_by_role("button", name="Hang up").click()
        bob.hears("Call ended")
        leaves_nothing_open(alice, bob)


def test_two_people_who_hang_up_at_once_have_both_hung_up(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        hang_up = "document.querySelector('call-screen .control--hang-up').click()"
        for each in (alice, bob):
            each.ask(hang_up)
        for each in (alice, bob):
            each.hears("Call ended")
            expect(each.page.locator(".toast--wrong")).to_have_count(0)
        leaves_nothing_open(alice, bob)
        for each in (alice, bob):
            each.page.keyboard.press("Escape")


def test_the_devices_in_use_can_be_changed_in_the_call(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(bob)
        alice.screen.get_by_role("button", name="More").click()
        microphones = alice.screen.get_by_label("Microphone")
        # The menu is there at once, and filled when the browser has said what there is.
        expect(microphones.locator("option").nth(1)).to_be_attached()
        options = microphones.locator("option").all_text_contents()
        assert len(options) >= 2
        microphones.select_option(index=len(options) - 1)
        alice.until("watched.tracks.filter((each) => each.kind === 'audio').length === 2")
        states = "watched.tracks.filter((each) => each.kind === 'audio').map((each) => each.readyState).join()"
        alice.until(f"{states} === 'ended,live'")
        grows(bob, "energy")
        assert alice.screen.get_by_label("Camera").locator("option").count() >= 1
        assert alice.screen.get_by_label("Speaker").locator("option").count() >= 2

"""A second call while one talks: the first is put on hold, told so, and gone back to."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Person, connected
from tests.browser.media import call, falls_silent, grows, is_up, leaves_nothing_open, sees

ON_HOLD = "On hold"


def hold_and_answer(bob: Person, carol: Person) -> None:
    carol.call("Bob")
    bob.rings("Carol")
    bob.ring.get_by_role("button", name="Hold and answer").click()
    bob.is_connected_to("Carol")
    carol.is_connected_to("Bob")
    is_up(carol)
    sees(bob)


def test_the_first_call_is_held_and_gone_back_to(alice: Person, waiting_bob: Person, carol: Person) -> None:
    bob = waiting_bob
    with call(alice, bob):
        sees(alice)
        hold_and_answer(bob, carol)
        alice.hears(ON_HOLD)
        falls_silent(alice)
        expect(alice.screen.get_by_role("timer")).to_be_visible()
        grows(carol, "energy", "framesDecoded")

        bob.screen.get_by_text("On hold: Alice").wait_for()
        bob.screen.get_by_role("button", name="Switch").click()
        bob.is_connected_to("Alice")
        carol.hears(ON_HOLD)
        falls_silent(carol)
        grows(alice, "energy", "framesDecoded")
        grows(bob, "energy", "framesDecoded")

        # Whoever hangs up one call is back in the other.
        bob.hang_up()
        alice.hears("Call ended")
        bob.is_connected_to("Carol")
        expect(bob.page.get_by_text("The call with Alice has ended.")).to_be_visible()
        expect(bob.screen.get_by_text("On hold: ")).to_have_count(0)
        grows(carol, "energy", "framesDecoded")
        bob.hang_up()
        carol.hears("Call ended")
        leaves_nothing_open(alice, bob, carol)


def test_who_was_muted_before_the_hold_is_muted_after_it(alice: Person, waiting_bob: Person, carol: Person) -> None:
    bob = waiting_bob
    with call(alice, bob):
        bob.page.keyboard.press("m")
        hold_and_answer(bob, carol)
        assert bob.ask("callinvite.talk.state.local.microphone.muted") is False
        bob.screen.get_by_role("button", name="Switch").click()
        bob.is_connected_to("Alice")
        bob.until("callinvite.talk.state.local.microphone.muted && !callinvite.talk.state.local.hold")
        bob.hang_up()
        alice.hears("Call ended")
        bob.is_connected_to("Carol")
        bob.until("!callinvite.talk.state.local.microphone.muted")
        bob.hang_up()


def test_who_was_muted_and_unseen_before_the_hold_is_so_after_it_and_a_reload(
    alice: Person, waiting_bob: Person, carol: Person
) -> None:
    bob = waiting_bob
    with call(alice, bob):
        sees(alice)
        bob.page.keyboard.press("m")
        bob.page.keyboard.press("v")
        alice.until("callinvite.talk.state.peers[0].media.camera === false")
        hold_and_answer(bob, carol)
        bob.page.reload()
        connected(bob.page)
        bob.is_connected_to("Carol")
        bob.until("callinvite.talk.state.local.microphone.speaks && callinvite.talk.state.local.camera.live")
        bob.screen.get_by_role("button", name="Switch").click()
        bob.is_connected_to("Alice")
        bob.until("callinvite.talk.state.local.microphone.muted && !callinvite.talk.state.local.hold")
        assert bob.ask("callinvite.talk.state.local.camera.wanted") is False
        falls_silent(alice)
        bob.hang_up()
        alice.hears("Call ended")
        bob.is_connected_to("Carol")
        bob.until("callinvite.talk.state.local.microphone.speaks")
        bob.hang_up()
        assert bob.ask("localStorage.getItem('callinvite.media_intent')") is None


def test_a_held_call_stays_held_over_a_reload_and_can_end_by_itself(
    alice: Person, waiting_bob: Person, carol: Person
) -> None:
    bob = waiting_bob
    with call(alice, bob):
        hold_and_answer(bob, carol)
        bob.page.reload()
        connected(bob.page)
        bob.is_connected_to("Carol")
        sees(bob)
        bob.screen.get_by_text("On hold: Alice").wait_for()
        alice.until("callinvite.talk.state.peers[0]?.state === 'connected'")
        alice.hears(ON_HOLD)
        falls_silent(alice)
        alice.hang_up()
        expect(bob.page.get_by_text("The call with Alice has ended.")).to_be_visible()
        expect(bob.screen.get_by_text("On hold: ")).to_have_count(0)
        grows(carol, "energy", "framesDecoded")
        bob.hang_up()
        carol.hears("Call ended")

"""One calls, another is rung: what both see, for every way in which it can end."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Person, connected

SEND_BRIEFLY = """(seconds) => {
  const button = document.createElement("send-call-invitation-button");
  button.setAttribute("invitees", "bob");
  button.setAttribute("is-video-call", "");
  button.setAttribute("timeout-seconds", String(seconds));
  document.querySelector("#main").append(button);
  return button.send().then((sent) => { button.remove(); return sent; });
}"""


def test_accepting_connects_both_and_hanging_up_ends_it_for_both(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    expect(bob.ring.get_by_text("Incoming video call")).to_be_visible()
    bob.accept()
    alice.is_connected_to("Bob")
    bob.is_connected_to("Alice")
    expect(alice.screen.get_by_role("timer")).to_have_text(re.compile(r"0:0[1-9]"))
    bob.hang_up()
    bob.hears("Call ended")
    alice.hears("The call lasted")
    alice.hears("Call ended")
    # The screen goes by itself, and the call is in recents.
    expect(alice.screen).to_be_hidden()
    alice.show("Recents")
    expect(alice.page.locator(".recent").first).to_contain_text("Outgoing · 0:0")


def test_the_caller_reads_on_which_device_it_rings(alice: Person, bob: Person) -> None:
    alice.call("Bob", "Audio")
    bob.rings("Alice")
    expect(bob.ring.get_by_text("Incoming audio call")).to_be_visible()
    alice.hears("Ringing silently")


def test_nobody_there_is_not_called_ringing(alice: Person) -> None:
    alice.call("Dave")
    alice.hears("Calling")
    alice.hears("Dave's devices can't be reached")
    alice.screen.get_by_role("button", name="Cancel").click()
    alice.hears("Dave's devices couldn't be reached")


def test_a_rejection_is_told_with_its_reason(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    bob.reject()
    expect(bob.ring).to_be_hidden()
    expect(alice.screen.get_by_text("Declined", exact=True)).to_be_visible()


def test_a_quick_reply_reaches_the_caller_in_words(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    bob.ring.get_by_role("button", name="Decline with a message").click()
    bob.ring.get_by_role("button", name="call you back soon").click()
    alice.hears("Declined: I'll call you back soon.")


def test_an_own_reply_and_a_busy_rejection(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    bob.ring.get_by_role("button", name="Decline with a message").click()
    bob.ring.get_by_label("Your own message").fill("<b>At the dentist</b>")
    bob.page.keyboard.press("Enter")
    alice.hears("Declined: <b>At the dentist</b>")
    alice.screen.get_by_role("button", name="Call again").click()
    bob.rings("Alice")
    bob.ring.get_by_role("button", name="Decline with a message").click()
    bob.ring.get_by_role("button", name="busy").click()
    alice.hears("Declined: busy right now")


def test_cancelling_stops_the_ring_and_leaves_a_missed_call(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    alice.hears("Ringing")
    alice.screen.get_by_role("button", name="Cancel").click()
    expect(bob.ring).to_be_hidden()
    expect(bob.page.get_by_text("Alice (@alice) hung up.")).to_be_visible()
    expect(bob.page.locator("missed-badge .badge")).to_be_visible()
    bob.show("Recents")
    expect(bob.page.locator(".recent--missed").first).to_contain_text("Missed: the caller hung up")
    expect(bob.page.locator("missed-badge")).to_be_hidden()


def test_a_page_that_rings_and_is_closed_is_not_called_ringing(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    alice.hears("Ringing silently")
    bob.page.reload()
    connected(bob.page)
    bob.rings("Alice")
    alice.hears("Ringing silently")
    bob.page.close()
    alice.hears("Bob's devices can't be reached")
    bob.page = bob.open()
    bob.rings("Alice")
    alice.hears("Ringing silently")
    bob.reject()


def test_an_unanswered_ring_times_out_by_itself(alice: Person, bob: Person) -> None:
    assert alice.ask(SEND_BRIEFLY, 9) is True
    bob.rings("Alice")
    expect(bob.ring.get_by_text(re.compile(r"Ringing · 0:0[1-9] left"))).to_be_visible()
    alice.hears("No answer")
    expect(bob.ring).to_be_hidden()
    expect(bob.page.get_by_text("You missed a call from Alice (@alice).")).to_be_visible()
    expect(bob.page).to_have_title(re.compile(r"^\(\d+\) Callinvite$"))


def test_a_missed_call_is_called_back_by_one_tap(alice: Person, bob: Person) -> None:
    alice.ask(SEND_BRIEFLY, 1)
    # Whether the ring was seen or not.
    expect(bob.page.get_by_text("You missed a call from Alice (@alice).")).to_be_visible()
    expect(bob.ring).to_be_hidden()
    bob.show("Recents")
    bob.page.get_by_role("button", name="Missed", exact=True).click()
    bob.page.locator(".recent").first.get_by_role("button", name=re.compile("Call back")).click()
    alice.rings("Bob")


def test_two_who_call_each_other_are_connected(alice: Person, bob: Person) -> None:
    for caller, callee in ((alice, "bob"), (bob, "alice")):
        caller.ask(
            """(callee) => {
          globalThis.placed = document.querySelector(`[data-person=${callee}] send-call-invitation-button`).send();
        }""",
            callee,
        )
    alice.is_connected_to("Bob")
    bob.is_connected_to("Alice")
    assert alice.ask("callinvite.service.state.active.call_id") == bob.ask("callinvite.service.state.active.call_id")


def test_a_busy_person_is_told_busy_at_once(alice: Person, bob: Person, carol: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    bob.accept()
    alice.is_connected_to("Bob")
    carol.call("Bob")
    expect(carol.screen.get_by_text("Busy", exact=True)).to_be_visible()
    expect(bob.page.get_by_text("Carol (@carol) tried to call you")).to_be_visible()
    expect(bob.ring).to_be_hidden()


def test_answering_on_one_device_stops_the_other(alice: Person, bob: Person, person: Callable[..., Person]) -> None:
    other = person("bob")
    alice.call("Bob")
    bob.rings("Alice")
    other.rings("Alice")
    bob.accept()
    expect(other.page.get_by_text("You answered on Chrome on Linux.")).to_be_visible()
    expect(other.ring).to_be_hidden()
    bob.is_connected_to("Alice")
    expect(other.page.get_by_text("You're in a call with Alice on another device.")).to_be_visible()


def test_a_call_moves_to_another_own_device(alice: Person, bob: Person, person: Callable[..., Person]) -> None:
    other = person("bob")
    alice.call("Bob")
    bob.rings("Alice")
    bob.accept()
    bob.is_connected_to("Alice")
    other.page.get_by_role("button", name="Move it here").click()
    expect(bob.page.get_by_text("The call continues on your other device.")).to_be_visible()
    expect(bob.screen).to_be_hidden()
    other.is_connected_to("Alice")
    alice.is_connected_to("Bob")


def test_rejecting_on_one_device_stops_the_other(alice: Person, bob: Person, person: Callable[..., Person]) -> None:
    other = person("bob")
    alice.call("Bob")
    other.rings("Alice")
    bob.rings("Alice")
    bob.reject()
    expect(other.ring).to_be_hidden()
    expect(other.page.get_by_text("You declined on Chrome on Linux.")).to_be_visible()


def test_a_ring_outlives_loading_the_page_again(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    bob.page.reload()
    bob.rings("Alice")
    bob.accept()
    alice.is_connected_to("Bob")
    bob.page.reload()
    bob.is_connected_to("Alice")
    alice.is_connected_to("Bob")


def test_a_call_survives_moving_about(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    bob.accept()
    alice.is_connected_to("Bob")
    alice.screen.get_by_role("button", name="Back to the app (the call continues)").click()
    bar = alice.page.get_by_role("region", name="Ongoing call")
    expect(bar).to_contain_text("In a call with Bob")
    for view in ("Recents", "Settings", "People"):
        alice.show(view)
        expect(bar).to_be_visible()
    bar.get_by_role("button", name="Show").click()
    alice.is_connected_to("Bob")


def test_a_second_caller_rings_softly_with_call_waiting(alice: Person, bob: Person, carol: Person) -> None:
    bob.show("Settings")
    switch = bob.page.get_by_role("switch", name=re.compile("Call waiting"))
    switch.check()
    expect(bob.page.get_by_text("A second call will ring.")).to_be_visible()
    alice.call("Bob")
    bob.rings("Alice")
    bob.accept()
    alice.is_connected_to("Bob")
    carol.call("Bob")
    bob.rings("Carol")
    expect(bob.ring.get_by_text("If you accept, you leave it.")).to_be_visible()
    bob.accept()
    alice.hears("Call ended")
    carol.is_connected_to("Bob")
    bob.hang_up()
    carol.hears("Call ended")
    bob.page.keyboard.press("Escape")
    bob.show("Settings")
    switch.uncheck()
    expect(bob.page.get_by_text("Others will be told that you're busy.")).to_be_visible()


def test_two_callers_at_once_are_both_shown(alice: Person, waiting_bob: Person, carol: Person) -> None:
    bob = waiting_bob
    alice.call("Bob")
    bob.rings("Alice")
    carol.call("Bob")
    bob.ring.get_by_role("button", name="Decline the call from Carol").click()
    carol.hears("Declined")
    bob.rings("Alice")


LONG = """([name, text]) => {
  const button = document.createElement("send-call-invitation-button");
  button.setAttribute("invitees", "bob:Bob");
  button.setAttribute("is-video-call", "");
  button.setAttribute("notification-title", name);
  button.setAttribute("notification-message", text);
  document.querySelector("#main").append(button);
  return button.send().then((sent) => { button.remove(); return sent; });
}"""
SIZES = [(1280, 800), (1280, 650), (1366, 600), (844, 390), (390, 844), (320, 568)]


def test_both_answers_are_whole_on_every_screen_however_much_is_said(alice: Person, bob: Person) -> None:
    text = "\n".join("One line of what this call is about, long enough to be broken" for _ in range(3))
    alice.page.evaluate(LONG, ["Wolfeschlegelsteinhausenbergerdorff" * 2, text])
    bob.rings("Alice")
    for replies in (False, True):
        if replies:
            bob.ring.get_by_role("button", name="Decline with a message").click()
        for width, height in SIZES:
            bob.page.set_viewport_size({"width": width, "height": height})
            for name in ("Accept", "Decline"):
                answer = bob.ring.get_by_role("button", name=name, exact=True)
                expect(answer).to_be_in_viewport(ratio=1)
                answer.click(trial=True)
    bob.reject()

"""Several people in one call: each one's own answer is shown, and the call goes on without those who do not come."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import Person


def choose(caller: Person, *names: str) -> None:
    caller.page.get_by_role("button", name="Group call").click()
    for name in names:
        caller.page.locator("people-view").get_by_role("checkbox", name=re.compile(f"^{name}")).check()


def line(somebody: Person, name: str) -> Any:
    return somebody.screen.get_by_role("listitem").filter(has_text=name)


def test_a_group_call_tells_of_each_one(alice: Person, bob: Person, carol: Person) -> None:
    choose(alice, "Bob", "Carol", "Dave")
    alice.page.get_by_role("button", name="Audio", exact=True).click()
    bob.rings("Alice")
    carol.rings("Alice")
    expect(bob.ring.get_by_text("with Carol and Dave")).to_be_visible()
    expect(line(alice, "Bob")).to_contain_text("Ringing silently")
    expect(line(alice, "Dave")).to_contain_text("Dave's devices can't be reached")
    carol.reject()
    expect(line(alice, "Carol")).to_contain_text("Declined")
    bob.accept()
    expect(line(alice, "Bob")).to_contain_text("In the call")
    alice.screen.get_by_role("button", name="Stop calling Dave").click()
    expect(line(alice, "Dave")).to_contain_text("Dave's devices couldn't be reached")
    bob.is_connected_to("Alice")
    bob.hang_up()
    alice.hears("Call ended")


def test_somebody_is_added_to_a_call(alice: Person, bob: Person, carol: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    bob.accept()
    bob.is_connected_to("Alice")
    bob.screen.get_by_role("button", name="Add people").click()
    picker = bob.page.get_by_role("dialog", name="Add people")
    expect(picker.get_by_role("checkbox", name=re.compile("^Alice"))).to_have_count(0)
    picker.get_by_role("checkbox", name=re.compile("^Carol")).check()
    picker.get_by_role("button", name="Call", exact=True).click()
    carol.rings("Bob")
    expect(carol.ring.get_by_text("with Alice")).to_be_visible()
    carol.accept()
    alice.is_connected_to("Bob and Carol")
    carol.is_connected_to("Alice and Bob (@bob)")
    carol.hang_up()
    # Several people are not left by a slip of the finger.
    question = carol.page.get_by_role("dialog", name="Leave the call?")
    question.get_by_role("button", name="Stay").click()
    carol.is_connected_to("Alice and Bob (@bob)")
    carol.hang_up()
    expect(question.get_by_role("button", name="End for everyone")).to_have_count(0)
    question.get_by_role("button", name="Leave", exact=True).click()
    alice.is_connected_to("Bob")


def test_a_call_that_one_has_left_can_be_joined_again(alice: Person, bob: Person, carol: Person) -> None:
    choose(alice, "Bob", "Carol")
    alice.page.get_by_role("button", name="Video", exact=True).click()
    bob.rings("Alice")
    carol.rings("Alice")
    bob.accept()
    # A call is named after who is in it, in the order in which they came.
    alice.is_connected_to("Bob")
    carol.accept()
    alice.is_connected_to("Bob and Carol")
    carol.is_connected_to("Alice (@alice) and Bob")
    carol.hang_up()
    carol.page.get_by_role("dialog", name="Leave the call?").get_by_role("button", name="Leave", exact=True).click()
    carol.hears("Alice and Bob are still talking.")
    expect(carol.screen.get_by_role("button", name="Call again")).to_be_hidden()
    carol.screen.get_by_role("button", name="Rejoin").click()
    carol.is_connected_to("Alice (@alice) and Bob")
    alice.screen.get_by_role("button", name="More").click()
    alice.screen.get_by_role("button", name="End for everyone").click()
    bob.hears("Call ended")
    carol.hears("Call ended")


def test_the_caller_takes_somebody_out_who_comes_back_by_a_new_call_only(
    alice: Person, bob: Person, carol: Person
) -> None:
    choose(alice, "Bob", "Carol")
    alice.page.get_by_role("button", name="Audio", exact=True).click()
    bob.rings("Alice")
    carol.rings("Alice")
    bob.accept()
    alice.is_connected_to("Bob")
    carol.accept()
    alice.is_connected_to("Bob and Carol")
    expect(bob.screen.get_by_role("button", name="Take Carol out of the call")).to_have_count(0)
    alice.screen.get_by_role("button", name="Take Carol out of the call").click()
    question = alice.page.get_by_role("dialog", name="Take Carol out of the call?")
    question.get_by_role("button", name="Let them stay").click()
    alice.is_connected_to("Bob and Carol")
    alice.screen.get_by_role("button", name="Take Carol out of the call").click()
    question.get_by_role("button", name="Take out").click()
    carol.hears("You were taken out of the call")
    expect(carol.screen).to_contain_text("Alice and Bob are still talking.")
    expect(carol.screen.get_by_role("button", name=re.compile("^(Rejoin|Join|Call)"))).to_have_count(0)
    alice.is_connected_to("Bob")
    # Two are parted by hanging up.
    expect(alice.screen.get_by_role("button", name="Take Bob out of the call")).to_have_count(0)
    alice.screen.get_by_role("button", name="Add people").click()
    picker = alice.page.get_by_role("dialog", name="Add people")
    picker.get_by_role("checkbox", name=re.compile("^Carol")).check()
    picker.get_by_role("button", name="Call", exact=True).click()
    carol.rings("Alice")
    carol.accept()
    alice.is_connected_to("Bob and Carol")

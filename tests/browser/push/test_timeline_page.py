"""What happened? The page that answers whether it rang, where, and if not, why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Person
from tests.browser.phone import Phone
from tests.support.push_service import PushService


def ask_what_happened(person: Person) -> Any:
    """Open the latest call's explanation from recents."""
    person.show("Recents")
    person.page.locator("recents-view").get_by_role("link", name="What happened?").first.click()
    view = person.page.locator("timeline-view")
    expect(view.get_by_role("heading", name="What happened?")).to_be_visible()
    return view


def entry(view: Any, code: str) -> Locator:
    """The entries of that code."""
    found: Locator = view.locator(f'[data-code="{code}"]')
    return found


def test_the_invitee_reads_what_was_sent_to_which_device(alice: Person, phone: Phone) -> None:
    phone.leave()
    alice.call("Bob")
    phone.hears("ring")
    alice.hears("Ringing on")
    alice.screen.get_by_role("button", name="Cancel").click()
    phone.hears("stop")
    phone.person.page = phone.person.open()

    view = ask_what_happened(phone.person)

    expect(view).to_contain_text("Video call from Alice")
    expect(view).to_contain_text("Missed: the caller hung up")
    expect(view.locator(".timeline__answer")).to_contain_text("It rang for Bob")
    ring = entry(view, "delivery.sent").filter(has_text="accepted the ring for")
    expect(ring).to_contain_text("The push service at 127.0.0.1")
    code = ring.get_by_text("delivery.sent · status 201 · host 127.0.0.1")
    expect(code).to_be_hidden()
    view.get_by_role("button", name="Show codes").click()
    expect(code).to_be_visible()
    expect(entry(view, "delivery.sent").filter(has_text="that the ring was over")).to_be_visible()
    expect(entry(view, "call.ended")).to_be_visible()
    expect(phone.person.page.get_by_role("navigation").get_by_role("link", name="Recents")).to_have_attribute(
        "aria-current", "page"
    )


def test_the_caller_reads_the_coarse_truth(alice: Person, person: Callable[..., Person], service: PushService) -> None:
    phone = Phone(person("carol", permissions=["notifications"]), service)
    phone.enable()
    phone.leave()
    phone.receiver.answer(410)
    alice.call("Carol")
    alice.hears("Carol's devices can't be reached")
    alice.screen.get_by_role("button", name="Cancel").click()
    alice.screen.get_by_role("button", name="Close").first.click()

    view = ask_what_happened(alice)

    expect(view).to_contain_text("Video call to Carol")
    said = view.locator(".timeline__answer")
    expect(said).to_have_attribute("data-how", "bad")
    expect(said).to_contain_text("Carol's devices couldn't be reached")
    expect(said).to_contain_text("Nothing shows that it rang for Carol")
    expect(entry(view, "ring.unheard")).to_be_visible()
    expect(view.locator('[data-code^="delivery."], [data-code^="device."]')).to_have_count(0)


def test_a_call_that_goes_on_tells_more_by_itself(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    alice.until("callinvite.service.state.outgoing !== null")
    call_id = alice.ask("callinvite.service.state.outgoing.call_id")
    alice.ask("(callID) => { location.hash = `timeline/${callID}`; }", call_id)
    view = alice.page.locator("timeline-view")
    expect(view).to_contain_text("Bob: Ringing silently")
    bob.reject()
    expect(entry(view, "call.ended")).to_be_visible()
    expect(view).to_contain_text("Declined")


def test_a_call_that_is_none_of_ones_own_is_said_so(bob: Person) -> None:
    bob.ask("() => { location.hash = 'timeline/call_nobody_1'; }")
    view = bob.page.locator("timeline-view")
    expect(view).to_contain_text("You have no such call.")
    view.get_by_role("link", name="Your calls").click()
    expect(bob.page.get_by_role("heading", name="Recents")).to_be_visible()


def test_without_an_answer_of_the_server_it_can_be_asked_again(bob: Person) -> None:
    bob.page.route("**/timeline", lambda route: route.abort())
    bob.ask("() => { location.hash = 'timeline/call_nobody_2'; }")
    view = bob.page.locator("timeline-view")
    expect(view).to_contain_text("Couldn't load what happened.")
    bob.page.unroute("**/timeline")
    view.get_by_role("button", name="Try again").click()
    expect(view).to_contain_text("You have no such call.")

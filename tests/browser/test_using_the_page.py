"""The page itself: keyboard, screen reader, sound, search, narrow and dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Person, connected, until

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
SCRIPT, STYLE = "**/bundle/shell*.js", "**/bundle/shell*.css"
ME = "**/api/v1/me"
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def test_a_ring_takes_the_focus_and_enter_accepts(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    expect(bob.ring.get_by_role("button", name="Accept", exact=True)).to_be_focused()
    bob.page.keyboard.press("Enter")
    bob.is_connected_to("Alice")
    alice.is_connected_to("Bob")


def test_escape_rejects_and_gives_the_focus_back(alice: Person, bob: Person) -> None:
    link = bob.page.get_by_role("navigation").get_by_role("link", name="Recents")
    link.focus()
    alice.call("Bob")
    bob.rings("Alice")
    bob.page.keyboard.press("Escape")
    expect(bob.ring).to_be_hidden()
    alice.hears("Declined")
    expect(link).to_be_focused()


@pytest.mark.parametrize("view", ["recents", "person/bob"])
def test_one_is_never_taken_for_somebody_else_while_the_live_connection_is_opened(
    alice: Person, bob: Person, view: str
) -> None:
    """History may come sooner than the socket, which says whose page it is."""
    alice.call("Bob")
    bob.rings("Alice")
    bob.reject()
    alice.hears("Declined")
    early = alice.context.new_page()
    early.route_web_socket("**/ws/v1/live", lambda socket: None)
    early.route("**/api/v1/calls/open", lambda route: route.abort())
    early.goto(f"{alice.server.url}/#{view}")
    line = early.locator("[data-call], .person-page__call").first
    expect(line.locator("ui-icon[name=outgoing]")).to_be_attached()
    expect(line).to_contain_text("Declined")
    assert early.evaluate("globalThis.callinvite.service.state.user") is None
    early.close()


def test_the_focus_cannot_leave_a_ring(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    for _ in range(8):
        bob.page.keyboard.press("Tab")
        inside = bob.ask(
            "document.activeElement === document.body || !!document.activeElement.closest('incoming-call')"
        )
        assert inside


def test_somebody_who_is_typing_does_not_answer_by_accident(alice: Person, bob: Person) -> None:
    bob.page.get_by_label("Search people").focus()
    # The key comes in the very frame in which the ring appears.
    bob.ask("""() => {
      const ring = document.querySelector("incoming-call");
      new MutationObserver(() => {
        const event = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true });
        document.activeElement.dispatchEvent(event);
        globalThis.stopped = event.defaultPrevented;
      }).observe(ring, { attributes: true, attributeFilter: ["hidden"] });
    }""")
    alice.call("Bob")
    bob.until("globalThis.stopped === true")
    bob.rings("Alice")
    alice.hears("Ringing")


def test_calling_works_with_the_keyboard_alone(alice: Person, bob: Person) -> None:
    alice.page.get_by_label("Search people").focus()
    for _ in range(20):
        alice.page.keyboard.press("Tab")
        if alice.ask("document.activeElement.getAttribute('aria-label')") == "Audio call to Bob":
            break
    alice.page.keyboard.press("Enter")
    bob.rings("Alice")
    expect(alice.screen.get_by_role("heading", name="Bob")).to_be_focused()
    alice.page.keyboard.press("Tab")
    alice.page.keyboard.press("Shift+Tab")
    alice.screen.get_by_role("button", name="Cancel").focus()
    alice.page.keyboard.press("Enter")
    expect(bob.ring).to_be_hidden()


def test_a_ring_says_who_calls_to_a_screen_reader(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    expect(bob.ring).to_have_accessible_name("Alice")
    expect(bob.ring).to_have_accessible_description("@alice · Not in your contacts is calling you")
    expect(bob.ring).to_have_attribute("aria-modal", "true")
    expect(bob.page).to_have_title(re.compile(r"Alice \(@alice\) is calling"))


def test_every_button_has_a_name(alice: Person) -> None:
    for view in ("People", "Recents", "Settings"):
        alice.show(view)
        names = alice.ask("""[...document.querySelectorAll("button, a, input:not([type=hidden])")]
          .filter((each) => !each.closest("[hidden]"))
          .filter((each) => !each.getAttribute("aria-label") && !each.textContent.trim() && !each.labels?.length)
          .map((each) => each.outerHTML)""")
        assert names == []


def test_the_page_says_that_it_is_silent_until_ringing_is_enabled(alice: Person, bob: Person) -> None:
    expect(
        bob.page.get_by_role("group", name="Ringing on this device").get_by_text("This browser doesn't ring.")
    ).to_be_visible()
    assert bob.ask("callinvite.ringer.audible") is False
    bob.page.get_by_role("button", name="Turn on ringing").click()
    expect(bob.page.get_by_text("This browser now rings when someone calls you.")).to_be_visible()
    bob.until("callinvite.ringer.audible && callinvite.service.audible")
    # The wish is kept: the next load needs no question.
    bob.page.reload()
    connected(bob.page)
    bob.page.mouse.click(5, 5)
    bob.until("callinvite.ringer.audible")
    expect(bob.page.get_by_role("button", name="Turn on ringing")).to_be_hidden()


def test_a_private_window_says_that_it_is_one_and_offers_no_retry(person: Callable[..., Person]) -> None:
    # Contexts are private windows; in one that may show notifications only the push address is refused.
    bob = person("bob", permissions=["notifications"])
    banner = bob.page.get_by_role("group", name="Ringing on this device")
    bob.page.get_by_role("button", name="Turn on ringing").click()
    expect(banner.get_by_text("A private window can't ring when it's closed.")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Try again")).to_have_count(0)
    assert bob.ask("[callinvite.enrolment.state, callinvite.enrolment.reason]") == ["unsupported", "private"]
    bob.complaints.clear()


def test_a_page_without_its_network_says_so_everywhere(alice: Person, bob: Person) -> None:
    online = alice.page.locator("[data-person=bob] [data-online=online]")
    expect(online).to_have_count(1, timeout=15_000)
    alice.context.set_offline(True)
    expect(alice.page.get_by_text("You're offline", exact=False)).to_be_visible()
    expect(alice.page.locator("own-name")).to_contain_text("Not connected")
    expect(alice.page.locator("people-view [data-online]")).to_have_count(0)
    alice.show("Settings")
    expect(alice.page.get_by_label("Your name, as others see it")).to_have_value("Alice")
    expect(alice.page.get_by_role("switch", name="Call waiting")).to_be_disabled()
    expect(alice.page.get_by_text("This setting couldn't be read.")).to_be_visible()

    alice.context.set_offline(False)
    expect(alice.page.get_by_role("switch", name="Call waiting")).to_be_enabled(timeout=20_000)
    expect(alice.page.locator("own-name")).to_contain_text("Online")
    alice.show("People")
    expect(online).to_have_count(1, timeout=15_000)


def test_one_tab_of_a_browser_makes_the_sound(bob: Person) -> None:
    bob.page.get_by_role("button", name="Turn on ringing").click()
    bob.until("callinvite.ringer.audible")
    second = bob.open()
    second.mouse.click(5, 5)
    until(second, "callinvite.ringer.unlocked")
    assert second.evaluate("callinvite.ringer.audible") is False
    bob.page.close()
    until(second, "callinvite.ringer.audible")


def test_people_are_searched_and_marked(alice: Person, bob: Person) -> None:
    expect(alice.page.locator("[data-person=bob]")).to_contain_text("Online", timeout=15_000)
    expect(alice.page.locator("[data-person=dave]")).to_contain_text("Offline")
    alice.page.get_by_label("Search people").fill("car")
    expect(alice.page.locator("people-view .person")).to_have_count(1)
    expect(alice.page.locator("people-view .person")).to_contain_text("Carol")
    alice.page.get_by_label("Search people").fill("nobody at all")
    expect(alice.page.get_by_text("No results for “nobody at all”.")).to_be_visible()


def test_a_lost_list_can_be_asked_for_again(alice: Person) -> None:
    alice.page.route("**/api/v1/users*", lambda route: route.abort())
    alice.page.reload()
    alice.until("globalThis.callinvite?.service.state.connection === 'open'")
    expect(alice.page.get_by_text("Couldn't load the list.")).to_be_visible()
    expect(alice.page.get_by_role("button", name="Try again")).to_be_visible()
    alice.page.unroute("**/api/v1/users*")
    # Not a slow click: the list heals by itself, too, and then there is no button any more.
    alice.ask("document.querySelector('people-view .blank .button')?.click()")
    expect(alice.page.locator("people-view .person").first).to_be_visible()


def test_a_refused_verb_is_said_in_words(alice: Person) -> None:
    assert (
        alice.ask("""() => {
      const button = document.createElement("send-call-invitation-button");
      button.setAttribute("invitees", "nobody-here:Nobody Here");
      document.querySelector("#main").append(button);
      return button.send();
    }""")
        is False
    )
    expect(alice.page.get_by_role("alert").get_by_text("Nobody Here doesn't have an account here.")).to_be_visible()
    expect(alice.screen).to_be_hidden()


def test_the_name_is_changed_and_devices_are_listed(person: Callable[..., Person]) -> None:
    dave = person("dave")
    dave.show("Settings")
    name = dave.page.get_by_label("Your name, as others see it")
    expect(name).to_have_value("Dave")
    name.fill("Dave D.")
    dave.page.get_by_role("button", name="Save").click()
    expect(dave.page.get_by_text("Saved.")).to_be_visible()
    expect(dave.page.locator("own-name")).to_contain_text("Dave D.")
    expect(dave.page.locator(".device").filter(has_text="this browser")).to_have_count(1)
    name.fill("Dave")
    dave.page.get_by_role("button", name="Save").click()
    expect(dave.page.locator("own-name .own-name__name")).to_have_text("Dave")


def test_a_name_that_is_being_typed_is_not_written_over_by_what_the_page_reads(person: Callable[..., Person]) -> None:
    dave = person("dave")
    held: list[Route] = []
    dave.page.route(ME, lambda route: held.append(route))
    with dave.page.expect_request(ME):
        dave.show("Settings")
    name = dave.page.get_by_label("Your name, as others see it")
    expect(name).to_have_value("Dave")
    name.fill("Dave D.")
    name.press("Tab")
    for route in held:
        route.continue_()
    dave.page.unroute(ME)
    # The switches are free once the page has taken it in.
    expect(dave.page.get_by_role("switch", name="Call waiting")).to_be_enabled()
    expect(name).to_have_value("Dave D.")
    dave.page.get_by_role("button", name="Save").first.click()
    expect(dave.page.locator("own-name .own-name__name")).to_have_text("Dave D.")
    dave.ask("callinvite.service.updateMe({ name: 'Dave' })")
    # Changed elsewhere it changes here, where nobody types.
    expect(dave.page.locator("own-name .own-name__name")).to_have_text("Dave")
    expect(name).to_have_value("Dave")


def test_another_device_is_removed(person: Callable[..., Person]) -> None:
    old = person("dave")
    gone = old.ask("callinvite.service.deviceId")
    old.context.close()
    dave = person("dave")
    dave.show("Settings")
    row = dave.page.locator(f"[data-device='{gone}']")
    row.get_by_role("button", name=re.compile("Remove")).click()
    expect(row).to_have_count(0)


@pytest.mark.parametrize("part", [SCRIPT, STYLE], ids=["script", "style"])
def test_a_page_whose_parts_did_not_all_come_mends_itself(bob: Person, part: str) -> None:
    failures = iter([True])
    bob.page.route(part, lambda route: route.abort() if next(failures, False) else route.continue_())
    loads: list[Any] = []
    bob.page.on("load", lambda page: loads.append(page))
    bob.page.goto(bob.server.url)
    if len(loads) < 2:
        bob.page.wait_for_event("load")
    connected(bob.page)
    bob.complaints.clear()


def test_a_page_whose_parts_never_come_says_so(bob: Person) -> None:
    bob.page.route(SCRIPT, lambda route: route.abort())
    bob.page.goto(bob.server.url)
    notice = bob.page.get_by_role("alert")
    expect(notice).to_contain_text("This page didn't load completely.")
    bob.page.unroute(SCRIPT)
    notice.get_by_role("button", name="Reload").click()
    connected(bob.page)
    bob.complaints.clear()


def test_a_page_in_use_is_not_loaded_again(bob: Person) -> None:
    bob.page.goto(bob.server.url)
    connected(bob.page)
    bob.page.evaluate("""() => new Promise((resolve) => {
      const script = document.createElement("script");
      script.onerror = resolve;
      script.src = "/static/of-an-extension.js";
      document.head.append(script);
    })""")
    assert bob.page.evaluate("sessionStorage.getItem('callinvite.loaded-again-at')") is None
    expect(bob.page.get_by_role("alert")).to_have_count(0)
    bob.complaints.clear()


def test_signing_out_elsewhere_is_said(person: Callable[..., Person], server: Any) -> None:
    from tests.support.signing_in import sign_everybody_in

    dave = person("dave")
    dave.context.clear_cookies()
    dave.context.add_cookies(sign_everybody_in(server)["dave"])
    dave.page.goto(server.url)
    connected(dave.page)
    second = dave.open()
    second.get_by_role("button", name="Sign out").click()
    expect(second).to_have_url(re.compile("/sign-in/"))
    expect(dave.page.get_by_role("alertdialog", name="You're signed out")).to_be_visible(timeout=20_000)


def test_a_page_that_is_loaded_again_meanwhile_is_free_for_the_next_test_too(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    bob.rings("Alice")
    alice.until("callinvite.service.state.calls.length === 1")
    alice.ask("""() => {
      callinvite.service.end = () => { location.reload(); return new Promise(() => {}); };
    }""")
    alice.leave_everything()
    expect(bob.ring).to_be_hidden()
    assert alice.ask("callinvite.service.state.calls") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_fits_a_narrow_phone(person: Callable[..., Person], alice: Person, theme: str) -> None:
    bob = person("bob", **PHONE, color_scheme=theme)
    for view in ("People", "Recents", "Settings"):
        bob.show(view)
        assert bob.ask(FITS), view
    alice.call("Bob")
    bob.rings("Alice")
    assert bob.ask(FITS)
    bob.ring.get_by_role("button", name="Accept", exact=True).tap()
    bob.is_connected_to("Alice")
    assert bob.ask(FITS)
    bob.screen.get_by_role("button", name="Hang up").tap()
    alice.hears("Call ended")


def test_ring_and_ringback_sound_while_it_rings_and_not_longer(alice: Person, bob: Person) -> None:
    for each in (alice, bob):
        each.page.get_by_role("button", name="Turn on ringing").click()
        each.until("callinvite.ringer.audible")
    alice.call("Bob")
    bob.until("callinvite.ringer.playing === 'ringtone'")
    alice.until("callinvite.ringer.playing === 'ringback'")
    bob.accept()
    bob.until("callinvite.ringer.playing === null")
    alice.until("callinvite.ringer.playing === null")


def test_a_silent_page_alerts_but_does_not_claim_to_be_heard(alice: Person, bob: Person) -> None:
    alice.call("Bob")
    alice.hears("Ringing silently")
    assert bob.ask("callinvite.ringer.playing") is None
    heard = """callinvite.service.timeline(callinvite.service.state.outgoing.call_id).then(({ entries }) =>
      entries.filter((each) => each.code === "invitation.ringing").map((each) => each.data.audible))"""
    assert alice.ask(heard) == [False]

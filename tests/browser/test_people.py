"""People: who comes first, the page of one of them, a note that goes with a call, and names of any length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person

LONG = "W" * 64
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
SIZES = [{"width": 1280, "height": 650}, {"width": 320, "height": 568}]
ROWS = "[...document.querySelectorAll('people-view .person')].map((each) => each.dataset.person)"


def test_who_is_online_comes_first_and_stays_put_under_a_pointer(alice: Person, person: Callable[..., Person]) -> None:
    first = alice.page.locator("people-view .person").first
    first.hover()
    before = alice.ask(ROWS)
    dave = person("dave")
    expect(alice.page.locator("[data-person=dave] [data-online=online]")).to_have_count(1, timeout=25_000)
    assert alice.ask(ROWS) == before

    alice.show("Recents")
    alice.page.mouse.move(5, 5)
    alice.show("People")
    alice.until(f"({ROWS}).indexOf('dave') < ({ROWS}).indexOf('carol')")
    assert dave.complaints == []


def test_a_row_opens_the_person_and_a_note_goes_with_the_call(alice: Person, bob: Person) -> None:
    alice.page.get_by_role("link", name="Bob", exact=True).click()
    expect(alice.page.get_by_role("heading", name="Bob", level=1)).to_be_visible()
    expect(alice.page.get_by_role("navigation").get_by_role("link", name="People")).to_have_attribute(
        "aria-current", "page"
    )
    alice.page.get_by_label("Note").fill("Is it lunch yet?")
    alice.page.locator("person-view").get_by_role("button", name="Audio call to Bob", exact=True).click()

    bob.rings("Alice")
    expect(bob.ring.get_by_text("Is it lunch yet?")).to_be_visible()
    bob.reject()
    alice.hears("Declined")
    alice.screen.get_by_role("button", name="Close").first.click()
    expect(alice.page.get_by_label("Note")).to_have_value("")
    call = alice.page.locator("person-view .person-page__call").first
    expect(call).to_contain_text("Declined")
    # The words are whole, on a phone too.
    alice.page.set_viewport_size({"width": 320, "height": 568})
    assert call.evaluate(
        "(each) => each.querySelector('.person-page__what').clientWidth > 80 && each.scrollWidth <= each.clientWidth"
    )
    call.click()
    expect(alice.page.get_by_role("heading", name="What happened", exact=False)).to_be_visible()


def test_one_looks_at_oneself_before_calling_and_what_one_chose_is_sent(alice: Person, bob: Person) -> None:
    alice.page.goto(f"{alice.server.url}/#person/bob")
    view = alice.page.locator("person-view")
    view.get_by_role("button", name="Check how you look").click()
    alice.until("document.querySelector('person-view video').videoWidth > 0")
    view.get_by_role("button", name="Microphone").click()
    view.get_by_role("button", name="Video call to Bob", exact=True).click()
    bob.rings("Alice")
    bob.accept()
    alice.is_connected_to("Bob")
    alice.until("!callinvite.talk.state.local.microphone.speaks && callinvite.talk.state.local.camera.live")
    expect(view.locator("own-preview")).to_be_hidden()
    alice.hang_up()


def test_the_camera_is_closed_when_the_page_of_a_person_is_left(alice: Person) -> None:
    alice.page.goto(f"{alice.server.url}/#person/bob")
    alice.page.get_by_role("button", name="Check how you look").click()
    alice.until("watched.tracks.length > 0")
    alice.show("Settings")
    alice.until("watched.tracks.every((track) => track.readyState === 'ended')")


def test_a_page_of_nobody_says_so(alice: Person) -> None:
    alice.page.goto(f"{alice.server.url}/#person/nobody-of-that-name")
    expect(alice.page.get_by_text("There's no such person here.")).to_be_visible()


@pytest.fixture
def long_name(person: Callable[..., Person]) -> Any:
    carol = person("carol")
    rename = "(name) => callinvite.service.updateMe({ name })"
    carol.ask(rename, LONG)
    yield carol
    carol.ask(rename, "Carol")


@pytest.mark.parametrize("size", SIZES)
def test_a_long_unbroken_name_fits_everywhere(
    person: Callable[..., Person], long_name: Person, size: dict[str, int]
) -> None:
    alice = person("alice", viewport=size)
    for view in ("people", "person/carol", "recents", "settings"):
        alice.page.goto(f"{alice.server.url}/#{view}")
        expect(alice.page.locator(f".view[data-view={view.split('/')[0]}]")).to_be_visible()
        assert alice.ask(FITS), view
    alice.page.goto(f"{alice.server.url}/#person/carol")
    name = alice.page.locator("person-view h1")
    expect(name).to_have_text(LONG)
    assert name.evaluate("(each) => each.scrollHeight <= each.clientHeight + 1")
    assert name.evaluate("(each) => each.getBoundingClientRect().height < innerHeight / 3")
    for button in alice.page.locator("person-view .person-page__calls button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
    long_name.page.set_viewport_size(size)  # type: ignore[arg-type]
    long_name.show("Settings")
    assert long_name.ask(FITS)


def test_what_is_on_can_be_told_in_the_colours_of_the_system(person: Callable[..., Person]) -> None:
    alice = person("alice", forced_colors="active")
    tab = alice.page.get_by_role("navigation").get_by_role("link", name="People")
    assert tab.evaluate("(each) => getComputedStyle(each).outlineStyle") == "solid"
    alice.show("Settings")
    switch = alice.page.get_by_role("switch", name="Call waiting")
    expect(switch).to_be_enabled()
    paint = "(each) => getComputedStyle(each).backgroundColor"
    off = switch.evaluate(paint)
    assert switch.evaluate("(each) => getComputedStyle(each).borderTopWidth") == "2px"
    switch.click()
    expect(switch).to_be_checked()
    assert switch.evaluate(paint) != off
    switch.click()
    expect(alice.page.get_by_text("Others will be told that you're busy.")).to_be_visible()


OVERLAP = """() => {
  const tiles = [...document.querySelectorAll("call-stage .tile:not(.tile--self)")].map((each) =>
    each.getBoundingClientRect());
  const { width, height } = document.querySelector("call-stage .stage").getBoundingClientRect();
  return tiles.reduce((sum, each) => sum + each.width * each.height, 0) / (width * height);
}"""


@pytest.mark.parametrize("size", [*SIZES, {"width": 390, "height": 844}])
def test_three_fill_the_screen_and_one_of_them_can_be_kept_large(
    person: Callable[..., Person], bob: Person, carol: Person, size: dict[str, int]
) -> None:
    alice = person("alice", viewport=size, has_touch=True)
    alice.page.get_by_role("button", name="Group call").click()
    for name in ("Bob", "Carol"):
        alice.page.locator("people-view .person").filter(has_text=name).get_by_role("checkbox").check()
    alice.page.get_by_role("group", name="Group call").get_by_role("button", name="Video").click()
    for each in (bob, carol):
        each.rings("Alice")
        each.accept()
    expect(alice.screen.locator(".tile--video:not(.tile--self)")).to_have_count(2)
    # The others share the room between them; one's own picture lies small in a corner.
    alice.until(f"({OVERLAP})() > 0.95")
    assert alice.ask("document.querySelector('.tile--self').clientWidth") < size["width"] / 2

    pin = alice.screen.get_by_role("button", name="Keep Carol large")
    pin.focus()
    alice.page.keyboard.press("Enter")
    expect(alice.screen.locator(".tile--main .tile__name")).to_have_text("Carol")
    expect(pin).to_have_attribute("aria-pressed", "true")
    assert alice.ask(FITS)
    pin.press("Enter")
    expect(alice.screen.locator(".tile--main")).to_have_count(0)


def test_the_controls_of_a_group_that_rings_have_no_box_around_them(alice: Person, bob: Person, carol: Person) -> None:
    alice.ask("callinvite.service.send({ invitees: [{ id: 'bob' }, { id: 'carol' }], isVideoCall: true })")
    expect(alice.screen.locator(".call__person")).to_have_count(2)
    shade = alice.screen.locator("call-controls").bounding_box()
    width, height = alice.ask("[innerWidth, innerHeight]")
    assert shade is not None
    assert (shade["x"], shade["x"] + shade["width"], shade["y"] + shade["height"]) == (0, width, height)

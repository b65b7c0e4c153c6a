"""The screens of calls under hard conditions: long names, small screens, keys alone, few colours, two rings at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, connected
from tests.browser.media import call, sees
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in

LONG = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenha"[:64]
TEXT = "The kitchen is under water.\nWhere is the tap that closes it?\nPlease come to the phone, all of you."
SIZES = [(1280, 650), (1366, 600), (390, 844), (320, 568)]
RENAME = "(name) => callinvite.service.updateMe({ name })"
CALL_BOB = """(text) => callinvite.service.send({
  invitees: [{ id: "bob", name: "Bob" }], isVideoCall: true, notificationMessage: text })"""
SPILLED = """() => [...document.querySelectorAll(":is(incoming-call, call-screen) :is(button, h2)")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }))
  .filter((each) => {
    const { left, right } = each.getBoundingClientRect();
    return left < -1 || right > innerWidth + 1;
  })
  .map((each) => each.textContent)"""
"""What is wider than the screen, of everything that matters."""

SEEN = """(button) => {
  const { left, top, right, bottom } = button.getBoundingClientRect();
  const inside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
  const corners = [[left + 8, top + 8], [right - 8, top + 8], [(left + right) / 2, bottom - 4]];
  return inside && corners.every(([x, y]) => button.contains(document.elementFromPoint(x, y)));
}"""
"""Whether a button is on the screen with all its edges, and nothing lies over it."""


@pytest.fixture
def longest(person: Callable[..., Person]) -> Iterator[Person]:
    """Alice, with the longest name there is, in one word."""
    alice = person("alice")
    alice.ask(RENAME, LONG)
    yield alice
    alice.ask(RENAME, "Alice")


def test_every_screen_of_a_call_holds_the_longest_name(longest: Person, bob: Person) -> None:
    def is_whole(*names: str) -> None:
        for width, height in SIZES:
            bob.page.set_viewport_size({"width": width, "height": height})
            for name in names:
                button = bob.page.locator("incoming-call, call-screen").get_by_role("button", name=name, exact=True)
                assert button.evaluate(SEEN), f"{name} at {width}x{height}"
            assert bob.ask(SPILLED) == [], f"{width}x{height}"

    assert longest.ask(CALL_BOB, TEXT) is True
    expect(bob.ring.get_by_role("heading", name=LONG)).to_be_visible()
    bob.until("document.querySelector('incoming-call .incoming').getAnimations().length === 0")
    is_whole("Accept", "Decline")
    bob.accept()
    expect(bob.screen.get_by_role("timer")).to_be_visible()
    sees(bob)
    is_whole("Hang up", "Mute", "Stop video")
    # On the smallest screen, as it is left now.
    bob.hang_up()
    again = bob.screen.get_by_role("button", name="Call again")
    expect(again).to_be_visible()
    # In one: it goes after four seconds.
    assert again.evaluate(f"(button) => {{ const isSeen = ({SEEN})(button); button.click(); return isSeen; }}")
    longest.rings("Bob")
    is_whole("Cancel")


def test_of_two_rings_at_once_each_has_its_own_answers(alice: Person, bob: Person, carol: Person) -> None:
    alice.call("Bob", "Audio")
    bob.rings("Alice")
    assert carol.ask(CALL_BOB, TEXT) is True
    second = ("Accept the call from Carol (@carol)", "Decline the call from Carol (@carol)")
    expect(bob.ring.get_by_role("button", name=second[1])).to_be_visible()
    bob.until("document.querySelector('incoming-call .incoming').getAnimations().length === 0")
    for width, height in SIZES:
        bob.page.set_viewport_size({"width": width, "height": height})
        for name in ("Accept", "Decline", *second):
            button = bob.ring.get_by_role("button", name=name, exact=True)
            assert button.evaluate(SEEN), f"{name} at {width}x{height}"
    bob.ring.get_by_role("button", name=second[1]).click()
    carol.hears("Declined")
    bob.rings("Alice")
    bob.accept()
    bob.is_connected_to("Alice")


def test_of_two_rings_the_second_is_answered_while_the_first_goes_on(alice: Person, bob: Person, carol: Person) -> None:
    alice.call("Bob", "Audio")
    bob.rings("Alice")
    carol.call("Bob", "Audio")
    bob.ring.get_by_role("button", name="Accept the call from Carol (@carol)").click()
    carol.is_connected_to("Bob")
    # The other one goes on, and can be answered still.
    bob.rings("Alice")
    alice.hears("Ringing")
    bob.reject()
    alice.hears("Declined")
    bob.is_connected_to("Carol")


def test_the_panel_behind_more_is_reached_and_left_by_keys(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        more = alice.screen.get_by_role("button", name="More")
        more.focus()
        alice.page.keyboard.press("Enter")
        alice.page.keyboard.press("Tab")
        assert alice.ask("document.activeElement.closest('#call-menu') !== null")
        alice.page.keyboard.press("Escape")
        expect(more).to_be_focused()
        expect(alice.screen.locator("#call-menu")).to_be_hidden()
        expect(alice.page.get_by_role("dialog", name="Hang up?")).to_have_count(0)


def test_pictures_and_dialogs_have_names(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(alice)
        expect(alice.screen).to_have_accessible_name("Bob")
        expect(alice.screen.locator(".tile--main video")).to_have_accessible_name("Video of Bob")
        expect(alice.screen.locator(".tile--self video")).to_have_accessible_name("Your video")
        alice.page.keyboard.press("Escape")
        question = alice.page.locator("dialog.ask")
        expect(question).to_have_accessible_name("Hang up?")
        question.get_by_role("button", name="Stay").click()


def test_signing_out_in_a_call_is_asked_about_and_ends_it(
    person: Callable[..., Person], bob: Person, server: RunningServer
) -> None:
    dave = person("dave")
    dave.context.clear_cookies()
    dave.context.add_cookies(sign_everybody_in(server)["dave"])
    dave.page.goto(server.url)
    connected(dave.page)
    dave.call("Bob", "Audio")
    bob.rings("Dave")
    bob.accept()
    dave.is_connected_to("Bob")
    dave.screen.get_by_role("button", name="Back to the app (the call continues)").click()
    question = dave.page.get_by_role("dialog", name="Sign out during the call?")
    dave.page.get_by_role("button", name="Sign out").click()
    question.get_by_role("button", name="Stay").click()
    expect(question).to_have_count(0)
    dave.page.get_by_role("button", name="Sign out").click()
    question.get_by_role("button", name="Leave and sign out").click()
    bob.hears("Call ended")
    expect(dave.page.get_by_role("button", name="Sign in")).to_be_visible()


EDGES = """(selector) => [...document.querySelectorAll(selector)]
  .filter((each) => each.checkVisibility())
  .map((each) => [getComputedStyle(each).borderTopWidth, getComputedStyle(each).borderTopStyle].join(" "))"""


def test_without_own_colours_buttons_of_calls_have_edges(person: Callable[..., Person], alice: Person) -> None:
    bob = person("bob", forced_colors="active")
    alice.call("Bob")
    bob.rings("Alice")
    edges = bob.ask(EDGES, "incoming-call .answer__disc")
    assert edges == ["2px solid", "2px solid"]
    fills = bob.ask("""() => [...document.querySelectorAll("incoming-call .answer__disc")]
      .map((each) => getComputedStyle(each).backgroundColor)""")
    assert len(set(fills)) == 2
    bob.accept()
    bob.is_connected_to("Alice")
    assert set(bob.ask(EDGES, "call-controls .control__disc")) == {"2px solid"}


PHONE_CAMERAS = """(() => {
  let facing = "user";
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (constraints) => {
    facing = constraints.video?.facingMode ?? facing;
    return real(constraints);
  };
  const settings = MediaStreamTrack.prototype.getSettings;
  MediaStreamTrack.prototype.getSettings = function () {
    return { ...settings.call(this), ...(this.kind === "video" ? { facingMode: facing } : {}) };
  };
})();"""
"""A phone's two cameras; Chromium's own camera for tests says not where it looks to."""


def test_a_phone_flips_its_camera_and_mirrors_only_the_front_one(person: Callable[..., Person], bob: Person) -> None:
    alice = person("alice", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    alice.context.add_init_script(PHONE_CAMERAS)
    alice.page.reload()
    with call(alice, bob):
        sees(bob)
        expect(bob.screen.get_by_role("button", name="Flip")).to_have_count(0)
        own = alice.screen.locator(".tile--self")
        flip = alice.screen.get_by_role("button", name="Flip")
        expect(own).to_have_class(mirrored(True))
        flip.click()
        expect(own).to_have_class(mirrored(False))
        flip.click()
        expect(own).to_have_class(mirrored(True))
        sees(bob)


def mirrored(is_mirrored: bool) -> re.Pattern[str]:
    return re.compile(r"tile--mirrored" if is_mirrored else r"^(?!.*tile--mirrored).*$")


def test_a_stranger_is_told_apart_and_quoted_whatever_they_say(alice: Person, bob: Person) -> None:
    assert alice.ask(
        """() => callinvite.service.send({ invitees: ["bob"], isVideoCall: false, notificationTitle: "\\u202eMum",
          notificationMessage: "\\n\\n\\n\\nIt's me\\u2069, your mother" })"""
    )
    bob.rings("Alice")
    expect(bob.ring.get_by_text("@alice · Not in your contacts")).to_be_visible()
    expect(bob.ring.get_by_role("heading", name="Mum")).to_have_count(0)
    quote = bob.ring.get_by_role("blockquote")
    expect(quote.locator("p")).to_have_text(["Mum", "It's me, your mother"])
    for width, height in SIZES:
        bob.page.set_viewport_size({"width": width, "height": height})
        assert quote.evaluate("(each) => each.clientHeight >= 20"), f"{width}x{height}"
    bob.reject()
    bob.page.get_by_role("link", name="Recents").click()
    row = bob.page.locator(".recent").first
    expect(row).to_contain_text("@alice · Not in your contacts")
    expect(row).to_contain_text("Alice: “Mum · It's me, your mother”")

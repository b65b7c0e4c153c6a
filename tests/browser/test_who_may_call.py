"""Who may call, and when it is quiet: the first question, the moon, the settings, and what callers read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, WebSocketRoute, expect

from tests.browser.accessibility import faults
from tests.browser.conftest import Person, connected
from tests.support import layout
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in

ME = "**/api/v1/me"
SETTLE = "(changes) => callinvite.service.updateMe(changes)"
RING = """async (id) => {
  const sent = await callinvite.service.send({ invitees: [{ id }], isVideoCall: false });
  return sent && await callinvite.service.cancel({ callID: callinvite.service.lastResult.call.call_id });
}"""
PHONE = {"viewport": {"width": 320, "height": 568}, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One of its own: elsewhere everybody may call everybody."""
    bounds = {"CALLINVITE_SENDS_PER_MINUTE": "30"}
    with layout.running(tmp_path_factory.mktemp("rules") / "data", env=bounds) as running:
        yield running


@pytest.fixture(scope="module")
def sessions(server: RunningServer) -> dict[str, list[Any]]:
    return sign_everybody_in(server)


@pytest.fixture
def settle() -> Iterator[Callable[[Person, dict[str, Any]], None]]:
    """Changes settings of somebody, and afterwards changes them back."""
    changed: list[Person] = []

    def change(who: Person, changes: dict[str, Any]) -> None:
        changed.append(who)
        assert who.ask(SETTLE, changes) is not None

    yield change
    for who in changed:
        assert who.ask(SETTLE, {"rings_from": None, "do_not_disturb_until": None, "quiet_hours": None}) is not None


def nothing_new() -> str:
    """The answer to a sync after which nothing has changed."""
    return json.dumps({"type": "synced", "server_time": datetime.now(UTC).isoformat(), "calls": [], "gone": []})


def moon(person: Person) -> Locator:
    return person.page.locator("do-not-disturb > button")


@pytest.mark.parametrize("profile", [{}, PHONE, {"forced_colors": "active"}])
def test_it_is_quiet_by_one_tap_on_all_devices_until_one_tap_ends_it(
    person: Callable[..., Person], settle: Callable[..., None], profile: dict[str, Any]
) -> None:
    here, there = person("alice", **profile), person("alice")
    expect(moon(there)).to_have_accessible_name("Do not disturb")
    moon(here).press("Enter")
    expect(here.page.get_by_role("button", name="For 1 hour")).to_be_focused()
    assert faults(here.page) == []
    here.page.keyboard.press("Escape")
    expect(moon(here)).to_be_focused()
    expect(here.page.get_by_role("button", name="For 1 hour")).to_be_hidden()

    settle(here, {"do_not_disturb_until": None})
    moon(here).press("Enter")
    expect(here.page.get_by_role("button", name="For 1 hour")).to_be_focused()
    here.page.keyboard.press("Enter")
    for each in (here, there):
        expect(moon(each)).to_have_attribute("aria-pressed", "true")
        expect(each.page.locator(".quiet__until")).to_contain_text("Until ")
    # What was told of the change before may come after the answer to this one, and be put right.
    here.until("Math.abs(Date.parse(callinvite.service.state.doNotDisturbUntil) - Date.now() - 3_600_000) < 60_000")
    assert faults(here.page) == []
    sign_out = here.page.locator(".shell__out button").bounding_box()
    assert sign_out is not None
    assert sign_out["x"] + sign_out["width"] <= here.ask("innerWidth")

    moon(there).click()
    expect(there.page.get_by_text("Calls ring again.")).to_be_visible()
    expect(moon(here)).not_to_have_attribute("aria-pressed", "true")
    expect(here.page.locator(".quiet__until")).to_be_empty()


def test_it_is_quiet_until_it_is_turned_off_and_no_call_rings_meanwhile(
    alice: Person, bob: Person, settle: Callable[..., None]
) -> None:
    settle(bob, {"do_not_disturb_until": None})
    moon(bob).click()
    bob.page.get_by_role("button", name="Until I turn it off (a year at most)").click()
    expect(bob.page.locator(".quiet__until")).to_have_text("Until you turn it off")
    ring = "callinvite.service.send({ invitees: [{ id: 'bob' }], isVideoCall: false, timeoutSeconds: 1 })"
    assert alice.ask(ring)
    bob.until("callinvite.service.state.missedUnseen === 1")
    expect(bob.ring).to_be_hidden()
    expect(bob.page.locator("toast-list")).not_to_contain_text("Alice")
    bob.show("Recents")
    line = bob.page.locator("recents-view .recent--missed").first
    expect(line).to_contain_text("Missed, silenced")
    assert faults(bob.page) == []
    line.get_by_role("button", name="Call Alice back (audio)").or_(line.locator(".button--call")).first.click()
    alice.rings("Bob")
    alice.reject()


@pytest.mark.parametrize("profile", [{}, PHONE])
def test_who_may_call_is_asked_once_it_rings_and_answered_by_one_tap(
    person: Callable[..., Person], settle: Callable[..., None], profile: dict[str, Any]
) -> None:
    here, there = person("carol", **profile), person("carol")
    questions = [each.page.get_by_role("group", name="Who may call you?") for each in (here, there)]
    expect(here.page.locator("enable-ringing")).to_be_visible()
    for each, question in zip((here, there), questions, strict=True):
        # One thing after the other.
        expect(question).to_be_hidden()
        each.page.locator("enable-ringing").get_by_role("button", name="Not now").click()
        expect(question).to_be_visible()
    assert faults(here.page) == []
    settle(here, {"rings_from": None})
    questions[0].get_by_role("button", name="Only contacts").press("Enter")
    for question in questions:
        expect(question).to_be_hidden()
    assert there.ask("callinvite.service.me().then((me) => me.rings_from)") == "contacts"


def test_the_question_who_may_call_is_put_off_and_does_not_come_back(person: Callable[..., Person]) -> None:
    dave = person("dave")
    dave.page.locator("enable-ringing").get_by_role("button", name="Not now").click()
    question = dave.page.locator("who-may-call")
    question.get_by_role("button", name="Not now").click()
    expect(question).to_be_hidden()
    again = dave.open()
    again.locator("enable-ringing").get_by_role("button", name="Not now").click()
    expect(again.locator("enable-ringing")).to_be_hidden()
    expect(again.locator("who-may-call")).to_be_hidden()


@pytest.mark.parametrize("profile", [{}, PHONE, {"forced_colors": "active", "color_scheme": "dark"}])
def test_calls_and_privacy_say_what_counts_and_keep_it(
    person: Callable[..., Person], settle: Callable[..., None], profile: dict[str, Any]
) -> None:
    alice = person("alice", timezone_id="Europe/Berlin", **profile)
    settle(alice, {"rings_from": None})
    alice.show("Settings")
    view = alice.page.locator("settings-view")
    who = view.get_by_role("group", name="Who may call you?")
    expect(who.get_by_role("radio", name="Everyone")).to_be_checked()
    who.get_by_role("radio", name="Everyone").press("ArrowDown")
    expect(who.get_by_role("radio", name="People I know")).to_be_checked()
    expect(alice.page.get_by_text("Saved.")).to_be_visible()
    view.get_by_role("group", name="What do notifications show?").get_by_role("radio", name="Who calls").check()
    alice.until("document.querySelector('privacy-settings').me?.push_shows === 'name'")

    view.get_by_role("switch", name="Quiet hours").press("Space")
    expect(view.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    for day in ("Saturday", "Sunday"):
        view.get_by_role("checkbox", name=day).uncheck()
    view.get_by_label("From", exact=True).fill("21:30")
    assert faults(alice.page) == []
    view.locator("quiet-settings").get_by_role("button", name="Save").click()
    alice.until("document.querySelector('quiet-settings').me?.quiet_hours?.from === '21:30'")
    view.get_by_role("checkbox", name="Favourites").check()
    alice.until("document.querySelector('quiet-settings').me?.let_through.join() === 'favourites'")

    me = alice.ask("callinvite.service.me()")
    assert (me["rings_from"], me["push_shows"], me["let_through"]) == ("known", "name", ["favourites"])
    assert me["time_zone"] == "Europe/Berlin"
    assert me["quiet_hours"] == {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "21:30", "to": "07:00"}
    alice.page.reload()
    expect(who.get_by_role("radio", name="People I know")).to_be_checked()
    expect(view.get_by_label("From", exact=True)).to_have_value("21:30")
    view.get_by_role("switch", name="Quiet hours").press("Space")
    alice.until("document.querySelector('quiet-settings').me?.quiet_hours === null")
    alice.ask(SETTLE, {"push_shows": "everything", "let_through": []})


def test_quiet_hours_that_could_not_be_saved_are_still_there_to_be_saved_again(
    person: Callable[..., Person], settle: Callable[[Person, dict[str, Any]], None]
) -> None:
    alice = person("alice")
    settle(alice, {"quiet_hours": {"days": ["mon"], "from": "22:00", "to": "07:00"}})
    alice.show("Settings")
    view = alice.page.locator("quiet-settings")
    expect(view.get_by_label("From", exact=True)).to_have_value("22:00")
    view.get_by_label("From", exact=True).fill("20:15")
    alice.page.route(ME, lambda route: route.abort())
    view.get_by_role("button", name="Save").click()
    expect(alice.page.get_by_role("alert").filter(has_text="The server can't be reached.")).to_be_visible()
    expect(view.get_by_label("From", exact=True)).to_have_value("20:15")
    alice.page.unroute(ME)
    view.get_by_role("button", name="Save").click()
    alice.until("document.querySelector('quiet-settings').me?.quiet_hours?.from === '20:15'")


def test_whoever_calls_too_often_reads_when_they_may_again(carol: Person, alice: Person) -> None:
    for _ in range(3):
        assert carol.ask(RING, "alice")
    carol.call("Alice", "Audio")
    told = carol.page.get_by_role("alert").filter(has_text="You've called Alice several times without an answer.")
    expect(told).to_be_visible()
    timer = told.get_by_role("timer")
    expect(timer).to_contain_text("You can call again in")
    before = timer.inner_text()
    expect(timer).not_to_have_text(before)
    expect(told.get_by_role("button", name="Call again")).to_be_hidden()
    assert faults(carol.page) == []
    assert alice.complaints == []


def test_whoever_is_not_let_in_can_ask_there_and_then(carol: Person, bob: Person, settle: Callable[..., None]) -> None:
    settle(bob, {"rings_from": "contacts"})
    carol.call("Bob")
    told = carol.page.get_by_role("alert").filter(has_text="Bob takes calls only from people they have let in.")
    told.get_by_role("button", name="Ask to be let in").click()
    carol.page.get_by_role("dialog").get_by_role("button", name="Ask", exact=True).click()
    bob.page.get_by_role("button", name="Accept Carol (@carol) as a contact").click()
    expect(bob.page.get_by_role("list", name="Contacts").get_by_role("link", name="Carol")).to_be_visible()
    carol.call("Bob")
    bob.rings("Carol")
    bob.reject()


def test_whoever_has_blocked_somebody_unblocks_them_there_and_then(person: Callable[..., Person], bob: Person) -> None:
    dave = person("dave")
    dave.ask("callinvite.service.block('bob')")
    dave.call("Bob")
    told = dave.page.get_by_role("alert").filter(has_text="You've blocked Bob.")
    told.get_by_role("button", name="Unblock").click()
    dave.page.get_by_role("button", name="Call again").click()
    bob.rings("Dave")
    bob.reject()


def test_who_is_blocked_is_listed_in_the_settings_and_let_go(person: Callable[..., Person]) -> None:
    dave = person("dave", **PHONE)
    dave.ask("callinvite.service.block('carol')")
    dave.show("Settings")
    listed = dave.page.locator("blocked-people")
    expect(listed).to_contain_text("carol")
    assert faults(dave.page) == []
    listed.get_by_role("button", name="Unblock Carol").press("Enter")
    expect(listed).to_contain_text("You haven't blocked anyone.")
    assert dave.ask("callinvite.service.blocks().then((page) => page.results.length)") == 0


def test_the_calls_of_people_who_are_blocked_are_a_line_in_the_settings(
    carol: Person, person: Callable[..., Person]
) -> None:
    dave = person("dave", **PHONE)
    dave.ask("callinvite.service.block('carol')")
    carol.ask("callinvite.service.send({ invitees: ['dave'], isVideoCall: true })")
    dave.show("Settings")
    calls = dave.page.locator("blocked-calls")
    calls.get_by_text("Blocked calls").press("Enter")
    expect(calls.get_by_role("listitem")).to_have_text(re.compile(r"Carol \(@carol\).*Video call.*Today"))
    assert faults(dave.page) == []
    assert carol.ask("callinvite.service.cancel()")
    assert dave.ask("callinvite.service.unblock('carol')")


@pytest.mark.parametrize("profile", [{}, PHONE])
def test_a_stranger_is_declined_and_blocked_in_one_and_reads_an_ordinary_no(
    person: Callable[..., Person], alice: Person, profile: dict[str, Any]
) -> None:
    dave = person("dave", **profile)
    alice.call("Dave")
    dave.rings("Alice")
    dave.ring.get_by_role("button", name="Decline with").press("Enter")
    block = dave.ring.get_by_role("button", name="Decline and block")
    expect(block).to_be_visible()
    assert faults(dave.page) == []
    block.press("Enter")
    expect(dave.ring).to_be_hidden()
    dave.page.get_by_role("button", name="Unblock").click()
    alice.hears("Declined")
    alice.screen.get_by_role("button", name="Close").first.click()
    dave.until("document.querySelector('toast-list').textContent.includes('can call you again')")
    assert dave.ask("callinvite.service.blocks().then((page) => page.results.length)") == 0


def test_who_has_stopped_ringing_meanwhile_is_blocked_all_the_same(person: Callable[..., Person], bob: Person) -> None:
    dave = person("dave")

    def late(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        # The page does not hear that the ring is over, nor if it asks, until it is told so in answer to its own act.
        server.on_message(lambda text: None if '"event":"invitation.cancelled"' in str(text) else socket.send(text))
        socket.on_message(
            lambda text: socket.send(nothing_new()) if '"type":"sync"' in str(text) else server.send(text)
        )

    dave.context.route_web_socket("**/ws/v1/live**", late)
    dave.page.reload()
    connected(dave.page)
    bob.call("Dave")
    dave.rings("Bob")
    dave.ring.get_by_role("button", name="Decline with").click()
    bob.until("callinvite.service.state.outgoing !== null")
    assert bob.ask("callinvite.service.cancel()")
    dave.ring.get_by_role("button", name="Decline and block").click()
    expect(dave.page.get_by_text("Bob (@bob) is blocked.")).to_be_visible()
    assert dave.ask("callinvite.service.unblock('bob')")


def test_a_contact_is_not_offered_to_be_blocked_where_it_rings(alice: Person, person: Callable[..., Person]) -> None:
    dave = person("dave")
    alice.ask("callinvite.service.askContact('dave')")
    dave.ask("callinvite.service.acceptContact('alice')")
    alice.call("Dave")
    dave.rings("Alice")
    dave.ring.get_by_role("button", name="Decline with").click()
    expect(dave.ring.get_by_role("button", name="Later")).to_be_visible()
    expect(dave.ring.get_by_role("button", name="Decline and block")).to_be_hidden()
    dave.reject()
    dave.ask("callinvite.service.removeContact('alice')")


def test_a_stranger_is_blocked_from_recents_after_a_question(carol: Person, person: Callable[..., Person]) -> None:
    dave = person("dave", **PHONE)
    carol.call("Dave")
    dave.rings("Carol")
    dave.reject()
    dave.show("Recents")
    line = dave.page.locator("recents-view .recent").filter(has_text="Carol").first
    line.get_by_role("button", name="Block Carol (@carol)").press("Enter")
    question = dave.page.get_by_role("dialog", name="Block Carol (@carol)?")
    expect(question).to_contain_text("They won't notice")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    assert faults(dave.page) == []
    question.get_by_role("button", name="Block", exact=True).click()
    expect(dave.page.get_by_text("Carol (@carol) is blocked.")).to_be_visible()
    assert dave.ask("callinvite.service.unblock('carol')")


@pytest.mark.parametrize("profile", [{}, PHONE])
def test_the_page_of_a_person_changes_how_one_stands_to_them(
    person: Callable[..., Person], bob: Person, profile: dict[str, Any]
) -> None:
    dave = person("dave", **profile)
    dave.page.goto(f"{dave.server.url}/#person/bob")
    view = dave.page.locator("person-standing")
    expect(view).to_contain_text("Not in your contacts")
    bob.ask("callinvite.service.askContact('dave')")
    expect(view).to_contain_text("Bob asks to be let in.")
    view.get_by_role("button", name="Accept").press("Enter")
    star = view.get_by_role("button", name="Favourite")
    star.press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    assert faults(dave.page) == []
    view.get_by_role("button", name="Block").click()
    question = dave.page.get_by_role("dialog", name="Block Bob (@bob)?")
    assert faults(dave.page) == []
    question.get_by_role("button", name="Block", exact=True).click()
    expect(view).to_contain_text("You've blocked Bob.")
    assert faults(dave.page) == []
    view.get_by_role("button", name="Unblock").click()
    # Whoever was blocked is no contact any more.
    expect(view).to_contain_text("Not in your contacts")
    bob.ask("callinvite.service.removeContact('dave')")

"""The settings page about devices: health in words, names, the test ring with its hops, removal, and the ringtone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Person, connected
from tests.browser.phone import Phone
from tests.support.push_service import PushService

PROOF = "**/api/v1/push/proof"


@pytest.fixture
def settings(phone: Phone) -> Page:
    """Bob's page, showing the settings."""
    phone.person.show("Settings")
    return phone.person.page


def row(page: Page, name: str) -> Locator:
    """The row of the device of this name."""
    return page.locator("device-list .device").filter(has=page.get_by_text(name, exact=True))


def here(page: Page) -> Locator:
    """The row of this very browser."""
    return page.locator("device-list .device").filter(has_text="this browser")


@contextmanager
def proof_held_back(page: Page) -> Iterator[None]:
    """What the browser says of its permission reaches the server only afterwards."""
    held: list[Route] = []
    page.route(PROOF, lambda route: held.append(route))
    with page.expect_request(PROOF):
        yield
    for route in held:
        route.continue_()
    page.unroute(PROOF)


def ringtone(page: Page, name: str) -> Locator:
    """The choice of that name."""
    return page.get_by_role("group", name="Ringtone").get_by_role("radio", name=name)


def test_a_device_that_rings_says_by_whom_and_that_it_never_rang(settings: Page, service: PushService) -> None:
    mine = here(settings)
    expect(mine).to_contain_text("Rings by push notification. Hasn't rung yet.")
    expect(mine).to_contain_text("In use now · Added today")
    expect(mine).to_contain_text(" · Push through 127.0.0.1")


def test_a_permission_that_is_taken_away_is_said_at_once_and_on_the_first_page(
    person: Callable[..., Person], service: PushService
) -> None:
    phone = Phone(person("dave", permissions=["notifications"]), service)
    phone.enable()
    page = phone.person.page
    phone.person.show("Settings")
    line = page.locator("settings-view reach-line")
    expect(line).to_have_text("Calls reach you on 1 device.")
    with proof_held_back(page):
        phone.person.context.clear_permissions()
        page.reload()
        connected(page)
        expect(here(page)).to_contain_text("Rings by push notification.")
    expect(line).to_contain_text("has lost its permission today.")
    expect(here(page)).to_contain_text("notifications aren't allowed there any more")
    phone.person.show("People")
    warning = page.locator("people-view reach-line")
    expect(warning).to_contain_text("Calls won't reach you while Callinvite is closed")
    warning.get_by_role("link", name="Your devices").click()
    expect(line).to_be_visible()
    # Allowed again, it heals by itself.
    phone.person.context.grant_permissions(["notifications"])
    page.reload()
    connected(page)
    expect(line).to_have_text("Calls reach you on 1 device.")


def test_a_test_ring_shows_each_hop_and_how_long_it_took(settings: Page, phone: Phone) -> None:
    mine = here(settings)
    mine.get_by_role("button", name="Test ring").click()
    hops = mine.get_by_role("listitem")
    expect(hops.filter(has_text="You asked for it.")).to_be_visible()
    expect(hops.filter(has_text="Waiting for the device to show it")).to_be_visible()
    phone.hears("test")
    expect(mine.get_by_role("status").filter(has_text="from asking to showing")).to_be_visible()
    assert phone.shows("Test ring")["actions"] == []
    expect(hops.filter(has_text="Waiting")).to_have_count(0)
    mine.get_by_role("button", name="Close").click()
    expect(mine.locator("test-ring")).to_be_hidden()
    expect(mine.get_by_role("button", name="Test ring")).to_be_focused()


def test_a_test_ring_that_the_service_forgot_says_what_to_do(settings: Page, phone: Phone) -> None:
    phone.receiver.answer(410)
    mine = here(settings)
    mine.get_by_role("button", name="Test ring").click()
    expect(mine.get_by_role("status").filter(has_text="Try again.")).to_be_visible()
    expect(mine).to_contain_text("no longer knows the device")
    expect(mine).to_contain_text("Can't ring: the push service no longer knows this device. Not working since today.")
    expect(mine.get_by_role("button", name="Test ring")).to_be_hidden()
    # As the row says: reloading the page fixes it.
    settings.reload()
    connected(settings)
    expect(here(settings)).to_contain_text("Rings by push")


def test_a_device_gets_another_name(settings: Page, phone: Phone) -> None:
    mine = here(settings)
    mine.get_by_role("button", name="Rename").click()
    settings.get_by_role("textbox", name="New name for").fill("Kitchen tablet")
    settings.keyboard.press("Enter")
    expect(row(settings, "Kitchen tablet")).to_contain_text("Rings by push")
    settings.reload()
    connected(settings)
    expect(row(settings, "Kitchen tablet")).to_be_visible()


def test_escape_leaves_the_name_and_the_question_alone(settings: Page) -> None:
    mine = here(settings)
    name = mine.locator(".device__name").inner_text()
    mine.get_by_role("button", name="Rename").click()
    settings.get_by_role("textbox", name="New name for").fill("Nonsense")
    settings.keyboard.press("Escape")
    expect(mine.locator(".device__name")).to_have_text(name)
    mine.get_by_role("button", name="Remove", exact=False).click()
    expect(mine.get_by_role("group", name="Remove this browser?")).to_be_visible()
    settings.keyboard.press("Escape")
    expect(mine.get_by_role("group", name="Remove this browser?")).to_be_hidden()


def test_removing_this_browser_asks_first_and_takes_the_address_away(settings: Page, phone: Phone) -> None:
    mine = here(settings)
    mine.get_by_role("button", name="Remove", exact=False).click()
    mine.get_by_role("button", name="Remove", exact=True).click()
    # Signed in it stays, with nothing left to remove.
    expect(mine.get_by_role("button", name="Remove", exact=False)).to_have_count(0)
    phone.person.until("callinvite.enrolment.state === 'off'")


def test_another_device_is_removed_at_once(person: Callable[..., Person], settings: Page) -> None:
    other = person("bob")
    key = other.ask("callinvite.service.deviceId")
    settings.get_by_role("navigation").get_by_role("link", name="People").click()
    settings.get_by_role("navigation").get_by_role("link", name="Settings").click()
    there = settings.locator(f'device-list [data-device="{key}"]')
    expect(there).to_contain_text("No push address, so it rings only while Callinvite is open there.")
    there.get_by_role("button", name="Remove").click()
    expect(there).to_have_count(0)


def test_the_ringtone_is_chosen_heard_and_kept(settings: Page, phone: Phone) -> None:
    expect(ringtone(settings, "Chosen by the caller")).to_be_checked()
    ringtone(settings, "Marimba").check()
    phone.person.until("callinvite.ringer.previewing")
    settings.reload()
    connected(settings)
    expect(ringtone(settings, "Marimba")).to_be_checked()
    settings.get_by_role("navigation").get_by_role("link", name="People").click()
    phone.person.until("!callinvite.ringer.previewing")


def test_a_call_rings_with_the_chosen_ringtone(settings: Page, phone: Phone, alice: Person) -> None:
    ringtone(settings, "Digital").check()
    alice.call("Bob")
    phone.person.rings("Alice")
    phone.person.until("callinvite.ringer.playing === 'ringtone' && callinvite.ringer.heard === 'digital'")

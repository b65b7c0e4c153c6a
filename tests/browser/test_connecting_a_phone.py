"""A phone is connected from the settings: by its camera or by hand, in both themes, on a small screen, by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Person
from tests.support import qr_reader
from tests.support.server import RunningServer

SMALL = {"viewport": {"width": 320, "height": 568}}


def _panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Connect a phone")


def _open(person: Person) -> Locator:
    person.show("Settings")
    person.page.get_by_role("button", name="Connect a phone").click()
    panel = _panel(person.page)
    expect(panel.get_by_role("img", name="QR code that signs a phone in")).to_be_visible()
    return panel


def _typed(panel: Locator) -> str:
    return "".join(panel.locator(".pairing__group").all_inner_texts())


def _pair(server: RunningServer, code: str, **fields: Any) -> httpx2.Response:
    body = {"pairing_code": code, "device_id": "annas-phone", "device_name": "Anna's phone", **fields}
    return httpx2.post(f"{server.url}/api/v1/auth/token", json=body, timeout=30)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("profile", [{}, SMALL], ids=["wide", "320 px"])
def test_a_camera_reads_the_link(
    person: Callable[..., Person], server: RunningServer, theme: str, profile: dict[str, Any]
) -> None:
    bob = person("bob", color_scheme=theme, **profile)
    panel = _open(bob)
    bob.page.get_by_role("img", name="QR code").evaluate("picture => picture.scrollIntoView({ block: 'center' })")
    (link,) = qr_reader.read(bob.page)
    assert link.startswith("callinvite://pair?")
    asked = parse_qs(urlsplit(link).query)
    assert asked == {"server": [f"{server.url}/"], "code": [_typed(panel)]}
    assert bob.ask("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_sees_which_phone_was_connected(person: Callable[..., Person], server: RunningServer) -> None:
    bob = person("bob")
    panel = _open(bob)
    assert panel.locator(".pairing__group").all_inner_texts() == [_typed(panel)[:4], _typed(panel)[4:]]
    expect(panel.get_by_text("Works once, for another 4:5")).to_be_visible()
    token = _pair(server, _typed(panel)).json()["token"]
    expect(bob.page.get_by_text("Anna's phone is connected.")).to_be_visible()
    expect(panel).to_be_hidden()
    expect(bob.page.get_by_role("button", name="Connect a phone")).to_be_focused()
    # It is among the devices now, and signed out there.
    row = bob.page.locator('device-list [data-device="annas-phone"]')
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx2.get(f"{server.url}/api/v1/me", headers=headers, timeout=30).json()["id"] == "bob"
    row.get_by_role("button", name="Sign out").click()
    expect(bob.page.get_by_text("Anna's phone was signed out.")).to_be_visible()
    assert httpx2.get(f"{server.url}/api/v1/me", headers=headers, timeout=30).status_code == 401


def test_by_keyboard_a_code_is_asked_for_and_taken_back(person: Callable[..., Person], server: RunningServer) -> None:
    bob = person("bob")
    bob.show("Settings")
    bob.page.get_by_role("button", name="Connect a phone").focus()
    bob.page.keyboard.press("Enter")
    panel = _panel(bob.page)
    expect(panel.get_by_role("heading", name="Connect a phone")).to_be_focused()
    code = _typed(panel)
    bob.page.keyboard.press("Tab")
    expect(panel.get_by_role("button", name="Cancel")).to_be_focused()
    with bob.page.expect_response(lambda each: each.request.method == "DELETE"):
        bob.page.keyboard.press("Enter")
    expect(panel).to_be_hidden()
    expect(bob.page.get_by_role("button", name="Connect a phone")).to_be_focused()
    assert _pair(server, code).status_code == 401


def test_leaving_the_settings_takes_the_code_back(person: Callable[..., Person], server: RunningServer) -> None:
    bob = person("bob")
    code = _typed(_open(bob))
    with bob.page.expect_response(lambda each: each.request.method == "DELETE"):
        bob.show("People")
    assert _pair(server, code).status_code == 401


def test_a_code_of_another_page_ends_this_one_and_a_new_one_is_at_hand(
    person: Callable[..., Person], server: RunningServer
) -> None:
    bob = person("bob")
    panel = _open(bob)
    first = _typed(panel)
    bob.ask("callinvite.service.withdrawPairingCode()")
    expect(panel.get_by_text("This code no longer works.")).to_be_visible()
    expect(panel.get_by_role("img", name="QR code that signs a phone in")).to_be_hidden()
    panel.get_by_role("button", name="Get a new code").click()
    expect(panel.get_by_text("Works once")).to_be_visible()
    assert _typed(panel) != first
    assert _pair(server, _typed(panel)).status_code == 201
    expect(bob.page.get_by_text("Anna's phone is connected.")).to_be_visible()


def test_a_code_is_counted_down_until_it_ends(person: Callable[..., Person]) -> None:
    bob = person("bob")
    bob.page.clock.install()
    panel = _open(bob)
    bob.page.clock.run_for(60_000)
    expect(panel.get_by_text("Works once, for another 3:5")).to_be_visible()
    bob.page.clock.run_for(240_000)
    expect(panel.get_by_text("This code no longer works.")).to_be_visible()
    expect(panel.get_by_role("button", name="Get a new code")).to_be_focused()

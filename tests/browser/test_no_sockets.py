"""A browser behind a proxy that lets no WebSocket through: the page works by REST, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Person, until
from tests.support.proxy import BadProxy
from tests.support.server import RunningServer

POLLS = "globalThis.callinvite?.service.state.connection === 'polling'"
BLOCKED = "This network blocks live connections."


@pytest.fixture
def page(browser: Browser, server: RunningServer, sessions: dict[str, list[Any]]) -> Iterator[Page]:
    """Dave's page behind that proxy."""
    with BadProxy(server.port) as proxy, browser.new_context() as context:
        context.add_cookies([{**each, "url": proxy.url} for each in _portable(sessions["dave"])])
        page = context.new_page()
        page.goto(proxy.url)
        until(page, POLLS)
        yield page


def _portable(cookies: list[Any]) -> list[Any]:
    """Cookies for any port of this machine."""
    return [{"name": each["name"], "value": each["value"]} for each in cookies]


def test_the_page_says_what_that_means(page: Page) -> None:
    expect(page.get_by_text(BLOCKED)).to_be_visible()
    expect(page.locator("own-name")).to_contain_text("Limited")
    expect(page.locator("people-view .person").first).to_be_attached()


def test_a_caller_sees_the_call_and_can_cancel_it(page: Page, person: Callable[..., Person]) -> None:
    bob = person("bob")
    page.get_by_role("button", name="Audio call to Bob", exact=True).click()
    bob.rings("Dave")
    screen = page.locator("call-screen")
    expect(screen.get_by_text("Ringing", exact=False).first).to_be_visible()
    expect(screen.get_by_text("sound and picture can't start here", exact=False)).to_be_visible()
    screen.get_by_role("button", name="Cancel").click()
    expect(bob.ring).to_be_hidden()
    bob.until("globalThis.callinvite.service.state.calls.length === 0")


def test_a_call_rings_there_and_can_be_declined(page: Page, person: Callable[..., Person]) -> None:
    carol = person("carol")
    carol.call("Dave", "Audio")
    ring = page.get_by_role("alertdialog").and_(page.locator("incoming-call"))
    expect(ring).to_be_visible()
    carol.hears("Ringing")
    ring.get_by_role("button", name="Decline", exact=True).click()
    carol.hears("Declined")
    expect(ring).to_be_hidden()

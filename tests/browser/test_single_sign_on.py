"""Signing in and out by an identity provider, at a browser that holds both sides to their policies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WAIT_MS
from tests.support.openid_mock import openid_mock
from tests.support.server import DEMO_PASSWORD, RunningServer

pytestmark = [
    pytest.mark.server,
    pytest.mark.own_layout("about a browser and two sites, which several processes change nothing of"),
]
NAME = "Example Ltd"
PEOPLE = [
    {"sub": "e-1", "preferred_username": "erin", "name": "Erin Example"},
    {"sub": "a-1", "preferred_username": "alice", "name": "Alice Elsewhere"},
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose people may come by a provider."""
    with openid_mock(*PEOPLE) as issuer:
        env = {
            "CALLINVITE_OIDC_ISSUER": issuer,
            "CALLINVITE_OIDC_CLIENT_ID": "callinvite",
            "CALLINVITE_OIDC_CLIENT_SECRET": "secret",
            "CALLINVITE_OIDC_NAME": NAME,
        }
        with RunningServer(tmp_path_factory.mktemp("sso"), env=env) as running:
            yield running


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page that is nobody's yet, on a phone, and hears no complaint of its browser."""
    context = browser.new_context(base_url=server.url, viewport={"width": 320, "height": 640})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert [each for each in complaints if "Content Security Policy" in each] == []


def by_keyboard(page: Page, name: str) -> None:
    """Reach a button by Tab alone, and press it."""
    button = page.get_by_role("button", name=name)
    expect(button).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("each => each === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{name} cannot be reached")


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def sign_in(page: Page, person: str) -> None:
    page.goto("/sign-in/")
    assert fits(page)
    by_keyboard(page, f"Sign in with {NAME}")
    page.get_by_role("button", name=person, exact=True).first.click()


def test_somebody_signs_in_and_out_at_both(page: Page, server: RunningServer) -> None:
    sign_in(page, "e-1")
    expect(page.locator("app-shell, .shell").first).to_be_visible()
    assert page.url == f"{server.url}/"

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()

    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_somebody_whose_name_is_taken_chooses_one_by_keyboard(page: Page, server: RunningServer) -> None:
    sign_in(page, "a-1")
    expect(page.get_by_role("heading", name="Choose your username")).to_be_visible()
    assert fits(page)
    name = page.get_by_role("textbox", name="Username")
    expect(name).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("alice.elsewhere")
    page.keyboard.press("Enter")
    expect(page.locator("app-shell, .shell").first).to_be_visible()


def test_somebody_connects_a_provider_and_takes_it_away(page: Page) -> None:
    page.goto("/sign-in/?next=/account/sign-ins/")
    page.get_by_role("textbox", name="Username").fill("bob")
    page.get_by_role("textbox", name="Password").fill(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    # To have signed in just now is proof enough.
    by_keyboard(page, f"Connect {NAME}")
    page.locator("input[name=sub]").fill("b-1")
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_role("heading", name="Connected sign-ins")).to_be_visible()
    assert fits(page)
    by_keyboard(page, f"Disconnect {NAME}")
    expect(page.get_by_role("button", name=f"Connect {NAME}")).to_be_visible()

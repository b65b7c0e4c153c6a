"""One's own data in the settings: a copy, and the end of the account."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Person, connected
from tests.support.server import DEMO_PASSWORD, RunningServer
from tests.support.signing_in import age_sessions, sign_in

ME = "**/api/v1/me"
MAKE = """
from django.contrib.auth import get_user_model
get_user_model().objects.create_user("erin", password={password!r})
"""


@pytest.fixture
def erin(server: RunningServer, sessions: dict[str, list[object]], person: Callable[..., Person]) -> Person:
    """Somebody of whom no other test needs anything."""
    server.manage("shell", "-c", MAKE.format(password=DEMO_PASSWORD))
    sessions["erin"] = sign_in(server, "erin")
    return person("erin")


def question(person: Person) -> Page:
    """The dialog, opened from the settings."""
    person.show("Settings")
    person.page.get_by_role("button", name="Delete my account").click()
    return person.page


def test_a_copy_is_downloaded_by_a_link(alice: Person, tmp_path: Path) -> None:
    alice.show("Settings")
    with alice.page.expect_download() as begun:
        alice.page.get_by_role("link", name="Download my data").click()
    assert begun.value.suggested_filename.startswith("callinvite-alice-")
    begun.value.save_as(tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        assert json.loads(archive.read("profile.json"))["id"] == "alice"


def test_nothing_happens_without_the_user_id(alice: Person) -> None:
    page = question(alice)
    dialog = page.get_by_role("dialog", name="Delete your account?")
    expect(dialog.get_by_label("Type alice to confirm")).to_be_focused()
    expect(dialog.get_by_role("button", name="Delete account")).to_be_disabled()
    page.keyboard.type("Alice")
    expect(dialog.get_by_role("button", name="Delete account")).to_be_disabled()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Delete my account")).to_be_focused()
    assert alice.ask("fetch('/api/v1/me').then((answer) => answer.status)") == 200


@pytest.mark.own_layout("sessions that are looked at in the database")
def test_an_account_is_deleted_after_the_password_was_given_again(
    server: RunningServer, erin: Person, alice: Person
) -> None:
    erin.call("Alice", "Audio")
    alice.rings("erin")
    alice.reject()
    age_sessions(server)
    page = question(erin)
    page.get_by_label("Type erin to confirm").fill("erin")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Sign in again first")
    page.get_by_role("link", name="Confirm it's you").click()
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/#settings")
    connected(page)
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_label("Type erin to confirm").fill("erin")
    under_way: list[Route] = []
    page.route(ME, lambda route: under_way.append(route) if route.request.method == "DELETE" else route.continue_())
    with page.expect_request(ME):
        page.get_by_role("button", name="Delete account").click()
    # Too late to keep it: what comes of it is said all the same.
    expect(page.get_by_role("button", name="Keep my account")).to_be_disabled()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    under_way[0].continue_()
    expect(page.get_by_role("heading", name="Your account has been deleted.")).to_be_visible()
    page.wait_for_function("document.querySelector('people-view').service.state.connection === 'signed_out'")
    expect(page.locator("signed-out")).to_be_hidden()
    page.get_by_role("link", name="Go to the sign-in page").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    alice.page.reload()
    connected(alice.page)
    alice.show("Recents")
    expect(alice.page.get_by_text("Deleted account").first).to_be_visible()
    page.locator("input[name=username]").fill("erin")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Wrong username or password.")).to_be_visible()

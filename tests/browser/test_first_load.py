"""The page in a browser that has nothing of it yet: seen at once, and whole after few requests."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Route, expect

from tests.browser.conftest import connected, until
from tests.support.first_load import CONNECTIONS, load
from tests.support.server import RunningServer

MOST_REQUESTS = 15
Sessions = dict[str, list[Any]]


def test_few_requests_make_the_page_visible_and_usable(
    browser: Browser, server: RunningServer, sessions: Sessions
) -> None:
    """How long they take is measured by benchmarks/first_load.py, on a machine with nothing else to do."""
    came = load(browser, server, sessions["alice"], CONNECTIONS["Slow 4G"])

    assert came.requests_before_paint <= came.requests_before_usable <= MOST_REQUESTS


def test_the_page_is_seen_before_any_other_file_has_come(
    browser: Browser, server: RunningServer, sessions: Sessions
) -> None:
    held: list[Route] = []
    free: list[bool] = []
    context = browser.new_context()
    context.add_cookies(sessions["alice"])
    page = context.new_page()
    complaints: list[Any] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.route("**/static/**", lambda route: route.continue_() if free else held.append(route))
    page.goto(server.url, wait_until="commit")

    until(page, "performance.getEntriesByName('first-contentful-paint').length === 1")
    expect(page.get_by_role("link", name="Recents")).to_be_visible()
    assert page.locator(".skeleton").first.evaluate("(each) => getComputedStyle(each).display") == "flex"

    free.append(True)
    while held:
        held.pop().continue_()
    connected(page)
    expect(page.locator(".skeleton").first).to_be_hidden()
    # A preload that nothing uses, or a style that the policy refuses, would be said here.
    assert complaints == []
    context.close()


def test_the_first_people_come_from_what_was_asked_for_beside_the_script(
    browser: Browser, server: RunningServer, sessions: Sessions
) -> None:
    context = browser.new_context()
    context.add_cookies(sessions["alice"])
    page = context.new_page()
    # What the script itself asks for gets no answer; a preload is of no such kind.
    page.route(
        "**/api/v1/users**",
        lambda route: route.abort() if route.request.resource_type == "fetch" else route.continue_(),
    )
    page.goto(server.url)

    expect(page.locator("people-view [data-person]").first).to_be_visible()
    context.close()

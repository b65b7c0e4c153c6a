"""Signing the demo users in through the page, once, for whoever drives a browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser

from tests.support.server import DEMO_PASSWORD, DEMO_USERS, RunningServer


def sign_everybody_in(browser: Browser, server: RunningServer) -> dict[str, list[Any]]:
    """The cookies of each demo user, by name."""
    kept = {}
    for name in DEMO_USERS:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{server.url}/sign-in/")
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(DEMO_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{server.url}/")
        kept[name] = context.cookies()
        context.close()
    return kept

"""The documentation site in a browser: it can be read and searched, and asks no other host for anything."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from docs.build import Site
from tests.browser.accessibility import faults

pytestmark = pytest.mark.own_layout("the documentation, which is files alone")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the site is served."""
    site = Site(tmp_path_factory.mktemp("docs") / "site")
    site.prepare()
    site.build()
    handler = functools.partial(Quiet, directory=str(site.built))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


def test_pages_are_read_and_searched_without_another_host(address: str, page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("textbox", name="Search").or_(page.get_by_role("combobox", name="Search"))).to_be_focused()
    page.keyboard.type("retry-after")
    expect(page.get_by_role("link", name="REST").first).to_be_visible()
    page.goto(f"{address}api/")

    expect(page.get_by_role("heading", name="REST", level=1)).to_be_visible()
    assert [each for each in asked if not each.startswith(address)] == []
    assert len(asked) > 5
    assert complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_can_be_used_by_everybody(width: int, address: str, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 650})
    page.goto(f"{address}settings/")
    page.wait_for_selector(".md-typeset__scrollwrap[tabindex]")

    assert faults(page) == []

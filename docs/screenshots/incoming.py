"""Takes the README's picture: a call from Alice rings in Bob's page, in a real Chromium, against the real server.

Run it by `make screenshots`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from tests.support.server import DEMO_PASSWORD, RunningServer

FOLDER = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
SIZE = {"width": 1120, "height": 700}


def main() -> int:
    """Take the pictures; gives 1 where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("install chromium")
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        RunningServer(Path(folder) / "data") as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=FLAGS) as browser,
    ):
        _incoming(server, browser)
    return 0


def _incoming(server: RunningServer, browser: Browser) -> None:
    page = browser.new_page(viewport=SIZE, device_scale_factor=1)
    page.goto(f"{server.url}/sign-in/")
    page.fill("[name=username]", "bob")
    page.fill("[name=password]", DEMO_PASSWORD)
    page.click("button[type=submit]")
    page.get_by_role("button", name="Enable ringing").click()
    page.locator("toast-list button").last.click()
    page.get_by_text("Alice").first.wait_for()
    _call_bob(server)
    page.locator("incoming-call:not([hidden])").wait_for()
    # The screen slides in; the picture is of the moment after.
    page.screenshot(path=FOLDER / "incoming.png", animations="disabled")
    print(f"wrote {FOLDER.name}/incoming.png")


def _call_bob(server: RunningServer) -> None:
    with httpx.Client(base_url=f"{server.url}/api/v1") as http:
        names = {"username": "alice", "password": DEMO_PASSWORD, "device_name": "Alice's phone"}
        token = http.post("/auth/token", json=names).raise_for_status().json()["token"]
        body = {"invitees": ["bob"], "is_video_call": True, "custom_data": "Shall we look at the plans?"}
        http.post("/calls", json=body, headers={"Authorization": f"Bearer {token}"}).raise_for_status()


if __name__ == "__main__":
    sys.exit(main())

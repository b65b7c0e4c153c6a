"""How the app's page comes to a browser that has nothing of it yet, over a slow connection."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from playwright.sync_api import Browser

from tests.support.server import RunningServer


@dataclass(frozen=True)
class Connection:
    """What Chromium is told to imitate: kilobits per second, and the milliseconds until an answer begins."""

    down: float
    up: float
    latency: float

    @property
    def conditions(self) -> dict[str, Any]:
        """For `Network.emulateNetworkConditions`."""
        bytes_per_second = {"downloadThroughput": self.down * 125, "uploadThroughput": self.up * 125}
        return {"offline": False, "latency": self.latency, **bytes_per_second}


CONNECTIONS = {
    # As the developer tools of Chromium have them.
    "Slow 4G": Connection(1440, 675, 562.5),
    "3G": Connection(400, 400, 2000),
}

# Clicks the first call button as soon as there is one, as somebody in a hurry would.
IMPATIENT = """
window.firstLoad = { seen: null, answered: null, begun: [] };
new MutationObserver(() => {
  const now = performance.now();
  const button = document.querySelector("[data-person] send-call-invitation-button button");
  if (firstLoad.seen === null && button) {
    firstLoad.seen = now;
    requestAnimationFrame(() => button.click());
  }
  if (firstLoad.answered === null && document.querySelector("call-screen:not([hidden])")) {
    firstLoad.answered = now;
  }
}).observe(document, { subtree: true, childList: true, attributes: true });
"""

FIGURES = """() => {
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  const parts = performance.getEntriesByType("resource");
  const [page] = performance.getEntriesByType("navigation");
  const before = (moment) => 1 + parts.filter(({ startTime }) => startTime < moment).length;
  return {
    first_paint_ms: paint.startTime,
    usable_ms: firstLoad.answered,
    requests_before_paint: before(paint.startTime),
    requests_before_usable: before(firstLoad.answered),
    transferred_bytes: parts.reduce((sum, { transferSize }) => sum + transferSize, page.transferSize),
  };
}"""


@dataclass(frozen=True)
class FirstLoad:
    """One cold load. Times count from the moment somebody asks for the page; the page itself is one of the requests."""

    first_paint_ms: float
    usable_ms: float
    """Until a click on the first call button has shown the call's screen."""
    requests_before_paint: int
    requests_before_usable: int
    transferred_bytes: int

    def figures(self) -> dict[str, float]:
        """As plain values."""
        return asdict(self)


def load(browser: Browser, server: RunningServer, cookies: list[Any], connection: Connection) -> FirstLoad:
    """Open the app in a new profile, signed in, with nothing in its cache; place a call and cancel it."""
    context = browser.new_context()
    try:
        context.add_cookies(cookies)
        context.add_init_script(IMPATIENT)
        page = context.new_page()
        developer = context.new_cdp_session(page)
        developer.send("Network.enable")
        developer.send("Network.emulateNetworkConditions", connection.conditions)
        page.goto(server.url, wait_until="commit", timeout=60_000)
        page.wait_for_function("() => firstLoad.answered !== null", timeout=120_000)
        figures = json.loads(page.evaluate(f"JSON.stringify(({FIGURES})())"))
        developer.send("Network.emulateNetworkConditions", {**connection.conditions, "latency": 0})
        # The screen was there before the server knew of the call.
        page.wait_for_function("() => callinvite.service.state.outgoing !== null")
        assert page.evaluate("callinvite.service.cancel()")
        return FirstLoad(**figures)
    finally:
        context.close()

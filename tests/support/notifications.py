"""The notifications that a Firefox shows, and what a person does with them.

Firefox draws them itself here (`alerts.useSystemBackend=false`): each is a small window of its own, which a session
with system access may look into and click. These windows draw no buttons for a notification's actions, so `press` tells
Firefox what a desktop that draws them would; it is as good as a click: the worker may open windows.

`Firefox(preferences=push_preferences(service), system_access=True)`, then `Notifications(firefox)`. A worker needs a
page on http://127.0.0.1 or http://localhost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.firefox import POLL_SECONDS, WAIT_SECONDS, Firefox, FirefoxError, Preference
from tests.support.push_service import PushService


def push_preferences(service: PushService) -> dict[str, Preference]:
    """For a Firefox that subscribes at this service, and shows notifications without asking whether it may."""
    return {
        "dom.push.connection.enabled": True,
        "dom.push.serverURL": f"{service.origin.replace('http', 'ws', 1)}/",
        "dom.push.testing.allowInsecureServerURL": True,
        # After a lost connection: in milliseconds, and doubled each time.
        "dom.push.retryBaseInterval": 100,
        "permissions.default.desktop-notification": 1,
        "alerts.useSystemBackend": False,
        # Windows that stay are counted here, and a replaced one is never counted off: after the third replacement no
        # more would be shown. What a desktop shows is not counted.
        "dom.webnotifications.requireinteraction.count": 10_000,
        # Remote control sets it, and then no page comes to the front that asks for it.
        "focusmanager.testmode": False,
        # Otherwise a notification fades for most of a second before it is gone.
        "ui.prefersReducedMotion": 1,
    }


@dataclass(frozen=True)
class Notification:
    """What is shown, as Firefox understood the worker.

    Attributes:
        actions: the buttons' names and titles, in order.
        stays: `requireInteraction`; otherwise it is gone after 20 s.
        source: the host and port that Firefox names beneath.
        context: the BiDi id of its window; another one after each replacement.
    """

    title: str
    body: str
    tag: str
    actions: dict[str, str]
    silent: bool
    stays: bool
    icon: str
    language: str
    source: str
    context: str


class Notifications:
    """What one Firefox shows by its service workers."""

    def __init__(self, firefox: Firefox) -> None:
        assert firefox.system_access, "notifications can be seen only with Firefox(system_access=True)"
        self._firefox = firefox

    def shown(self) -> list[Notification]:
        """All of them, the newest last."""
        chrome: dict[str, Any] = {"moz:scope": "chrome"}
        contexts = self._firefox.send("browsingContext.getTree", **chrome)["contexts"]
        found = [self._look(each["context"]) for each in contexts if each["url"] == ALERT]
        return [each for each in found if each is not None]

    def wait_for(
        self,
        *,
        title: str | None = None,
        body: str | None = None,
        tag: str | None = None,
        timeout_seconds: float = WAIT_SECONDS,
    ) -> Notification:
        """Wait until one like this is shown; whatever is left out may be anything.

        Raises:
            TimeoutError: there is none; the message says what is shown instead.
        """
        wanted = {"title": title, "body": body, "tag": tag}
        return self._wait_for(
            lambda each: all(value in (None, getattr(each, name)) for name, value in wanted.items()),
            f"no notification like {wanted}",
            timeout_seconds,
        )

    def wait_for_replacement(self, former: Notification, timeout_seconds: float = WAIT_SECONDS) -> Notification:
        """Wait until another one with the same tag stands in its place.

        Raises:
            TimeoutError: it was not replaced; the message says what is shown.
        """
        return self._wait_for(
            lambda each: each.tag == former.tag and each.context != former.context,
            f"{former} was not replaced",
            timeout_seconds,
        )

    def wait_until_gone(self, *gone: Notification, timeout_seconds: float = WAIT_SECONDS) -> None:
        """Wait until these are no longer shown, closed or replaced; without any: until nothing is.

        Raises:
            TimeoutError: they are still there.
        """
        contexts = {each.context for each in gone}
        deadline = time.monotonic() + timeout_seconds
        while left := [each for each in self.shown() if not gone or each.context in contexts]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Still shown after {timeout_seconds:g} s: {left}")
            time.sleep(POLL_SECONDS)

    def click(self, notification: Notification) -> None:
        """A real click at its middle; Firefox closes it then by itself."""
        self._evaluate(notification.context, CLICK.replace("SELECTOR", "#alertBox"))

    def press(self, notification: Notification, action: str) -> None:
        """Press the button of that name (`accept`, not its title), and Firefox closes it.

        Raises:
            ValueError: it has no such action.
        """
        if action not in notification.actions:
            raise ValueError(f"{notification} has no action {action!r}")
        pressed = {"action": action, "title": notification.actions[action]}
        self._evaluate(notification.context, PRESS.replace("PRESSED", json.dumps(pressed)))

    def close(self, notification: Notification) -> None:
        """A real click at its cross: the person wants it gone, and nothing else."""
        self._evaluate(notification.context, CLICK.replace("SELECTOR", "#alert-close"))

    def _wait_for(
        self, matches: Callable[[Notification], bool], complaint: str, timeout_seconds: float
    ) -> Notification:
        deadline = time.monotonic() + timeout_seconds
        while True:
            shown = self.shown()
            for each in shown:
                if matches(each):
                    return each
            if time.monotonic() > deadline:
                raise TimeoutError(f"After {timeout_seconds:g} s {complaint}; shown: {shown}")
            time.sleep(POLL_SECONDS)

    def _look(self, context: str) -> Notification | None:
        """What a window shows; None if it is gone, not ready, or about to be replaced."""
        try:
            seen = self._evaluate(context, LOOK)
        except FirefoxError:
            return None  # closed since it was listed
        return Notification(**json.loads(seen), context=context) if seen else None

    def _evaluate(self, context: str, expression: str) -> Any:
        result = self._firefox.send(
            "script.evaluate", expression=expression, target={"context": context}, awaitPromise=True
        )
        if result["type"] == "exception":
            raise FirefoxError(result["exceptionDetails"]["text"])
        return result["result"].get("value")


ALERT = "chrome://global/content/alerts/alert.xhtml"

# A window knows the texts, Firefox's own list of what workers show the rest. Where several have the same texts, both go
# by age; a window that is older than all of the list is about to be replaced.
LOOK = """(() => {
  const text = ({ document }) => {
    const label = document.getElementById("alertTextLabel");
    return JSON.stringify({
      title: document.getElementById("alertTitleLabel").getAttribute("value") ?? "",
      body: label.getAttribute("tooltiptext") ?? label.textContent,
      source: (document.getElementById("alertSourceLabel").getAttribute("value") ?? "").replace(/^via /u, ""),
    });
  };
  const mine = text(window);
  const alike = [...Services.wm.getEnumerator("alert:alert")]
    .filter((each) => each.gIsActive && !each.gIsReplaced && !each.closed && text(each) === mine);
  const { db } = ChromeUtils.importESModule("moz-src:///dom/notification/NotificationDB.sys.mjs");
  const { title, body, source } = JSON.parse(mine);
  const entry = Object.entries(db.testGetRawMap().notifications)
    .filter(([origin]) => !source || new URL(origin).host === source)
    .flatMap(([, entries]) => Object.values(entries))
    .filter((each) => each.title === title && each.body === body)
    .sort((one, other) => one.timestamp - other.timestamp)
    .at(alike.indexOf(window) - alike.length);
  if (!alike.includes(window) || !entry) { return ""; }
  return JSON.stringify({
    title,
    body,
    source,
    tag: entry.tag,
    actions: Object.fromEntries(entry.actions.map((each) => [each.name, each.title])),
    silent: entry.silent,
    stays: gRequireInteraction,
    icon: entry.icon,
    language: entry.lang,
  });
})()"""

# In the window's next task: a click closes the window, and with it what waits for this script's end.
CLICK = """(() => {
  const box = document.querySelector("SELECTOR").getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  setTimeout(() => {
    for (const kind of ["mousemove", "mousedown", "mouseup"]) {
      window.synthesizeMouseEvent(kind, x, y, { button: 0, clickCount: 1 });
    }
  });
})()"""

PRESS = """(() => {
  const action = { ...PRESSED, QueryInterface: ChromeUtils.generateQI(["nsIAlertAction"]) };
  setTimeout(() => {
    gAlertListener.observe(action, "alertclickcallback", gAlertCookie);
    onAlertClose();
  });
})()"""

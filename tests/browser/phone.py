"""A person at a Chromium that takes push messages: the test plays the vendor's transport, everything else is real.

Chromium's own `pushManager.subscribe()` needs its vendor's service, so the page is given an address at the suite's push
service. What the server sends there is decrypted by the test and handed to the real service worker over CDP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import CDPSession, Worker

from tests.browser.conftest import WAIT_MS, Person
from tests.support.push_receiver import Receiver
from tests.support.push_service import PushService

POLL_MS = 20

STUB = """(({ endpoint, keys }) => {
  const KEPT = "stub.subscribed-with";
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const subscription = (key) => ({
    endpoint,
    options: { applicationServerKey: bytes(key).buffer },
    toJSON: () => ({ endpoint, keys }),
    unsubscribe: async () => { localStorage.removeItem(KEPT); return true; },
  });
  if (!globalThis.PushManager) { return; }
  PushManager.prototype.getSubscription = async () => {
    const key = localStorage.getItem(KEPT);
    return key === null ? null : subscription(key);
  };
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.setItem(KEPT, applicationServerKey);
    return subscription(applicationServerKey);
  };
})(ADDRESS);"""
SHOWN = """() => inTurn(() => registration.getNotifications()).then((all) => all.map((each) => ({
  title: each.title, body: each.body, tag: each.tag, silent: each.silent, renotify: each.renotify,
  stays: each.requireInteraction, actions: each.actions.map(({ action, title }) => [action, title]), data: each.data,
})))"""
PRESS = """([tag, action]) => inTurn(() => registration.getNotifications({ tag }))
  .then(([shown]) => clicked(shown, action))"""
WATCH_BADGE = """() => {
  self.badges = [];
  navigator.setAppBadge = async (count) => { self.badges.push(count); };
  navigator.clearAppBadge = async () => { self.badges.push(0); };
}"""


class Phone:
    """A person's browser profile as a device that is pushed to.

    Args:
        person: already there, with the permission for notifications.
        service: where its address is.
    """

    def __init__(self, person: Person, service: PushService) -> None:
        self.person = person
        self.receiver: Receiver = service.subscribe()
        self._delivered = 0
        address = json.dumps(self.receiver.subscription)
        person.context.add_init_script(STUB.replace("ADDRESS", address))
        person.page.reload()
        person.until("globalThis.callinvite?.service.state.connection === 'open'")

    def enable(self) -> None:
        """The one click."""
        page = self.person.page
        page.get_by_role("group", name="Ringing on this device").get_by_role("button", name="Turn on ringing").click()
        self.person.until("callinvite.enrolment.state === 'on'")

    def leave(self) -> None:
        """Close every page; the worker can still be woken."""
        for page in self.person.context.pages:
            page.close()

    def hears(self, kind: str) -> dict[str, Any]:
        """Wait for the next message that the server sends, and hand it to the worker; gives it."""
        self.receiver.wait_for(self._delivered + 1)
        message = self.receiver.inbox[self._delivered]
        self._delivered += 1
        assert message["kind"] == kind
        self.deliver(json.dumps(message))
        return message

    def deliver(self, text: str) -> None:
        """Wake the worker with this, whether or not a page is open."""
        session = self._session()
        found: list[dict[str, Any]] = []
        session.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
        session.send("ServiceWorker.enable")
        origin = self.person.server.url
        self._until(lambda: any(each["scopeURL"] == f"{origin}/" for each in found), lambda: f"registered: {found}")
        (wanted,) = {each["registrationId"] for each in found if each["scopeURL"] == f"{origin}/"}
        session.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": wanted, "data": text})
        session.detach()

    def shown(self) -> list[dict[str, Any]]:
        """What the system shows for the app, newest last."""
        return list(self.worker.evaluate(SHOWN))

    def shows(self, title: str) -> dict[str, Any]:
        """Wait until exactly one notification is shown, and it has this title."""
        return self.shows_all(title)[0]

    def shows_all(self, *titles: str) -> list[dict[str, Any]]:
        """Wait until notifications with these titles are shown, and no others."""
        self._until(
            lambda: [each["title"] for each in self.shown()] == list(titles),
            lambda: f"not {titles}, but {self.shown()}",
        )
        return self.shown()

    def press(self, notification: dict[str, Any], action: str = "") -> None:
        """Do what the worker does when a button is pressed. (A click made by a script cannot open windows.)"""
        self.worker.evaluate(PRESS, [notification["tag"], action])

    def watch_badge(self) -> None:
        self.worker.evaluate(WATCH_BADGE)

    @property
    def badges(self) -> list[int]:
        return list(self.worker.evaluate("() => self.badges"))

    @property
    def worker(self) -> Worker:
        """The running worker; woken if need be."""
        running = self.person.context.service_workers
        if not running:
            with self.person.context.expect_event("serviceworker") as started:
                self._session().send("ServiceWorker.startWorker", {"scopeURL": f"{self.person.server.url}/"})
            return started.value
        return running[-1]

    def _until(self, condition: Callable[[], bool], complaint: Callable[[], str]) -> None:
        deadline = time.monotonic() + WAIT_MS / 1000
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(complaint())
            # Playwright takes in events only while it waits.
            self._anywhere().wait_for_timeout(POLL_MS)

    def _session(self) -> CDPSession:
        return self.person.context.new_cdp_session(self._anywhere())

    def _anywhere(self) -> Any:
        pages = [each for each in self.person.context.pages if not each.is_closed()]
        return pages[0] if pages else self.person.context.new_page()

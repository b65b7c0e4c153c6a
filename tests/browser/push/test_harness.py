"""A real Firefox at the suite's push service: from a POST to what a person sees, presses and gets.

The page and its worker are the test's own. What is fixed here is the harness, and how Firefox behaves: the product must
get along with it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.firefox import STARTED_SECONDS, Firefox, Tab
from tests.support.notifications import Notifications, push_preferences
from tests.support.push_sender import Sender
from tests.support.push_service import PushService
from tests.support.push_subscription import Fate
from tests.support.services import Missing

WAIT_SECONDS = 15.0

WORKER = """
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

const tell = (what) => fetch("/told", { method: "POST", body: JSON.stringify(what) });

addEventListener("push", (event) => {
  const { title, options, fails } = event.data.json();
  if (fails === "throws") { throw new Error("as told"); }
  event.waitUntil((async () => {
    if (fails) { throw new Error("as told"); }
    await registration.showNotification(title, options);
    await tell({ shown: title });
  })());
});

addEventListener("notificationclick", (event) => {
  const { action, notification } = event;
  notification.close();
  event.waitUntil(clients.openWindow("/opened").then(
    (opened) => tell({ clicked: notification.title, action, opened: opened.url }),
    (error) => tell({ clicked: notification.title, action, failed: String(error) }),
  ));
});

addEventListener("notificationclose", (event) => event.waitUntil(tell({ closed: event.notification.title })));
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(tell({ changed: true })));
"""

SUBSCRIBE = """async (key) => {
  await navigator.serviceWorker.register("/worker.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  return (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })).toJSON();
}"""

ACTIONS = [{"action": "accept", "title": "Accept"}, {"action": "reject", "title": "Reject"}]


class Site:
    """A tiny page with a worker, and what the worker told it."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def wait_for(self, *told: dict[str, Any]) -> None:
        """Wait until the worker has told all of this, in whatever order."""
        with self._changed:
            if not self._changed.wait_for(lambda: all(each in self.told for each in told), WAIT_SECONDS):
                raise TimeoutError(f"The worker told {self.told}, not {told}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WAIT_SECONDS)

    def _hear(self, told: dict[str, Any]) -> None:
        with self._changed:
            self.told.append(told)
            self._changed.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                script = self.path == "/worker.js"
                self.send_response(200)
                self.send_header("Content-Type", "text/javascript" if script else "text/html")
                self.end_headers()
                self.wfile.write((WORKER if script else "<!doctype html><title>Site</title>").encode())

            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()
                site._hear(told)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        return Handler


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with PushService() as running:
        yield running


@pytest.fixture(scope="module")
def firefox(service: PushService) -> Iterator[Firefox]:
    try:
        with Firefox(push_preferences(service), system_access=True) as running:
            yield running
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def notifications(firefox: Firefox) -> Iterator[Notifications]:
    seen = Notifications(firefox)
    yield seen
    for each in seen.shown():
        seen.close(each)
    seen.wait_until_gone()


@pytest.fixture
def site() -> Iterator[Site]:
    """An origin of its own for each test: its permissions, worker and subscription are nobody else's."""
    with closing(Site()) as running:
        yield running


@pytest.fixture
def tab(firefox: Firefox, site: Site) -> Iterator[Tab]:
    opened = firefox.open(site.url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sender() -> Sender:
    return Sender()


@pytest.fixture
def subscription(tab: Tab, sender: Sender) -> dict[str, Any]:
    return dict(tab.call(SUBSCRIBE, sender.public_key))


@pytest.fixture
def push(service: PushService, sender: Sender, subscription: dict[str, Any]) -> Iterator[Callable[..., None]]:
    """Sends what the worker is to show, as the product would."""

    def send(title: str, *, fails: str = "", **options: Any) -> None:
        answer = sender.send(subscription, {"title": title, "options": options, "fails": fails})
        assert answer.status_code == 201, answer.text

    yield send
    assert service.violations == []


Push = Callable[..., None]


def test_a_message_becomes_a_notification_with_title_body_and_actions(
    service: PushService, site: Site, notifications: Notifications, push: Push
) -> None:
    push("Video call", body="Alice is calling", tag="call", actions=ACTIONS, requireInteraction=True, silent=True)
    shown = notifications.wait_for(title="Video call")

    assert (shown.body, shown.tag) == ("Alice is calling", "call")
    assert shown.actions == {"accept": "Accept", "reject": "Reject"}
    assert (shown.silent, shown.stays) == (True, True)
    assert site.url == f"http://{shown.source}"
    assert _acks_of_last(service, 1) == [("ack", 100)]


def test_a_click_opens_a_window_and_closes_the_notification(
    firefox: Firefox, site: Site, notifications: Notifications, push: Push
) -> None:
    push("Call", body="Alice", tag="call")
    shown = notifications.wait_for(title="Call")
    notifications.click(shown)
    notifications.wait_until_gone(shown)

    site.wait_for({"clicked": "Call", "action": "", "opened": f"{site.url}/opened"})
    _close_opened(firefox, site)


@pytest.mark.parametrize("action", ["accept", "reject"])
def test_an_action_reaches_the_worker_by_its_name_and_may_open_a_window(
    firefox: Firefox, site: Site, notifications: Notifications, push: Push, action: str
) -> None:
    push("Call", body="Alice", tag="call", actions=ACTIONS, requireInteraction=True)
    shown = notifications.wait_for(title="Call")
    notifications.press(shown, action)
    notifications.wait_until_gone(shown)

    site.wait_for({"clicked": "Call", "action": action, "opened": f"{site.url}/opened"})
    _close_opened(firefox, site)
    with pytest.raises(ValueError, match="no action 'hold'"):
        notifications.press(shown, "hold")


def test_closing_it_at_its_cross_is_no_click(site: Site, notifications: Notifications, push: Push) -> None:
    push("Call", body="Alice", tag="call")
    shown = notifications.wait_for(title="Call")
    notifications.close(shown)
    notifications.wait_until_gone(shown)

    site.wait_for({"shown": "Call"}, {"closed": "Call"})
    assert not [each for each in site.told if "clicked" in each]


def test_the_same_tag_replaces_as_often_as_one_likes_and_firefox_calls_the_former_one_closed(
    site: Site, notifications: Notifications, push: Push
) -> None:
    push("Ring 0", tag="call", requireInteraction=True)
    shown = notifications.wait_for(title="Ring 0")
    for number in range(1, 5):
        push(f"Ring {number}", tag="call", requireInteraction=True, renotify=True)
        shown = notifications.wait_for_replacement(shown)
        assert shown.title == f"Ring {number}"
    push("Call ended", tag="call", silent=True)
    assert notifications.wait_for_replacement(shown).title == "Call ended"

    assert len(notifications.shown()) == 1
    site.wait_for({"closed": "Ring 4"}, {"shown": "Call ended"})


def test_two_with_the_same_words_are_told_apart(notifications: Notifications, push: Push) -> None:
    for tag in ("one", "two"):
        push("Call", body="Alice", tag=tag, requireInteraction=True)
        notifications.wait_for(tag=tag)
    one, two = notifications.shown()
    assert (one.tag, two.tag) == ("one", "two")

    push("Call", body="Alice", tag="one", requireInteraction=True)
    again = notifications.wait_for_replacement(one)
    assert notifications.shown() == [two, again]


def test_a_missing_notification_is_said_in_words(notifications: Notifications, push: Push) -> None:
    push("Call", tag="call")
    shown = notifications.wait_for(title="Call")

    with pytest.raises(TimeoutError, match=r"no notification like .*'Other'.*shown: .*'Call'"):
        notifications.wait_for(title="Other", timeout_seconds=0.05)
    with pytest.raises(TimeoutError, match="was not replaced"):
        notifications.wait_for_replacement(shown, timeout_seconds=0.05)
    with pytest.raises(TimeoutError, match="Still shown"):
        notifications.wait_until_gone(shown, timeout_seconds=0.05)


@pytest.mark.parametrize(("fails", "code"), [("throws", 301), ("rejects", 302)])
def test_a_worker_that_fails_is_reported_after_the_acknowledgement(
    service: PushService, push: Push, fails: str, code: int
) -> None:
    push("Call", fails=fails)

    assert _acks_of_last(service, 2) == [("ack", 100), ("nack", code)]


def test_a_message_for_other_keys_is_reported(
    service: PushService, sender: Sender, subscription: dict[str, Any]
) -> None:
    keys = service.subscribe().keys
    sender.send({**subscription, "keys": keys}, {"title": "Call"})

    assert _acks_of_last(service, 1) == [("ack", 101)]


def test_only_the_key_that_was_subscribed_with_may_send(service: PushService, subscription: dict[str, Any]) -> None:
    answer = Sender().send(subscription, {})

    assert answer.status_code == 403
    assert "not the one of the subscription" in service.violations.pop()


def test_an_unsubscribed_address_is_gone(
    service: PushService, tab: Tab, sender: Sender, subscription: dict[str, Any]
) -> None:
    before = service.firefox.unregistered
    assert tab.evaluate(
        "navigator.serviceWorker.ready.then(async ({ pushManager }) =>"
        " (await pushManager.getSubscription()).unsubscribe())"
    )
    service.wait_until(lambda: service.firefox.unregistered == before + 1)

    assert sender.send(subscription, {}).status_code == 410


def test_a_message_arrives_with_no_page_open(
    firefox: Firefox, site: Site, notifications: Notifications, sender: Sender
) -> None:
    tab = firefox.open(site.url)
    subscription = tab.call(SUBSCRIBE, sender.public_key)
    tab.close()
    sender.send(subscription, {"title": "Call", "options": {"tag": "call"}})

    notifications.wait_for(title="Call")


def test_what_was_sent_while_the_connection_was_broken_arrives_afterwards(
    service: PushService, notifications: Notifications, sender: Sender, subscription: dict[str, Any]
) -> None:
    service.stop()
    assert service.firefox.connected == 0
    service.start()
    assert sender.send(subscription, {"title": "Call", "options": {"tag": "call"}}).status_code == 201

    notifications.wait_for(title="Call")
    service.wait_until(lambda: service.firefox.connected == 1)


def test_a_service_that_forgot_everybody_makes_firefox_tell_the_worker(
    service: PushService, site: Site, sender: Sender, subscription: dict[str, Any]
) -> None:
    service.firefox.forget()

    site.wait_for({"changed": True})
    assert sender.send(subscription, {}).status_code == 410


def test_a_firefox_that_was_closed_gets_the_latest_of_a_topic_and_nothing_too_old(
    site: Site, sender: Sender, tmp_path: Path
) -> None:
    with PushService() as service:
        first = Firefox(push_preferences(service), profile=tmp_path / "profile", system_access=True)
        second = Firefox(push_preferences(service), profile=tmp_path / "profile", system_access=True)
        try:
            first.start()
            subscription = first.open(site.url).call(SUBSCRIBE, sender.public_key)
            first.stop()
            service.wait_until(lambda: service.firefox.connected == 0)
            for title, ttl_seconds, topic in (
                ("Too old", 30, "one"),
                ("Ring", 120, "two"),
                ("Call ended", 120, "two"),
            ):
                message = {"title": title, "options": {"tag": topic}}
                sender.send(subscription, message, ttl_seconds=ttl_seconds, topic=topic)
            service.pass_time(31)
            second.start()

            assert Notifications(second).wait_for(timeout_seconds=STARTED_SECONDS).title == "Call ended"
            assert [each.fate for each in service.messages] == [Fate.EXPIRED, Fate.REPLACED, Fate.DELIVERED]
            site.wait_for({"shown": "Call ended"})
            assert site.told == [{"shown": "Call ended"}]
        except Missing as missing:
            pytest.skip(str(missing))
        finally:
            first.kill()
            second.kill()


def _acks_of_last(service: PushService, count: int) -> list[tuple[str, int]]:
    """What Firefox says about the message that was sent last."""

    def said() -> list[tuple[str, int]]:
        return [(each.kind, each.code) for each in service.acks if each.message is service.messages[-1]]

    service.wait_until(lambda: len(said()) >= count, WAIT_SECONDS, lambda: f"Firefox said {said()}")
    return said()


def _close_opened(firefox: Firefox, site: Site) -> None:
    for each in firefox.send("browsingContext.getTree")["contexts"]:
        if each["url"] == f"{site.url}/opened":
            firefox.send("browsingContext.close", context=each["context"])

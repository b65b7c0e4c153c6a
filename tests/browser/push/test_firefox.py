"""From one person's click to another's closed Firefox and back: real pushes, real notifications, real clicks.

Nothing is stubbed but the push service, which is the suite's own and holds both sides to the standards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.support.firefox import POLL_SECONDS, STARTED_SECONDS, Firefox, FirefoxError, Tab, network_missing
from tests.support.network import IsolatedHost
from tests.support.notifications import Notifications, push_preferences
from tests.support.push_service import PushService
from tests.support.push_subscription import Fate
from tests.support.server import RunningServer
from tests.support.services import Missing

ANSWERS = {"accept": "Accept", "reject": "Decline"}


@pytest.fixture(scope="module")
def firefox(server: RunningServer, service: PushService, sessions: dict[str, list[Any]]) -> Iterator[Firefox]:
    """Bob's, with no page of the app open, and enrolled."""
    with ExitStack() as stack:
        try:
            host = None
            if network_missing():
                host = stack.enter_context(IsolatedHost(next_door=True))
                host.forward(server.port)
                host.forward(service.port)
            running = stack.enter_context(Firefox(push_preferences(service), system_access=True, host=host))
        except Missing as missing:
            pytest.skip(str(missing))
        enrol(running, server, sessions["bob"])
        yield running


@pytest.fixture
def notifications(firefox: Firefox, server: RunningServer) -> Iterator[Notifications]:
    """What bob's Firefox shows; nothing at the beginning, and nothing of the app is open then."""
    seen = Notifications(firefox)
    yield seen
    for tab in app_tabs(firefox, server):
        tab.close()
    for each in seen.shown():
        seen.close(each)
    seen.wait_until_gone()


ENROLLED = """(() => {
  const { state, reason, error } = callinvite.enrolment;
  if (state !== "on") { throw new Error(`${state} ${reason} ${error}`); }
  return true;
})()"""


def enrol(firefox: Firefox, server: RunningServer, cookies: list[dict[str, Any]]) -> None:
    """Sign in, click "Turn on ringing", and close the page."""
    tab = firefox.open()
    tab.set_cookies(cookies)
    tab.navigate(server.url)
    tab.until("globalThis.callinvite?.enrolment.state === 'off'")
    tab.click("enable-ringing .button--primary")
    tab.until(ENROLLED)
    tab.until("document.querySelector('enable-ringing').hidden")
    assert tab.complaints == []
    tab.close()


def app_tabs(firefox: Firefox, server: RunningServer) -> list[Tab]:
    """The tabs that show the app."""
    contexts = firefox.send("browsingContext.getTree")["contexts"]
    return [Tab(firefox, each["context"], "default") for each in contexts if each["url"].startswith(server.url)]


def opened_tab(firefox: Firefox, server: RunningServer, service: PushService) -> Tab:
    """Wait for the one tab of the app that a click opens."""
    blank = firefox.open()
    for _ in range(int(10 / POLL_SECONDS)):
        found = app_tabs(firefox, server)
        if found:
            blank.close()
            return found[0]
        blank.evaluate(f"new Promise((resolve) => {{ setTimeout(resolve, {POLL_SECONDS * 1000:g}); }})")
    raise TimeoutError("No page of the app was opened")


def call(caller: Person) -> None:
    assert caller.ask("callinvite.service.send({ invitees: ['bob'], isVideoCall: true, timeoutSeconds: 60 })")


def test_a_ring_reaches_a_closed_page_and_the_caller_reads_so(
    alice: Person, firefox: Firefox, notifications: Notifications
) -> None:
    alice.call("Bob")
    shown = notifications.wait_for(title="Alice (@alice)")
    assert (shown.body, shown.actions) == ("Incoming video call · Not in your contacts", ANSWERS)
    assert (shown.silent, shown.stays, shown.language) == (False, True, "en")
    alice.hears("Ringing on Firefox on Linux")
    alice.screen.get_by_role("button", name="Cancel").click()
    missed = notifications.wait_for_replacement(shown)
    assert (missed.title, missed.body, missed.silent) == ("Missed call", "Alice (@alice), video call", True)
    assert missed.actions == {"call_back": "Call back"}


def test_declining_in_the_notification_reaches_the_caller(
    alice: Person, firefox: Firefox, server: RunningServer, notifications: Notifications
) -> None:
    alice.call("Bob")
    shown = notifications.wait_for(title="Alice (@alice)")
    notifications.press(shown, "reject")
    expect(alice.screen.get_by_text("Declined", exact=True)).to_be_visible()
    notifications.wait_until_gone()
    assert app_tabs(firefox, server) == []


def test_accepting_in_the_notification_opens_the_app_in_the_call(
    alice: Person, firefox: Firefox, server: RunningServer, service: PushService, notifications: Notifications
) -> None:
    alice.call("Bob")
    shown = notifications.wait_for(title="Alice (@alice)")
    notifications.press(shown, "accept")
    tab = opened_tab(firefox, server, service)
    tab.until("callinvite.service.state.active !== null")
    alice.is_connected_to("Bob")
    tab.until("callinvite.talk.state.local.camera.live && callinvite.talk.state.local.microphone.live", 20)
    notifications.wait_until_gone()
    assert tab.url == f"{server.url}/"
    alice.hang_up()
    tab.until("document.querySelector('call-screen').innerText.includes('Call ended')")


def test_a_click_at_the_body_opens_the_app_with_both_buttons(
    alice: Person, firefox: Firefox, server: RunningServer, service: PushService, notifications: Notifications
) -> None:
    alice.call("Bob")
    notifications.click(notifications.wait_for(title="Alice (@alice)"))
    tab = opened_tab(firefox, server, service)
    tab.until("document.querySelector('incoming-call').checkVisibility()")
    assert tab.evaluate("callinvite.service.state.active") is None
    tab.press("Decline")
    expect(alice.screen.get_by_text("Declined", exact=True)).to_be_visible()


def test_accepting_with_the_app_open_behind_answers_in_that_page(
    alice: Person, firefox: Firefox, server: RunningServer, notifications: Notifications
) -> None:
    tab = firefox.open(server.url)
    tab.until("globalThis.callinvite?.service.state.connection === 'open'")
    tab.evaluate("globalThis.isTheSamePage = true")
    behind = firefox.open()
    tab.until("document.visibilityState === 'hidden'")
    alice.call("Bob")
    notifications.press(notifications.wait_for(title="Alice (@alice)"), "accept")
    tab.until("isTheSamePage && callinvite.service.state.active !== null")
    alice.is_connected_to("Bob")
    tab.until("document.visibilityState === 'visible'")
    assert len(app_tabs(firefox, server)) == 1
    alice.hang_up()
    behind.close()


def test_answering_on_another_device_takes_the_place_of_the_ring(
    alice: Person, bob: Person, notifications: Notifications
) -> None:
    alice.call("Bob")
    shown = notifications.wait_for(title="Alice (@alice)")
    bob.rings("Alice")
    bob.accept()
    answered = notifications.wait_for_replacement(shown)
    assert (answered.title, answered.actions, answered.silent) == ("Answered on Chrome on Linux", {}, True)
    alice.hang_up()


def test_a_missed_call_is_called_back_from_its_notification(
    alice: Person, firefox: Firefox, server: RunningServer, service: PushService, notifications: Notifications
) -> None:
    call(alice)
    shown = notifications.wait_for(title="Alice (@alice)")
    alice.ask("() => callinvite.service.cancel()")
    notifications.press(notifications.wait_for_replacement(shown), "call_back")
    tab = opened_tab(firefox, server, service)
    alice.rings("Bob")
    tab.evaluate("callinvite.service.cancel()")


def test_a_browser_that_was_closed_during_the_ring_does_not_ring_afterwards(
    alice: Person, server: RunningServer, service: PushService, sessions: dict[str, list[Any]], tmp_path: Path
) -> None:
    first, second = (
        Firefox(push_preferences(service), profile=tmp_path / "profile", system_access=True) for _ in range(2)
    )
    connected = service.firefox.connected
    try:
        first.start()
        enrol(first, server, sessions["bob"])
        first.stop()
        service.wait_until(lambda: service.firefox.connected == connected)
        before = len(service.messages)
        alice.call("Bob")
        service.wait_until(lambda: any(each.fate is Fate.WAITING for each in service.messages[before:]))
        alice.screen.get_by_role("button", name="Cancel").click()
        service.wait_until(lambda: any(each.fate is Fate.REPLACED for each in service.messages[before:]))
        second.start()
        seen = Notifications(second)
        assert seen.wait_for(timeout_seconds=STARTED_SECONDS).title == "Missed call"
        assert [each.title for each in seen.shown()] == ["Missed call"]
    except Missing as missing:
        pytest.skip(str(missing))
    finally:
        first.kill()
        second.kill()


def test_a_service_that_forgot_this_browser_gets_it_back_without_a_page(
    alice: Person, firefox: Firefox, service: PushService, notifications: Notifications
) -> None:
    registered = service.firefox.registered
    service.firefox.forget()
    service.wait_until(lambda: service.firefox.registered > registered, 20)
    # The worker still has to tell the server.
    for _ in range(20):
        call(alice)
        try:
            shown = notifications.wait_for(title="Alice (@alice)", timeout_seconds=3)
            notifications.press(shown, "reject")
            expect(alice.screen.get_by_text("Declined", exact=True)).to_be_visible()
            return
        except (TimeoutError, AssertionError, FirefoxError):
            # Too late, or the one before that.
            alice.ask("() => callinvite.service.cancel()")
    raise AssertionError("The new address never reached the server")

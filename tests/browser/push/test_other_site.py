"""A page of another origin is closed, and its own service worker rings: real pushes to a real Firefox, real clicks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support import other_site
from tests.support.firefox import Firefox, Tab, network_missing
from tests.support.network import IsolatedHost
from tests.support.notifications import Notifications, push_preferences
from tests.support.other_site import Elsewhere
from tests.support.push_service import PushService
from tests.support.server import RunningServer
from tests.support.services import Missing

CLIENT = "document.querySelector('incoming-call').client"


@pytest.fixture(scope="module")
def site(server: RunningServer) -> Iterator[str]:
    with other_site.running(server) as address:
        yield address


@pytest.fixture(scope="module")
def alice(server: RunningServer) -> Elsewhere:
    return Elsewhere(server, "alice")


@pytest.fixture(scope="module")
def firefox(server: RunningServer, service: PushService, site: str) -> Iterator[Firefox]:
    """Bob's, enrolled in a click at the site, with no page of it open."""
    with ExitStack() as stack:
        try:
            host = None
            if network_missing():
                host = stack.enter_context(IsolatedHost(next_door=True))
                for port in (server.port, service.port, other_site.PORT):
                    host.forward(port)
            running = stack.enter_context(Firefox(push_preferences(service), system_access=True, host=host))
        except Missing as missing:
            pytest.skip(str(missing))
        tab = running.open(f"{site}/as/bob")
        tab.until(f"{CLIENT}.push.state === 'off'")
        tab.click("#closed")
        tab.until(f"{CLIENT}.push.state === 'on'")
        assert tab.complaints == []
        tab.close()
        yield running


@pytest.fixture
def notifications(firefox: Firefox, site: str) -> Iterator[Notifications]:
    seen = Notifications(firefox)
    yield seen
    for each in seen.shown():
        seen.close(each)
    seen.wait_until_gone()


def _tabs(firefox: Firefox, site: str) -> list[Tab]:
    contexts = firefox.send("browsingContext.getTree")["contexts"]
    return [Tab(firefox, each["context"], "default") for each in contexts if each["url"].startswith(site)]


def _invitation(alice: Elsewhere, call_id: str) -> Any:
    return alice.call(call_id)["invitations"][0]


def test_its_notification_rings_and_declines(
    alice: Elsewhere, firefox: Firefox, site: str, notifications: Notifications
) -> None:
    call_id = alice.send("bob")
    shown = notifications.wait_for(title="Alice (@alice)")
    alice.until(lambda: _invitation(alice, call_id)["ringing_on"] == "Firefox on Linux")
    notifications.press(shown, "reject")

    alice.until(lambda: _invitation(alice, call_id)["state"] == "rejected")
    notifications.wait_until_gone()
    assert _tabs(firefox, site) == []


def test_its_button_opens_the_site_in_the_call(
    alice: Elsewhere, firefox: Firefox, site: str, notifications: Notifications
) -> None:
    call_id = alice.send("bob")
    notifications.press(notifications.wait_for(title="Alice (@alice)"), "accept")
    alice.until(lambda: _tabs(firefox, site) != [])
    (tab,) = _tabs(firefox, site)
    tab.until(f"{CLIENT}.media.state.place === 'here'")

    assert alice.call(call_id)["state"] == "active"
    assert tab.url == f"{site}/"
    alice.ask(f"calls/{call_id}/end", {})
    tab.until("document.querySelector('incoming-call').call === null")
    tab.close()


def test_signing_out_at_the_site_takes_the_address_away(server: RunningServer, firefox: Firefox, site: str) -> None:
    bob = Elsewhere(server, "bob")
    addresses = lambda: [each["push"] for each in bob.ask("devices")["results"] if each["push"]]  # noqa: E731
    assert len(addresses()) == 1
    tab = firefox.open(f"{site}/")
    tab.until(f"{CLIENT}.push.state === 'on'")
    tab.evaluate(f"{CLIENT}.signOut()")

    # Signing out waits for that no longer than a second and a half.
    bob.until(lambda: addresses() == [])
    tab.close()

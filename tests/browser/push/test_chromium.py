"""Ringing a Chromium by push: the page that enrols it, and the real service worker on the real server's messages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, connected
from tests.browser.phone import Phone
from tests.support.push_service import PushService
from tests.support.server import RunningServer
from tests.support.signing_in import sign_everybody_in

ANSWERS = [["accept", "Accept"], ["reject", "Decline"]]
PAST = "2020-01-01T00:00:00Z"
IN_CALL = "callinvite.service.state.active !== null"
TEST_RING = """(method) => fetch(`/api/v1/devices/${callinvite.service.deviceId}/test-ring`, {
  method,
  headers: { "X-CSRFToken": JSON.parse(document.getElementById("page-config").textContent).csrfToken },
}).then((answer) => answer.json())"""
UNTIL_ARRIVED = """async () => {
  const late = performance.now() + 10_000;
  while (true) {
    const { state } = await (ASK)("GET");
    if (state === "arrived" || performance.now() > late) { return state; }
  }
}"""
UNTIL_NO_WISH = """async () => {
  const notes = await caches.open("callinvite.notes");
  for (const late = performance.now() + 10_000; await notes.match("/service-worker/notes/wish");) {
    if (performance.now() > late) { throw new Error("The wish is still there"); }
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}"""
KEEP_WISH = """async (wish) => {
  const cache = await caches.open("callinvite.notes");
  await cache.put("/service-worker/notes/wish", new Response(JSON.stringify({ ...wish, at: Date.now() - wish.age })));
}"""


def device_of(phone: Phone) -> dict[str, Any]:
    """The device as the server has it."""
    return dict(
        phone.person.ask("() => fetch(`/api/v1/devices/${callinvite.service.deviceId}`).then((each) => each.json())")
    )


def call(caller: Person) -> str:
    """Call without looking; gives the call's id."""
    assert caller.ask("callinvite.service.send({ invitees: ['bob'], isVideoCall: true })")
    return str(caller.ask("() => callinvite.service.lastResult.call.call_id"))


# --- enrolling --------------------------------------------------------------------------------------------------------
def test_one_click_unlocks_the_sound_and_enrols_the_browser(phone: Phone, service: PushService) -> None:
    page = phone.person.page
    expect(page.get_by_text("It also rings when this page is closed.")).to_be_visible()
    expect(page.get_by_role("group", name="Ringing on this device")).to_be_hidden()
    assert phone.person.ask("callinvite.ringer.audible") is True
    device = device_of(phone)
    assert (device["health"], device["push"]["transport"]) == ("ok", "webpush")
    assert device["push"]["host"] in service.origin
    phone.person.show("Settings")
    expect(page.locator("ringing-here")).to_contain_text("even when this page is closed")
    assert page.locator("ringing-here button:visible").all_inner_texts() == [
        "Play the ringtone",
        "Turn off ringing here",
    ]


def test_a_page_that_loads_again_changes_nothing(phone: Phone) -> None:
    put: list[str] = []
    page = phone.person.page
    page.on("request", lambda request: put.append(request.url) if request.method == "PUT" else None)
    page.reload()
    phone.person.until("globalThis.callinvite?.enrolment.state === 'on'")
    assert put == []


def test_an_address_that_the_server_lost_is_given_to_it_again(phone: Phone) -> None:
    phone.person.ask(
        """() => fetch(`/api/v1/devices/${callinvite.service.deviceId}`, {
          method: "PUT", headers: {
            "Content-Type": "application/json",
            "X-CSRFToken": JSON.parse(document.getElementById("page-config").textContent).csrfToken,
          }, body: JSON.stringify({ label: "Chrome", kind: "browser", push: null }),
        })"""
    )
    assert device_of(phone)["health"] == "no_address"
    phone.person.page.reload()
    phone.person.until("globalThis.callinvite?.enrolment.state === 'on'")
    assert device_of(phone)["health"] == "ok"


def test_ringing_is_stopped_in_the_settings(phone: Phone) -> None:
    page = phone.person.page
    phone.person.show("Settings")
    page.get_by_role("button", name="Turn off ringing here").click()
    expect(page.locator("ringing-here")).to_contain_text("This browser doesn't ring")
    phone.person.until("callinvite.enrolment.state === 'off'")
    assert device_of(phone)["health"] == "no_address"
    page.reload()
    connected(page)
    assert phone.person.ask("callinvite.enrolment.state") == "off"
    page.locator("ringing-here").get_by_role("button", name="Turn on ringing").click()
    phone.person.until("callinvite.enrolment.state === 'on'")


def test_signing_out_takes_the_address_away(
    person: Callable[..., Person], service: PushService, server: RunningServer
) -> None:
    dave = person("dave", permissions=["notifications"])
    # A session of its own: the others of this file go on with theirs.
    dave.context.add_cookies(sign_everybody_in(server)["dave"])
    phone = Phone(dave, service)
    phone.enable()
    address = "document.cookie !== null && localStorage.getItem('stub.subscribed-with')"
    assert dave.ask(address) is not None
    with dave.page.expect_request(lambda each: each.method == "PUT" and '"push":null' in (each.post_data or "")):
        dave.page.get_by_role("button", name="Sign out").click()
    expect(dave.page).to_have_url(re.compile("/sign-in/"))
    assert dave.ask(address) is None


@pytest.mark.parametrize("blocked", ["denied", "default"])
def test_sound_without_notifications_is_said_as_what_it_is(bob: Person, blocked: str) -> None:
    bob.ask(f"() => {{ Notification.requestPermission = async () => '{blocked}'; }}")
    banner = bob.page.get_by_role("group", name="Ringing on this device")
    banner.get_by_role("button", name="Turn on ringing").click()
    bob.until("callinvite.ringer.audible")
    expect(banner).to_contain_text("This page rings while it's open.")
    if blocked == "default":
        expect(banner.get_by_role("button", name="Ring when closed, too")).to_be_visible()
        return
    expect(banner).to_contain_text("notifications are blocked for this site, as they are in every private window.")
    expect(banner).to_contain_text("Click the icon left of the address")
    banner.get_by_role("button", name="OK").click()
    expect(banner).to_be_hidden()


def test_the_app_can_be_installed(phone: Phone) -> None:
    session = phone.person.context.new_cdp_session(phone.person.page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"].endswith("/app.webmanifest")
    # Playwright's contexts are incognito to Chromium, which is all that it has against it.
    errors = [each["errorId"] for each in session.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert errors in ([], ["in-incognito"])


# --- the worker -------------------------------------------------------------------------------------------------------
def test_a_ring_with_no_page_open_is_shown_and_the_caller_reads_where(alice: Person, phone: Phone) -> None:
    phone.leave()
    alice.call("Bob")
    message = phone.hears("ring")
    shown = phone.shows("Alice (@alice)")
    assert (shown["body"], shown["actions"]) == ("Incoming video call · Not in your contacts", ANSWERS)
    assert (shown["tag"], shown["stays"], shown["silent"]) == (message["tag"], True, False)
    alice.hears("Ringing on Chrome on Linux")


def test_the_end_of_a_ring_takes_its_place(alice: Person, phone: Phone) -> None:
    phone.leave()
    phone.watch_badge()
    alice.call("Bob")
    ring = phone.hears("ring")
    phone.shows("Alice (@alice)")
    alice.screen.get_by_role("button", name="Cancel").click()
    phone.hears("stop")
    missed = phone.shows("Missed call")
    assert (missed["tag"], missed["silent"], missed["body"]) == (ring["tag"], True, "Alice (@alice), video call")
    assert missed["actions"] == [["call_back", "Call back"]]
    assert phone.badges[-1] >= 1


def test_a_ring_that_comes_too_late_is_a_missed_call(alice: Person, phone: Phone) -> None:
    phone.leave()
    alice.call("Bob")
    phone.receiver.wait_for(1)
    alice.screen.get_by_role("button", name="Cancel").click()
    # The worker asks the server, and is told so once the cancel is there.
    phone.receiver.wait_for(2)
    ring = phone.receiver.inbox[0]
    phone.deliver(json.dumps({**ring, "expires_at": PAST}))
    missed = phone.shows("Missed call")
    assert (missed["silent"], missed["tag"]) == (True, ring["tag"])


def test_a_wrong_clock_makes_no_ring_late(alice: Person, phone: Phone) -> None:
    phone.leave()
    alice.call("Bob")
    phone.receiver.wait_for(1)
    phone.deliver(json.dumps({**phone.receiver.inbox[0], "expires_at": PAST}))
    assert phone.shows("Alice (@alice)")["silent"] is False


@pytest.mark.parametrize("data", ["", "{", "[1, 2]", '{"kind": "something newer"}'])
def test_what_the_worker_does_not_understand_still_shows_something(phone: Phone, data: str) -> None:
    phone.deliver(data)
    assert phone.shows("Callinvite")["body"] == "Someone may be calling. Open the app to see."


def test_a_test_ring_is_shown_and_arrives(phone: Phone) -> None:
    assert phone.person.ask(TEST_RING, "POST")["state"] in {"waiting", "sent"}
    phone.hears("test")
    shown = phone.shows("Test ring")
    assert (shown["actions"], shown["silent"]) == ([], False)
    assert phone.person.ask(UNTIL_ARRIVED.replace("ASK", TEST_RING)) == "arrived"


# --- clicks -----------------------------------------------------------------------------------------------------------
def test_rejecting_works_signed_out(alice: Person, phone: Phone) -> None:
    phone.leave()
    alice.call("Bob")
    phone.hears("ring")
    shown = phone.shows("Alice (@alice)")
    phone.person.context.clear_cookies()
    phone.press(shown, "reject")
    expect(alice.screen.get_by_text("Declined", exact=True)).to_be_visible()
    phone.shows_all()


def test_accepting_lets_the_open_page_answer(alice: Person, phone: Phone) -> None:
    alice.call("Bob")
    phone.person.rings("Alice")
    message = call_of(alice)
    phone.deliver(json.dumps(message))
    phone.press(phone.shows("Alice (@alice)"), "accept")
    phone.person.is_connected_to("Alice")
    alice.is_connected_to("Bob")
    phone.person.until("callinvite.talk.state.local.camera.live")
    phone.shows_all()


def test_accepting_without_a_page_is_done_by_the_one_that_opens(alice: Person, phone: Phone) -> None:
    phone.leave()
    alice.call("Bob")
    ring = phone.hears("ring")
    phone.press(phone.shows("Alice (@alice)"), "accept")
    phone.shows("Open Callinvite to answer")
    phone.person.page = phone.person.context.new_page()
    phone.person.page.goto(f"{phone.person.server.url}/?call={ring['call_id']}")
    phone.person.is_connected_to("Alice")
    alice.is_connected_to("Bob")
    assert phone.person.page.url == f"{phone.person.server.url}/"
    phone.shows_all()


def test_an_address_alone_answers_nothing(alice: Person, phone: Phone) -> None:
    call_id = call(alice)
    for wish in (None, {"type": "answer", "call_id": call_id, "age": 121_000}):
        if wish:
            phone.person.ask(KEEP_WISH, wish)
        phone.person.page.goto(f"{phone.person.server.url}/?call={call_id}")
        phone.person.rings("Alice")
        expect(phone.person.page).to_have_url(f"{phone.person.server.url}/")
        phone.person.ask(UNTIL_NO_WISH)
        assert phone.person.ask(IN_CALL) is False


def test_a_wish_for_a_call_that_is_over_is_said_so(alice: Person, phone: Phone) -> None:
    call_id = call(alice)
    phone.person.rings("Alice")
    alice.ask("() => callinvite.service.cancel()")
    phone.person.ask(KEEP_WISH, {"type": "answer", "call_id": call_id, "age": 0})
    phone.person.page.goto(f"{phone.person.server.url}/?call={call_id}")
    expect(phone.person.page.get_by_text("The call from Alice (@alice) is no longer ringing.")).to_be_visible()


def test_a_missed_call_is_called_back_from_its_notification(alice: Person, phone: Phone) -> None:
    alice.call("Bob")
    phone.person.rings("Alice")
    alice.screen.get_by_role("button", name="Cancel").click()
    # Where it was missed, not where that was asked for: the caller's page says so at once.
    expect(phone.person.ring).to_be_hidden()
    stop = {**call_of(alice), "kind": "stop", "missed": True, "missed_unseen": 1}
    phone.deliver(json.dumps({**stop, "notification": {"title": "Missed call", "body": "Alice, video call"}}))
    phone.person.ask("() => { window.clicked = callinvite.service.once('incomingMissedCallClicked') }")
    phone.press(phone.shows("Missed call"), "call_back")
    alice.rings("Bob")
    assert phone.person.ask("() => clicked.then(({ caller }) => caller.id)") == "alice"


# --- what the page keeps true -----------------------------------------------------------------------------------------
def test_answering_in_the_page_closes_the_notification(alice: Person, phone: Phone) -> None:
    alice.call("Bob")
    phone.person.rings("Alice")
    phone.deliver(json.dumps(call_of(alice)))
    phone.shows("Alice (@alice)")
    phone.person.accept()
    phone.shows_all()
    phone.person.is_connected_to("Alice")
    # One that comes only now goes by itself.
    phone.deliver(json.dumps(call_of(alice)))
    phone.shows_all()


def test_looking_at_recents_closes_missed_calls_and_clears_the_badge(alice: Person, phone: Phone) -> None:
    page = phone.person.page
    phone.person.ask("""() => {
      globalThis.badges = [];
      navigator.setAppBadge = async (count) => { badges.push(count); };
      navigator.clearAppBadge = async () => { badges.push(0); };
    }""")
    call(alice)
    phone.person.rings("Alice")
    alice.ask("() => callinvite.service.cancel()")
    expect(page.locator("missed-badge .badge")).to_be_visible()
    stop = {"kind": "stop", "tag": "x", "missed": True, "missed_unseen": 1, "notification": {"title": "Missed call"}}
    phone.deliver(json.dumps(stop))
    phone.shows("Missed call")
    phone.person.show("Recents")
    phone.shows_all()
    phone.person.until("badges.length > 1 && badges.at(-1) === 0 && badges.at(-2) > 0")


def call_of(caller: Person) -> dict[str, Any]:
    """A ring's message for the caller's last call, where the server withheld its own: the page rings audibly."""
    # It may ring before its caller has heard that it does.
    caller.until("callinvite.service.lastResult?.call")
    call_id = caller.ask("() => callinvite.service.lastResult.call.call_id")
    return {
        "kind": "ring",
        "call_id": call_id,
        "tag": "by-hand",
        "notification": {"title": "Alice (@alice)", "body": "Incoming video call"},
        "caller": {"id": "alice", "name": "Alice"},
        "is_video_call": True,
        "expires_at": "2099-01-01T00:00:00Z",
    }

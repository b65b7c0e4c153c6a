"""The elements on a page of another origin: their parameters, events and vetoes, the keyboard, and who is kept out."""

from __future__ import annotations

import urllib.error
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import faults
from tests.browser.conftest import WAIT_MS, until
from tests.support import other_site
from tests.support.other_site import Elsewhere
from tests.support.server import RunningServer

PAGE = """<!doctype html>
<html lang="en">
  <head><title>A page</title><meta name="viewport" content="width=device-width"></head>
  <body>
    <main><h1>A page</h1><send-call-invitation-button></send-call-invitation-button> <input aria-label="Words"></main>
    <incoming-call></incoming-call>
    <script type="module">
      globalThis.heard = [];
      const button = document.querySelector("send-call-invitation-button");
      button.invitees = ["bob"];
      for (const name of ["will-send", "sent", "refused", "will-ring", "ring", "will-answer", "answered",
        "will-decline", "declined", "will-hang-up", "call-started", "call-ended"]) {
        addEventListener(name, ({ detail }) => { heard.push([name, detail]); });
      }
      globalThis.sdk = await import("CALLS/sdk/v1/callinvite.js");
    </script>
  </body>
</html>"""
NAMES = "heard.map(([name]) => name)"
CONNECT = "async ([baseUrl, token]) => { globalThis.calls = await sdk.connect({ baseUrl, token }); }"
REFUSED = """async (options) => {
  try { await sdk.connect(options); } catch (error) { return [error.name, error.code]; }
  return null;
}"""
NO_TOKEN = """async (baseUrl) => {
  const cause = new TypeError("Failed to fetch");
  const ways = { throws: () => { throw cause; }, rejects: () => Promise.reject(cause), nothing: async () => null };
  const told = {};
  for (const [way, token] of Object.entries(ways)) {
    await sdk.connect({ baseUrl, token }).catch((error) => {
      told[way] = [error.code, error.detail, error.cause === cause];
    });
  }
  return told;
}"""
BOXES = """() => {
  const { shadowRoot: root } = document.querySelector("incoming-call");
  const boxOf = (what) => root.querySelector(what)?.getBoundingClientRect().toJSON() ?? null;
  const shown = [...root.querySelectorAll(".call .round")].filter((each) => each.checkVisibility());
  const buttons = shown.map((each) => each.getBoundingClientRect().top);
  const name = boxOf(".tile:not(.tile--self) .tile__name");
  return { frame: boxOf(".frame"), name, self: boxOf(".tile--self"), buttons };
}"""
RING = "document.querySelector('incoming-call').ring"
# What the worker leaves where no page is open.
KEEP_WISH = """async (wish) => {
  const cache = await caches.open("callinvite.notes");
  await cache.put("/calls/service-worker/notes/wish", new Response(JSON.stringify({ ...wish, at: Date.now() })));
}"""
CONNECT_WITH_PUSH = """async ([baseUrl, token]) => {
  globalThis.calls = await sdk.connect({ baseUrl, token, push: { worker: "/calls/worker.js" } });
  calls.on("incomingMissedCallClicked", ({ caller }) => { globalThis.clicked = caller.id; });
}"""


@pytest.fixture(scope="module")
def site(server: RunningServer) -> Iterator[str]:
    with other_site.running(server, {"/page": PAGE.replace("CALLS", server.url)}) as address:
        yield address


@pytest.fixture(scope="module")
def people(server: RunningServer) -> dict[str, Elsewhere]:
    return {name: Elsewhere(server, name) for name in ("alice", "bob")}


@pytest.fixture
def bob(people: dict[str, Elsewhere]) -> Iterator[Elsewhere]:
    yield people["bob"]
    for call in people["bob"].ask("calls/open")["calls"]:
        for verb in ("leave", "reject"):
            # The other side may have been faster.
            with suppress(urllib.error.HTTPError):
                people["bob"].ask(f"calls/{call['call_id']}/{verb}", {})


@pytest.fixture
def page(browser: Browser, site: str, server: RunningServer, people: dict[str, Elsewhere]) -> Iterator[Page]:
    """Alice at the page, connected."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    _open(page, f"{site}/page")
    page.evaluate(CONNECT, [server.url, people["alice"].token])
    yield page
    page.evaluate("() => globalThis.calls?.signOut()")
    context.close()


def _open(page: Page, address: str) -> None:
    page.goto(address)
    until(page, "globalThis.sdk !== undefined")


def _set(page: Page, **attributes: str) -> None:
    page.evaluate(
        """(attributes) => { for (const [name, value] of Object.entries(attributes)) {
          document.querySelector("send-call-invitation-button").setAttribute(name.replaceAll("_", "-"), value);
        } }""",
        attributes,
    )


def _listen(page: Page, event: str, act: str) -> None:
    page.evaluate(f"() => {{ addEventListener({event!r}, (event) => {{ {act} }}); }}")


def _details(page: Page, name: str) -> Any:
    """What the last event of a name told."""
    until(page, f"{NAMES}.includes({name!r})")
    return page.evaluate(f"() => heard.findLast(([name]) => name === {name!r})[1]")


def _settled(page: Page) -> None:
    """Wait until whatever the page has asked for so far is done: what it asks now comes after that."""
    until(page, "calls.state.connection === 'open'")
    assert page.evaluate("() => calls.leave('call_of_nobody_1')") is False


def test_the_button_sends_what_its_attributes_say(page: Page, bob: Elsewhere) -> None:
    # Its invitees were set as a property before the browser knew the element.
    expect(page.get_by_role("button", name="Audio call to bob", exact=True)).to_be_enabled()
    _set(page, is_video_call="", custom_data="order 17", timeout_seconds="30", notification_title="The shop")
    _set(page, notification_message="Your order", call_id="order-17", end_when_caller_leaves="")
    page.get_by_role("button", name="Video call to bob", exact=True).click()
    # Bob is nowhere, as soon as that is known.
    expect(page.get_by_role("region", name="Bob")).to_contain_text("Calling")

    sent = _details(page, "sent")
    call = bob.call("order-17")
    assert (sent["callID"], sent["merged"], sent["errors"]) == ("order-17", False, [])
    assert (call["is_video_call"], call["custom_data"], call["timeout_seconds"]) == (True, "order 17", 30)
    assert (call["sender_title"], call["sender_message"]) == ("The shop", "Your order")
    assert page.evaluate(NAMES)[:2] == ["will-send", "sent"]
    page.get_by_role("button", name="Cancel").click()
    assert _details(page, "call-ended")["endReason"] == "cancelled"


def test_the_attribute_and_the_property_of_its_invitees_count_as_they_were_set(page: Page) -> None:
    _set(page, invitees="dave:Dave")
    expect(page.get_by_role("button", name="Audio call to Dave", exact=True)).to_be_enabled()
    page.evaluate("() => { document.querySelector('send-call-invitation-button').invitees = ['carol']; }")
    expect(page.get_by_role("button", name="Audio call to carol", exact=True)).to_be_enabled()


def test_a_listener_may_change_what_is_sent_or_say_no(page: Page, bob: Elsewhere) -> None:
    _listen(page, "will-send", "event.detail.options.customData = 'changed';")
    page.get_by_role("button", name="Audio call to bob").click()
    assert bob.call(_details(page, "sent")["callID"])["custom_data"] == "changed"
    page.get_by_role("button", name="Cancel").click()
    _details(page, "call-ended")

    page.evaluate("() => { heard.length = 0; }")
    _listen(page, "will-send", "event.preventDefault();")
    sent = page.evaluate("() => document.querySelector('send-call-invitation-button').send()")
    assert (sent, page.evaluate(NAMES)) == (False, ["will-send"])


def test_a_refusal_has_its_code_and_the_people_it_is_about(page: Page) -> None:
    page.evaluate("() => { document.querySelector('send-call-invitation-button').invitees = ['nobody-there']; }")
    page.get_by_role("button", name="Audio call to nobody-there").click()

    refused = _details(page, "refused")
    assert refused["code"] == "no_valid_invitee"
    assert [(each["invitee"], each["code"]) for each in refused["errors"]] == [("nobody-there", "unknown_user")]
    assert refused["detail"]
    assert set(refused) == {"error", "code", "detail", "call", "errors", "retryAfterSeconds"}


def test_it_is_disabled_while_a_request_runs_and_while_offline(page: Page, bob: Elsewhere) -> None:
    inner = "document.querySelector('send-call-invitation-button').shadowRoot.querySelector('button')"
    page.get_by_role("button", name="Audio call to bob").focus()
    running = page.evaluate(f"""() => {{
      const element = document.querySelector("send-call-invitation-button");
      globalThis.sending = element.send();
      return [element.busy, {inner}.disabled, {inner}.getAttribute("aria-busy")];
    }}""")
    assert running == [True, True, "true"]
    assert page.evaluate("() => sending") is True
    page.get_by_role("button", name="Cancel").click()

    page.context.set_offline(True)
    until(page, f"{inner}.disabled")
    page.context.set_offline(False)
    until(page, f"!{inner}.disabled")


def test_it_rings_in_the_words_of_the_page_and_is_answered_by_the_keyboard(
    page: Page, bob: Elsewhere, tmp_path: Any
) -> None:
    page.evaluate("() => { document.querySelector('incoming-call').texts = { 'call.accept': 'Take it' }; }")
    call_id = bob.send("alice")
    ring = page.get_by_role("alertdialog", name="Bob")
    expect(ring).to_be_visible()
    assert faults(page) == []
    expect(ring.get_by_role("heading", name="Bob")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(ring.get_by_role("button", name="Take it")).to_be_focused()
    page.keyboard.press("Enter")

    assert _details(page, "answered")["callID"] == call_id
    until(page, "calls.media.state.place === 'here'")
    assert bob.call(call_id)["state"] == "active"
    expect(page.get_by_role("region", name="Bob")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="Fill the window").click()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Fill the window")).to_be_visible()
    page.get_by_role("button", name="Hang up").click()
    assert _details(page, "call-ended")["callID"] == call_id


def test_a_long_name_and_all_buttons_fit_and_an_end_fills_no_window(page: Page, bob: Elsewhere) -> None:
    bob.ask("me", {"name": "Bartholomew Featherstonehaugh-Cholmondeley"}, "PATCH")
    try:
        call_id = bob.send("alice")
        page.get_by_role("button", name="Accept", exact=True).click()
        until(page, f"({BOXES})().self !== null")
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 650})
            boxes = page.evaluate(BOXES)
            assert boxes["name"]["right"] <= boxes["self"]["left"], width
            assert len(boxes["buttons"]) == 4
            assert len(set(boxes["buttons"])) == 1, width
        page.get_by_role("button", name="Fill the window").click()
        assert page.evaluate(BOXES)["frame"]["width"] == 320
        bob.ask(f"calls/{call_id}/leave", {})
        expect(page.get_by_role("button", name="Close")).to_be_visible()
        assert page.evaluate(BOXES)["frame"]["width"] < 320
    finally:
        bob.ask("me", {"name": "Bob"}, "PATCH")


def test_a_call_on_another_device_is_shown_and_moved_here_or_closed(
    page: Page, bob: Elsewhere, people: dict[str, Elsewhere]
) -> None:
    panel = page.get_by_role("region", name="Bob")
    first = people["alice"].send("bob")
    expect(panel).to_contain_text("You're in a call with Bob on another device.")
    assert faults(page) == []
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    people["alice"].ask(f"calls/{first}/leave", {})

    second = people["alice"].send("bob")
    panel.get_by_role("button", name="Move it here").click()
    until(page, "calls.media.state.place === 'here'")
    expect(panel.get_by_role("heading")).to_be_focused()
    # And away again.
    people["alice"].ask(f"calls/{second}/join", {})
    expect(panel.get_by_role("button", name="Move it here")).to_be_visible()
    people["alice"].ask(f"calls/{second}/leave", {})
    expect(panel).to_be_hidden()


def test_escape_declines_and_the_focus_goes_back(page: Page, bob: Elsewhere) -> None:
    page.get_by_role("button", name="Audio call to bob").focus()
    call_id = bob.send("alice")
    expect(page.get_by_role("heading", name="Bob")).to_be_focused()
    page.keyboard.press("Escape")

    assert _details(page, "declined")["callID"] == call_id
    expect(page.get_by_role("button", name="Audio call to bob")).to_be_focused()
    assert bob.call(call_id)["invitations"][0]["reject_reason"] == "declined"


def test_who_is_typing_goes_on_typing(page: Page, bob: Elsewhere) -> None:
    page.get_by_label("Words").focus()
    bob.send("alice")
    expect(page.get_by_role("alertdialog", name="Bob")).to_be_visible()
    page.keyboard.type("still here ")
    page.keyboard.press("Escape")

    expect(page.get_by_label("Words")).to_have_value("still here ")
    assert page.evaluate(f"{RING} !== null")


def test_a_page_may_ring_by_itself_and_answer_by_the_element(page: Page, bob: Elsewhere) -> None:
    _listen(page, "will-ring", "event.preventDefault();")
    call_id = bob.send("alice")
    until(page, f"{NAMES}.includes('will-ring')")
    expect(page.get_by_role("alertdialog")).to_be_hidden()
    # Nothing of ours alerts, so nobody is told so.
    until(page, "calls.state.incoming !== null")
    _settled(page)
    assert bob.call(call_id)["invitations"][0]["progress"] == "sent"
    declined = (
        "(id) => document.querySelector('incoming-call').decline({ callID: id, customData: 'later', reason: 'later' })"
    )
    assert page.evaluate(declined, call_id)

    invitation = bob.call(call_id)["invitations"][0]
    assert (invitation["reject_reason"], invitation["custom_data"]) == ("later", "later")


def test_a_click_on_the_notice_of_a_missed_call_is_told_and_calls_back(
    page: Page, bob: Elsewhere, server: RunningServer, people: dict[str, Elsewhere]
) -> None:
    call_id = bob.send("alice", timeout_seconds=1)
    # Others were missed before.
    bob.until(lambda: bob.call(call_id)["state"] == "ended")
    caller = {"id": "bob", "name": "Bob"}
    page.evaluate(KEEP_WISH, {"type": "call_back", "call_id": call_id, "caller": caller, "is_video_call": False})
    page.evaluate(CONNECT_WITH_PUSH, [server.url, people["alice"].token])
    until(page, "globalThis.clicked === 'bob'")
    until(page, "calls.state.outgoing !== null")


@pytest.mark.parametrize(("event", "button"), [("will-answer", "Accept"), ("will-decline", "Decline")])
def test_a_listener_may_keep_a_ring_from_being_answered(page: Page, bob: Elsewhere, event: str, button: str) -> None:
    _listen(page, event, "event.preventDefault();")
    call_id = bob.send("alice")
    page.get_by_role("button", name=button, exact=True).click()

    assert _details(page, event)["callID"] == call_id
    _settled(page)
    assert bob.call(call_id)["invitations"][0]["state"] == "pending"


@pytest.mark.parametrize("width", [1280, 360])
def test_long_words_stay_within_their_card(page: Page, bob: Elsewhere, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    long = "Wolfeschlegelsteinhausenbergerdorff" * 2
    bob.ask("me", {"name": long[:64]}, "PATCH")
    try:
        bob.send("alice", notification_message=f"{long} " * 6)
        expect(page.get_by_role("alertdialog")).to_be_visible()
        assert faults(page) == []
        fits = "(() => { const box = document.querySelector('incoming-call').shadowRoot.querySelector('.frame'); "
        fits += "return box.scrollWidth <= box.clientWidth && box.getBoundingClientRect().top >= 0; })()"
        assert page.evaluate(fits)
    finally:
        bob.ask("me", {"name": "Bob"}, "PATCH")


def test_connecting_is_refused_with_a_code(page: Page, server: RunningServer) -> None:
    assert page.evaluate(REFUSED, {"baseUrl": server.url, "token": "none"}) == [
        "CallInvitationError",
        "not_authenticated",
    ]
    assert page.evaluate(REFUSED, {"baseUrl": server.url}) == ["CallInvitationError", "invalid"]
    assert page.evaluate(REFUSED, {"baseUrl": "javascript:1", "token": "t"}) == ["CallInvitationError", "invalid"]
    closed = "http://127.0.0.1:9"
    assert page.evaluate(REFUSED, {"baseUrl": closed, "token": "t"}) == ["CallInvitationError", "unreachable"]


def test_a_page_that_gives_no_token_is_told_so_with_what_its_function_threw(page: Page, server: RunningServer) -> None:
    said = ["not_authenticated", "This page gave no token to sign in with."]
    assert page.evaluate(NO_TOKEN, server.url) == {
        "throws": [*said, True],
        "rejects": [*said, True],
        "nothing": [*said, False],
    }


def test_an_origin_that_is_not_listed_gets_nowhere(
    browser: Browser, site: str, server: RunningServer, people: dict[str, Elsewhere]
) -> None:
    token = people["alice"].token
    with browser.new_context() as context:
        page = context.new_page()
        # The same site by another name is another origin.
        _open(page, f"{site.replace('127.0.0.1', 'localhost')}/page")
        assert page.evaluate(REFUSED, {"baseUrl": server.url, "token": token}) == ["CallInvitationError", "unreachable"]
        closed = page.evaluate(
            """(url) => new Promise((resolve) => {
              new WebSocket(url).onclose = ({ code }) => { resolve(code); };
            })""",
            f"{server.live_url}?ticket=none",
        )
        assert closed == 4403


def test_a_frame_without_an_origin_gets_nowhere_unless_null_is_listed(
    browser: Browser, site: str, server: RunningServer, people: dict[str, Elsewhere]
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site}/page")
        page.evaluate(f"""() => {{
          const frame = document.createElement("iframe");
          frame.sandbox = "allow-scripts";
          frame.src = "{site}/page";
          document.body.append(frame);
        }}""")
        frame = page.frame_locator("iframe").locator("body")
        frame.locator("send-call-invitation-button").wait_for()
        options = {"baseUrl": server.url, "token": people["alice"].token}
        inside = next(each for each in page.frames if each.parent_frame)
        assert (
            inside.evaluate(
                "async () => { while (!globalThis.sdk) await new Promise((r) => setTimeout(r, 10)); return origin; }"
            )
            == "null"
        )
        assert inside.evaluate(REFUSED, options) == ["CallInvitationError", "unreachable"]


def test_cookies_of_people_signed_in_there_are_of_no_use_here(
    browser: Browser, site: str, server: RunningServer, sessions: dict[str, list[Any]]
) -> None:
    """Between ports of one host a browser does send them along."""
    with browser.new_context() as context:
        context.add_cookies(sessions["alice"])
        page = context.new_page()
        _open(page, f"{site}/page")
        assert page.evaluate("(url) => fetch(url).then(({ status }) => status)", f"{server.url}/api/v1/me") == 401
        asked = "(url) => fetch(url, { credentials: 'include' }).then(() => 'read', () => 'kept from it')"
        assert page.evaluate(asked, f"{server.url}/api/v1/me") == "kept from it"
        opened = "(url) => new Promise((resolve) => { new WebSocket(url).onclose = ({ code }) => { resolve(code); }; })"
        assert page.evaluate(opened, server.live_url) == 4403

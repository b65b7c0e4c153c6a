"""Nothing is sent that the person did not choose to send, however a call begins, moves, is held or given up."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import Person, connected, until
from tests.browser.media import call, close, grows, is_up, leaves_nothing_open, sees
from tests.support.server import RunningServer

SENDS = "callinvite.talk.local.media"
LIVE_VIDEO = "watched.tracks.filter((each) => each.kind === 'video' && each.readyState === 'live').length"
LATEST = """() => fetch("/api/v1/calls?page_size=1").then((answer) => answer.json())
  .then(({ results: [call] }) => [call?.call_id, call?.end_reason])"""
"""The id and the end of the last call as the server has it."""

TAKE_YOUR_TIME = """() => {
  const real = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = async (...asked) => {
    await new Promise((resolve) => { globalThis.allow = resolve; });
    return real(...asked);
  };
}"""


def test_a_second_call_answered_without_video_has_none(alice: Person, waiting_bob: Person, carol: Person) -> None:
    with call(alice, waiting_bob, medium="Audio"):
        carol.call("Bob")
        waiting_bob.rings("Carol")
        # The camera of the call one is in is nobody's preview.
        expect(waiting_bob.ring.get_by_role("button", name="See yourself first")).to_be_hidden()
        waiting_bob.ring.get_by_role("button", name="Answer without video").click()
        alice.hears("Call ended")
        is_up(carol, waiting_bob)
        assert waiting_bob.ask(SENDS)["camera"] is False
        assert waiting_bob.ask("watched.tracks.every((each) => each.kind === 'audio')")
        waiting_bob.hang_up()
        carol.hears("Call ended")
    leaves_nothing_open(alice, waiting_bob, carol)


def test_screen_hold_and_mute_stay_in_the_call_they_were_meant_for(
    alice: Person, waiting_bob: Person, carol: Person
) -> None:
    with call(alice, waiting_bob):
        waiting_bob.screen.get_by_role("button", name="Share").click()
        expect(alice.screen.locator(".tile--screen.tile--video")).to_be_visible()
        waiting_bob.page.keyboard.press("m")
        waiting_bob.ask("callinvite.talk.setHold(true)")
        carol.call("Bob")
        waiting_bob.rings("Carol")
        waiting_bob.accept()
        is_up(carol, waiting_bob)
        sees(carol)
        assert waiting_bob.ask(SENDS) == {"microphone": "on", "camera": True, "screen": False, "hold": False}
        assert waiting_bob.ask(LIVE_VIDEO) == 1
        grows(carol, "energy")
        waiting_bob.hang_up()
        carol.hears("Call ended")


def test_an_accept_that_fails_changes_nothing_in_the_call_that_goes_on(alice: Person, bob: Person) -> None:
    with call(alice, bob, medium="Audio"):
        bob.ask("callinvite.talk.during({ microphone: false, camera: true }, () => Promise.resolve(false))")
        assert bob.ask(SENDS) == {"microphone": "on", "camera": False, "screen": False, "hold": False}


def test_who_is_muted_and_unseen_stays_so_in_another_tab(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        sees(bob)
        alice.page.keyboard.press("m")
        alice.page.keyboard.press("v")
        bob.until("callinvite.talk.state.peers[0].media.camera === false")
        other = alice.open()
        other.get_by_role("button", name="Bring it here").click()
        until(other, "globalThis.callinvite.talk.state.isUp")
        assert other.evaluate(SENDS) == {"microphone": "muted", "camera": False, "screen": False, "hold": False}
        assert other.evaluate("watched.tracks.some((each) => each.kind === 'video')") is False
        other.close()


def test_a_held_call_is_still_held_after_a_reload(alice: Person, bob: Person) -> None:
    with call(alice, bob, medium="Audio"):
        alice.screen.get_by_role("button", name="More").click()
        alice.screen.get_by_role("button", name="Put on hold").click()
        bob.hears("On hold")
        alice.page.reload()
        connected(alice.page)
        is_up(alice)
        assert alice.ask(SENDS)["hold"] is True
        # It is said to the one who holds as well, with the way back.
        alice.hears("You put the call on hold.")
        bob.hears("On hold")
        alice.screen.get_by_role("button", name="Resume", exact=True).click()
        grows(bob, "energy")


def test_mute_pressed_while_the_microphone_opens_counts(alice: Person, bob: Person) -> None:
    alice.ask(TAKE_YOUR_TIME)
    alice.call("Bob", "Audio")
    bob.rings("Alice")
    alice.until("globalThis.allow !== undefined")
    alice.page.keyboard.press("m")
    bob.accept()
    expect(alice.screen.get_by_role("timer")).to_be_visible()
    alice.ask("globalThis.allow()")
    alice.until("watched.tracks.length === 1")
    is_up(alice)
    assert alice.ask(SENDS)["microphone"] == "muted"
    bob.hears("Muted")
    bob.hang_up()
    alice.hears("Call ended")
    leaves_nothing_open(alice, bob)


def test_giving_up_while_the_server_is_silent_closes_the_devices_at_once(
    alice: Person, bob: Person, server: RunningServer
) -> None:
    with server.silence():
        alice.call("Bob")
        alice.until("watched.tracks.length === 2")
        alice.screen.get_by_role("button", name="Cancel").click()
        alice.until("watched.tracks.every((each) => each.readyState === 'ended')")
    # Not before the server has placed the call and ended it: a call nobody waits for would ring in the next test.
    alice.until("callinvite.service.lastResult?.call.end_reason === 'cancelled'")
    expect(bob.ring).to_be_hidden()
    alice.until("callinvite.service.state.outgoing === null && callinvite.talk.state.place === 'none'")
    leaves_nothing_open(alice)


def test_a_call_that_is_being_placed_goes_with_its_page(alice: Person, bob: Person, server: RunningServer) -> None:
    gone, alice.page = alice.page, alice.open()
    before = alice.ask(LATEST)
    with server.silence():
        gone.get_by_role("button", name="Video call to Bob", exact=True).click()
        until(gone, "watched.tracks.length === 2")
        with gone.expect_event("close"):
            close(gone)
    # Long before the lease of a page that said nothing runs out.
    alice.ask(
        f"""async (before) => {{
          for (const late = performance.now() + 15_000; performance.now() < late;) {{
            const now = await ({LATEST})();
            if (now[0] !== before[0] && now[1] === "cancelled") {{ return; }}
          }}
          throw new Error("It is still there: " + JSON.stringify([before, await ({LATEST})()]));
        }}""",
        before,
    )
    expect(bob.ring).to_be_hidden()


def test_hanging_up_while_the_server_is_silent_is_done_at_once(
    alice: Person, bob: Person, server: RunningServer
) -> None:
    with call(alice, bob):
        is_up(alice, bob)
        with server.silence():
            alice.hang_up()
            alice.until("watched.tracks.every((each) => each.readyState === 'ended')")
            alice.hears("Call ended")
            leaves_nothing_open(alice)
        bob.hears("Call ended")
        alice.until("callinvite.service.state.active === null")
        leaves_nothing_open(alice, bob)


def test_the_question_goes_with_the_call_into_another_tab(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        other = alice.open()
        alice.page.bring_to_front()
        alice.page.keyboard.press("Escape")
        expect(alice.page.get_by_role("dialog", name="Hang up?")).to_be_visible()
        other.get_by_role("button", name="Bring it here").click()
        expect(alice.page.get_by_role("dialog", name="Hang up?")).to_have_count(0)
        # The page is not blocked by what cannot be seen.
        alice.show("Recents")
        expect(alice.page.locator("recents-view")).to_be_visible()
        other.locator("call-screen").get_by_role("button", name="Hang up").click()
        bob.hears("Call ended")
        other.close()


def test_a_ring_matters_more_than_a_question(alice: Person, waiting_bob: Person, carol: Person) -> None:
    with call(alice, waiting_bob):
        waiting_bob.page.keyboard.press("Escape")
        question = waiting_bob.page.get_by_role("dialog", name="Hang up?")
        # People who press Enter without reading stay.
        expect(question.get_by_role("button", name="Stay")).to_be_focused()
        carol.call("Bob")
        waiting_bob.rings("Carol")
        expect(question).to_have_count(0)
        waiting_bob.reject()
        carol.hears("Declined")
        waiting_bob.is_connected_to("Alice")


def test_a_ring_of_an_added_person_can_be_stopped_when_one_is_left_alone(
    alice: Person, bob: Person, carol: Person
) -> None:
    with call(alice, bob):
        alice.ask("callinvite.service.invite({ invitees: ['carol'] })")
        carol.rings("Alice")
        bob.hang_up()
        expect(alice.screen.get_by_role("heading", name="Bob and Carol")).to_be_visible()
        alice.screen.get_by_role("button", name="Stop calling Carol").click()
        expect(carol.ring).to_be_hidden()
        alice.hears("Call ended")


def test_a_lost_answer_to_new_ways_is_given_again(alice: Person, bob: Person) -> None:
    drop: Any = """() => {
      const { service } = callinvite;
      const real = service.signal.bind(service);
      globalThis.dropped = 0;
      globalThis.sent = [];
      service.signal = (callID, to, data) => {
        if (data.type === "answer" && dropped === 0) {
          dropped += 1;
          return true;
        }
        sent.push(data.type ?? data.kind);
        return real(callID, to, data);
      };
    }"""
    with call(alice, bob):
        for each in (alice, bob):
            each.ask(drop)
        for each in (alice, bob):
            each.ask("dispatchEvent(new Event('online'))")
        settled = "watched.connections.at(-1).signalingState === 'stable' && sent.length > 0"
        for each in (alice, bob):
            each.until(settled, 15_000)
            grows(each, "framesDecoded")
        assert sum(each.ask("dropped") for each in (alice, bob)) >= 1


def test_a_guess_of_the_speed_is_no_new_network(alice: Person, bob: Person) -> None:
    with call(alice, bob):
        grows(alice, "framesDecoded")
        alice.ask("""() => {
          globalThis.offers = 0;
          const { service } = callinvite;
          const real = service.signal.bind(service);
          service.signal = (callID, to, data) => { offers += data.type === "offer"; return real(callID, to, data); };
          for (let guess = 0; guess < 4; guess += 1) { navigator.connection.dispatchEvent(new Event("change")); }
        }""")
        grows(alice, "framesDecoded", "audioBytes")
        alice.ask("new Promise((resolve) => { setTimeout(resolve, 800); })")
        assert alice.ask("offers") == 0

"""Signalling that is malformed, meant for others, late or far too much: dropped with a code, and the call lives."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import Person
from tests.browser.media import call, grows, is_up, leaves_nothing_open, sees

LISTEN = """() => {
  const { service, talk } = callinvite;
  globalThis.notices = [];
  globalThis.refusals = [];
  talk.addEventListener("notice", (event) => { notices.push(event.detail.code); });
  service.on("error", ({ code }) => { refusals.push(code); });
}"""
TAP = """() => {
  const { service } = callinvite;
  const real = service.signal.bind(service);
  globalThis.sent = [];
  service.signal = (callID, to, data) => {
    globalThis.sent.push({ callID, to, data });
    return real(callID, to, data);
  };
}"""
TAMPER = """async (bodies) => {
  const { service } = callinvite;
  const { callID, to, data: { v, session, to: theirs } } = globalThis.sent.findLast(({ data }) => data.to !== null);
  for (const body of bodies) {
    service.signal(callID, to, body === null || typeof body !== "object" ? body : { v, session, to: theirs, ...body });
  }
}"""
MALFORMED: list[Any] = [
    None,
    "hello",
    17,
    [1, 2],
    {"kind": "nonsense"},
    {"kind": "description", "type": "offer", "sdp": "v=0\r\nthis is no SDP", "id": 900},
    {"kind": "description", "type": "offer", "sdp": "", "id": 901},
    {"kind": "description", "type": "rollback", "sdp": "x", "id": 902},
    {"kind": "description", "type": "offer", "sdp": {"toString": 1}, "id": 903},
    {"kind": "description", "type": "answer", "sdp": "v=0\r\n", "id": 904},
    {"kind": "candidates", "candidates": [{"candidate": "candidate:nonsense", "sdpMid": "0"}]},
    {"kind": "candidates", "candidates": "many"},
    {"kind": "media", "media": {"microphone": "loud", "camera": 1}, "serial": 10**6},
    {"kind": "media", "media": None, "serial": 10**6},
    {"v": 2, "kind": "hello"},
    {"session": "<script>", "kind": "hello"},
]


def test_malformed_signals_are_dropped_and_the_call_lives(alice: Person, bob: Person) -> None:
    for each in (alice, bob):
        each.ask(LISTEN)
    bob.ask(TAP)
    with call(alice, bob):
        sees(alice)
        bob.ask(TAMPER, MALFORMED)
        alice.until("notices.filter((code) => code === 'malformed_signal').length >= 10")
        assert set(alice.ask("notices")) <= {"malformed_signal", "malformed_candidate", "unexpected_signal"}
        for each in (alice, bob):
            grows(each, "audioBytes", "framesDecoded")
        # What the other side says of itself still arrives.
        bob.page.keyboard.press("v")
        alice.until("callinvite.talk.state.peers[0].media.camera === false")


def test_a_flood_of_signals_costs_nobody_the_call(alice: Person, bob: Person) -> None:
    alice.ask(LISTEN)
    bob.ask(TAP)
    with call(alice, bob):
        sees(alice)
        made = alice.ask("watched.connections.length")
        bob.ask(TAMPER, [{"kind": "candidates", "candidates": []}] * 250)
        # Each new session would cost a connection.
        bob.ask(
            TAMPER,
            [
                {
                    "kind": "hello",
                    "session": f"life{number}",
                    "media": {"microphone": "on", "camera": True, "screen": False, "hold": False},
                    "serial": 1,
                }
                for number in range(50)
            ],
        )
        alice.until("notices.includes('too_many_signals')")
        # Even by one who lies about being born again and again, no more than a few.
        assert alice.ask("watched.connections.length") - made <= 8
        bob.page.reload(wait_until="commit")
        is_up(bob)
        is_up(alice, timeout_ms=30_000)
        alice.until("callinvite.talk.state.peers[0]?.state === 'connected'", 30_000)
        grows(alice, "framesDecoded", timeout_ms=30_000)


def test_strangers_and_ended_calls_are_refused(alice: Person, bob: Person, carol: Person) -> None:
    carol.ask(LISTEN)
    alice.ask(LISTEN)
    signal = """([callID, user, deviceID]) => {
      const hello = { v: 1, session: "x", to: null, kind: "hello" };
      return callinvite.service.signal(callID, { user, device_id: deviceID }, hello);
    }"""
    with call(alice, bob):
        call_id = alice.ask("callinvite.service.state.active.call_id")
        to = [call_id, "alice", alice.ask("callinvite.service.deviceId")]
        carol.ask(signal, to)
        carol.until("refusals.join() === 'not_found'")
        assert alice.ask("callinvite.talk.state.peers.length") == 1
        grows(alice, "framesDecoded")
    bob.ask(LISTEN)
    bob.ask(signal, to)
    bob.until("refusals.join() === 'call_ended'")
    leaves_nothing_open(alice, bob)


def test_a_signal_that_comes_after_the_end_says_nothing_to_people(alice: Person, bob: Person) -> None:
    for each in (alice, bob):
        each.ask(LISTEN)
    bob.ask(TAP)
    with call(alice, bob):
        sees(alice)
    bob.until("callinvite.service.state.active === null")

    bob.ask("() => { const { callID, to, data } = sent.at(-1); callinvite.service.signal(callID, to, data); }")

    bob.until("refusals.length > 0")
    assert bob.page.locator("toast-list .toast--wrong").count() == 0

"""Real browsers reach each other through a real TURN server, with credentials that expire."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.coturn import RunningTurn, credentials
from tests.support.services import Missing


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def turn() -> Iterator[RunningTurn]:
    try:
        with RunningTurn() as running:
            yield running
    except Missing as missing:
        pytest.skip(str(missing))


CONNECT = """async (server) => {
  const settings = { iceServers: [server], iceTransportPolicy: "relay" };
  const [here, there] = [new RTCPeerConnection(settings), new RTCPeerConnection(settings)];
  here.onicecandidate = ({ candidate }) => there.addIceCandidate(candidate);
  there.onicecandidate = ({ candidate }) => here.addIceCandidate(candidate);
  const arrived = new Promise((resolve) => {
    there.ondatachannel = ({ channel }) => { channel.onmessage = ({ data }) => resolve(data.length); };
  });
  const channel = here.createDataChannel("words");
  channel.onopen = () => channel.send("x".repeat(10_000));
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
  const late = new Promise((_, reject) => { setTimeout(() => reject(new Error("Nothing arrived")), 30_000); });
  const length = await Promise.race([arrived, late]);
  const stats = [...(await here.getStats()).values()];
  const pair = stats.find((each) => each.type === "candidate-pair" && each.nominated);
  const used = [pair.localCandidateId, pair.remoteCandidateId].map((id) => stats.find((each) => each.id === id));
  here.close();
  there.close();
  return { length, kinds: used.map((each) => each.candidateType) };
}"""

GATHER = """async (server) => {
  const peer = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" });
  const candidates = [];
  const errors = [];
  const finished = new Promise((resolve) => {
    peer.onicecandidate = ({ candidate }) => (candidate ? candidates.push(candidate.type) : resolve());
  });
  peer.onicecandidateerror = ({ errorCode }) => errors.push(errorCode);
  peer.createDataChannel("words");
  await peer.setLocalDescription();
  await finished;
  peer.close();
  return { candidates, errors };
}"""


def ice_server(turn: RunningTurn, secret: str, **rest: Any) -> dict[str, str]:
    username, credential = credentials(secret, "alice", **rest)
    return {"urls": turn.url, "username": username, "credential": credential}


def test_two_peers_talk_through_the_relay(page: Page, turn: RunningTurn) -> None:
    outcome = page.evaluate(CONNECT, ice_server(turn, turn.secret))

    assert outcome == {"length": 10_000, "kinds": ["relay", "relay"]}
    assert turn.sessions == 2
    # coturn counts when a session is over, which it notices about a second later.
    deadline = time.monotonic() + 5
    while turn.relayed_bytes < 2 * 10_000 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert turn.relayed_bytes > 2 * 10_000


@pytest.mark.parametrize(
    "wrong", [{"secret": "not-the-secret"}, {"lifetime_seconds": -60}], ids=["another secret", "expired"]
)
def test_wrong_credentials_give_no_relay(page: Page, turn: RunningTurn, wrong: dict[str, Any]) -> None:
    outcome = page.evaluate(GATHER, ice_server(turn, **{"secret": turn.secret, **wrong}))

    assert outcome["candidates"] == []
    assert set(outcome["errors"]) == {401}
    assert turn.sessions == 0


def test_nothing_is_left_of_a_server_that_was_killed(turn: RunningTurn) -> None:
    process = turn.process
    turn.kill()

    assert process is not None
    assert process.poll() is not None
    assert "Listener address to use" in turn.output

"""More people than a mesh carries with pictures: sound comes first, and it is said."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.browser.media import call, grows, is_up, sees
from tests.support import layout
from tests.support.server import DEMO_PASSWORD, RunningServer
from tests.support.signing_in import sign_everybody_in

CROWD = [f"guest{number}" for number in range(1, 6)]
MAKE = """
from invitations.models import User
for name in {names!r}:
    User.objects.create_user(name, password={password!r})
"""


def ask(server: RunningServer, path: str, body: dict[str, Any], bearer: str = "") -> dict[str, Any]:
    asked = urllib.request.Request(f"{server.url}/api/v1/{path}", data=json.dumps(body).encode())
    asked.add_header("Content-Type", "application/json")
    if bearer:
        asked.add_header("Authorization", f"Bearer {bearer}")
    with urllib.request.urlopen(asked, timeout=30) as answer:
        told: dict[str, Any] = json.loads(answer.read() or "null")
        return told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A product of their own: elsewhere four people are all there are."""
    with layout.running(tmp_path_factory.mktemp("crowd") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def sessions(server: RunningServer) -> dict[str, list[Any]]:
    return sign_everybody_in(server)


@pytest.fixture(scope="module")
def crowd(server: RunningServer) -> dict[str, str]:
    """The tokens of people who come by an app without media of its own."""
    server.manage("shell", "-c", MAKE.format(names=CROWD, password=DEMO_PASSWORD))
    who = {name: {"username": name, "password": DEMO_PASSWORD, "device_name": "app"} for name in CROWD}
    return {name: ask(server, "auth/token", body)["token"] for name, body in who.items()}


def test_video_is_paused_when_a_call_grows_too_large_and_can_be_started_again(
    alice: Person, bob: Person, server: RunningServer, crowd: dict[str, str]
) -> None:
    with call(alice, bob):
        sees(bob)
        call_id = alice.ask("callinvite.service.state.active.call_id")
        alice.ask("(names) => callinvite.service.invite({ invitees: names })", CROWD)
        for name in CROWD[:4]:
            ask(server, f"calls/{call_id}/accept", {}, crowd[name])
        alice.until("callinvite.service.state.active.participants.filter((each) => !each.left_at).length === 6")
        # Six is what a mesh carries with pictures.
        assert alice.ask("callinvite.talk.state.local.camera.live") is True
        ask(server, f"calls/{call_id}/accept", {}, crowd[CROWD[4]])
        for each in (alice, bob):
            expect(each.page.get_by_text("With more than six people, calls start without video")).to_be_visible()
        for each in (alice, bob):
            each.until("watched.tracks.every((track) => track.kind === 'audio' || track.readyState === 'ended')")
            expect(each.screen.locator("call-stage .tile")).to_have_count(7)
        grows(alice, "energy", of="bob")
        # Who wants to be seen all the same may be.
        alice.page.keyboard.press("v")
        bob.until("callinvite.talk.state.peers.find(({ address }) => address.user === 'alice').media.camera === true")
        grows(bob, "framesDecoded", of="alice")
        # A reload does not take that back.
        alice.page.reload()
        is_up(alice)
        alice.until("callinvite.talk.state.local.camera.live")
        alice.ask("callinvite.service.end()")
        bob.hears("Call ended")

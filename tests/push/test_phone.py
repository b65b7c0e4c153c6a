"""Ringing a phone that has no page open: what UnifiedPush gives an app is enough for all of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.push.phone import Phone, by_token
from tests.support.push_answers import Slow
from tests.support.push_service import PushService
from tests.support.server import RunningServer

pytestmark = pytest.mark.server
MakePhone = Callable[..., Phone]


def test_a_phone_is_rung_acknowledges_and_rejects_without_signing_in(
    phone: MakePhone, server: RunningServer, service: PushService
) -> None:
    alice, bob = phone("alice", push=False), phone("bob")
    call_id = alice.send("bob", notification_title="Alice rings", notification_message="Lunch?", custom_data="x")[
        "call_id"
    ]

    ring = bob.hears("ring")

    assert ring["notification"]["title"] == "Alice (@alice)"
    assert ring["notification"]["body"].splitlines() == [
        "Incoming video call · Not in your contacts",
        "Alice (@alice): “Alice rings · Lunch?”",
    ]
    assert (ring["web_push"], ring["notification"]["navigate"]) == (8030, f"{server.url}/?call={call_id}")
    assert (ring["caller"], ring["custom_data"]) == ({"id": "alice", "name": "Alice"}, "x")
    assert by_token(server, ring, "ringing", audible=True).status_code == 200
    assert alice.call(call_id)["invitations"][0]["progress"] == "ringing"
    assert by_token(server, ring, "reject", reason="later").status_code == 200
    ended = alice.call(call_id)
    assert (ended["end_reason"], ended["invitations"][0]["reject_reason"]) == ("rejected", "later")
    assert ended["invitations"][0]["answered_on"] == "Phone bobs-phone"
    message = service.messages[0]
    left = datetime.fromisoformat(ended["ring_expires_at"]) - message.arrived_at
    assert left.total_seconds() - 1 <= int(message.headers["TTL"]) <= 60
    assert (message.headers["Urgency"], len(message.headers["Topic"])) == ("high", 32)
    assert service.violations == []


def test_a_cancelled_ring_is_replaced_and_its_token_is_dead(
    phone: MakePhone, server: RunningServer, service: PushService
) -> None:
    alice, bob = phone("alice", push=False), phone("bob")
    call_id = alice.send("bob")["call_id"]
    ring = bob.hears("ring")

    alice.verb(call_id, "cancel")

    stop = bob.hears("stop")
    assert (stop["tag"], stop["reason"], stop["missed"]) == (ring["tag"], "cancelled", True)
    assert (stop["notification"]["title"], stop["notification"]["silent"]) == ("Missed call", True)
    assert stop["missed_unseen"] == 1
    refused = by_token(server, ring, "reject")
    assert (refused.status_code, refused.json()["code"]) == (410, "invitation_cancelled")
    forged = {**ring, "action_token": f"{ring['action_token'][:-1]}{'A' if ring['action_token'][-1] != 'A' else 'B'}"}
    assert by_token(server, forged, "reject").status_code == 401
    topics = [each.headers["Topic"] for each in service.messages]
    assert topics[0] == topics[1]


def test_a_slow_answer_is_written_down_though_others_came_before_it(
    phone: MakePhone, server: RunningServer, service: PushService
) -> None:
    alice, quick, slow = phone("alice", push=False), phone("bob", device_id="quick"), phone("bob", device_id="slow")
    held = Slow()
    slow.receiver.answer(held)
    call_id = alice.send("bob")["call_id"]
    quick.hears("ring")
    quick.reads(call_id, "delivery.sent", on={"quick"})

    held.release()

    quick.reads(call_id, "delivery.sent", on={"quick", "slow"})
    assert len(service.messages) == 2

"""Call frames: to every device of everybody concerned, once each, whole, and not to the socket that has the result."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from invitations import calls
from invitations.models import User
from invitations.store.sheets import Actor
from tests.sockets.conftest import OpenPage
from tests.sockets.page import in_thread

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_ring_reaches_every_device_of_both_sides_but_the_asking_one_once(
    open_page: OpenPage, alice: User, bob: User
) -> None:
    asking, other = await open_page(alice, "a-1"), await open_page(alice, "a-2")
    laptop, phone = await open_page(bob, "b-1"), await open_page(bob, "b-2")

    result = await asking.ask("send", invitees=["bob"], is_video_call=True, custom_data="hi")

    assert result["status"] == 201
    assert await asking.so_far() == []
    for page in (other, laptop, phone):
        [frame] = await page.so_far()
        assert (frame["type"], frame["event"], frame["actor"]) == ("call", "call.sent", "alice")
        assert frame["events"] == ["call.sent"]
        assert frame["call"]["call_id"] == result["body"]["call"]["call_id"]
        assert frame["call"]["revision"] == result["body"]["call"]["revision"]
        assert frame["call"]["custom_data"] == "hi"


async def test_each_receiver_sees_their_own_part(open_page: OpenPage, alice: User, bob: User, carol: User) -> None:
    pages = {user.username: await open_page(user) for user in (alice, bob, carol)}
    sent = await pages["alice"].ask("send", invitees=["bob", "carol"], is_video_call=False)
    call_id = sent["body"]["call"]["call_id"]
    for name in ("bob", "carol"):
        [frame] = await pages[name].so_far()
        assert frame["call"]["you"] == {
            "role": "invitee",
            "state": "pending",
            "can": ["accept", "reject"],
            "missed": False,
            "duration_seconds": None,
            "verdict": "rings",
            "from_contact": False,
            "urgent": False,
        }

    accepted = await pages["bob"].ask("accept", call_id)

    assert accepted["body"]["call"]["you"]["state"] == "accepted"
    [to_alice] = await pages["alice"].so_far()
    [to_carol] = await pages["carol"].so_far()
    assert to_alice["event"] == to_carol["event"] == "invitation.accepted"
    assert to_alice["events"] == ["invitation.accepted", "participant.joined", "call.active"]
    assert to_alice["call"]["you"]["role"] == "caller"
    assert to_carol["call"]["you"]["can"] == ["accept", "reject"]
    shared = {key: value for key, value in to_alice["call"].items() if key in ("revision", "state", "participants")}
    assert {key: to_carol["call"][key] for key in shared} == shared


async def test_nobody_else_hears_of_a_call(open_page: OpenPage, alice: User, bob: User, mallory: User) -> None:
    caller, stranger = await open_page(alice), await open_page(mallory)

    await caller.ask("send", invitees=["bob"], is_video_call=True)

    assert await stranger.so_far() == []


async def test_a_verb_by_another_way_reaches_every_page(
    open_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    caller, callee = await open_page(alice), await open_page(bob)
    script = Actor(user_id=alice.pk, username="alice", device_id="script")

    await in_thread(calls.send, by=script, invitees=["bob"], is_video_call=True, now=now)

    assert [each["event"] for each in await caller.so_far()] == ["call.sent"]
    assert [each["event"] for each in await callee.so_far()] == ["call.sent"]


async def test_a_refused_verb_and_a_repeat_publish_nothing(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_page(alice), await open_page(bob)
    sent = await caller.ask("send", invitees=["bob"], is_video_call=True, call_id="one")
    await callee.so_far()

    again = await caller.ask("send", invitees=["bob"], is_video_call=True, call_id="one")
    refused = await caller.ask("accept", "one")

    assert (again["status"], refused["status"]) == (200, 403)
    assert again["body"]["call"]["revision"] == sent["body"]["call"]["revision"]
    assert await callee.so_far() == []


async def test_other_devices_learn_who_answered_where(open_page: OpenPage, alice: User, bob: User) -> None:
    caller = await open_page(alice)
    laptop, phone = await open_page(bob, "b-1", "Laptop"), await open_page(bob, "b-2", "Phone")
    call_id = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]["call_id"]
    await phone.so_far()

    await laptop.ask("accept", call_id)

    [frame] = await phone.so_far()
    assert frame["call"]["invitations"][0]["answered_on"] == "Laptop"
    assert frame["call"]["you"]["can"] != ["accept", "reject"]
    late = await phone.ask("accept", call_id)
    assert (late["status"], late["body"]["code"]) == (409, "answered_elsewhere")


async def test_a_whole_call_is_told_in_order(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_page(alice), await open_page(bob)
    call_id = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]["call_id"]
    await callee.ask("ringing", call_id, audible=True)
    await callee.ask("accept", call_id)
    await callee.ask("connected", call_id)
    await callee.ask("leave", call_id)

    heard = await caller.so_far()

    assert [each["event"] for each in heard] == [
        "invitation.ringing",
        "invitation.accepted",
        "participant.connected",
        "participant.left",
    ]
    revisions = [each["call"]["revision"] for each in heard]
    assert revisions == sorted(set(revisions))
    assert heard[-1]["call"]["state"] == "ended"
    assert heard[-1]["call"]["end_reason"] == "completed"


async def test_a_badge_cleared_on_one_device_is_cleared_on_all(open_page: OpenPage, alice: User, bob: User) -> None:
    pages = [await open_page(bob, device_id) for device_id in ("laptop", "phone")]
    stranger = await open_page(alice)

    await in_thread(calls.mark_history_seen, bob.pk, now=timezone.now())

    for each in pages:
        assert await each.so_far() == [{"type": "history", "missed_unseen": 0}]
    assert await stranger.so_far() == []

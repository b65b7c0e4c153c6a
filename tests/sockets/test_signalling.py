"""Signalling: relayed between the devices that are in the call, to nobody else, unread and unlogged."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from pytest_django import Settings

from invitations.models import Call, User
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread

pytestmark = pytest.mark.django_db(transaction=True)


async def connect(caller: Page, callee: Page, *others: str) -> str:
    """Bring two pages into one call; gives its id. What they heard of it is taken off."""
    assert callee.user is not None
    invitees = [callee.user.get_username(), *others]
    call_id = str((await caller.ask("send", invitees=invitees, is_video_call=True))["body"]["call"]["call_id"])
    accepted = await callee.ask("accept", call_id)
    assert accepted["status"] == 200, accepted
    await caller.so_far()
    await callee.so_far()
    return call_id


async def signal(page: Page, call_id: object, to: object, data: object = None) -> None:
    """Send a signal to a page's device, or to whatever else."""
    if isinstance(to, Page):
        assert to.user is not None
        to = {"user": to.user.get_username(), "device_id": to.device_id}
    await page.say({"type": "signal", "call_id": call_id, "to": to, "data": data})


async def refused(page: Page) -> str:
    """The code of the error that comes next."""
    error = await page.hear()
    assert error["type"] == "error", error
    return str(error["code"])


async def test_a_signal_arrives_with_its_sender(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_page(alice, "a-1"), await open_page(bob, "b-1")
    call_id = await connect(caller, callee)

    await signal(caller, call_id, callee, {"sdp": "v=0\r\n…", "nested": [1, 2.5, None, True, "\ud800", "\u2028"]})

    assert await callee.hear() == {
        "type": "signal",
        "call_id": call_id,
        "from": {"user": "alice", "device_id": "a-1"},
        "data": {"sdp": "v=0\r\n…", "nested": [1, 2.5, None, True, "\ud800", "\u2028"]},
    }
    await signal(callee, call_id, caller, None)
    assert (await caller.hear())["data"] is None


async def test_only_the_device_in_the_call_gets_it(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee, idle = await open_page(alice), await open_page(bob, "b-1"), await open_page(bob, "b-2")
    call_id = await connect(caller, callee)
    await idle.so_far()

    await signal(caller, call_id, callee, "for b-1")
    await signal(caller, call_id, idle, "for b-2")

    assert (await callee.hear())["data"] == "for b-1"
    assert await refused(caller) == "not_allowed"
    assert await idle.so_far() == []


async def test_signals_arrive_in_order(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_page(alice), await open_page(bob)
    call_id = await connect(caller, callee)

    for number in range(100):
        await signal(caller, call_id, callee, number)

    assert [(await callee.hear())["data"] for _ in range(100)] == list(range(100))


async def test_a_signal_from_a_third_in_the_call_names_the_third(
    open_page: OpenPage, alice: User, bob: User, carol: User
) -> None:
    caller, callee, third = await open_page(alice), await open_page(bob), await open_page(carol)
    call_id = await connect(caller, callee, "carol")
    await third.ask("accept", call_id)
    await callee.so_far()

    await signal(third, call_id, callee, 1)

    assert (await callee.hear())["from"] == {"user": "carol", "device_id": "web-1"}


async def test_nobody_signals_before_the_answer(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_page(alice), await open_page(bob)
    call_id = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]["call_id"]
    await callee.so_far()

    await signal(caller, call_id, callee)
    await signal(callee, call_id, caller)

    assert await refused(caller) == "not_allowed"
    assert await refused(callee) == "not_allowed"


async def test_a_stranger_neither_sends_nor_gets(open_page: OpenPage, alice: User, bob: User, mallory: User) -> None:
    caller, callee, stranger = await open_page(alice), await open_page(bob), await open_page(mallory)
    call_id = await connect(caller, callee)

    await signal(stranger, call_id, callee)
    await signal(stranger, "no-such-call", callee)
    await signal(caller, call_id, stranger)

    assert await refused(stranger) == "not_found"
    assert await refused(stranger) == "not_found"
    assert await refused(caller) == "not_allowed"
    assert await callee.so_far() == []
    assert await stranger.so_far() == []


async def test_a_device_that_is_not_in_the_call_cannot_signal(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee, idle = await open_page(alice), await open_page(bob, "b-1"), await open_page(bob, "b-2")
    call_id = await connect(caller, callee)
    await idle.so_far()

    await signal(idle, call_id, caller)

    assert await refused(idle) == "not_allowed"


async def test_after_leaving_nothing_gets_through_though_it_just_did(
    open_page: OpenPage, alice: User, bob: User, carol: User
) -> None:
    caller, callee, third = await open_page(alice), await open_page(bob), await open_page(carol)
    call_id = await connect(caller, callee, "carol")
    await third.ask("accept", call_id)
    await signal(third, call_id, callee, "in")
    await third.done()
    assert [each["type"] for each in await callee.so_far()].count("signal") == 1

    # In one breath: the next signal is sent before the answer to leaving has come.
    await third.request("leave", call_id)
    await signal(third, call_id, callee, "out")
    assert [each.get("code") for each in await third.done()][-1] == "not_allowed"

    assert "signal" not in [each["type"] for each in await callee.so_far()]


async def test_one_who_was_left_is_not_reached_any_more(
    open_page: OpenPage, alice: User, bob: User, carol: User
) -> None:
    caller, callee, third = await open_page(alice), await open_page(bob), await open_page(carol)
    call_id = await connect(caller, callee, "carol")
    await third.ask("accept", call_id)
    await caller.so_far()
    await signal(caller, call_id, third, "in")
    await caller.done()
    assert [each["type"] for each in await third.so_far()][-1] == "signal"

    await third.ask("leave", call_id)
    await caller.so_far()
    await signal(caller, call_id, third, "out")

    assert await refused(caller) == "not_allowed"


async def test_a_moved_call_is_signalled_to_its_new_device_only(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, laptop, phone = await open_page(alice), await open_page(bob, "b-1"), await open_page(bob, "b-2")
    call_id = await connect(caller, laptop)
    await signal(caller, call_id, laptop, 1)
    assert (await laptop.hear())["data"] == 1

    await phone.ask("join", call_id)
    await caller.so_far()
    await signal(caller, call_id, laptop, 2)
    await signal(caller, call_id, phone, 3)

    assert await refused(caller) == "not_allowed"
    await caller.done()
    assert [each.get("data") for each in await phone.so_far()][-1] == 3
    assert "signal" not in [each["type"] for each in await laptop.so_far()]


async def test_an_ended_call_carries_no_signals(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_page(alice), await open_page(bob)
    call_id = await connect(caller, callee)
    await signal(callee, call_id, caller, 1)
    assert (await caller.hear())["data"] == 1
    await caller.ask("end", call_id)
    await callee.so_far()

    await signal(caller, call_id, callee)
    await signal(callee, call_id, caller)

    assert await refused(caller) == "call_ended"
    assert await refused(callee) == "call_ended"


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"call_id": 5},
        {"call_id": ""},
        {"call_id": "x" * 129},
        {"call_id": "\ud800"},
        {"call_id": "a\u0000"},
        {"to": None},
        {"to": "bob"},
        {"to": []},
        {"to": {"user": "bob"}},
        {"to": {"device_id": "web-1"}},
        {"to": {"user": 1, "device_id": "web-1"}},
        {"to": {"user": "\ud800", "device_id": "web-1"}},
        {"to": {"user": "bob", "device_id": "a b"}},
        {"to": {"user": "bob", "device_id": "x" * 65}},
        {"to": {"user": "bob", "device_id": None}},
    ],
)
async def test_a_malformed_signal_is_invalid(
    open_quick_page: OpenPage, alice: User, bob: User, frame: dict[str, Any]
) -> None:
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call_id = await connect(caller, callee)
    good = {"call_id": call_id, "to": {"user": "bob", "device_id": "web-1"}, "data": 1}
    said = {**good, **frame} if frame else {"call_id": call_id, "to": good["to"]}

    await caller.say({"type": "signal", **said})

    assert await refused(caller) == "invalid"
    await caller.say({"type": "signal", **good})
    assert (await callee.hear())["data"] == 1


async def test_data_that_no_browser_could_read_is_invalid(open_quick_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call_id = await connect(caller, callee)
    frame = {"type": "signal", "call_id": call_id, "to": {"user": "bob", "device_id": "web-1"}}
    for data in ("NaN", "Infinity", "-Infinity", "[1e999]"):
        await caller.say_text(json.dumps(frame)[:-1] + f', "data": {data}}}')
        assert await refused(caller) == "invalid", data
    assert await callee.so_far() == []


async def test_data_of_any_depth_is_relayed_or_invalid(open_quick_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call_id = await connect(caller, callee)
    frame = json.dumps({"type": "signal", "call_id": call_id, "to": {"user": "bob", "device_id": "web-1"}})[:-1]
    relayed = 0
    for depth in [50, *range(800, 1050, 5), 5000, 30_000]:
        await caller.say_text(f'{frame}, "data": {"[" * depth}{"]" * depth}}}')
        request_id = await caller.request("history_seen")
        answer = await caller.hear()
        if answer["type"] == "error":
            assert answer["code"] == "invalid", (depth, answer)
            answer = await caller.hear()
        else:
            relayed += 1
        assert answer["id"] == request_id
    assert relayed
    heard = await callee.so_far()
    assert [each["type"] for each in heard] == ["signal"] * relayed


async def test_a_flood_is_dropped_and_the_call_lives(
    open_quick_page: OpenPage, alice: User, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "frames_per_second": 50, "frames_burst": 300}
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call_id = await connect(caller, callee)

    for number in range(600):
        await signal(caller, call_id, callee, number)

    dropped, answer = 0, None
    while answer is None:
        await caller.request("open")
        said = await caller.hear()
        dropped += said.get("code") == "throttled"
        answer = said if said["type"] == "result" else None
    heard = [each["data"] for each in await callee.so_far()]
    assert 290 <= len(heard) < 600
    # A slow machine lets a frame through now and then while others are dropped: gaps, but in order and no doubles.
    assert heard == sorted(set(heard)), "what came through came in order"
    assert dropped >= 600 - len(heard)
    call = await in_thread(Call.objects.get)
    assert call.state == "active"


async def test_what_is_signalled_is_never_logged(
    open_quick_page: OpenPage, alice: User, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call_id = await connect(caller, callee)

    await signal(caller, call_id, callee, "c2VjcmV0LXNkcA")
    await signal(caller, call_id, {"user": "carol", "device_id": "x"}, "c2VjcmV0LXNkcA")
    await signal(caller, call_id, {"user": "bob"}, "c2VjcmV0LXNkcA")
    await caller.say_text('{"type": "signal", "data": "c2VjcmV0LXNkcA"')
    await callee.so_far()

    assert "c2VjcmV0LXNkcA" not in caplog.text

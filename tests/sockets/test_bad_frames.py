"""Frames that are broken, huge, too many or of wrong types: the exact code, nothing changed, the socket still open."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import Settings

from invitations.models import Call, CallEvent, User
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread

pytestmark = pytest.mark.django_db(transaction=True)
HUGE = "9" * 4000
WRONG: list[Any] = [None, True, 7, -1, 1.5, "", "x", "\ud800", "a\u0000", [], [[]], {}, {"a": 1}, "x" * 5000]


async def still_works(page: Page) -> None:
    """The socket is open and does what it is asked."""
    assert (await page.ask("open"))["status"] == 200
    assert (await page.sync())["type"] == "synced"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "hello",
        "{",
        '{"type": "sync"',
        "[]",
        '["sync"]',
        "null",
        "true",
        "5",
        '"sync"',
        "NaN",
        '{"type": NaN}',
        '{"type": "sync", "calls": {"a": Infinity}}',
        "[" * 30_000,
        "[" * 30_000 + "]" * 30_000,
        '{"type":' * 5_000,
        '{"type": "sync", "calls": ' + "[" * 20_000 + "]" * 20_000 + "}",
        "{}",
        '{"type": null}',
        '{"type": 5}',
        '{"type": ["sync"]}',
        '{"type": ""}',
        '{"type": "nonsense"}',
        '{"type": "\\ud800"}',
        '{"type": "\\u0000"}',
        '{"type": "' + "x" * 60_000 + '"}',
        '{"TYPE": "sync"}',
        '{"type": "snapshot"}',
        '{"type": "error"}',
        "{'type': 'sync'}",
        '{"type": "sync", "calls": {"a": ' + "9" * 5000 + "}}",
        "\ufeff{}",
        "\x00",
    ],
    ids=lambda text: repr(text[:24]),
)
async def test_what_is_no_frame_is_invalid(open_quick_page: OpenPage, alice: User, text: str) -> None:
    page = await open_quick_page(alice)

    await page.say_text(text)

    error = await page.hear()
    assert (error["type"], error["code"]) == ("error", "invalid"), error
    assert error["detail"]
    await still_works(page)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", b"\x00" * 1000, b'{"type": "sync"}'])
async def test_a_binary_frame_is_invalid(open_quick_page: OpenPage, alice: User, data: bytes) -> None:
    page = await open_quick_page(alice)
    await page.say_bytes(data)
    assert (await page.hear())["code"] == "invalid"
    await still_works(page)


@pytest.mark.parametrize("filling", ["x", "ä", "\U0001f4de"])
async def test_a_frame_may_have_64_kib_and_no_more(open_quick_page: OpenPage, alice: User, filling: str) -> None:
    page = await open_quick_page(alice)
    frame = '{"type": "request", "id": "1", "verb": "open", "more": "%s"}'
    room = 64 * 1024 - len(frame) + 2
    fits = filling * (room // len(filling.encode()))
    fits += "." * (room - len(fits.encode()))

    await page.say_text(frame % fits)
    assert (await page.hear())["status"] == 200
    await page.say_text(frame % (fits + "."))
    assert (await page.hear())["code"] == "too_large"
    await page.say_text(frame % (fits * 10))
    assert (await page.hear())["code"] == "too_large"

    await still_works(page)


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"id": None, "verb": "open"},
        {"id": "", "verb": "open"},
        {"id": "x" * 65, "verb": "open"},
        {"id": "x" * 60_000, "verb": "open"},
        {"id": 1.5, "verb": "open"},
        {"id": True, "verb": "open"},
        {"id": [], "verb": "open"},
        {"id": {}, "verb": "open"},
        {"id": "1"},
        {"id": "1", "verb": None},
        {"id": "1", "verb": 5},
        {"id": "1", "verb": ["open"]},
        {"id": "1", "verb": "get", "call_id": 5},
        {"id": "1", "verb": "get", "call_id": {}},
        {"id": "1", "verb": "get", "call_id": False},
    ],
    ids=lambda frame: json.dumps(frame)[:40],
)
async def test_a_request_without_its_parts_is_invalid(
    open_quick_page: OpenPage, alice: User, frame: dict[str, Any]
) -> None:
    page = await open_quick_page(alice)

    await page.say({"type": "request", **frame})

    error = await page.hear()
    assert (error["type"], error["code"]) == ("error", "invalid")
    if frame.get("id") == "1":
        assert error["id"] == "1", "who waits for the result must be able to find it"
    await still_works(page)


@pytest.mark.parametrize("request_id", ["1", "x" * 64, "\ud800", "\u0000", "\U0001f4de", 0, -5, int(HUGE)])
async def test_a_result_bears_the_id_it_was_asked_with(
    open_quick_page: OpenPage, alice: User, request_id: str | int
) -> None:
    page = await open_quick_page(alice)
    await page.say({"type": "request", "id": request_id, "verb": "open"})
    assert (await page.hear())["id"] == request_id


@pytest.mark.parametrize("verb", ["", "SEND", "nonsense", "__class__", "\ud800", "\u0000", "x" * 60_000])
async def test_an_unknown_verb_is_a_result_of_400(open_quick_page: OpenPage, alice: User, verb: str) -> None:
    page = await open_quick_page(alice)
    result = await page.ask(verb, "some-call")
    assert (result["status"], result["body"]["code"]) == (400, "invalid")
    assert "verb" in result["body"]["errors"]
    await still_works(page)


@pytest.mark.parametrize("body", [5, "x", [], True, [{}]])
async def test_a_body_that_is_no_object_is_a_result_of_400(open_quick_page: OpenPage, alice: User, body: Any) -> None:
    page = await open_quick_page(alice)
    for verb in ("send", "accept", "open"):
        await page.request(verb, "some-call", body)
        result = await page.hear()
        assert (result["status"], result["body"]["code"]) == (400, "invalid")


FIELDS = {
    "send": ["invitees", "is_video_call", "custom_data", "call_id", "resource_id", "notification_title",
             "notification_message", "timeout_seconds", "end_when_caller_leaves", "device_id"],
    "invite": ["invitees", "custom_data", "timeout_seconds", "device_id"],
    "cancel": ["callees", "custom_data", "device_id"],
    "accept": ["custom_data", "device_id"],
    "reject": ["custom_data", "reason", "device_id"],
    "ringing": ["audible", "device_id"],
    "connected": ["device_id"],
}  # fmt: skip


@pytest.mark.parametrize(("verb", "field"), [(verb, field) for verb, fields in FIELDS.items() for field in fields])
async def test_every_field_takes_every_wrong_type_without_harm(
    open_quick_page: OpenPage, alice: User, bob: User, verb: str, field: str
) -> None:
    page = await open_quick_page(alice)
    await page.ask("send", invitees=["bob"], is_video_call=True, call_id="there")
    events = await in_thread(CallEvent.objects.count)
    good = {"invitees": ["nobody"], "is_video_call": True} if verb in ("send", "invite") else {}

    for value in WRONG:
        body = {**good, field: value}
        if verb == "cancel" and value is None:
            continue
        result = await page.ask(verb, None if verb == "send" else "no-such-call", **body)
        assert 400 <= result["status"] < 500, (value, result)
        assert result["body"]["code"] in {"invalid", "not_found", "no_valid_invitee", "already_in_call"}

    assert await in_thread(Call.objects.count) == 1
    assert await in_thread(CallEvent.objects.count) == events
    await still_works(page)


@pytest.mark.parametrize("call_id", ["", ".", "..", "a b", "a/b", "ä", "\ud800", "\u0000", "x" * 129, "x" * 60_000])
async def test_a_call_id_that_none_can_have_is_not_found(open_quick_page: OpenPage, alice: User, call_id: str) -> None:
    page = await open_quick_page(alice)
    for verb in ("get", "accept", "cancel", "leave", "end", "timeline", "heartbeat"):
        result = await page.ask(verb, call_id)
        assert (result["status"], result["body"]["code"]) == (404, "not_found")
    await still_works(page)


async def test_a_missing_call_id_is_a_result_of_400(open_quick_page: OpenPage, alice: User) -> None:
    page = await open_quick_page(alice)
    result = await page.ask("accept")
    assert (result["status"], result["body"]["code"]) == (400, "invalid")


async def test_frames_over_the_pace_are_dropped_and_said_so(
    open_quick_page: OpenPage, alice: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "frames_per_second": 1, "frames_burst": 20}
    page = await open_quick_page(alice)

    ids = [await page.request("open") for _ in range(60)]

    heard = [await page.hear() for _ in ids]
    answered = [each["id"] for each in heard if each["type"] == "result"]
    assert answered[:19] == ids[:19]
    assert {each["code"] for each in heard if each["type"] == "error"} == {"throttled"}
    assert len(answered) < 60


async def test_large_frames_are_slower_than_small_ones(
    open_quick_page: OpenPage, alice: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "frames_per_second": 10, "frames_burst": 1000}
    page = await open_quick_page(alice)

    for _ in range(10):
        await page.say_text("x" * 64_000)

    codes = [(await page.hear())["code"] for _ in range(10)]
    assert codes[:3] == ["invalid"] * 3
    assert codes[-1] == "throttled"


async def test_one_who_will_not_stop_is_closed(open_quick_page: OpenPage, alice: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "frames_per_second": 1, "frames_burst": 20}
    page = await open_quick_page(alice)
    for _ in range(1100):
        await page.say_text("x")
    assert await page.hear_close() == 4429


async def test_hellos_weigh_more_than_other_frames(open_quick_page: OpenPage, alice: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "frames_per_second": 1, "frames_burst": 4000}
    page = await open_quick_page(alice)

    for number in range(60):
        await page.say({"type": "hello", "device_id": f"web-{number}", "label": "Chrome on Linux"})

    heard = [await page.hear() for _ in range(60)]
    kinds = [each.get("code", each["type"]) for each in heard]
    assert kinds == ["snapshot"] * 39 + ["throttled"] * 21

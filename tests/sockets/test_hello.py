"""The first frame and its answer: the device becomes known, and the page gets everything that is open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from invitations import calls
from invitations.credentials import app_tokens
from invitations.models import CallingPreferences, Device, Participant, User
from invitations.push import devices
from invitations.serializers import moment
from invitations.store.sheets import Actor
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread, session_of

pytestmark = pytest.mark.django_db(transaction=True)


async def test_hello_makes_the_device_known(open_quick_page: OpenPage, alice: User) -> None:
    await open_quick_page(alice, "web-7", "Firefox on Mac")
    device = await in_thread(Device.objects.get, user=alice)
    assert (device.device_id, device.label) == ("web-7", "Firefox on Mac")


async def test_hello_renews_a_known_device(open_quick_page: OpenPage, alice: User, now: datetime) -> None:
    before = now - timedelta(days=3)
    await in_thread(
        Device.objects.create,
        user=alice, device_id="web-7", label="Old", kind="android", created_at=before, last_seen_at=before,
    )  # fmt: skip
    page = await open_quick_page(alice, "web-7", "New")
    device = await in_thread(Device.objects.get, user=alice)
    assert (device.label, device.kind, device.created_at) == ("New", "android", before)
    assert device.last_seen_at is not None
    assert device.last_seen_at >= now

    await page.hello("web-7", label=None)

    device = await in_thread(Device.objects.get, user=alice)
    assert device.label == "New", "a hello that names no label takes none away"


async def test_hello_leaves_a_name_alone_that_the_owner_gave(
    open_quick_page: OpenPage, alice: User, now: datetime
) -> None:
    await open_quick_page(alice, "web-7", "Firefox on Mac")
    await in_thread(lambda: devices.describe(alice.pk, "web-7", label="Kitchen", kind="browser", now=now))
    await open_quick_page(alice, "web-7", "Firefox on Mac")
    assert (await in_thread(Device.objects.get, user=alice)).label == "Kitchen"

    await in_thread(lambda: devices.describe(alice.pk, "web-7", kind="browser", now=now))
    assert (await in_thread(Device.objects.get, user=alice)).label == "Kitchen"

    await in_thread(lambda: devices.describe(alice.pk, "web-7", label="", kind="browser", now=now))
    await open_quick_page(alice, "web-7", "Firefox on Mac")
    assert (await in_thread(Device.objects.get, user=alice)).label == "Firefox on Mac"


async def test_the_same_device_id_of_two_users_is_two_devices(
    open_quick_page: OpenPage, alice: User, bob: User
) -> None:
    await open_quick_page(alice, "web-1", "Alice's")
    await open_quick_page(bob, "web-1", "Bob's")
    assert await in_thread(lambda: sorted(Device.objects.values_list("user__username", "label"))) == [
        ("alice", "Alice's"),
        ("bob", "Bob's"),
    ]


async def test_hello_proves_life(open_quick_page: OpenPage, alice: User, bob: User, now: datetime) -> None:
    script = Actor(user_id=alice.pk, username="alice", device_id="web-1")
    await in_thread(calls.send, by=script, invitees=["bob"], is_video_call=True, now=now)
    assert (await in_thread(Participant.objects.get)).proved_at is None

    await open_quick_page(alice, "web-1")

    assert (await in_thread(Participant.objects.get)).proved_at is not None


async def test_an_empty_snapshot_is_exact(open_quick_page: OpenPage, alice: User) -> None:
    page = await open_quick_page(alice)
    assert page.snapshot.pop("server_time").endswith("Z")
    assert page.snapshot == {
        "type": "snapshot",
        "user": {"id": "alice", "name": "Alice"},
        "calls": [],
        "missed_unseen": 0,
        "requests": 0,
        "do_not_disturb_until": None,
        "quiet_until": None,
        "token_created_at": None,
        "token_expires_at": None,
    }


async def test_an_apps_snapshot_says_when_its_token_was_made_and_ends(embedded_layer: None, bob: User) -> None:
    made_at = timezone.now() - timedelta(days=1)
    token, expiry = await in_thread(app_tokens.issue_token, bob, "Bob's phone", made_at)
    app = Page(headers={"authorization": f"Bearer {token}"})
    assert await app.open()
    snapshot = await app.hello("phone-1")
    assert (snapshot["token_created_at"], snapshot["token_expires_at"]) == (moment(made_at), moment(expiry))
    await app.close()


async def test_the_snapshot_is_what_rest_calls_open(
    open_quick_page: OpenPage, alice: User, bob: User, carol: User, now: datetime
) -> None:
    def prepare() -> None:
        alice_now = Actor(user_id=alice.pk, username="alice", device_id="a")
        carol_now = Actor(user_id=carol.pk, username="carol", device_id="c")
        early = now - timedelta(minutes=5)
        calls.send(by=carol_now, invitees=["bob"], is_video_call=True, call_id="missed", now=early)
        calls.send(by=alice_now, invitees=["bob"], is_video_call=False, call_id="open", now=now)
        CallingPreferences.objects.filter(user=bob).update(call_waiting=True)
        calls.send(by=carol_now, invitees=["bob"], is_video_call=True, call_id="waiting", now=now)

    def by_rest() -> Any:
        client = APIClient()
        client.force_login(bob)
        return client.get("/api/v1/calls/open").json()

    await in_thread(prepare)

    page = await open_quick_page(bob)

    expected = await in_thread(by_rest)
    assert [each["call_id"] for each in page.snapshot["calls"]] == [each["call_id"] for each in expected["calls"]]
    assert {each["call_id"] for each in page.snapshot["calls"]} == {"open", "waiting"}
    assert page.snapshot["missed_unseen"] == expected["missed_unseen"] == 1
    for ours, theirs in zip(page.snapshot["calls"], expected["calls"], strict=True):
        assert _timeless(ours) == _timeless(theirs)


async def test_a_call_that_should_be_over_is_not_in_the_snapshot(
    open_quick_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    script = Actor(user_id=alice.pk, username="alice", device_id="a")
    early = now - timedelta(seconds=61)
    await in_thread(calls.send, by=script, invitees=["bob"], is_video_call=True, now=early)

    page = await open_quick_page(bob)

    assert page.snapshot["calls"] == []
    assert page.snapshot["missed_unseen"] == 1


async def test_a_second_hello_moves_the_socket_to_another_device(open_page: OpenPage, alice: User, bob: User) -> None:
    page, other = await open_page(alice, "a-1"), await open_page(bob)
    await page.hello("a-2", "Second")

    sent = await page.ask("send", invitees=["bob"], is_video_call=True)

    assert sent["body"]["call"]["participants"][0]["device_id"] == "a-2"
    await other.ask("ringing", sent["body"]["call"]["call_id"])
    assert [each["event"] for each in await page.so_far()] == ["invitation.ringing"], "once, not twice"


@pytest.mark.parametrize("kind", ["sync", "request", "signal", "call", "nonsense"])
async def test_nothing_goes_before_hello(embedded_layer: None, alice: User, kind: str) -> None:
    page = Page.of(await in_thread(session_of, alice))
    await page.open()

    await page.say({"type": kind, "id": "1", "verb": "open", "calls": {}})

    error = await page.hear()
    assert (error["type"], error["code"]) == ("error", "invalid")
    assert error["detail"]
    assert (await page.hello("d-1"))["calls"] == []
    await page.close()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"device_id": None},
        {"device_id": ""},
        {"device_id": 7},
        {"device_id": ["d"]},
        {"device_id": "x" * 65},
        {"device_id": "a b"},
        {"device_id": "a\n"},
        {"device_id": "ä"},
        {"device_id": "\u0000"},
        {"device_id": "\ud800"},
        {"device_id": "d", "label": 5},
        {"device_id": "d", "label": "x" * 65},
        {"device_id": "d", "label": "\ud800"},
        {"device_id": "d", "label": "a\u0000b"},
        {"device_id": "d", "label": {}},
        {"device_id": "d", "audible": "yes"},
        {"device_id": "d", "audible": 1},
        {"device_id": "d", "audible": None},
    ],
)
async def test_a_hello_that_says_nonsense_is_invalid(embedded_layer: None, alice: User, said: dict[str, Any]) -> None:
    page = Page.of(await in_thread(session_of, alice))
    await page.open()

    await page.say({"type": "hello", **said})

    assert (await page.hear())["code"] == "invalid"
    await page.say({"type": "sync", "calls": {}})
    assert (await page.hear())["code"] == "invalid", "still before hello"
    assert await in_thread(Device.objects.count) == 0
    assert (await page.hello("x" * 64, "ü" * 64))["type"] == "snapshot"
    await page.close()


def _timeless(call: dict[str, Any]) -> dict[str, Any]:
    return {**call, "server_time": None, "remaining_ms": None}

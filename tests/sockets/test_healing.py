"""What is lost on the way is healed: by the sync of a client, and by a ring that is published again."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from channels.layers import get_channel_layer
from django.utils import timezone
from pytest_django import Settings

from invitations.dispatcher import Dispatcher
from invitations.live import publishing
from invitations.models import User
from tests.sockets.conftest import OpenPage, on_redis
from tests.sockets.page import Page, in_thread
from tests.support import services

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def losing_layer(embedded_layer: None, settings: Settings) -> None:
    """Loses every call frame; markers of the tests get through."""
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "tests.sockets.lossy.LossyChannelLayer", "CONFIG": {"losing": ('"type":"call"',)}}
    }


@pytest.fixture
def forgetful_layer(embedded_layer: None, settings: Settings) -> None:
    """Loses the first ring of each user."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "tests.sockets.lossy.LossyChannelLayer",
            "CONFIG": {"losing_once": ('"event":"call.sent"',)},
        }
    }


async def test_the_whole_life_of_a_call_is_learnt_by_syncs_alone(
    open_quick_page: OpenPage, losing_layer: None, alice: User, bob: User
) -> None:
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]
    assert await callee.so_far() == []

    [seen] = (await callee.sync())["calls"]
    assert seen["call_id"] == call["call_id"]
    assert seen["you"]["can"] == ["accept", "reject"]

    accepted = (await callee.ask("accept", call["call_id"]))["body"]["call"]
    assert await caller.so_far() == []
    [seen] = (await caller.sync(**{call["call_id"]: call["revision"]}))["calls"]
    assert (seen["state"], seen["revision"]) == ("active", accepted["revision"])

    await caller.ask("end", call["call_id"])
    assert await callee.so_far() == []
    answer = await callee.sync(**{call["call_id"]: accepted["revision"]})
    assert answer["gone"] == [call["call_id"]]
    assert answer["calls"][0]["end_reason"] == "completed"
    assert get_channel_layer().lost > 0


async def test_a_lost_ring_is_published_again_after_two_seconds(
    open_quick_page: OpenPage, forgetful_layer: None, alice: User, bob: User
) -> None:
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]
    assert await callee.so_far() == []
    dispatcher = Dispatcher()
    # Told in whole milliseconds.
    sent_at = datetime.fromisoformat(call["created_at"])
    await in_thread(dispatcher.step, sent_at + timedelta(seconds=1.9))
    assert await callee.so_far() == []

    await in_thread(dispatcher.step, sent_at + timedelta(seconds=2.001))

    [frame] = await callee.so_far()
    assert (frame["event"], frame["call"]["revision"]) == ("call.sent", call["revision"])
    assert frame["call"]["you"]["can"] == ["accept", "reject"]
    assert await caller.so_far() == [], "rung again is the one who did not hear, not the caller"


async def test_an_acknowledged_ring_is_not_published_again(open_quick_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]
    await callee.ask("ringing", call["call_id"])
    await callee.so_far()
    await in_thread(Dispatcher().step, timezone.now() + timedelta(seconds=2))
    assert await callee.so_far() == []


async def test_doubled_and_late_frames_are_known_by_their_revision(
    open_quick_page: OpenPage, alice: User, bob: User
) -> None:
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]
    [first] = await callee.so_far()
    await in_thread(Dispatcher().step, timezone.now() + timedelta(seconds=2))
    [again] = await callee.so_far()
    assert first["call"]["revision"] == again["call"]["revision"] == call["revision"]


@pytest.mark.redis
async def test_a_restart_of_redis_is_healed_by_the_next_sync(
    embedded_layer: None, open_quick_page: OpenPage, alice: User, bob: User, settings: Settings
) -> None:
    port = services._free_port()
    settings.CHANNEL_LAYERS = on_redis(f"redis://127.0.0.1:{port}/0")
    try:
        with services.redis_on(port):
            caller, callee = await open_quick_page(alice), await open_quick_page(bob)
            call = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]
            assert [each["event"] for each in await callee.so_far()] == ["call.sent"]
        # No Redis now: verbs and syncs work all the same.
        accepted = await callee.ask("accept", call["call_id"])
        assert accepted["status"] == 200
        [seen] = (await caller.sync(**{call["call_id"]: call["revision"]}))["calls"]
        assert seen["state"] == "active"
        assert (await callee.hello("web-1"))["calls"][0]["state"] == "active"
        with services.redis_on(port):
            for page in (caller, callee):
                await page.sync()
            await _until_live(caller, callee)
            await callee.ask("connected", call["call_id"])
            assert "participant.connected" in [each["event"] for each in await caller.so_far()]
    except services.Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.redis
async def test_a_page_opened_while_redis_is_away_comes_alive_by_its_sync(
    embedded_layer: None, open_quick_page: OpenPage, alice: User, bob: User, settings: Settings
) -> None:
    port = services._free_port()
    settings.CHANNEL_LAYERS = on_redis(f"redis://127.0.0.1:{port}/0")
    try:
        page = await open_quick_page(alice)
        assert page.snapshot["calls"] == []
        sent = await page.ask("send", invitees=["bob"], is_video_call=True)
        assert sent["status"] == 201
        with services.redis_on(port):
            await page.sync()
            other = await open_quick_page(bob)
            await other.ask("ringing", sent["body"]["call"]["call_id"])
            assert "invitation.ringing" in [each["event"] for each in await page.so_far()]
    except services.Missing as missing:
        pytest.skip(str(missing))


async def _until_live(*pages: Page) -> None:
    """Wait until a marker gets through to each page: the layer takes up to a second to find its Redis again."""
    for page in pages:
        async with asyncio.timeout(10):
            while True:
                try:
                    async with asyncio.timeout(0.5):
                        await page.so_far()
                        break
                except TimeoutError:
                    continue


async def test_a_layer_that_fails_fails_no_verb(
    embedded_layer: None, open_quick_page: OpenPage, alice: User, bob: User, settings: Settings
) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.sockets.lossy.FailingChannelLayer"}}
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    for _ in range(3):
        sent = await caller.ask("send", invitees=["bob"], is_video_call=True)
        assert sent["status"] == 201
        assert len((await callee.sync())["calls"]) == 1
        assert (await caller.ask("cancel", sent["body"]["call"]["call_id"]))["status"] == 200


@pytest.mark.redis
async def test_any_other_layer_of_channels_carries_frames_too(
    embedded_layer: None, redis_server: str, open_quick_page: OpenPage, alice: User, bob: User, settings: Settings
) -> None:
    hosts = [{"address": redis_server, "socket_timeout": None}]
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": hosts}}
    }
    caller, callee = await open_quick_page(alice), await open_quick_page(bob)
    call = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]
    assert [each["event"] for each in await callee.so_far()] == ["call.sent"]
    await callee.ask("accept", call["call_id"])
    assert "call.active" in [name for each in await caller.so_far() for name in each["events"]]


@pytest.mark.redis
async def test_a_page_with_nothing_open_looks_itself_while_redis_is_away(
    embedded_layer: None,
    open_quick_page: OpenPage,
    alice: User,
    bob: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What another process would publish does not arrive, so nothing is known from what did."""
    port = services._free_port()
    settings.CHANNEL_LAYERS = on_redis(f"redis://127.0.0.1:{port}/0")
    with services.redis_on(port):
        caller, callee = await open_quick_page(alice), await open_quick_page(bob)
        assert (await callee.sync())["calls"] == []
    monkeypatch.setattr(publishing, "publish_call", lambda *args, **kwargs: None)
    async with asyncio.timeout(10):
        while get_channel_layer().vouches(publishing.group_of(bob.pk)):
            await asyncio.sleep(0.01)
    call = (await caller.ask("send", invitees=["bob"], is_video_call=True))["body"]["call"]
    assert [each["call_id"] for each in (await callee.sync())["calls"]] == [call["call_id"]]

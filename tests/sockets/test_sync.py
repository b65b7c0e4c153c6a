"""`sync`: what is newer, what is gone, the proof of life, and the look at whether one is still signed in."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from invitations import calls
from invitations.conf import limits
from invitations.credentials.app_tokens import issue_token, revoke_token
from invitations.live import presence, publishing
from invitations.models import Call, Participant, User
from invitations.sockets import live
from invitations.sockets.authentication import Identity
from tests.sockets.conftest import OpenPage
from tests.sockets.page import PATIENCE_SECONDS, Page, in_thread, session_of

pytestmark = pytest.mark.django_db(transaction=True)


async def ring(caller: Page, *invitees: str, **more: Any) -> dict[str, Any]:
    """Send a call; gives it as the caller sees it."""
    sent = await caller.ask("send", invitees=list(invitees), is_video_call=True, **more)
    assert sent["status"] == 201, sent
    return dict(sent["body"]["call"])


async def test_whoever_knows_all_is_told_nothing(open_page: OpenPage, alice: User, bob: User) -> None:
    page = await open_page(alice)
    call = await ring(page, "bob")
    answer = await page.sync(**{call["call_id"]: call["revision"]})
    assert answer.pop("server_time").endswith("Z")
    assert answer == {"type": "synced", "calls": [], "gone": []}


async def test_an_unknown_call_comes_whole(open_page: OpenPage, alice: User, bob: User) -> None:
    page, other = await open_page(alice), await open_page(bob)
    call = await ring(page, "bob")
    [mine] = (await other.sync())["calls"]
    assert (mine["call_id"], mine["revision"]) == (call["call_id"], call["revision"])
    assert mine["you"]["can"] == ["accept", "reject"]


async def test_a_newer_revision_comes_and_an_older_or_equal_does_not(
    open_page: OpenPage, alice: User, bob: User
) -> None:
    page, other = await open_page(alice), await open_page(bob)
    call = await ring(page, "bob")
    held = call["revision"]
    newer = (await other.ask("ringing", call["call_id"]))["body"]["call"]["revision"]

    assert [each["revision"] for each in (await page.sync(**{call["call_id"]: held}))["calls"]] == [newer]
    assert (await page.sync(**{call["call_id"]: newer}))["calls"] == []
    assert (await page.sync(**{call["call_id"]: 10**30}))["calls"] == []
    assert len((await page.sync(**{call["call_id"]: -5}))["calls"]) == 1


async def test_an_ended_call_is_gone_and_comes_with_its_end(open_page: OpenPage, alice: User, bob: User) -> None:
    page, other = await open_page(alice), await open_page(bob)
    call = await ring(page, "bob")
    await other.ask("reject", call["call_id"], reason="later")

    answer = await page.sync(**{call["call_id"]: call["revision"]})

    assert answer["gone"] == [call["call_id"]]
    [ended] = answer["calls"]
    assert (ended["state"], ended["end_reason"]) == ("ended", "rejected")
    assert ended["invitations"][0]["reject_reason"] == "later"


async def test_foreign_and_unknown_calls_are_gone_and_tell_nothing(
    open_page: OpenPage, alice: User, bob: User, mallory: User
) -> None:
    page, stranger = await open_page(alice), await open_page(mallory)
    call = await ring(page, "bob")
    held = {call["call_id"]: 0, "no-such-call": 3, "x" * 500: 1, "é ": 1, "": 0}

    answer = await stranger.sync(**held)

    assert answer["calls"] == []
    assert sorted(answer["gone"]) == sorted(held)


@pytest.mark.parametrize(
    "held",
    [[], "x", 5, {"a": "1"}, {"a": None}, {"a": 1.5}, {"a": True}, {"a\u0000": 1}, {"\ud800": 1},
     {str(each): 1 for each in range(201)}],
)  # fmt: skip
async def test_a_sync_that_says_nonsense_is_invalid(open_quick_page: OpenPage, alice: User, held: Any) -> None:
    page = await open_quick_page(alice)
    await page.say({"type": "sync", "calls": held})
    assert (await page.hear())["code"] == "invalid"
    assert (await page.sync())["gone"] == []


async def test_a_sync_needs_to_hold_nothing(open_quick_page: OpenPage, alice: User) -> None:
    page = await open_quick_page(alice)
    await page.say({"type": "sync"})
    assert (await page.hear())["type"] == "synced"


async def test_a_device_that_syncs_keeps_its_place(
    open_quick_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    page = await open_quick_page(alice)
    call = await ring(page, "bob")
    await _let_proofs_age(seconds=10)

    await page.sync()

    row = await in_thread(Call.objects.get)
    assert await in_thread(calls.expire, row.pk, now=timezone.now() + timedelta(seconds=15)) is None
    assert (await page.sync(**{call["call_id"]: call["revision"]}))["gone"] == []


async def test_a_caller_who_stops_is_lost_after_twenty_seconds(
    open_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    caller, callee = await open_page(alice), await open_page(bob)
    await ring(caller, "bob")
    await callee.so_far()
    row = await in_thread(Call.objects.get)
    assert await in_thread(calls.expire, row.pk, now=timezone.now() + timedelta(seconds=15)) is None
    await callee.so_far()

    await in_thread(calls.expire, row.pk, now=timezone.now() + timedelta(seconds=21))

    [frame] = await callee.so_far()
    assert (frame["call"]["state"], frame["call"]["end_reason"]) == ("ended", "caller_lost")
    assert frame["actor"] is None


async def test_one_who_stops_in_an_active_call_loses_the_connection_after_thirty(
    open_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    caller, callee = await open_page(alice), await open_page(bob)
    call = await ring(caller, "bob")
    await callee.ask("accept", call["call_id"])
    await callee.so_far()
    row = await in_thread(Call.objects.get)
    await _let_proofs_age(seconds=31, of=alice)

    await in_thread(calls.expire, row.pk, now=timezone.now())

    [frame] = await callee.so_far()
    assert frame["call"]["end_reason"] == "connection_lost"
    left = {each["user"]["id"]: each["left_reason"] for each in frame["call"]["participants"]}
    assert left == {"alice": "connection_lost", "bob": "call_ended"}


async def test_both_hear_that_media_never_came_up(open_page: OpenPage, alice: User, bob: User) -> None:
    caller, callee = await open_page(alice), await open_page(bob)
    call = await ring(caller, "bob")
    await callee.ask("accept", call["call_id"])
    await caller.so_far()
    await callee.so_far()
    # As if they had been in it, and in touch, for a while: the answer lies back, the proofs are of now.
    row = await in_thread(Call.objects.get)
    earlier = timedelta(seconds=15)
    assert row.answered_at is not None
    assert row.media_due_at is not None
    moments = {"answered_at": row.answered_at - earlier, "media_due_at": row.media_due_at - earlier}
    await in_thread(Call.objects.update, **moments)
    await in_thread(Participant.objects.update, joined_at=row.answered_at - earlier)

    await in_thread(calls.expire, row.pk, now=timezone.now() + timedelta(seconds=6))

    for page in (caller, callee):
        [frame] = await page.so_far()
        assert (frame["call"]["state"], frame["call"]["end_reason"]) == ("ended", "media_failed")
        assert {each["left_reason"] for each in frame["call"]["participants"]} == {"media_failed"}


async def test_another_device_of_the_same_user_proves_nothing(
    open_quick_page: OpenPage, alice: User, bob: User
) -> None:
    caller, idle = await open_quick_page(alice, "a-1"), await open_quick_page(alice, "a-2")
    await ring(caller, "bob")
    await _let_proofs_age(seconds=19)

    await idle.sync()

    row = await in_thread(Call.objects.get)
    assert await in_thread(calls.expire, row.pk, now=timezone.now() + timedelta(seconds=2)) is not None


async def test_a_deleted_session_closes_the_socket(open_page: OpenPage, alice: User) -> None:
    page = await open_page(alice)
    await in_thread(Session.objects.all().delete)
    await page.say({"type": "sync", "calls": {}})
    assert await page.hear_close() == 4401


async def test_a_changed_password_closes_the_socket(open_quick_page: OpenPage, alice: User) -> None:
    page = await open_quick_page(alice)
    alice.set_password("another-horse-8")
    await in_thread(alice.save)
    await page.say({"type": "sync", "calls": {}})
    assert await page.hear_close() == 4401


@pytest.mark.parametrize("is_published", [True, False])
async def test_a_deactivated_user_is_closed_out(
    open_quick_page: OpenPage, alice: User, settings: Settings, is_published: bool
) -> None:
    """By SQL too, at the next look."""
    if not is_published:
        settings.CALLINVITE = {**settings.CALLINVITE, "look_seconds": 0.1}
    page = await open_quick_page(alice)
    alice.is_active = False
    await in_thread(alice.save if is_published else partial(User.objects.filter(pk=alice.pk).update, is_active=False))
    assert await page.hear_close() == 4401


async def test_whoever_has_nothing_open_is_answered_from_memory(
    open_page: OpenPage, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, other = await open_page(alice), await open_page(bob)
    asked: list[Any] = []
    look = live._synced

    def counted(*args: Any) -> Any:
        asked.append(args)
        return look(*args)

    monkeypatch.setattr(live, "_synced", counted)

    for _ in range(3):
        assert (await page.sync())["calls"] == []
    assert asked == []

    call = await ring(other, "alice")
    assert [each["event"] for each in await page.so_far()] == ["call.sent"]
    assert [each["call_id"] for each in (await page.sync())["calls"]] == [call["call_id"]]
    assert [each["call_id"] for each in (await page.sync())["calls"]] == [call["call_id"]]
    assert len(asked) == 2

    await other.ask("cancel", call["call_id"])
    await page.so_far()
    assert [(await page.sync())["calls"] for _ in range(3)] == [[], [], []]
    assert len(asked) == 3


async def test_what_nobody_published_is_found_at_the_next_look(
    open_quick_page: OpenPage, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    page, other = await open_quick_page(alice), await open_quick_page(bob)
    monkeypatch.setattr(publishing, "publish_call", lambda *args, **kwargs: None)
    call = await ring(other, "alice")
    assert (await page.sync())["calls"] == []
    later = live.monotonic() + limits().look_seconds
    monkeypatch.setattr(live, "monotonic", lambda: later)
    assert [each["call_id"] for each in (await page.sync())["calls"]] == [call["call_id"]]


async def test_a_look_at_a_client_with_nothing_open_is_a_sign_of_life(
    open_quick_page: OpenPage, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await open_quick_page(alice)
    cache.clear()
    later = live.monotonic() + limits().look_seconds
    monkeypatch.setattr(live, "monotonic", lambda: later)
    assert (await page.sync())["calls"] == []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not presence.online([alice.pk]):
            await asyncio.sleep(0.01)


async def test_a_deleted_user_is_closed_out(open_quick_page: OpenPage, alice: User) -> None:
    page = await open_quick_page(alice)
    await in_thread(User.objects.filter(pk=alice.pk).delete)
    await page.say({"type": "sync", "calls": {}})
    assert await page.hear_close() == 4401


async def test_a_revoked_token_closes_the_socket(embedded_layer: None, alice: User) -> None:
    token, _ = await in_thread(issue_token, alice, "Phone", timezone.now())
    page = Page(headers={"authorization": f"Bearer {token}"})
    await page.open()
    await page.hello("phone-1")
    assert (await page.sync())["type"] == "synced"

    await in_thread(_revoke_all, alice)

    await page.say({"type": "sync", "calls": {}})
    assert await page.hear_close() == 4401


async def test_signing_out_proves_no_life_for_the_last_sync(open_quick_page: OpenPage, alice: User, bob: User) -> None:
    page = await open_quick_page(alice)
    await ring(page, "bob")
    await _let_proofs_age(seconds=10)
    before = (await in_thread(Participant.objects.get)).proved_at
    await in_thread(Session.objects.all().delete)
    await page.say({"type": "sync", "calls": {}})
    await page.hear_close()
    assert (await in_thread(Participant.objects.get)).proved_at == before


async def test_a_client_that_never_syncs_is_looked_at_too(
    embedded_layer: None, alice: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "look_seconds": 0.05}
    page = Page.of(await in_thread(session_of, alice))
    await page.open()
    await page.hello("d-1")
    await in_thread(Session.objects.all().delete)
    assert await page.hear_close() == 4401
    await page.close()


@pytest.mark.parametrize("syncs", [True, False])
async def test_a_client_that_syncs_is_looked_at_once_and_not_beside_its_look(
    embedded_layer: None, alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, syncs: bool
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "look_seconds": 0.05}
    moment, guarded, looked = 100.0, 0, 0
    guard, renewed = live.LiveSocket._guard, live.renewed

    def counted_guard(socket: live.LiveSocket) -> None:
        nonlocal guarded
        guarded += 1
        guard(socket)

    def counted_look(identity: Identity) -> Identity | None:
        nonlocal looked
        looked += 1
        return renewed(identity)

    # The guard's timer runs, but by this clock only as much time passes as the test says.
    monkeypatch.setattr(live, "monotonic", lambda: moment)
    monkeypatch.setattr(live.LiveSocket, "_guard", counted_guard)
    monkeypatch.setattr(live, "renewed", counted_look)
    page = Page.of(await in_thread(session_of, alice))
    await page.open()
    await page.hello("d-1")
    if syncs:
        await page.sync()
    moment, before = 100.055, guarded
    async with asyncio.timeout(PATIENCE_SECONDS):
        while guarded < before + 3 or not (syncs or looked):
            await asyncio.sleep(0.01)
    assert looked == (0 if syncs else 1)
    if syncs:
        await page.sync()
        assert looked == 1
    await page.close()


def _revoke_all(user: User) -> None:
    from knox.models import get_token_model

    for digest in get_token_model().objects.filter(user=user).values_list("digest", flat=True):
        revoke_token(user.pk, digest)


async def _let_proofs_age(*, seconds: int, of: User | None = None) -> None:
    """As if the last proof of life of every device, or of one user's, had come that long ago."""
    earlier = timezone.now() - timedelta(seconds=seconds)
    whose = Participant.objects.all() if of is None else Participant.objects.filter(user=of)
    await in_thread(whose.update, proved_at=earlier)

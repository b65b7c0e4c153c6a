"""Who is online: everyone with a socket that said hello, until their last one closes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from invitations.live import presence
from invitations.models import User
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread, session_of

pytestmark = pytest.mark.django_db(transaction=True)


def is_online(user: User) -> bool:
    return presence.online([user.pk]) == {user.pk}


async def test_one_is_online_from_hello_to_the_close_of_the_last_socket(open_page: OpenPage, bob: User) -> None:
    assert not is_online(bob)
    first, second = await open_page(bob, "b-1"), await open_page(bob, "b-2")
    assert is_online(bob)
    await first.close()
    assert is_online(bob)
    await second.close()
    assert not is_online(bob)


async def test_a_second_hello_does_not_count_twice(open_quick_page: OpenPage, bob: User) -> None:
    page = await open_quick_page(bob)
    await page.hello("b-2")
    await page.close()
    assert not is_online(bob)


async def test_a_socket_without_hello_counts_for_nothing(
    embedded_layer: None, open_quick_page: OpenPage, bob: User
) -> None:
    silent = Page.of(await in_thread(session_of, bob))
    await silent.open()
    assert not is_online(bob)
    page = await open_quick_page(bob)
    await silent.close()
    assert is_online(bob)
    await page.close()
    assert not is_online(bob)


async def test_people_see_it(open_quick_page: OpenPage, alice: User, bob: User, api_as: Callable[[User], Any]) -> None:
    client = await in_thread(api_as, alice)

    async def seen() -> bool:
        answer = await in_thread(client.get, "/api/v1/users?search=bob")
        return bool(answer.json()["results"][0]["online"])

    assert not await seen()
    page = await open_quick_page(bob)
    assert await seen()
    await page.close()
    assert not await seen()


async def test_a_sync_renews_it(open_quick_page: OpenPage, bob: User) -> None:
    page = await open_quick_page(bob)
    presence.mark_offline(bob.pk)
    await page.sync()
    await _until_online(bob)


async def test_one_whose_hidden_page_gives_a_sign_of_life_once_a_minute_is_online_all_the_time(
    open_quick_page: OpenPage, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await open_quick_page(bob)
    clock = [time.time()]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    for _ in range(3):
        presence.mark_offline(bob.pk)
        await page.sync()
        await _until_online(bob)
        # Browsers are late by some seconds now and then.
        clock[0] += 65
        assert is_online(bob)


async def test_one_who_is_closed_for_flooding_is_not_online(
    open_quick_page: OpenPage, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "frames_per_second": 1, "frames_burst": 10}
    page = await open_quick_page(bob)
    for _ in range(1100):
        await page.say_text("x")
    assert await page.hear_close() == 4429
    await page.close()
    assert not is_online(bob)


async def test_a_cache_that_is_away_keeps_nobody_from_calling(
    embedded_layer: None, open_quick_page: OpenPage, alice: User, bob: User, settings: Settings
) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    try:
        page = await open_quick_page(alice)
        assert (await page.ask("send", invitees=["bob"], is_video_call=True))["status"] == 201
        assert (await page.sync())["type"] == "synced"
        await page.close()
    finally:
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


async def _until_online(user: User) -> None:
    """Signs of life of those who have nothing open are recorded together, every two seconds."""
    async with asyncio.timeout(10):
        while not is_online(user):
            await asyncio.sleep(0.01)

"""How many sockets one user and one device may have: the oldest gives way, and the others know nothing of it."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from invitations.live import presence
from invitations.models import User
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread, session_of

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_oldest_of_too_many_sockets_of_a_user_gives_way(
    open_quick_page: OpenPage, alice: User, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {"sockets_per_user": 3}
    other = await open_quick_page(alice, "web-1")
    pages = [await open_quick_page(bob, f"web-{number}") for number in range(5)]
    assert [await page.hear_close() for page in pages[:2]] == [4408, 4408]
    for page in (other, *pages[2:]):
        assert (await page.sync())["gone"] == []


async def test_the_oldest_of_too_many_sockets_of_a_device_gives_way(
    open_quick_page: OpenPage, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {"sockets_per_device": 2}
    other = await open_quick_page(bob, "phone")
    pages = [await open_quick_page(bob, "web-1") for _ in range(3)]
    assert await pages[0].hear_close() == 4408
    for page in (other, *pages[1:]):
        assert (await page.sync())["gone"] == []
    assert await in_thread(presence.live_devices, [(bob.pk, "web-1")]) == {(bob.pk, "web-1")}


async def test_a_socket_counts_before_it_says_hello(open_quick_page: OpenPage, bob: User, settings: Settings) -> None:
    settings.CALLINVITE = {"sockets_per_user": 2}
    first = await open_quick_page(bob)
    silent = []
    for _ in range(2):
        page = Page.of(await in_thread(session_of, bob))
        assert await page.open()
        silent.append(page)
    assert await first.hear_close() == 4408
    for page in silent:
        await page.close()


async def test_a_place_is_free_again_when_a_socket_closes(
    open_quick_page: OpenPage, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {"sockets_per_user": 1}
    for _ in range(3):
        page = await open_quick_page(bob)
        assert (await page.sync())["gone"] == []
        await page.close()


async def test_the_sockets_of_a_user_have_one_budget_of_frames(
    open_quick_page: OpenPage, alice: User, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {"frames_per_second": 0.001, "frames_burst": 10}
    pages = [await open_quick_page(bob, f"web-{number}") for number in range(3)]
    codes = []
    for number in range(12):
        page = pages[number % 3]
        await page.say({"type": "sync", "calls": {}})
        frame = await page.hear()
        codes.append(frame.get("code", frame["type"]))
    assert codes[0] == "synced"
    assert codes[-3:] == ["throttled"] * 3
    other = await open_quick_page(alice)
    assert (await other.sync())["gone"] == []

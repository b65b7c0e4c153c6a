"""A user whose public id changes while their page is open: it goes on ringing, and learns what it is called now."""

from __future__ import annotations

from datetime import datetime

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.models import User
from tests.calls.conftest import acting
from tests.sockets.conftest import OpenPage
from tests.sockets.page import in_thread
from tests.sockets.test_signalling import connect, signal

pytestmark = pytest.mark.django_db(transaction=True)
BOBBY = {"id": "bobby", "name": "Bob"}


def _rename_by_sql(user: User) -> None:
    User.objects.filter(pk=user.pk).update(username="bobby")


def _rename(user: User) -> None:
    user.username = "bobby"
    user.save()


async def test_a_page_is_told_its_new_name_at_once(open_page: OpenPage, bob: User) -> None:
    page = await open_page(bob)
    await in_thread(_rename, bob)
    told = await page.hear()
    assert (told["type"], told["user"]) == ("snapshot", BOBBY)


async def test_a_ring_says_whose_it_is_though_nobody_told_of_the_new_name(
    open_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    page = await open_page(bob)
    await in_thread(_rename_by_sql, bob)
    await in_thread(lambda: calls.send(by=acting(alice), invitees=["bobby"], is_video_call=True, now=now))
    rings = await page.hear()
    assert (rings["event"], rings["user"]) == ("call.sent", BOBBY)
    assert rings["call"]["invitations"][0]["invitee"] == BOBBY


async def test_a_new_name_that_nobody_published_is_told_at_the_next_look(
    open_page: OpenPage, bob: User, alice: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "look_seconds": 0.1}
    page = await open_page(bob)
    await in_thread(_rename_by_sql, bob)
    told = await page.hear()
    assert (told["type"], told["user"]) == ("snapshot", BOBBY)
    await page.say({"type": "sync", "calls": {}})
    assert (await page.hear())["type"] == "synced"
    # What the page does from now on, it does under that name.
    assert (await page.ask("send", invitees=["alice"], is_video_call=True))["status"] == 201


async def test_signals_reach_somebody_by_the_name_they_came_in_with(
    open_page: OpenPage, alice: User, bob: User
) -> None:
    caller, callee = await open_page(alice, "a-1"), await open_page(bob, "b-1")
    call_id = await connect(caller, callee)
    await in_thread(_rename_by_sql, bob)
    await signal(caller, call_id, {"user": "bob", "device_id": "b-1"}, "still there?")
    assert (await callee.hear())["data"] == "still there?"
    await signal(caller, call_id, {"user": "bobo", "device_id": "a-1"}, "anyone?")
    assert (await caller.hear())["type"] == "error"

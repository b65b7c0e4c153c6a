"""What somebody settles is told to all their own pages, and to nobody else's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from invitations import calls
from invitations.models import User
from tests.calls.conftest import acting
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Frame, Page, in_thread

pytestmark = pytest.mark.django_db(transaction=True)
ALICE, BOB = {"id": "alice", "name": "Alice"}, {"id": "bob", "name": "Bob"}


def _asked(user: User, method: str, path: str, body: Any = None) -> int:
    client = APIClient()
    client.force_login(user)
    return getattr(client, method)(f"/api/v1/{path}", body, format="json").status_code


async def _does(user: User, method: str, path: str, body: Any = None) -> None:
    assert await in_thread(_asked, user, method, path, body) < 300


async def _says_nothing_more(*pages: Page) -> None:
    for each in pages:
        assert await each.so_far() == []


def _contact(frame: Frame) -> tuple[str, dict[str, str], str | None, int]:
    state = frame["contact"] and frame["contact"]["state"]
    return frame["type"], frame["user"], state, frame["requests"]


async def test_both_people_hear_of_their_own_row_on_all_pages(open_page: OpenPage, alice: User, bob: User) -> None:
    a1, a2, b1 = await open_page(alice, "a-1"), await open_page(alice, "a-2"), await open_page(bob, "b-1")
    await _does(alice, "post", "contacts", {"user": "bob", "message": "Hello"})
    for page in (a1, a2):
        assert _contact(await page.hear()) == ("contact", BOB, "asked", 0)
    told = await b1.hear()
    assert _contact(told) == ("contact", ALICE, "asks_you", 1)
    assert (told["contact"]["message"], told["contact"]["user"]) == ("Hello", ALICE)

    await _does(bob, "post", "contacts/alice/accept")
    assert [_contact(await page.hear()) for page in (a1, a2)] == [("contact", BOB, "contact", 0)] * 2
    assert _contact(await b1.hear()) == ("contact", ALICE, "contact", 0)

    await _does(bob, "patch", "contacts/alice", {"favourite": True})
    assert (await b1.hear())["contact"]["favourite"] is True
    await _does(bob, "delete", "contacts/alice")
    assert _contact(await b1.hear()) == ("contact", ALICE, None, 0)
    await _says_nothing_more(a1, a2, b1)


async def test_a_request_that_is_taken_back_goes_from_both(open_quick_page: OpenPage, alice: User, bob: User) -> None:
    a, b = await open_quick_page(alice, "a-1"), await open_quick_page(bob, "b-1")
    await _does(alice, "post", "contacts", {"user": "bob"})
    await _does(alice, "delete", "contacts/bob")
    assert [_contact(await a.hear())[2] for _ in range(2)] == ["asked", None]
    assert [_contact(await b.hear())[2:] for _ in range(2)] == [("asks_you", 1), (None, 0)]


async def test_nobody_hears_of_what_does_not_change_for_them(open_quick_page: OpenPage, alice: User, bob: User) -> None:
    await _does(alice, "post", "contacts", {"user": "bob"})
    a, b = await open_quick_page(alice, "a-1"), await open_quick_page(bob, "b-1")
    await _does(bob, "delete", "contacts/alice")
    assert _contact(await b.hear()) == ("contact", ALICE, None, 0)
    await _does(bob, "put", "blocks/alice")
    told = await b.hear()
    assert (told["type"], told["user"], told["block"]["user"]) == ("block", ALICE, ALICE)
    # Alice asks again; nothing of it arrives, and her own pages say what they always do.
    await _does(alice, "delete", "contacts/bob")
    await _does(alice, "post", "contacts", {"user": "bob"})
    assert [_contact(await a.hear())[2] for _ in range(2)] == [None, "asked"]
    await _does(bob, "delete", "blocks/alice")
    lifted = await b.hear()
    assert (lifted["type"], lifted["user"], lifted["block"]) == ("block", ALICE, None)
    await _says_nothing_more(a, b)


async def test_blocking_a_contact_says_both_to_the_blocker_alone(
    open_quick_page: OpenPage, alice: User, bob: User
) -> None:
    await _does(alice, "post", "contacts", {"user": "bob"})
    await _does(bob, "post", "contacts/alice/accept")
    a, b = await open_quick_page(alice, "a-1"), await open_quick_page(bob, "b-1")
    await _does(bob, "put", "blocks/alice")
    assert _contact(await b.hear()) == ("contact", ALICE, None, 0)
    assert (await b.hear())["type"] == "block"
    await _says_nothing_more(a, b)


async def test_settings_are_told_to_all_ones_own_pages(open_quick_page: OpenPage, alice: User, bob: User) -> None:
    a1, a2 = await open_quick_page(alice, "a-1"), await open_quick_page(alice, "a-2")
    b = await open_quick_page(bob, "b-1")
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    await _does(alice, "patch", "me", {"do_not_disturb_until": until})
    told = [await page.hear() for page in (a1, a2)]
    assert told[0] == told[1]
    assert (told[0]["type"], told[0]["me"]["id"]) == ("me", "alice")
    assert told[0]["me"]["quiet_until"] == told[0]["me"]["do_not_disturb_until"] is not None
    await _says_nothing_more(a1, a2, b)
    later = await open_quick_page(alice, "a-3")
    assert later.snapshot["do_not_disturb_until"] == told[0]["me"]["do_not_disturb_until"]


async def test_declining_and_blocking_over_the_socket(
    open_quick_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    a, b = await open_quick_page(alice, "a-1"), await open_quick_page(bob, "b-1")
    sent = await in_thread(lambda: calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now))
    call_id = sent.sheet.call.call_id
    assert (await b.hear())["event"] == "call.sent"
    assert (await a.hear())["event"] == "call.sent"
    await b.request("reject", call_id, {"block": True})
    frames = [await b.hear() for _ in range(2)]
    assert {each["type"] for each in frames} == {"result", "block"}
    told = await a.hear()
    assert (told["event"], told["call"]["state"], told["call"]["end_reason"]) == (
        "invitation.rejected",
        "ended",
        "rejected",
    )
    await _says_nothing_more(a, b)

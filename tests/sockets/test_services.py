"""A socket that a service opened for a user, by a ticket: it acts under the service's name, and ends with its token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from invitations.credentials import service_tokens
from invitations.models import Service, ServiceToken, User
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread

NOT_AUTHENTICATED = 4401
CLIENT, PROXY = "198.51.100.4", "10.0.0.5"
pytestmark = pytest.mark.django_db(transaction=True)


def ticket_for(user: User, *scopes: str) -> tuple[str, APIClient]:
    """A ticket that a service got, and the service."""
    client = APIClient()
    made = service_tokens.make("clinic", scopes or ("calls",), now=timezone.now())
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made.token}")
    answer = client.post("/api/v1/live/ticket", {"as_user": user.get_username()}, format="json")
    assert answer.status_code == 201
    return answer.json()["ticket"], client


async def opened(user: User, *scopes: str, **come: Any) -> Page:
    ticket, _ = await in_thread(ticket_for, user, *scopes)
    page = Page(query=f"ticket={ticket}", **come)
    assert await page.open()
    await page.hello("console")
    return page


async def test_it_is_the_users_and_acts_under_the_services_name(channel_layer: str, alice: User, bob: User) -> None:
    page = await opened(alice)
    sent = await page.ask("send", "first", invitees=["bob"], is_video_call=True)
    assert sent["body"]["call"]["you"]["role"] == "caller"
    told = await page.ask("timeline", "first")
    assert told["body"]["entries"][0]["text"] == "Alice called Bob (by clinic)."
    for name in ("as_user", "caller"):
        refused = await page.ask("send", "second", invitees=["bob"], is_video_call=True, **{name: "bob"})
        assert (refused["status"], list(refused["body"]["errors"])) == (400, [name])
    await page.close()


async def test_the_log_has_a_line_for_what_a_service_does_there_and_none_for_what_it_reads(
    alice: User, bob: User, open_quick_page: OpenPage, lines: list[str]
) -> None:
    own = await open_quick_page(bob)
    await own.ask("send", "his", invitees=["alice"], is_video_call=True)
    await own.ask("end", "his")
    page = await opened(alice)
    assert (await page.ask("send", "first", invitees=["bob"], is_video_call=True))["status"] == 201
    assert (await page.ask("timeline", "first"))["status"] == 200
    assert (await page.ask("accept", "first"))["status"] == 403
    assert (await page.ask("end", "first"))["status"] == 200
    await page.close()
    acts = [each for each in lines if "service-acted" in each and "path=" not in each]
    assert acts == [f"INFO service-acted verb={verb} user={alice.pk} service=clinic" for verb in ("send", "end")]


@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [(CLIENT, None), (PROXY, f"192.0.2.99, {CLIENT}"), (CLIENT, "192.0.2.99")],
    ids=["direct", "behind a trusted proxy", "behind one that lies"],
)
async def test_the_log_says_from_which_address_as_it_does_of_rest(
    channel_layer: str,
    alice: User,
    bob: User,
    lines: list[str],
    settings: Settings,
    peer: str,
    forwarded: str | None,
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "trusted_proxies": (PROXY,)}
    come: dict[str, Any] = {"peer": peer, "headers": {"x-forwarded-for": forwarded}}
    his, hers = await opened(bob, **come), await opened(alice, **come)
    await hers.ask("send", "first", invitees=["bob"], is_video_call=True)
    await his.ask("reject", "first", block=True)
    for page in (his, hers):
        await page.close()
    assert f"INFO service-acted verb=send user={alice.pk} service=clinic address={CLIENT}" in lines
    assert f"INFO blocked user={bob.pk} other={alice.pk} address={CLIENT}" in lines


async def test_nobody_is_named_beside_the_verb(alice: User, bob: User, open_quick_page: OpenPage) -> None:
    for page in (await opened(alice), await open_quick_page(alice)):
        for name in ("as_user", "caller"):
            body = {"invitees": ["bob"], "is_video_call": True}
            await page.say({"type": "request", "id": name, "verb": "send", "body": body, name: "alice"})
            beside = await page.hear()
            within = await page.ask("send", **body, **{name: "alice"})
            assert (beside["type"], beside["id"], beside["status"]) == ("result", name, 400)
            assert beside["body"] == within["body"]
            assert list(beside["body"]["errors"]) == [name]
        await page.say({"type": "request", "id": 1, "verb": "open", "as_user": None, "caller": None})
        assert (await page.hear())["body"]["calls"] == []
        await page.close()


def _revoke(user: User) -> None:
    service_tokens.revoke(ServiceToken.objects.all(), now=timezone.now())


def _take_the_scope(user: User) -> None:
    service = Service.objects.get()
    service.scopes = ["users"]
    service.save()
    service_tokens.recheck(service.pk)


def _make_staff(user: User) -> None:
    user.is_staff = True
    user.save()


def _disable(user: User) -> None:
    user.is_active = False
    user.save()


@pytest.mark.parametrize("end", [_revoke, _take_the_scope, _make_staff, _disable])
async def test_it_ends_at_once_when_the_service_may_act_no_more(
    end: Callable[[User], Any], channel_layer: str, alice: User
) -> None:
    page = await opened(alice)
    await in_thread(end, alice)
    assert await page.hear_close() == NOT_AUTHENTICATED


@pytest.mark.parametrize("end", [_revoke, _take_the_scope, _make_staff, _disable])
async def test_a_ticket_is_worth_nothing_then(end: Callable[[User], Any], channel_layer: str, alice: User) -> None:
    ticket, _ = await in_thread(ticket_for, alice)
    await in_thread(end, alice)
    page = Page(query=f"ticket={ticket}")
    await page.open()
    assert await page.hear_close() == NOT_AUTHENTICATED
    await page.close()


async def test_the_token_of_a_service_is_no_way_in_by_itself(channel_layer: str, alice: User) -> None:
    made = await in_thread(service_tokens.make, "clinic", ["calls"], now=timezone.now())
    page = Page(headers={"authorization": f"Bearer {made.token}"})
    await page.open()
    assert await page.hear_close() == NOT_AUTHENTICATED
    await page.close()

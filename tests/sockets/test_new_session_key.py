"""A browser whose session gets another key goes on; whatever else its owner was signed in by may not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth import login
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from invitations import calls
from invitations.models import Call, Device, User
from invitations.pages.middleware import CarriedOverMiddleware
from invitations.push import devices
from tests.calls.conftest import acting
from tests.conftest import PASSWORD
from tests.sockets.conftest import OpenPage
from tests.sockets.page import Page, in_thread

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "a-horse-of-another-colour-7"


def _signed_in() -> Client:
    client = Client()
    client.post("/sign-in/", {"username": "bob", "password": PASSWORD})
    assert _key(client)
    return client


def _key(client: Client) -> str:
    return client.cookies["sessionid"].value


def _change_password(client: Client) -> None:
    asked = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    answer = client.post("/account/password/", asked)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/password/changed/")


def _rung_there(client: Client) -> bool:
    """Whether an address is used that came with the session."""
    credential = devices.credential_of(session_key=_key(client))
    return Device.objects.filter(push_credential=credential, push_digest__isnull=False).exists()


async def _talking(client: Client, alice: User, now: datetime) -> Page:
    """The browser's page, in a call with Alice, and with a push address."""
    page = Page.of(_key(client))
    assert await page.open()
    await page.hello("web-1")
    await in_thread(
        lambda: Device.objects.filter(device_id="web-1").update(
            push_digest="a" * 64, push_credential=devices.credential_of(session_key=_key(client))
        )
    )
    sheet = await in_thread(
        lambda: calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=timezone.now()).sheet
    )
    assert (await page.ask("accept", sheet.call.call_id))["status"] == 200
    return page


async def test_who_changes_the_password_stays_in_the_call_and_all_others_are_signed_out(
    open_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    other = await open_page(bob, "web-2")
    client = await in_thread(_signed_in)
    page, before = await _talking(client, alice, now), _key(client)
    await in_thread(_change_password, client)
    assert _key(client) != before
    assert await other.hear_close() == 4401
    assert (await page.sync())["gone"] == []
    assert (await in_thread(Call.objects.get)).state == "active"
    assert await in_thread(_rung_there, client)
    assert await in_thread(lambda: client.get("/api/v1/me").status_code) == 200
    assert await in_thread(Session.objects.count) == 1
    # The socket belongs to the new key now, and ends with it.
    await in_thread(client.post, "/sign-out/")
    assert await page.hear_close() == 4401
    assert (await in_thread(Call.objects.get)).state == "ended"


def _sign_in_at(client: Client, name: str) -> None:
    """Let somebody sign in at a project's own page, which lets people who are signed in already."""

    def page(request: HttpRequest) -> HttpResponse:
        login(request, User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
        return HttpResponse()

    inner: Any = SessionMiddleware(AuthenticationMiddleware(page))
    request = RequestFactory().post("/")
    request.COOKIES["sessionid"] = _key(client)
    answer = CarriedOverMiddleware(inner)(request)
    client.cookies["sessionid"] = answer.cookies["sessionid"].value


async def test_another_person_at_the_same_browser_inherits_nothing(
    channel_layer: str, alice: User, bob: User, carol: User, now: datetime
) -> None:
    client = await in_thread(_signed_in)
    page = await _talking(client, alice, now)
    await in_thread(_sign_in_at, client, "carol")
    assert await page.hear_close() == 4401
    assert (await in_thread(Call.objects.get)).state == "ended"
    assert not await in_thread(lambda: Device.objects.filter(push_digest__isnull=False).exists())

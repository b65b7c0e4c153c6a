"""What ends with a session, a token or an account: its sockets at once, its device's place in a call, its pushes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken
from pytest_django import Settings

from invitations import calls
from invitations.credentials import taking_back
from invitations.credentials.app_tokens import issue_token, revoke_token
from invitations.dispatcher import Dispatcher
from invitations.models import Call, Delivery, Device, Invitation, Participant, User
from invitations.push import devices
from tests.calls.conftest import acting
from tests.sockets.conftest import OpenPage
from tests.sockets.page import PATIENCE_SECONDS, Page, in_thread
from tests.support.aging import left, pass_time

pytestmark = pytest.mark.django_db(transaction=True)


def _log_out(user: User) -> None:
    client = Client()
    client.cookies["sessionid"] = Session.objects.get().session_key
    assert client.post("/sign-out/").status_code == 302


def _delete_the_row(user: User) -> None:
    Session.objects.all().delete()


def _clear_expired(user: User) -> None:
    Session.objects.update(expire_date=timezone.now())
    call_command("clearsessions")


def _disable(user: User) -> None:
    user.is_active = False
    user.save()


def _change_the_password(user: User) -> None:
    user.set_password("another one")
    user.save()


def _delete_the_account(user: User) -> None:
    client = Client()
    client.cookies["sessionid"] = Session.objects.get().session_key
    assert client.delete("/api/v1/me").status_code == 204
    assert not User.objects.filter(pk=user.pk).exists()


ENDS = [_log_out, _delete_the_row, _clear_expired, _disable, _change_the_password, _delete_the_account]


@pytest.mark.parametrize("end", ENDS)
async def test_a_socket_ends_with_its_session_and_leaves_the_call(
    end: Callable[[User], None], open_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    page = await open_page(bob, "web-1")
    sheet = await in_thread(lambda: calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now).sheet)
    assert (await page.ask("accept", sheet.call.call_id))["status"] == 200
    await in_thread(end, bob)
    assert await page.hear_close() == 4401
    call = await in_thread(Call.objects.get)
    assert (call.state, call.end_reason) == ("ended", "completed")


def _revoked(user: User) -> None:
    revoke_token(user.pk, AuthToken.objects.get().digest)


def _token_deleted(user: User) -> None:
    AuthToken.objects.all().delete()


@pytest.mark.parametrize("end", [_revoked, _token_deleted])
async def test_a_socket_ends_with_its_token(
    end: Callable[[User], None], channel_layer: str, bob: User, now: datetime
) -> None:
    token, _ = await in_thread(issue_token, bob, "Phone", now)
    page = Page(headers={"authorization": f"Bearer {token}"})
    assert await page.open()
    await page.hello("phone")
    await in_thread(end, bob)
    assert await page.hear_close() == 4401


async def test_a_device_that_signed_in_again_keeps_its_call_when_its_former_token_goes(
    channel_layer: str, alice: User, bob: User, now: datetime
) -> None:
    pages, digests = [], []
    for _ in range(2):
        token, _ = await in_thread(issue_token, bob, "Phone", now, "phone")
        digests.append(hash_token(token))
        page = Page(headers={"authorization": f"Bearer {token}"})
        assert await page.open()
        await page.hello("phone")
        pages.append(page)
    sheet = await in_thread(lambda: calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now).sheet)
    assert (await pages[1].ask("accept", sheet.call.call_id))["status"] == 200
    await in_thread(revoke_token, bob.pk, digests[0])
    assert await pages[0].hear_close() == 4401
    assert (await in_thread(Call.objects.get)).state == "active"
    await in_thread(revoke_token, bob.pk, digests[1])
    assert await pages[1].hear_close() == 4401
    assert (await in_thread(Call.objects.get)).state == "ended"


@pytest.mark.parametrize("end", [_revoked, _token_deleted])
def test_a_device_without_a_socket_leaves_the_call_with_its_token(
    end: Callable[[User], None], db: None, alice: User, bob: User, now: datetime
) -> None:
    token, _ = issue_token(bob, "Phone", now)
    call_id = calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=timezone.now()).sheet.call.call_id
    answer = Client(headers={"authorization": f"Bearer {token}"}).post(
        f"/api/v1/calls/{call_id}/accept", content_type="application/json"
    )
    assert answer.status_code == 200
    assert Call.objects.get().state == "active"
    end(bob)
    call = Call.objects.get()
    assert (call.state, call.end_reason) == ("ended", "completed")


def test_a_device_on_another_token_stays_in_the_call(db: None, alice: User, bob: User, now: datetime) -> None:
    token, _ = issue_token(bob, "Phone", now)
    other, _ = issue_token(bob, "Tablet", now)
    call_id = calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=timezone.now()).sheet.call.call_id
    Client(headers={"authorization": f"Bearer {token}"}).post(
        f"/api/v1/calls/{call_id}/accept", content_type="application/json"
    )
    answer = Client(headers={"authorization": f"Bearer {other}"}).delete("/api/v1/auth/token")
    assert answer.status_code == 204
    assert Call.objects.get().state == "active"


async def test_another_sockets_session_is_not_touched(open_page: OpenPage, bob: User) -> None:
    page = await open_page(bob, "web-1")
    other = await open_page(bob, "web-2")
    await in_thread(lambda: Session.objects.order_by("expire_date").first().delete())  # type: ignore[union-attr]
    assert await page.hear_close() == 4401
    assert (await other.sync())["gone"] == []


def _row_deleted(user: User, key: str) -> None:
    Session.objects.filter(session_key=key).delete()


def test_a_push_address_ends_with_the_session_row(db: None, bob: User, now: datetime) -> None:
    client = Client()
    client.force_login(bob)
    key = client.session.session_key
    device = Device.objects.create(
        user=bob, device_id="phone", created_at=now, push_digest="a" * 64,
        push_credential=devices.credential_of(session_key=key),
    )  # fmt: skip
    _row_deleted(bob, key or "")
    device.refresh_from_db()
    assert device.push_digest is None


def test_a_push_address_ends_with_the_token_row(db: None, bob: User, now: datetime) -> None:
    issue_token(bob, "Phone", now)
    digest = AuthToken.objects.get().digest
    Device.objects.filter(user=bob).update(
        push_digest="a" * 64, push_credential=devices.credential_of(token_digest=digest)
    )
    AuthToken.objects.all().delete()
    assert not Device.objects.reachable().exists()


def _disabled_by_any_way(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def test_a_disabled_callers_ring_is_taken_back(db: None, alice: User, bob: User, now: datetime) -> None:
    calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now)
    _disabled_by_any_way(alice)
    assert Dispatcher().step(now) == 1
    call = Call.objects.get()
    assert (call.state, call.end_reason) == ("ended", "cancelled")
    assert Dispatcher().step(now) == 0


def test_a_ring_for_a_disabled_account_ends_and_its_devices_hear_nothing_more(
    db: None, alice: User, bob: User, now: datetime
) -> None:
    Device.objects.create(user=bob, device_id="phone", created_at=now, push_digest="a" * 64)
    calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now)
    _disabled_by_any_way(bob)
    Dispatcher().step(now)
    assert Invitation.objects.get().state == "cancelled"
    assert Call.objects.get().state == "ended"
    assert not Delivery.objects.filter(state="pending").exists()


async def test_the_page_of_somebody_disabled_by_any_way_closes_with_their_ring(
    open_page: OpenPage, alice: User, bob: User, now: datetime
) -> None:
    page = await open_page(bob, "web-1")
    await in_thread(lambda: calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now))
    await in_thread(_disabled_by_any_way, bob)
    await in_thread(Dispatcher().step, now)
    assert await page.hear_close() == 4401


async def test_a_socket_ends_with_its_account(open_page: OpenPage, alice: User, bob: User, now: datetime) -> None:
    page = await open_page(bob, "web-1")
    sheet = await in_thread(lambda: calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now).sheet)
    assert (await page.ask("accept", sheet.call.call_id))["status"] == 200
    await in_thread(bob.delete)
    assert await page.hear_close() == 4401
    await in_thread(Dispatcher().step, now)
    assert (await in_thread(Call.objects.get)).state == "ended"


def test_whoever_is_disabled_in_a_call_is_out_of_it(
    db: None, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = calls.send(by=acting(alice), invitees=["bob", "carol"], is_video_call=True, now=now).sheet.call.call_id
    for each in (bob, carol):
        calls.accept(call_id, by=acting(each), now=now)
    _disabled_by_any_way(alice)
    Dispatcher().step(now)
    inside: Any = Participant.objects.open().values_list("user__username", flat=True)
    assert (set(inside), Call.objects.get().state) == ({"bob", "carol"}, "active")


async def test_an_open_page_alone_keeps_its_session(open_quick_page: OpenPage, bob: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "look_seconds": 0.1}
    await open_quick_page(bob)
    key = (await in_thread(Session.objects.get)).session_key
    await in_thread(pass_time, key, timedelta(days=29))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await in_thread(left, key) < timedelta(days=29):
            await asyncio.sleep(0)


async def test_a_socket_is_closed_when_its_session_ends_by_time(
    open_quick_page: OpenPage, alice: User, bob: User, now: datetime, settings: Settings
) -> None:
    """It leaves the call too: here by shorter terms, because a call puts the end off."""
    settings.CALLINVITE = {**settings.CALLINVITE, "look_seconds": 0.1}
    page = await open_quick_page(bob)
    sheet = await in_thread(lambda: calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=now).sheet)
    assert (await page.ask("accept", sheet.call.call_id))["status"] == 200
    await in_thread(Session.objects.update, expire_date=timezone.now())
    assert await page.hear_close() == 4401
    assert (await in_thread(Call.objects.get)).state == "ended"


async def test_a_removed_devices_sockets_end_whatever_they_were_opened_by(open_quick_page: OpenPage, bob: User) -> None:
    """The device is known to have come with the latter of its sessions alone."""
    pages = [await open_quick_page(bob, "web-1") for _ in range(2)]
    other = await open_quick_page(bob, "web-2")
    await in_thread(taking_back.end_device, bob.pk, "web-1")
    assert [await each.hear_close() for each in pages] == [4401, 4401]
    assert (await other.sync())["gone"] == []

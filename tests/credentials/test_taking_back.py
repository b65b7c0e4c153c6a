"""What was handed out is taken back: by a removed device, a changed password, a disabled account, or all at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken
from pytest_django import Settings

from invitations import calls
from invitations.credentials.app_tokens import issue_token
from invitations.errors import CallError
from invitations.models import Call, Device, PairingCode, User
from invitations.push import devices
from tests.calls.conftest import acting
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1"


class Holder:
    """Somebody who acts by a token or a session.

    Args:
        user: who.
        device_id: on which device.
        by_token: with a token; else in a browser.
    """

    def __init__(self, user: User, device_id: str, *, by_token: bool = True) -> None:
        self.user = user
        self.device_id = device_id
        if by_token:
            token, _ = issue_token(user, device_id, timezone.now(), device_id)
            self.client = Client(headers={"authorization": f"Bearer {token}"})
            credential = devices.credential_of(token_digest=hash_token(token))
        else:
            self.client = Client()
            self.client.force_login(user)
            credential = devices.credential_of(session_key=self.client.session.session_key)
        self.ask("PUT", f"devices/{device_id}", {"label": device_id, "kind": "other"})
        # As if it had registered an address.
        Device.objects.filter(user=user, device_id=device_id).update(
            push_digest=hash_token(f"{user.pk} {device_id}")[:64], push_credential=credential
        )

    def ask(self, method: str, path: str, body: object = None) -> Any:
        return self.client.generic(method, f"{API}/{path}", _json(body), content_type="application/json")

    def is_in(self) -> bool:
        """Whether it may act."""
        status = self.ask("GET", "me").status_code
        assert status in (200, 401)
        return bool(status == 200)

    def is_rung(self) -> bool:
        """Whether its push address is still used."""
        return Device.objects.filter(user=self.user, device_id=self.device_id, push_digest__isnull=False).exists()


def _json(body: object) -> bytes:
    return json.dumps(body or {}).encode()


def _set_password(user: User) -> None:
    user.set_password("another one")
    user.save()


def _by_command(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda **_: "an-0ther-one!")
    call_command("changepassword", user.username)


def _disable(user: User) -> None:
    user.is_active = False
    user.save()


def _disable_beside_another_change(user: User) -> None:
    User.objects.update_or_create(pk=user.pk, defaults={"is_active": False, "email": "new@example.org"})


def _disable_many(user: User) -> None:
    User.objects.exclude(username="alice").update(is_active=False)


def _set_password_of_many(user: User) -> None:
    User.objects.exclude(username="alice").update(password=make_password("another one"))


def _disable_in_bulk(user: User) -> None:
    user.is_active = False
    User.objects.bulk_update([user], ["is_active"])


ENDS = [
    *(_set_password, _set_password_of_many),
    *(_disable, _disable_beside_another_change, _disable_many, _disable_in_bulk),
]


@pytest.mark.parametrize("end", ENDS)
def test_everything_ends_with_the_password_and_the_account(end: Callable[[User], None], alice: User, bob: User) -> None:
    holders = [Holder(bob, "phone"), Holder(bob, "laptop", by_token=False)]
    other = Holder(alice, "hers")
    holders[1].ask("POST", "auth/pairing")
    end(bob)
    assert [each.is_in() for each in holders] == [False, False]
    assert [each.is_rung() for each in holders] == [False, False]
    assert not PairingCode.objects.filter(user=bob).exists()
    assert not AuthToken.objects.filter(user=bob).exists()
    assert (other.is_in(), other.is_rung()) == (True, True)


def test_a_password_is_changed_by_a_command_too(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = Holder(bob, "phone")
    _by_command(bob, monkeypatch)
    assert (phone.is_in(), phone.is_rung()) == (False, False)


def test_a_password_that_is_only_hashed_anew_ends_nothing(bob: User, settings: Settings) -> None:
    phone, before = Holder(bob, "phone"), bob.password
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS]
    body = {"username": "bob", "password": PASSWORD}
    assert Client().post(f"{API}/auth/token", body, content_type="application/json").status_code == 201
    assert User.objects.get(pk=bob.pk).password != before
    assert phone.is_in()


def test_an_account_that_is_merely_saved_keeps_all(bob: User) -> None:
    phone, laptop = Holder(bob, "phone"), Holder(bob, "laptop", by_token=False)
    bob.email = "bob@example.org"
    bob.save()
    assert (phone.is_in(), laptop.is_in(), phone.is_rung()) == (True, True, True)


def test_many_accounts_that_are_enabled_keep_all(bob: User) -> None:
    phone, laptop = Holder(bob, "phone"), Holder(bob, "laptop", by_token=False)
    User.objects.update(is_active=True, email="")
    assert (phone.is_in(), laptop.is_in(), phone.is_rung()) == (True, True, True)


def test_an_enabled_account_gets_nothing_back(bob: User) -> None:
    phone, laptop = Holder(bob, "phone"), Holder(bob, "laptop", by_token=False)
    _disable(bob)
    bob.is_active = True
    bob.save()
    assert (phone.is_in(), laptop.is_in(), phone.is_rung()) == (False, False, False)


@pytest.mark.parametrize("by_token", [True, False])
def test_signing_out_everywhere_leaves_who_asks(bob: User, alice: User, by_token: bool) -> None:
    asker = Holder(bob, "here", by_token=by_token)
    others = [Holder(bob, "phone"), Holder(bob, "laptop", by_token=False)]
    another = Holder(alice, "hers")
    assert asker.ask("POST", "auth/sign-out-everywhere").status_code == 204
    assert (asker.is_in(), asker.is_rung()) == (True, True)
    assert [(each.is_in(), each.is_rung()) for each in others] == [(False, False)] * 2
    assert (another.is_in(), another.is_rung()) == (True, True)


def test_a_ticket_ends_with_what_it_was_made_by(bob: User) -> None:
    from invitations.sockets.authentication import identify

    phone, laptop = Holder(bob, "phone"), Holder(bob, "laptop", by_token=False)
    ticket = phone.ask("POST", "live/ticket").json()["ticket"]
    laptop.ask("DELETE", "devices/phone")
    assert identify({"query_string": f"ticket={ticket}".encode(), "headers": []}) is None


@pytest.mark.parametrize("by_token", [True, False])
def test_a_removed_device_is_signed_out_and_no_other(bob: User, by_token: bool) -> None:
    lost = Holder(bob, "lost", by_token=by_token)
    kept, asker = Holder(bob, "kept"), Holder(bob, "here", by_token=False)
    assert asker.ask("DELETE", "devices/lost").status_code == 204
    assert (lost.is_in(), lost.is_rung()) == (False, False)
    assert (kept.is_in(), kept.is_rung(), asker.is_in(), asker.is_rung()) == (True, True, True, True)


def test_a_removed_device_has_no_former_token_left(bob: User) -> None:
    first = Holder(bob, "phone")
    second = Holder(bob, "phone")
    Holder(bob, "here", by_token=False).ask("DELETE", "devices/phone")
    assert (first.is_in(), second.is_in()) == (False, False)


def test_a_browser_that_forgets_itself_stays_signed_in(bob: User) -> None:
    here = Holder(bob, "here", by_token=False)
    here.ask("DELETE", "devices/here")
    assert (here.is_in(), here.is_rung()) == (True, False)


def test_an_app_that_removes_its_own_device_is_signed_out(bob: User) -> None:
    phone = Holder(bob, "phone")
    assert phone.ask("DELETE", "devices/phone").status_code == 204
    assert not phone.is_in()


@pytest.mark.parametrize("device_id", ["token-", "session-", "token-" + "0" * 22])
def test_a_device_that_nobody_has_takes_nothing_along(bob: User, device_id: str) -> None:
    phone, laptop = Holder(bob, "phone"), Holder(bob, "laptop", by_token=False)
    laptop.ask("DELETE", f"devices/{device_id}")
    assert (phone.is_in(), laptop.is_in()) == (True, True)


def test_removing_a_device_that_is_somebody_elses_does_nothing(alice: User, bob: User) -> None:
    phone = Holder(bob, "phone")
    Holder(alice, "hers").ask("DELETE", "devices/phone")
    assert (phone.is_in(), phone.is_rung()) == (True, True)


def _talk(alice: User, *, on: Holder, now: datetime) -> str:
    call_id = calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, now=timezone.now()).sheet.call.call_id
    assert on.ask("POST", f"calls/{call_id}/accept", {"device_id": on.device_id}).status_code == 200
    return call_id


@pytest.mark.parametrize("by_token", [True, False])
@pytest.mark.parametrize("end", ["device", "everywhere"])
def test_a_call_ends_as_if_the_device_had_left(alice: User, bob: User, now: datetime, by_token: bool, end: str) -> None:
    phone, here = Holder(bob, "phone", by_token=by_token), Holder(bob, "here", by_token=False)
    _talk(alice, on=phone, now=now)
    here.ask(*(("DELETE", "devices/phone") if end == "device" else ("POST", "auth/sign-out-everywhere")))
    call = Call.objects.get()
    assert (call.state, call.end_reason) == ("ended", "completed")
    assert call.participants.get(user=bob).left_reason == "left"


def test_a_call_goes_on_if_the_person_has_moved(alice: User, bob: User, now: datetime) -> None:
    phone, here = Holder(bob, "phone"), Holder(bob, "here", by_token=False)
    call_id = _talk(alice, on=phone, now=now)
    assert here.ask("POST", f"calls/{call_id}/join", {"device_id": "here"}).status_code == 200
    here.ask("DELETE", "devices/phone")
    assert Call.objects.get().state == "active"


def test_no_token_is_made_with_a_password_that_was_changed_meanwhile(bob: User, now: datetime) -> None:
    as_it_was = User.objects.get(pk=bob.pk)
    _set_password(bob)
    with pytest.raises(CallError):
        issue_token(as_it_was, "Phone", now)
    assert not AuthToken.objects.exists()


def test_sessions_of_others_are_looked_at_and_left(alice: User, bob: User) -> None:
    Holder(alice, "hers", by_token=False)
    Session.objects.create(session_key="x" * 32, session_data="no session", expire_date=timezone.now())
    _set_password(bob)
    assert Session.objects.count() == 2

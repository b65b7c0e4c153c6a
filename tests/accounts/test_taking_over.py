"""Ways to take over somebody's account, or to keep them out of it, that do not work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from invitations.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
ADDRESS = "victim@example.org"
NEW = "other-horse-battery-9"


@pytest.fixture(autouse=True)
def few(settings: Settings) -> Iterator[None]:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 3, "signup": "open"}
    cache.clear()
    yield
    cache.clear()


def make(name: str, email: str = "", *, confirmed: bool = False) -> User:
    user = get_user_model().objects.create_user(name, email, PASSWORD)
    if email:
        EmailAddress.objects.create(user=user, email=email, verified=confirmed, primary=True)
    return user


def sign_in(name: str, password: str = PASSWORD, client: Client | None = None, address: str = "192.0.2.1") -> Client:
    client = client or Client()
    client.answer = client.post("/sign-in/", {"username": name, "password": password}, REMOTE_ADDR=address)  # type: ignore[attr-defined]
    return client


def test_a_phone_that_is_connected_proves_nothing_new() -> None:
    make("erin")
    old = sign_in("erin")
    session = old.session
    for key in ("callinvite_signed_in_at", "account_authentication_methods"):
        session.pop(key, None)
    session.save()
    code = old.post("/api/v1/auth/pairing").json()["pairing_code"]
    body = {"pairing_code": code, "device_name": "Phone"}
    token = Client().post("/api/v1/auth/token", body, "application/json").json()["token"]

    answer = Client().delete("/api/v1/me", headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()["reauthenticate"]) == (403, True)

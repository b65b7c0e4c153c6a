"""Whoever changes what guards an account proves anew who they are (OWASP ASVS 5.0, V7.2.4 and V7.5.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as present
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from invitations.models import User
from tests.accounts.conftest import Browser
from tests.accounts.guarded import age, guarded
from tests.accounts.totp import code_of
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
MakeUser = Callable[..., User]
EMAIL = reverse("account_email")
AGAIN = reverse("account_reauthenticate")


def key_of(client: Client) -> str:
    return client.cookies[present.SESSION_COOKIE_NAME].value


@pytest.fixture
def alice(make_user: MakeUser, settings: Settings) -> Client:
    """A browser in which Alice has been signed in for longer than a proof is good for."""
    make_user("alice")
    client = Client()
    client.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    age(client)
    return client


def test_an_address_is_changed_only_after_a_new_proof(alice: Client) -> None:
    form = {"email": "new@example.org", "action_add": ""}
    assert alice.post(EMAIL, form)["Location"].startswith(AGAIN)
    assert not EmailAddress.objects.exists()
    alice.post(AGAIN, {"password": PASSWORD})
    alice.post(EMAIL, form)
    assert EmailAddress.objects.get().email == "new@example.org"


def test_who_has_just_signed_in_is_not_asked_again(make_user: MakeUser) -> None:
    make_user("alice")
    client = Client()
    client.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    client.post(EMAIL, {"email": "new@example.org", "action_add": ""})
    assert EmailAddress.objects.get().email == "new@example.org"


def test_who_has_just_signed_up_is_not_asked_again(settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "signup": "open"}
    client = Client()
    client.post("/sign-up/", {"username": "erin", "password1": PASSWORD, "password2": PASSWORD})
    client.post(EMAIL, {"email": "new@example.org", "action_add": ""})
    assert EmailAddress.objects.get().email == "new@example.org"


@pytest.mark.usefixtures("fresh_counters")
def test_who_has_just_taken_the_second_step_is_not_asked_again(make_user: MakeUser) -> None:
    make_user("alice")
    secret = guarded().secret
    client = Client()
    client.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    client.post("/sign-in/code/", {"code": code_of(secret)})
    assert client.get("/account/security/app/remove/").status_code == 200
    age(client)
    assert client.get("/account/security/app/remove/")["Location"].startswith("/sign-in/again/code/")


def test_who_has_just_come_from_a_provider_is_asked_for_more(browser: Browser) -> None:
    browser.sign_in("e-1")
    assert browser.client.post(EMAIL, {"email": "new@example.org", "action_add": ""})["Location"].startswith(AGAIN)


def test_the_password_given_again_makes_a_new_key_and_ends_the_former(alice: Client) -> None:
    former = key_of(alice)
    assert alice.post(AGAIN, {"password": "wrong-horse-7"}).status_code == 200
    assert key_of(alice) == former
    alice.post(AGAIN, {"password": PASSWORD})
    assert key_of(alice) != former
    assert alice.get("/").status_code == 200
    assert not Session.objects.filter(session_key=former).exists()


def test_a_proof_at_the_provider_does_so_too(browser: Browser) -> None:
    browser.sign_in("e-1")
    former = key_of(browser.client)
    browser.sign_in("e-1", process="redirect")
    assert key_of(browser.client) != former
    assert not Session.objects.filter(session_key=former).exists()

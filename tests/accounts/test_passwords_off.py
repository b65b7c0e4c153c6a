"""Where `CALLINVITE_PASSWORDS` is off, nobody gets in by a password, at no door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from invitations import checks
from invitations.accounts import configuring
from invitations.models import User
from tests.accounts.conftest import Browser
from tests.conftest import PASSWORD

OFF = "sign in with a password here."


@pytest.fixture(autouse=True)
def _off(settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "passwords": "off", "signup": "open"}


def test_the_sign_in_page_has_the_provider_alone(browser: Browser) -> None:
    page = browser.client.get("/sign-in/").text
    assert "Sign in with Example Ltd" in page
    assert 'type="password"' not in page
    assert "Forgot your password?" not in page
    assert "/sign-up/" not in page


@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/"])
def test_a_right_password_opens_nothing(browser: Browser, make_user: Callable[..., User], path: str) -> None:
    make_user("alice")
    User.objects.update(is_staff=True, is_superuser=True)
    answer = browser.client.post(path, {"username": "alice", "password": PASSWORD})
    assert answer.status_code in (302, 403)
    if answer.status_code == 403:
        assert OFF in answer.text
    assert browser.username is None


def test_nor_does_it_give_an_app_a_token(browser: Browser, make_user: Callable[..., User]) -> None:
    make_user("alice")
    for password in (PASSWORD, "wrong-horse-7"):
        form = {"username": "alice", "password": password}
        answer = browser.client.post("/api/v1/auth/token", form, "application/json")
        assert answer.status_code == 403
        assert answer.json()["code"] == "not_allowed"
        assert answer.json()["detail"] == "People don't sign in with a password here."


def test_an_app_is_connected_by_pairing(browser: Browser) -> None:
    browser.sign_in("e-1")
    code = browser.client.post("/api/v1/auth/pairing", content_type="application/json").json()["pairing_code"]
    answer = Client().post("/api/v1/auth/token", {"pairing_code": code, "device_name": "Phone"}, "application/json")
    assert answer.status_code == 201
    assert answer.json()["user"]["id"] == "erin"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "path",
    ["/sign-up/", "/password/", "/password/new/1-set-password/", "/account/password/", "/account/password/first/"],
)
def test_there_are_no_pages_for_passwords(browser: Browser, path: str, method: str) -> None:
    browser.sign_in("e-1")
    answer = getattr(browser.client, method)(path)
    assert answer.status_code == 403
    assert OFF in answer.text


def test_a_password_proves_nothing_any_more(browser: Browser, make_user: Callable[..., User]) -> None:
    alice = make_user("alice")
    browser.client.force_login(alice)
    assert browser.client.post("/sign-in/again/", {"password": PASSWORD, "next": "/"}).status_code == 403


@pytest.mark.parametrize("providers", [{}, configuring.providers()])
def test_off_without_a_provider_is_refused_at_the_start(settings: Settings, providers: dict[str, Any]) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = providers
    assert "callinvite.E015" in {each.id for each in checks.check_sign_in(None)}


def test_off_with_one_is_fine(settings: Settings) -> None:
    known = configuring.provider("Example Ltd", "https://id.example.org", "callinvite")
    settings.SOCIALACCOUNT_PROVIDERS = configuring.providers(known)
    assert checks.check_sign_in(None) == []


@pytest.mark.parametrize(
    ("issuer", "client_id"),
    [
        ("http://id.example.org", "callinvite"),
        ("", "callinvite"),
        ("id.example.org", "x"),
        ("https://id.example.org", ""),
    ],
)
def test_a_provider_that_cannot_be_asked_safely_is_refused_at_the_start(
    settings: Settings, issuer: str, client_id: str
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = configuring.providers(configuring.provider("Example", issuer, client_id))
    assert "callinvite.E013" in {each.id for each in checks.check_sign_in(None)}


def test_a_provider_without_our_checks_is_refused_at_the_start(settings: Settings) -> None:
    known = configuring.provider("Example Ltd", "https://id.example.org", "callinvite")
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [known]}}
    assert "callinvite.E016" in {each.id for each in checks.check_sign_in(None)}


def test_any_other_word_is_refused_at_the_start(settings: Settings) -> None:
    settings.CALLINVITE = {"passwords": "of"}
    assert "callinvite.E010" in {each.id for each in checks.check_tunables(None)}

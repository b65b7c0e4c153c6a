"""The second step of an app's sign-in: `code` beside name and password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from tests.accounts.guarded import guarded
from tests.accounts.totp import code_of
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from invitations.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]


def sign_in(**more: str | None) -> Any:
    body = {"username": "alice", "password": PASSWORD, "device_name": "Alice's phone"} | more
    return Client().post("/api/v1/auth/token", body, "application/json")


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_code_is_asked_for_and_taken(alice: User) -> None:
    secret = guarded().secret

    asked = sign_in()
    taken = sign_in(code=code_of(secret))

    assert refusal(asked) == (401, "second_factor_required")
    assert taken.status_code == 201
    headers = {"Authorization": f"Bearer {taken.json()['token']}"}
    assert Client().get("/api/v1/me", headers=headers).json()["id"] == "alice"


def test_who_has_the_wrong_password_is_not_told_of_a_second_step(alice: User) -> None:
    secret = guarded().secret

    assert refusal(sign_in(password="wrong")) == (401, "not_authenticated")
    assert refusal(sign_in(password="wrong", code=code_of(secret))) == (401, "not_authenticated")


def test_who_has_no_second_step_is_not_asked(alice: User) -> None:
    assert sign_in().status_code == 201
    assert sign_in(code=None).status_code == 201


def test_a_code_is_good_once(alice: User) -> None:
    secret = guarded().secret
    code = code_of(secret)

    assert sign_in(code=code).status_code == 201
    assert refusal(sign_in(code=code)) == (401, "not_authenticated")


def test_a_code_that_a_page_took_is_worth_nothing_to_an_app(alice: User) -> None:
    secret = guarded().secret
    browser = Client()
    browser.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    code = code_of(secret)
    assert browser.post("/sign-in/code/", {"code": code}).status_code == 302

    assert refusal(sign_in(code=code)) == (401, "not_authenticated")


def test_a_recovery_code_does_it_too_and_once(alice: User) -> None:
    codes = guarded().recovery_codes

    assert sign_in(code=codes[0]).status_code == 201
    assert refusal(sign_in(code=codes[0])) == (401, "not_authenticated")
    assert Authenticator.objects.get(type="recovery_codes").last_used_at is not None


def test_wrong_codes_are_counted(alice: User, settings: Settings) -> None:
    secret = guarded().secret
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 3}
    cache.clear()

    answers = [refusal(sign_in(code="000000")) for _ in range(4)]

    assert answers[0] == (401, "not_authenticated")
    assert answers[-1] == (429, "throttled")
    assert refusal(sign_in(code=code_of(secret))) == (429, "throttled")


def test_guesses_in_browsers_count_for_apps_too(alice: User, settings: Settings) -> None:
    secret = guarded().secret
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 3}
    cache.clear()
    browser = Client()
    browser.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    for number in range(3):
        browser.post("/sign-in/code/", {"code": "000000"}, REMOTE_ADDR=f"192.0.2.{number}")

    assert refusal(sign_in(code=code_of(secret))) == (429, "throttled")


def test_a_passkey_alone_leads_to_pairing_in_clear_words(alice: User) -> None:
    Authenticator.objects.create(user=alice, type="webauthn", data={"name": "Key", "credential": {}})

    answer = sign_in()

    assert refusal(answer) == (401, "second_factor_required")
    assert "Connect the app with a pairing code" in answer.json()["detail"]


@pytest.mark.parametrize("code", ["", "1" * 33, 123456, ["1"]])
def test_a_code_that_cannot_be_one_is_invalid(alice: User, code: Any) -> None:
    assert refusal(sign_in(code=code)) == (400, "invalid")


def test_an_app_that_is_let_in_leaves_no_session(alice: User) -> None:
    from django.contrib.sessions.models import Session

    secret = guarded().secret
    before = Session.objects.count()

    assert sign_in(code=code_of(secret)).status_code == 201

    assert Session.objects.count() == before

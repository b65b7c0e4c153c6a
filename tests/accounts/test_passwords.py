"""Which passwords people may choose, and that each is taken as it was entered (OWASP ASVS 5.0, V6.2)."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import get_password_validators
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.accounts.guarded import guarded
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LONG = "quite a long sentence that nobody has said before, " * 4
OTHER = "other-horse-battery-9"
TOO_COMMON = "This password is too common."


@pytest.fixture(autouse=True)
def _open(settings: Settings) -> None:
    settings.CALLINVITE = {"signup": "open", "logins_per_minute": 0}


def sign_up(password: str, name: str = "erin") -> str:
    """What the page says; nothing if it made the account."""
    form = {"username": name, "password1": password, "password2": password}
    answer = Client().post(reverse("account_signup"), form)
    return "" if answer.status_code == 302 else answer.text


def gets_in(password: str) -> bool:
    return Client().post("/sign-in/", {"username": "erin", "password": password}).status_code == 302


def app_gets_in(password: str) -> bool:
    form = {"username": "erin", "password": password}
    return Client().post("/api/v1/auth/token", form, "application/json").status_code == 201


@pytest.mark.parametrize(
    "password",
    ["vqzhwkfp", "VQZHWKFP", "7194520638", "!?!?;:;:!!", " vq zh wk ", "пароль-лошадь", "🐎🐎🐎🐎🐎🐎🐎🐎", LONG],
    ids=["small", "capitals", "digits", "signs", "spaces", "cyrillic", "pictures", "long"],
)
def test_a_password_may_be_of_any_characters_and_long(password: str) -> None:
    assert sign_up(password) == ""
    assert gets_in(password)
    assert app_gets_in(password)


def test_a_password_is_looked_at_as_it_was_entered() -> None:
    assert sign_up(f"{LONG}X") == ""
    for other in (LONG, f"{LONG}x", f"{LONG}X ", f" {LONG}X", f"{LONG}Y"):
        assert not gets_in(other)
        assert not app_gets_in(other)


def test_a_password_has_eight_characters_at_least() -> None:
    assert "It must contain at least 8 characters." in sign_up("vqzhwkf")
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize(
    "password", ["iloveyou1", "football1", "20260228", "31121999", "12311999", "14.07.1989", "1989-07-14"]
)
def test_common_passwords_and_dates_are_refused(password: str) -> None:
    assert TOO_COMMON in sign_up(password)
    assert not get_user_model().objects.exists()


def test_what_is_no_date_is_not_refused_for_its_digits() -> None:
    for number, password in enumerate(["71945206", "47821989", "198907145"]):
        assert TOO_COMMON not in sign_up(password, f"erin{number}")


def test_the_list_of_common_ones_has_three_thousand_that_are_long_enough(settings: Settings) -> None:
    (common,) = (
        each.passwords
        for each in get_password_validators(settings.AUTH_PASSWORD_VALIDATORS)
        if hasattr(each, "passwords")
    )
    assert sum(len(each) >= 8 for each in common) >= 3000


def test_passwords_are_masked_and_left_to_password_managers() -> None:
    get_user_model().objects.create_user("erin", password=LONG)
    browser = Client()
    pages = [browser.get(reverse("account_signup")), browser.get("/sign-in/")]
    browser.post("/sign-in/", {"username": "erin", "password": LONG})
    pages += [browser.get(reverse(each)) for each in ("account_change_password", "account_reauthenticate")]
    fields = [re.findall(r"<input\b[^>]*password[^>]*>", each.text) for each in pages]
    assert [len(each) for each in fields] == [2, 1, 3, 1]
    for each in chain(*fields):
        assert 'type="password"' in each
        assert re.search(r'autocomplete="(current|new)-password"', each)
        assert "maxlength" not in each
        assert "onpaste" not in each


def test_a_password_is_changed_by_who_knows_it() -> None:
    get_user_model().objects.create_user("erin", password=LONG)
    browser = Client()
    browser.post("/sign-in/", {"username": "erin", "password": LONG})
    change = reverse("account_change_password")
    form = {"oldpassword": "wrong-horse-7", "password1": OTHER, "password2": OTHER}
    assert browser.post(change, form).status_code == 200
    assert not gets_in(OTHER)
    assert browser.post(change, form | {"oldpassword": LONG}).status_code == 302
    assert gets_in(OTHER)
    assert not gets_in(LONG)


def test_a_link_to_a_new_password_does_not_stand_in_for_a_second_step() -> None:
    erin: Any = get_user_model().objects.create_user("erin", password=PASSWORD)
    guarded("erin")
    erin.refresh_from_db()
    key = default_token_generator.make_token(erin)
    browser = Client()
    link = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(erin), "key": key})
    browser.post(browser.get(link)["Location"], {"password1": OTHER, "password2": OTHER})
    assert browser.get("/").status_code == 302
    assert browser.post("/sign-in/", {"username": "erin", "password": OTHER})["Location"].startswith("/sign-in/code/")
    assert browser.get("/").status_code == 302

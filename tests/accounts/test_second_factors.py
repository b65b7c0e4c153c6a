"""An authenticator app and recovery codes as the second step, on the pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from invitations.models import Mail
from tests.accounts.guarded import age, guarded, signed_in
from tests.accounts.totp import code_of
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from invitations.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]
SECOND_STEP = "/sign-in/code/"


def password_given(name: str = "alice", **headers: str) -> Client:
    """A browser that has to take the second step."""
    browser = Client()
    answer = browser.post("/sign-in/", {"username": name, "password": PASSWORD, "next": "/?from=here"})
    assert answer["Location"].split("?")[0] == SECOND_STEP
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def test_an_app_is_asked_for_after_the_password(alice: User) -> None:
    secret = guarded().secret
    browser = password_given()

    assert not is_signed_in(browser)
    assert "Enter the code that your authenticator app shows." in browser.get(SECOND_STEP).text
    answer = browser.post(SECOND_STEP, {"code": code_of(secret)})

    assert answer["Location"] == "/?from=here"
    assert is_signed_in(browser)


def test_a_wrong_code_says_so_and_lets_nobody_in(alice: User) -> None:
    secret = guarded().secret
    browser = password_given()

    answer = browser.post(SECOND_STEP, {"code": code_of(secret, periods=9)})

    assert "This code is wrong or no longer valid." in answer.text
    assert not is_signed_in(browser)


def test_a_code_is_good_once_for_all_browsers(alice: User) -> None:
    secret = guarded().secret
    code = code_of(secret)
    first, second = password_given(), password_given()

    first.post(SECOND_STEP, {"code": code})
    second.post(SECOND_STEP, {"code": code})

    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_without_the_cache_no_code_is_taken(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = guarded().secret
    browser = password_given()

    def away(*_: object, **__: object) -> Any:
        raise ConnectionError("the cache is away")

    monkeypatch.setattr(type(cache._connections["default"]), "add", away)  # type: ignore[attr-defined]
    answer = browser.post(SECOND_STEP, {"code": code_of(secret)})

    assert answer.status_code == 503
    assert not is_signed_in(browser)


def test_guessing_codes_is_stopped(alice: User, settings: Settings) -> None:
    secret = guarded().secret
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 3}
    cache.clear()
    browser = password_given()

    wrong = [browser.post(SECOND_STEP, {"code": "000000"}).status_code for _ in range(4)]
    right = browser.post(SECOND_STEP, {"code": code_of(secret)})

    assert wrong[-1] == right.status_code == 429
    assert int(right.headers["Retry-After"]) > 0
    assert "Too many attempts." in right.text
    assert not is_signed_in(browser)


def test_a_recovery_code_works_once(alice: User) -> None:
    codes = guarded().recovery_codes
    assert len(set(codes)) == 10
    first, second = password_given(), password_given()

    first.post(SECOND_STEP, {"code": codes[3]})
    second.post(SECOND_STEP, {"code": codes[3]})

    assert is_signed_in(first)
    assert not is_signed_in(second)
    second.post(SECOND_STEP, {"code": codes[4].replace(" ", "")})
    assert is_signed_in(second)
    assert "8 recovery codes are left." in second.get("/account/security/").text


def test_recovery_codes_are_shown_once(alice: User) -> None:
    browser, _, codes = guarded()

    again = browser.get("/account/security/recovery-codes/").text

    assert "nobody can see them again" in again
    assert not any(each in again for each in codes)
    assert "****" not in again


def test_new_recovery_codes_end_the_old_ones(alice: User) -> None:
    browser, _, old = guarded()

    page = browser.post("/account/security/recovery-codes/new/", follow=True)
    new = re.findall(r"\b(\d{4} \d{4})\b", page.text)

    assert len(new) == 10
    assert not set(new) & set(old)
    stranger = password_given()
    stranger.post(SECOND_STEP, {"code": old[0]})
    assert not is_signed_in(stranger)


def test_removing_the_app_takes_the_codes_along(alice: User) -> None:
    browser, _, _ = guarded()

    assert "Remove authenticator app?" in browser.get("/account/security/app/remove/").text
    browser.post("/account/security/app/remove/")

    assert not Authenticator.objects.exists()
    answer = Client().post("/sign-in/", {"username": "alice", "password": PASSWORD})
    assert answer["Location"] == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/account/security/app/",
        "/account/security/app/remove/",
        "/account/security/passkeys/add/",
        "/account/security/recovery-codes/",
        "/account/security/recovery-codes/new/",
    ],
)
def test_what_guards_the_account_is_changed_only_after_a_proof(alice: User, path: str) -> None:
    guarded()
    browser = password_given()
    browser.post(SECOND_STEP, {"code": guarded_code()})
    age(browser)

    assert browser.get(path)["Location"].split("?")[0] == "/sign-in/again/code/"


def guarded_code() -> str:
    from allauth.mfa.adapter import get_adapter

    return code_of(get_adapter().decrypt(Authenticator.objects.get(type="totp").data["secret"]))


def test_the_password_alone_is_no_proof_for_who_has_a_second_step(alice: User) -> None:
    secret = guarded().secret
    browser = password_given()
    browser.post(SECOND_STEP, {"code": code_of(secret)})
    age(browser)

    assert browser.get("/sign-in/again/?next=/account/security/")["Location"].startswith("/sign-in/again/code/")
    browser.post("/sign-in/again/code/", {"code": code_of(secret, periods=1), "next": "/account/security/"})
    assert "Remove authenticator app?" in browser.get("/account/security/app/remove/").text


def test_secrets_are_not_stored_as_they_are(alice: User) -> None:
    _, secret, codes = guarded()

    stored = " ".join(str(each) for each in Authenticator.objects.values_list("data", flat=True))

    assert secret.replace(" ", "") not in stored
    assert not any(each.replace(" ", "") in stored for each in codes)


def test_secrets_outlive_a_new_key_of_the_server(alice: User, settings: Settings) -> None:
    secret = guarded().secret
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-of-the-server-0123456789"
    browser = password_given()

    browser.post(SECOND_STEP, {"code": code_of(secret)})

    assert is_signed_in(browser)


def test_where_the_key_is_lost_the_page_says_so(alice: User, settings: Settings) -> None:
    secret = guarded().secret
    settings.SECRET_KEY = "another-key-of-the-server-0123456789"
    browser = password_given()

    answer = browser.post(SECOND_STEP, {"code": code_of(secret)})

    assert answer.status_code == 503
    assert "the keys of this server were changed" in answer.text
    assert not is_signed_in(browser)


def test_stored_secrets_are_renewed_by_a_command_before_a_former_key_goes(alice: User, settings: Settings) -> None:
    from django.core.management import call_command

    secret = guarded().secret
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-of-the-server-0123456789"
    call_command("renew_second_factors")
    settings.SECRET_KEY_FALLBACKS = []
    browser = password_given()

    browser.post(SECOND_STEP, {"code": code_of(secret)})

    assert is_signed_in(browser)


def test_setting_up_takes_a_code_of_that_very_secret(alice: User) -> None:
    browser = signed_in()
    browser.get("/account/security/app/")

    answer = browser.post("/account/security/app/", {"code": code_of("A" * 32)})

    assert "This code is wrong or no longer valid." in answer.text
    assert not Authenticator.objects.exists()


def test_the_picture_holds_the_address_that_apps_read(alice: User) -> None:
    page = signed_in().get("/account/security/app/").text

    assert re.search(r'href="otpauth://totp/alice\?secret=[A-Z2-7]{32}&amp;issuer=testserver"', page)
    assert "<svg" in page


@pytest.mark.django_db(transaction=True)
def test_each_change_is_told_by_mail(alice: User, settings: Settings) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=alice, email="alice@example.org", primary=True, verified=True)
    browser, _, _ = guarded()
    browser.post("/account/security/recovery-codes/new/")
    browser.post("/account/security/app/remove/")

    assert [each.subject for each in Mail.objects.order_by("pk")] == [
        "An authenticator app was added to your account",
        "You have new recovery codes",
        "Your authenticator app was removed",
    ]
    told = r"on \d{1,2} [A-Z][a-z]+ \d{4} at \d\d:\d\d UTC from the IP address 127\.0\.0\.1\."
    assert all(re.search(told, each.text) for each in Mail.objects.all())


def test_somebody_else_can_sign_in_instead(alice: User) -> None:
    guarded()
    browser = password_given()
    assert browser.get("/sign-in/")["Location"].split("?")[0] == SECOND_STEP

    assert browser.post("/sign-out/")["Location"] == "/sign-in/"

    assert browser.get("/sign-in/").status_code == 200


def test_a_stranger_sees_no_page_about_second_steps(db: None) -> None:
    for path in ("", "app/", "passkeys/add/", "recovery-codes/"):
        assert Client().get(f"/account/security/{path}")["Location"].startswith("/sign-in/")
    assert Client().get(SECOND_STEP)["Location"] == "/sign-in/"

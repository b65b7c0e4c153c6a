"""Ways to take over somebody's account, or to keep them out of it, that do not work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client, override_settings
from pytest_django import Settings

from invitations.credentials import taking_back
from invitations.models import Mail, User
from tests.accounts.guarded import guarded
from tests.accounts.totp import code_of
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


def test_a_name_like_anothers_address_brings_no_tries_at_their_password() -> None:
    make("victim", ADDRESS, confirmed=True)
    make(ADDRESS)
    mallory = sign_in(ADDRESS)
    mallory.cookies.pop("sessionid", None)
    cache.clear()
    for number in range(3):
        sign_in(ADDRESS, "guess", mallory, f"198.51.100.{number}")

    assert sign_in(ADDRESS, "guess", mallory, "198.51.100.9").answer.status_code == 429  # type: ignore[attr-defined]
    assert sign_in(ADDRESS, "guess", address="198.51.100.9").answer.status_code == 429  # type: ignore[attr-defined]


def test_a_claimed_address_brings_none_either() -> None:
    make("mallory", ADDRESS)
    own = sign_in("mallory")
    own.cookies.pop("sessionid", None)
    make("victim", ADDRESS, confirmed=True)
    for number in range(3):
        sign_in(ADDRESS, "guess", address=f"198.51.100.{number}")

    assert sign_in(ADDRESS, "guess", own).answer.status_code == 429  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", ["password", "everywhere"])
def test_a_sign_in_that_was_half_done_is_over_when_its_password_is(alice: User, how: str, lines: list[str]) -> None:
    _, secret, _ = guarded()
    thief = sign_in("alice")
    assert thief.answer["Location"].startswith("/sign-in/code/")  # type: ignore[attr-defined]

    if how == "password":
        alice.set_password(NEW)
        alice.save()
        # Also where the cache has lost that.
        cache.clear()
    else:
        taking_back.end_everything(alice.pk)

    lines.clear()
    assert thief.post("/sign-in/code/", {"code": code_of(secret)})["Location"] == "/sign-in/"
    assert thief.get("/").status_code == 302
    assert f"WARNING refused why=sign_in_over user={alice.pk} address=127.0.0.1 path=/sign-in/code/" in lines


@pytest.mark.django_db(transaction=True)
def test_everything_is_ended_while_the_cache_is_away(alice: User) -> None:
    own = sign_in("alice")
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    with override_settings(CACHES={"default": away}):
        taking_back.end_everything(alice.pk)

    assert own.get("/").status_code == 302


def test_a_second_step_goes_on_where_nothing_was_taken_back(alice: User) -> None:
    _, secret, _ = guarded()
    own = sign_in("alice")

    assert own.post("/sign-in/code/", {"code": code_of(secret)}).status_code == 302
    assert own.get("/").status_code == 200


def test_a_link_to_a_new_password_goes_to_no_address_that_is_only_claimed() -> None:
    make("erin", ADDRESS)
    Client().post("/password/", {"email": ADDRESS})
    assert not Mail.objects.exists()

    EmailAddress.objects.update(verified=True)
    Client().post("/password/", {"email": ADDRESS})
    assert Mail.objects.get().to == ADDRESS


def test_what_an_admin_entered_stays_an_address_for_links() -> None:
    get_user_model().objects.create_user("erin", ADDRESS, PASSWORD)
    for _ in range(2):
        Client().post("/password/", {"email": ADDRESS})

    assert Mail.objects.count() == 2


def test_signing_up_tells_nobody_whose_an_address_is_and_a_claim_keeps_nobody_out() -> None:
    make("mallory", ADDRESS)
    form = {"username": "victim", "email": ADDRESS, "password1": NEW, "password2": NEW}

    assert Client().post("/sign-up/", form).status_code == 302
    assert get_user_model().objects.filter(username="victim").exists()


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


def test_strangers_on_the_same_network_keep_nobody_from_their_second_step(alice: User) -> None:
    _, secret, _ = guarded()
    own = sign_in("alice")
    for number in range(5):
        sign_in(f"nobody{number}", "wrong")

    assert own.post("/sign-in/code/", {"code": code_of(secret)}, REMOTE_ADDR="192.0.2.1").status_code == 302
    assert own.get("/").status_code == 200


def test_guesses_from_the_same_network_keep_nobody_from_their_passkey() -> None:
    for number in range(4):
        last = sign_in(f"nobody{number}", "wrong")
    assert last.answer.status_code == 429  # type: ignore[attr-defined]

    tries = [
        Client().post("/sign-in/passkey/", {"credential": "{}"}, REMOTE_ADDR="192.0.2.1").status_code for _ in range(4)
    ]

    assert tries == [200, 200, 200, 429]


def test_mail_about_an_address_is_bounded_by_who_gets_it(alice: User, settings: Settings) -> None:
    # Without allauth's own pause of three minutes.
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "confirm_email": None}
    own = sign_in("alice")
    own.post("/sign-in/again/", {"password": PASSWORD})
    acts = ["action_add", *["action_send"] * 5]
    answers = [own.post("/account/email/", {"email": ADDRESS, each: ""}).status_code for each in acts]

    assert answers == [302, 200, 200, 200, 200, 429]
    assert Mail.objects.filter(to=ADDRESS).count() == 5


def test_signing_up_floods_nobody_with_mail() -> None:
    answers = []
    for number in range(6):
        form = {"username": f"x{number}", "email": ADDRESS, "password1": NEW, "password2": NEW}
        answers.append(Client().post("/sign-up/", form, REMOTE_ADDR=f"192.0.2.{number}").status_code)

    assert answers == [302] * 5 + [429]
    assert get_user_model().objects.count() == 5


@pytest.fixture
def root(make_user: Any) -> User:
    user: User = make_user("root")
    user.is_staff = user.is_superuser = True
    user.save()
    return user


def test_staff_change_no_password_of_their_own_in_django_admin(root: User) -> None:
    browser, _, _ = guarded("root")
    ways = f"/admin/invitations/user/{root.pk}"

    assert browser.post(f"{ways}/new-password/").status_code == 403
    for address in (f"{ways}/password/", f"/admin/invitations/user/0{root.pk}/password/", "/admin/password_change/"):
        for answer in (browser.get(address), browser.post(address, {"password1": NEW, "password2": NEW})):
            assert answer["Location"] == "/account/password/"
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


def test_nobody_is_shown_from_where_others_are_signed_in(root: User) -> None:
    browser = sign_in("root")
    assert UserSession.objects.exists()

    assert browser.get("/admin/").status_code == 200
    assert browser.get("/admin/usersessions/usersession/").status_code == 404

"""The providers by which somebody signs in: connecting them, proving anew who one is, and signing out there."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from invitations.credentials.sessions import SIGNED_IN_AT
from invitations.models import User
from invitations.models.mail import Mail
from invitations.own_data import exporting
from invitations.requests.freshness import METHODS
from tests.accounts.conftest import BACK, Browser, refreshed_to
from tests.accounts.guarded import age, guarded
from tests.conftest import PASSWORD
from tests.support.openid_provider import OpenIDProvider, told

LIST = "/account/sign-ins/"
MakeUser = Callable[..., User]


@pytest.fixture
def alice_here(browser: Browser, make_user: MakeUser) -> Browser:
    """A browser in which Alice signed in by her password, and has just entered it again."""
    make_user("alice")
    browser.client.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    prove_by_password(browser.client)
    return browser


def prove_by_password(client: Client) -> None:
    client.post("/sign-in/again/", {"password": PASSWORD, "next": "/"})


def connect(browser: Browser, person: str = "e-1") -> Any:
    return browser.sign_in(person, process="connect")


def disconnect(browser: Browser) -> Any:
    return browser.client.post(LIST, {"account": SocialAccount.objects.values_list("pk", flat=True)[0]})


# --- connecting -------------------------------------------------------------------------------------------------------


def test_a_provider_is_connected_to_an_account_that_has_a_password(alice_here: Browser, lines: list[str]) -> None:
    page = alice_here.client.get(LIST)
    assert "Connect Example Ltd" in page.text
    lines.clear()

    assert connect(alice_here)["Location"] == LIST

    assert "erin@example.org" in alice_here.client.get(LIST).text
    user = User.objects.get()
    assert lines == [f"INFO provider-linked user={user.pk} provider=company address=127.0.0.1 path={BACK}"]
    other = Browser(alice_here.provider)
    other.sign_in("e-1")
    assert other.username == "alice"


def test_the_page_asks_first_who_it_is(browser: Browser, make_user: MakeUser) -> None:
    """A stranger at an unlocked computer could add a way in of their own."""
    make_user("alice")
    browser.client.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    age(browser.client)
    assert browser.client.get(LIST)["Location"] == f"/sign-in/again/?next={LIST.replace('/', '%2F')}"
    answer = browser.client.post("/sign-in/with/company/", {"process": "connect"})
    assert answer["Location"] == LIST
    assert not SocialAccount.objects.exists()


def test_an_answer_that_comes_when_that_is_long_ago_asks_again(alice_here: Browser, settings: Settings) -> None:
    alice_here.provider.person = "e-1"
    address = alice_here.answer_to(alice_here.leave(process="connect"))
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    assert alice_here.come_back(address)["Location"] == "/sign-in/again/"
    assert not SocialAccount.objects.exists()


def test_strangers_connect_nothing(browser: Browser) -> None:
    assert browser.client.post("/sign-in/with/company/", {"process": "connect"})["Location"] == "/sign-in/"
    assert browser.client.get(LIST).status_code == 302
    assert browser.client.post(LIST, {"account": "1"}).status_code == 302


def test_one_account_at_the_provider_opens_one_account_here(alice_here: Browser, make_user: MakeUser) -> None:
    connect(alice_here)
    bob = make_user("bob")
    other = Browser(alice_here.provider)
    other.client.post("/sign-in/", {"username": "bob", "password": PASSWORD})
    prove_by_password(other.client)

    answer = connect(other)

    assert answer.status_code == 403
    assert "already opens another account here" in answer.text
    assert SocialAccount.objects.get().user.username == "alice"
    assert not SocialAccount.objects.filter(user=bob).exists()


def test_the_other_side_of_a_started_connection_cannot_be_handed_over(
    alice_here: Browser, make_user: MakeUser, provider: OpenIDProvider
) -> None:
    """Mallory starts to connect her account at the provider, and makes Alice's browser finish it."""
    make_user("mallory")
    mallory = Browser(provider)
    mallory.client.post("/sign-in/", {"username": "mallory", "password": PASSWORD})
    prove_by_password(mallory.client)
    provider.person = "m-1"
    address = mallory.answer_to(mallory.leave(process="connect"))

    assert alice_here.come_back(address).status_code == 403
    assert not SocialAccount.objects.exists()


def test_whoever_owns_the_account_is_told_by_mail(alice_here: Browser, settings: Settings) -> None:
    User.objects.update(email="alice@example.org")
    connect(alice_here)
    disconnect(alice_here)
    owed = Mail.objects.order_by("pk")
    assert [each.subject for each in owed] == ["A sign-in was connected", "A sign-in was disconnected"]
    assert all("Example Ltd" in each.text and each.to == "alice@example.org" for each in owed)


# --- disconnecting ----------------------------------------------------------------------------------------------------


def test_a_provider_is_taken_away(alice_here: Browser, lines: list[str]) -> None:
    connect(alice_here)
    lines.clear()
    assert disconnect(alice_here)["Location"] == LIST
    assert not SocialAccount.objects.exists()
    user = User.objects.get()
    assert lines == [f"INFO provider-unlinked user={user.pk} provider=company address=127.0.0.1 path={LIST}"]


def test_but_never_the_last_way_in(browser: Browser) -> None:
    browser.sign_in("e-1")
    browser.sign_in("e-1", process="redirect", next=LIST)
    assert "This is your only way to sign in. Add another one first." in disconnect(browser).text
    assert SocialAccount.objects.exists()


def test_where_passwords_are_off_a_password_is_no_other_way(alice_here: Browser, settings: Settings) -> None:
    connect(alice_here)
    settings.CALLINVITE = {**settings.CALLINVITE, "passwords": "off"}
    assert "This is your only way to sign in. Add another one first." in disconnect(alice_here).text
    assert SocialAccount.objects.exists()


def test_nobody_takes_away_anothers(alice_here: Browser, make_user: MakeUser) -> None:
    connect(alice_here)
    make_user("mallory")
    mallory = Browser(alice_here.provider)
    mallory.client.post("/sign-in/", {"username": "mallory", "password": PASSWORD})
    prove_by_password(mallory.client)
    assert disconnect(mallory).status_code == 200
    assert SocialAccount.objects.get().user.username == "alice"


# --- proving anew -----------------------------------------------------------------------------------------------------


def test_who_has_no_password_proves_at_the_provider_who_they_are(browser: Browser, provider: OpenIDProvider) -> None:
    browser.sign_in("e-1")
    began = browser.client.session[SIGNED_IN_AT]
    answer = browser.client.get(LIST)
    assert answer["Location"].startswith("/sign-in/again/?next=")
    page = browser.client.get(answer["Location"])
    assert "Confirm with Example Ltd" in page.text
    assert 'type="password"' not in page.text

    back = browser.sign_in("e-1", process="redirect", next=LIST)

    assert back["Location"] == LIST
    assert browser.client.get(LIST).status_code == 200
    assert browser.client.session[SIGNED_IN_AT] == began
    assert provider.asked[-1]["prompt"] == "login"
    assert provider.asked[-1]["max_age"] == "0"


def test_somebody_else_at_the_provider_proves_nothing(browser: Browser) -> None:
    browser.sign_in("e-1")
    answer = browser.sign_in("m-1", process="redirect", next=LIST)
    assert answer.status_code == 403
    assert "You are signed in as somebody else here." in answer.text
    assert browser.client.get(LIST).status_code == 302
    assert User.objects.count() == 1


def test_neither_does_who_was_asked_long_ago(browser: Browser, provider: OpenIDProvider) -> None:
    browser.sign_in("e-1")
    provider.claims = {"auth_time": int(time.time()) - 3600}
    assert browser.sign_in("e-1", process="redirect", next=LIST).status_code == 403
    assert browser.client.get(LIST).status_code == 302
    provider.claims = {"auth_time": int(time.time())}
    assert browser.sign_in("e-1", process="redirect", next=LIST).status_code == 302
    assert browser.client.get(LIST).status_code == 200


def test_it_proves_too_little_of_somebody_who_has_a_second_step(make_user: MakeUser, browser: Browser) -> None:
    """Whoever has the session and the provider would remove it."""
    make_user("alice")
    browser.client = guarded().browser
    connect(browser)
    session = browser.client.session
    for each in session[METHODS]:
        each["at"] -= 3600
    session.save()

    browser.sign_in("e-1", process="redirect", next=LIST)

    assert browser.client.session[METHODS][-1]["method"] == "socialaccount"
    assert browser.client.get(LIST)["Location"].startswith("/sign-in/again/")


def test_a_proof_is_good_for_a_while(browser: Browser, settings: Settings) -> None:
    browser.sign_in("e-1")
    browser.sign_in("e-1", process="redirect", next=LIST)
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    assert browser.client.get(LIST).status_code == 302


# --- signing out ------------------------------------------------------------------------------------------------------


def test_signing_out_goes_on_to_the_provider(browser: Browser, provider: OpenIDProvider) -> None:
    browser.sign_in("e-1")
    answer = browser.client.post("/sign-out/")
    assert browser.username is None
    assert "Taking you to Example Ltd" in answer.text
    assert browser.answer_to(refreshed_to(answer)) == "http://testserver/sign-in/"
    (asked,) = provider.signed_out
    assert asked["client_id"] == "callinvite"
    assert jwt.decode(asked["id_token_hint"], options={"verify_signature": False})["sub"] == "e-1"


def test_also_after_choosing_a_name(browser: Browser, provider: OpenIDProvider, make_user: MakeUser) -> None:
    make_user("erin")
    browser.sign_in("e-1")
    browser.client.post("/sign-up/names/", {"username": "erin.2"})
    assert refreshed_to(browser.client.post("/sign-out/")).startswith(f"{provider.issuer}/sign-out?")


def test_whoever_came_by_a_password_signs_out_here_alone(alice_here: Browser) -> None:
    connect(alice_here)
    assert alice_here.client.post("/sign-out/")["Location"] == "/sign-in/"


def test_a_provider_may_have_no_address_for_that(browser: Browser, provider: OpenIDProvider) -> None:
    provider.describes = {"end_session_endpoint": None}
    browser.sign_in("e-1")
    assert browser.client.post("/sign-out/")["Location"] == "/sign-in/"


def test_a_token_that_is_too_long_for_an_address_is_left_out(browser: Browser, provider: OpenIDProvider) -> None:
    provider.claims = {"groups": ["a-group-with-a-long-name"] * 500}
    browser.sign_in("e-1")
    asked = parse_qs(urlsplit(refreshed_to(browser.client.post("/sign-out/"))).query)
    assert "id_token_hint" not in asked
    assert asked["client_id"] == ["callinvite"]


def test_a_provider_that_fails_afterwards_does_not_keep_anybody_from_signing_out(
    browser: Browser, provider: OpenIDProvider
) -> None:
    browser.sign_in("e-1")
    provider.answers = {"/sign-out": told(503)}
    browser.client.post("/sign-out/")
    assert browser.username is None


# --- one's own data ---------------------------------------------------------------------------------------------------


def test_a_copy_of_ones_data_has_them_and_deleting_the_account_takes_them_away(browser: Browser) -> None:
    browser.sign_in("e-1")
    user = User.objects.get()
    copy = zipfile.ZipFile(io.BytesIO(b"".join(exporting.export(user.pk, now=timezone.now()))))
    (kept,) = json.loads(copy.read("sign_ins.json"))
    assert (kept["provider"], kept["id"], kept["claims"]["label"]) == ("company", "e-1", "erin@example.org")

    assert browser.client.delete("/api/v1/me").status_code == 204

    assert not SocialAccount.objects.exists()
    again = Browser(browser.provider)
    assert again.sign_in("e-1")["Location"] == "/sign-up/names/"
    assert "taken" in again.client.post("/sign-up/names/", {"username": "erin"}).text

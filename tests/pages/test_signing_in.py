"""Signing in, up and out in a browser."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.test.client import MULTIPART_CONTENT
from django.urls import reverse
from pytest_django import Settings

from invitations.requests import throttles

pytestmark = pytest.mark.django_db
PASSWORD = "right-horse-7"


@pytest.fixture
def open_signup(settings: Settings) -> None:
    settings.CALLINVITE = {"signup": "open"}


def make_user(name: str = "erin") -> Any:
    return get_user_model().objects.create_user(name, password=PASSWORD)


def sign_up(client: Client, **changes: str) -> Any:
    form = {"username": "erin", "display_name": "Erin", "password1": PASSWORD, "password2": PASSWORD} | changes
    return client.post(reverse("account_signup"), form)


def test_the_shell_asks_strangers_to_sign_in_and_brings_them_back(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/"


def test_a_right_password_opens_the_shell(client: Client) -> None:
    make_user()
    answer = client.post("/sign-in/", {"username": "erin", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert 'id="page-config"' in answer.text


def test_a_wrong_password_and_an_unknown_name_get_the_same_words(client: Client) -> None:
    make_user()
    wrong = client.post("/sign-in/", {"username": "erin", "password": "wrong-horse-7"})
    unknown = client.post("/sign-in/", {"username": "nobody", "password": "wrong-horse-7"})
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert "Wrong username or password." in wrong.text


def test_somebody_switched_off_is_told_nothing_more(client: Client) -> None:
    user = make_user()
    user.is_active = False
    user.save()
    answer = client.post("/sign-in/", {"username": "erin", "password": PASSWORD})
    assert "Wrong username or password." in answer.text


def test_who_is_signed_in_needs_no_sign_in_page(client: Client) -> None:
    client.force_login(make_user())
    assert client.get("/sign-in/")["Location"] == "/"
    assert client.get("/sign-up/")["Location"] == "/"


def test_signing_in_never_leads_to_another_site(client: Client) -> None:
    make_user()
    form = {"username": "erin", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post("/sign-in/", form)["Location"] == "/"


def test_many_tries_are_stopped_for_a_while(client: Client, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 2}
    cache.clear()
    for _ in range(2):
        assert client.post("/sign-in/", {"username": "erin", "password": "wrong"}).status_code == 200
    answer = client.post("/sign-in/", {"username": "erin", "password": "wrong"})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Too many attempts. Try again in" in answer.text
    cache.clear()


@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/", "/api/v1/auth/token", "/sign-up/"])
def test_every_door_counts_for_all_others(client: Client, settings: Settings, open_signup: None, path: str) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 2}
    cache.clear()
    form = {"username": "erin", "password": "wrong"}
    for _ in range(2):
        client.post("/sign-in/", form)
    answer = client.post(path, form, MULTIPART_CONTENT if not path.startswith("/api/") else "application/json")
    assert "Too many attempts. Try again in" in answer.text
    assert get_user_model().objects.count() == 0
    cache.clear()


@pytest.mark.parametrize("name", ["\uff45\uff52\uff49\uff4e", "ERIN", " erin "])
def test_other_spellings_of_a_name_count_as_the_name(client: Client, settings: Settings, name: str) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 2}
    cache.clear()
    for number in range(2):
        client.post("/sign-in/", {"username": "erin", "password": "wrong"}, REMOTE_ADDR=f"192.0.2.{number}")
    answer = client.post("/sign-in/", {"username": name, "password": "wrong"}, REMOTE_ADDR="192.0.2.9")
    assert answer.status_code == 429
    cache.clear()


def test_a_host_with_many_addresses_counts_as_one(client: Client, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 2}
    cache.clear()
    answers = [
        client.post("/sign-in/", {"username": f"erin{number}", "password": "wrong"}, REMOTE_ADDR=f"2001:db8::{number}")
        for number in range(3)
    ]
    assert [each.status_code for each in answers] == [200, 200, 429]
    cache.clear()


def test_hosts_of_ipv4_are_told_apart_where_the_server_listens_to_ipv6(client: Client, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 2}
    cache.clear()
    answers = [
        client.post("/sign-in/", {"username": f"erin{number}", "password": "wrong"}, REMOTE_ADDR=address)
        for number, address in enumerate(["::ffff:192.0.2.1"] * 2 + ["::ffff:198.51.100.7", "192.0.2.1"])
    ]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    cache.clear()


@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/", "/sign-up/"])
def test_no_more_than_two_passwords_are_hashed_at_once(client: Client, open_signup: None, path: str) -> None:
    cache.clear()
    request = RequestFactory().get("/")
    with ExitStack() as stack:
        for name in ("bob", "carol"):
            stack.enter_context(throttles.door(request, name))
        answer = client.post(path, {"username": "erin", "password": "wrong"})
        assert "Many people are signing in" in answer.text
    assert "Many people are signing in" not in client.post(path, {"username": "erin", "password": "wrong"}).text
    cache.clear()


def test_signing_out_takes_a_post_and_ends_at_the_sign_in_page(client: Client) -> None:
    client.force_login(make_user())
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/").status_code == 302


def test_signing_out_without_the_pages_token_is_refused_in_words() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())
    answer = client.post("/sign-out/")
    assert answer.status_code == 403
    assert "out of date" in answer.text


def test_a_new_account_is_signed_in_with_its_shown_name(client: Client, open_signup: None) -> None:
    assert sign_up(client)["Location"] == "/"
    user = get_user_model().objects.get(username="erin")
    assert user.check_password(PASSWORD)
    assert user.calling_preferences.display_name == "Erin"
    assert client.get("/").status_code == 200


def test_a_shown_name_is_not_needed(client: Client, open_signup: None) -> None:
    assert sign_up(client, display_name="")["Location"] == "/"


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "erin with spaces"},
        {"username": "e" * 65},
        {"username": ""},
        {"password2": "other-horse-7"},
        {"password1": "12345678", "password2": "12345678"},
        {"display_name": "E\0rin"},
        {"display_name": "E" * 65},
    ],
)
def test_a_bad_form_makes_no_account(client: Client, open_signup: None, changes: dict[str, str]) -> None:
    answer = sign_up(client, **changes)
    assert answer.status_code == 200
    assert "Check the highlighted fields." in answer.text
    assert not get_user_model().objects.exists()


def test_a_name_is_taken_once(client: Client, open_signup: None) -> None:
    make_user()
    assert "taken" in sign_up(client).text


def test_a_name_that_differs_in_case_only_is_taken_too(client: Client, open_signup: None) -> None:
    make_user()
    assert "taken" in sign_up(client, username="Erin").text


def test_closed_sign_up_says_whom_to_ask_and_makes_nothing(client: Client, settings: Settings) -> None:
    settings.CALLINVITE = {"signup": "closed"}
    answer = sign_up(client)
    assert answer.status_code == 403
    assert "created by the people who run this server" in answer.text
    assert not get_user_model().objects.exists()
    assert "Create an account" not in client.get("/sign-in/").text


@pytest.mark.parametrize(
    ("way", "to"), [("/admin/", "/admin/"), ("/admin/invitations/call/", "/admin/invitations/call/")]
)
def test_django_admin_has_the_same_page_which_leads_back(client: Client, way: str, to: str) -> None:
    user = make_user()
    user.is_staff = user.is_superuser = True
    user.save()

    page = client.get(way, follow=True)

    address, _ = page.redirect_chain[-1]
    assert address == f"/admin/login/?next={to}"
    assert "Keep me signed in" in page.text
    wrong = client.post(address, {"username": "erin", "password": "wrong", "next": to})
    assert "Wrong username or password." in wrong.text
    assert client.post(address, {"username": "erin", "password": PASSWORD, "next": to})["Location"] == to
    assert client.get("/admin/").status_code == 200


def test_who_comes_to_djangos_own_address_gets_into_django_admin(client: Client) -> None:
    user = make_user()
    user.is_staff = True
    user.save()

    assert client.post("/admin/login/", {"username": "erin", "password": PASSWORD})["Location"] == "/admin/"


def test_who_is_no_staff_gets_not_into_django_admin(client: Client) -> None:
    make_user()
    client.post("/admin/login/", {"username": "erin", "password": PASSWORD})

    assert client.get("/admin/", follow=True).status_code == 403


def test_where_the_project_signs_people_in_the_shell_leads_there(client: Client, settings: Settings) -> None:
    settings.LOGIN_URL = "/sso/"

    assert client.get("/")["Location"] == "/sso/?next=/"


@pytest.mark.usefixtures("open_signup")
def test_what_is_public_stays_so_where_all_else_requires_signing_in(client: Client, settings: Settings) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]

    public = ["sign-in/", "sign-up/", "service-worker.js", "app.webmanifest", "api/v1/schema", "api/v1/docs"]

    assert {each: client.get(f"/{each}").status_code for each in public} == dict.fromkeys(public, 200)
    assert client.get("/service-worker/catalogue.js").status_code == 200
    assert client.get("/uploads/ring-resources/nothing").status_code == 404


def test_the_shell_knows_in_which_header_its_token_is_expected(client: Client, settings: Settings) -> None:
    settings.CSRF_HEADER_NAME = "HTTP_X_HOUSE_TOKEN"
    client.force_login(make_user())

    assert client.get("/").context["page_config"]["csrfHeader"] == "X-HOUSE-TOKEN"


@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/", "/api/v1/auth/token"])
def test_a_name_opens_every_door_in_any_capitals(client: Client, path: str) -> None:
    user = make_user()
    user.is_staff = True
    user.save()
    form = {"username": "Erin", "password": PASSWORD}
    answer = client.post(path, form, MULTIPART_CONTENT if not path.startswith("/api/") else "application/json")
    assert answer.status_code in (201, 302)
    if path.startswith("/api/"):
        assert answer.json()["user"]["id"] == "erin"


def test_of_two_names_that_differ_in_capitals_each_opens_its_own(client: Client) -> None:
    for name in ("erin", "Erin"):
        make_user(name)
    for name in ("erin", "Erin"):
        client.post("/sign-in/", {"username": name, "password": PASSWORD})
        assert client.get("/").context["user"].username == name
        client.post("/sign-out/")
    assert client.post("/sign-in/", {"username": "ERIN", "password": PASSWORD}).status_code == 200


def test_nobody_is_renamed_to_anothers_name_in_other_capitals() -> None:
    make_user()
    other = make_user("other")
    other.username = "ERIN"
    with pytest.raises(ValidationError, match="taken"):
        other.full_clean()
    other.username = "OTHER"
    other.full_clean()


@pytest.mark.parametrize(
    "password",
    ["callinvite", "Callinvite1", "CALL-invite 2026!", "callinvitecallinvite", "example-2026", "invitations"],
)
def test_the_services_name_is_no_password(client: Client, settings: Settings, open_signup: None, password: str) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "calls.example.org"]
    answer = sign_up(client, password1=password, password2=password)
    assert "The name of this service is the first thing that people try." in answer.text
    assert get_user_model().objects.count() == 0


@pytest.mark.parametrize("password", ["callinvite-horse-7", "my example horse", PASSWORD])
def test_a_password_that_only_mentions_it_is_good(
    client: Client, settings: Settings, open_signup: None, password: str
) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "calls.example.org"]
    assert sign_up(client, password1=password, password2=password).status_code == 302


def test_one_address_makes_only_so_many_accounts_an_hour(settings: Settings) -> None:
    settings.CALLINVITE = {"signup": "open", "signups_per_hour": 2, "logins_per_minute": 0}
    answers = [sign_up(Client(), username=f"erin{number}") for number in range(3)]
    assert [each.status_code for each in answers] == [302, 302, 429]
    assert "Too many accounts have been created from your network." in answers[-1].text
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 3600
    assert get_user_model().objects.count() == 2
    settings.CALLINVITE = {"signup": "open", "signups_per_hour": 0, "logins_per_minute": 0}
    assert sign_up(Client(), username="erin2").status_code == 302

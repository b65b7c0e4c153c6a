"""The browsers in which somebody is signed in, and how one of them is signed out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django import Settings

from invitations.credentials.app_tokens import issue_token
from invitations.models import Device, User
from invitations.push import devices
from tests.api.conftest import Rest, RestOf, problem_of
from tests.conftest import PASSWORD
from tests.support.aging import pass_time

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def sign_in(agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    assert client.post("/sign-in/", {"username": "bob", "password": PASSWORD, "remember": "on"}).status_code == 302
    return client


def key_of(client: Client) -> str:
    return str(client.cookies["sessionid"].value)


def test_browsers_are_listed_the_one_that_was_used_last_first(bob: User, alice: User, rest: RestOf) -> None:
    rest(alice)
    first, second = sign_in(), sign_in("Safari", "2001:db8::1")
    first.put("/api/v1/devices/web-1", {"label": "Desk", "kind": "browser"}, "application/json")
    page = first.get("/api/v1/auth/sessions").json()
    assert (page["next"], page["previous"]) == (None, None)
    newest, oldest = page["results"]
    assert set(oldest) == {
        "id", "device_ids", "user_agent", "address", "created_at", "last_used_at", "expires_at", "current"
    }  # fmt: skip
    shown = [(each["user_agent"], each["address"], each["device_ids"], each["current"]) for each in (newest, oldest)]
    assert shown == [("Safari", "2001:db8::1", [], False), (FIREFOX, "192.0.2.7", ["web-1"], True)]
    assert oldest["created_at"] == oldest["last_used_at"]
    assert oldest["expires_at"] > oldest["created_at"]
    assert newest["id"] == devices.credential_of(session_key=key_of(second))


def test_a_list_shows_no_key(bob: User) -> None:
    client = sign_in()
    assert key_of(client) not in client.get("/api/v1/auth/sessions").content.decode()


def test_one_browser_is_signed_out_and_no_other(bob: User) -> None:
    lost, kept = sign_in(), sign_in()
    lost.put("/api/v1/devices/lost", {"label": "Lost", "kind": "browser"}, "application/json")
    lost_id = devices.credential_of(session_key=key_of(lost))
    Device.objects.update(push_digest="0" * 64, push_credential=lost_id)
    path = f"/api/v1/auth/sessions/{lost_id}"
    assert kept.delete(path).status_code == 204
    assert lost.get("/api/v1/me").status_code == 401
    assert kept.get("/api/v1/me").status_code == 200
    assert kept.delete(path).status_code == 404
    # The device stays in the list, but nobody is rung there.
    device = kept.get("/api/v1/devices/lost").json()
    assert device["push"] is None
    assert [each["current"] for each in kept.get("/api/v1/auth/sessions").json()["results"]] == [True]


def test_only_ones_own_are_listed_and_ended(bob: User, alice: User, rest: RestOf) -> None:
    client = sign_in()
    credential = devices.credential_of(session_key=key_of(client))
    hers = rest(alice)
    assert [each["id"] for each in hers.get("auth/sessions").json()["results"]] != [credential]
    assert problem_of(hers.delete(f"auth/sessions/{credential}")) == (404, "not_found")
    assert client.get("/api/v1/me").status_code == 200


def test_an_app_may_sign_a_browser_out(bob: User) -> None:
    client = sign_in()
    token, _ = issue_token(bob, "Phone", timezone.now())
    app = Client(headers={"authorization": f"Bearer {token}"})
    (listed,) = app.get("/api/v1/auth/sessions").json()["results"]
    assert listed["current"] is False
    assert app.delete(f"/api/v1/auth/sessions/{listed['id']}").status_code == 204
    assert client.get("/api/v1/me").status_code == 401


def test_a_page_needs_its_csrf_token_to_end_one(bob: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    credential = devices.credential_of(session_key=client.session.session_key)
    answer = client.delete(f"/api/v1/auth/sessions/{credential}")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_a_stranger_is_told_nothing(nobody: Rest) -> None:
    assert problem_of(nobody.get("auth/sessions")) == (401, "not_authenticated")


def test_an_ended_session_is_not_listed(bob: User) -> None:
    client, ended = sign_in(), sign_in()
    pass_time(key_of(ended), timedelta(days=31))
    assert len(client.get("/api/v1/auth/sessions").json()["results"]) == 1


def test_it_is_told_when_a_browser_was_used_last_and_from_where(bob: User) -> None:
    client, other = sign_in(), sign_in()
    pass_time(key_of(client), timedelta(days=3))
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(days=3))
    other_id = devices.credential_of(session_key=key_of(client))
    client.defaults["REMOTE_ADDR"] = "::ffff:198.51.100.3"
    client.get("/api/v1/me")
    listed = {each["id"]: each for each in other.get("/api/v1/auth/sessions").json()["results"]}
    assert listed[other_id]["address"] == "198.51.100.3"
    assert listed[other_id]["last_used_at"] > (timezone.now() - timedelta(minutes=1)).isoformat()


@pytest.mark.parametrize(
    ("address", "shown"), [("", None), ("not an address", None), ("fe80::1%eth0", "fe80::1"), ("::1", "::1")]
)
def test_only_addresses_are_kept(address: str, shown: str | None, bob: User) -> None:
    (listed,) = sign_in("", address).get("/api/v1/auth/sessions").json()["results"]
    assert listed["address"] == shown
    assert listed["user_agent"] == ""


def test_a_project_without_usersessions_lists_what_is_known(bob: User, settings: Settings) -> None:
    client = sign_in()
    installed = [each for each in settings.INSTALLED_APPS if each != "allauth.usersessions"]
    with override_settings(INSTALLED_APPS=installed):
        (listed,) = client.get("/api/v1/auth/sessions").json()["results"]
    assert (listed["created_at"], listed["last_used_at"], listed["user_agent"]) == (None, None, "")
    assert listed["current"] is True


def test_where_sessions_are_not_in_the_database_there_is_no_list(bob: User, settings: Settings) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    client = sign_in()
    assert client.get("/api/v1/auth/sessions").json()["results"] == []
    assert Session.objects.count() == 0

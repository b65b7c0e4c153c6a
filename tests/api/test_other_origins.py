"""REST asked by pages of other origins: what a browser is told to let through, and that no cookie counts there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from invitations import other_origins
from invitations.models import User
from tests.api.conftest import API, RestOf

SITE = "https://site.example"
ALLOW, EXPOSE = "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"
ACCEPTED = "Access-Control-Allow-Headers"
ASKS = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
}


@pytest.fixture(autouse=True)
def listed(settings: Settings) -> None:
    settings.CALLINVITE = {"origins": (SITE, "null")}
    for name, value in other_origins.settings_for(settings.CALLINVITE["origins"]).items():
        setattr(settings, name, value)


def test_a_listed_origin_may_ask_with_a_token_before_it_has_one(client: Client) -> None:
    answer = client.options(f"{API}calls", headers={"Origin": SITE, **ASKS})

    assert answer.status_code == 200
    assert answer.headers[ALLOW] == SITE
    assert {"authorization", "content-type", "idempotency-key"} <= set(answer.headers[ACCEPTED].split(", "))
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_token_of_its_page_rings_and_its_headers_can_be_read(alice: User, bob: User, app_of: RestOf) -> None:
    answer = app_of(alice).post("calls", {"invitees": ["bob"], "is_video_call": True}, headers={"Origin": SITE})

    assert answer.status_code == 201
    assert answer.headers[ALLOW] == SITE
    assert {"Retry-After", "ETag", "RateLimit"} <= set(answer.headers[EXPOSE].split(", "))
    assert "origin" in answer.headers["Vary"].lower()


@pytest.mark.parametrize("path", ["me", "calls", "nothing"])
def test_refusals_can_be_read_too(client: Client, path: str) -> None:
    answer = client.get(API + path, headers={"Origin": SITE})

    assert answer.status_code in {401, 404}
    assert answer.headers[ALLOW] == SITE
    assert answer.json()["code"] in {"not_authenticated", "not_found"}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"{SITE}.evil.example", "http://site.example", f"{SITE}:8443", "file://"]
)
def test_any_other_origin_is_told_nothing(alice: User, app_of: RestOf, origin: str) -> None:
    client = app_of(alice).client
    for answer in (client.get(f"{API}me", headers={"Origin": origin}), _preflight(client, origin)):
        assert [name for name in answer.headers if name.lower().startswith("access-control")] == []


@pytest.mark.parametrize("origin", [SITE, "null"])
def test_the_cookie_of_a_session_counts_for_nothing_there(
    alice: User, api_as: Callable[[User], APIClient], origin: str
) -> None:
    browser = api_as(alice)
    assert browser.get(f"{API}me").status_code == 200

    answer = browser.get(f"{API}me", headers={"Origin": origin})

    assert answer.status_code == 401
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert browser.post(f"{API}history/seen", headers={"Origin": origin}).status_code == 401


def test_the_own_origin_may_be_listed_and_keeps_its_sessions(
    alice: User, api_as: Callable[[User], APIClient], settings: Settings
) -> None:
    settings.CALLINVITE = {"origins": (SITE, "http://testserver")}

    assert api_as(alice).get(f"{API}me", headers={"Origin": "http://testserver"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/admin/login/"])
def test_pages_are_for_no_other_origin(client: Client, path: str) -> None:
    assert ALLOW not in client.get(path, headers={"Origin": SITE}).headers


def test_the_list_never_makes_an_origin_trusted_with_forms() -> None:
    names: dict[str, Any] = other_origins.settings_for((SITE,))

    assert all(name.startswith("CORS_") for name in names)
    assert django_settings.CSRF_TRUSTED_ORIGINS == []


def test_it_follows_the_prefix_of_the_app() -> None:
    assert other_origins.settings_for((), prefix="calls/")["CORS_URLS_REGEX"] == "^/calls/api/v1/"


def _preflight(client: APIClient, origin: str) -> Any:
    return client.options(f"{API}calls", headers={"Origin": origin, **ASKS})

"""What answers say by headers: the request's name, what limits have left, what has not changed, what will be gone."""

from __future__ import annotations

import logging
import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from pytest_django import Settings
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.test import APIClient

from invitations.api.endpoint import Endpoint, answered
from invitations.api.openapi.document import document
from invitations.api.openapi.operations import ALWAYS, CALLS, Operation, described
from invitations.models import User
from invitations.other_origins import EXPOSED_HEADERS
from invitations.request_ids import NameRequests
from invitations.requests.deprecation import Deprecation
from tests.api.conftest import API, Rest, RestOf

ENDING = Deprecation(date(2026, 11, 30), date(2027, 12, 1), "Use `new`.", "/docs/compatibility")


@described(get=Operation("old", CALLS, "See it", ALWAYS, {200: "It."}, security=(), deprecated=ENDING))
class Old(Endpoint):
    """An address that will be taken away."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> HttpResponse:
        return answered(200, {})


urlpatterns = [path("old", Old.as_view())]


def limit(answer: Any, name: str) -> dict[str, int]:
    """One limit of an answer: `q`, `w`, `r` and `t`; empty if it says nothing of it."""
    said = f"{answer.headers.get('RateLimit-Policy', '')}, {answer.headers.get('RateLimit', '')}"
    items = re.findall(rf'"{name}"((?:;[a-z]=\d+)+)', said)
    return {key: int(value) for item in items for key, value in re.findall(r";([a-z])=(\d+)", item)}


def test_a_send_says_how_many_more_may_follow(rest: RestOf, alice: User, bob: User, carol: User) -> None:
    first = rest(alice).send("bob", "carol", call_id="ring")
    assert limit(first, "invitations") == {"q": 30, "w": 60, "r": 28, "t": 60}
    rest(alice).verb("ring", "cancel")
    second = rest(alice).send("bob")
    assert limit(second, "invitations")["r"] == 27
    assert 0 < limit(second, "invitations")["t"] <= 60
    assert "RateLimit" not in rest(alice).get("calls")


def test_a_refused_send_says_when_more_may_follow(rest: RestOf, alice: User, bob: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "sends_per_minute": 1}
    rest(alice).send("bob", call_id="ring")
    rest(alice).verb("ring", "cancel")
    refused = rest(alice).send("bob")
    assert refused.status_code == 429
    assert limit(refused, "invitations") == {"q": 1, "w": 60, "r": 0, "t": int(refused["Retry-After"])}


def test_searches_count_down(rest: RestOf, alice: User) -> None:
    left = [limit(rest(alice).get("users", search="bob"), "searches")["r"] for _ in range(2)]
    assert left[1] == left[0] - 1


def test_what_is_tried_under_a_name_is_not_told_to_strangers(nobody: Rest, alice: User) -> None:
    """Somebody else's tries under it would show."""
    tried = nobody.post("auth/token", {"username": "alice", "password": "wrong"})
    assert tried.headers["RateLimit"].count('"') == 2
    assert limit(tried, "sign-ins")["r"] == 9


def test_lines_of_the_log_name_their_request(nobody: Rest, caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(NameRequests())
    with caplog.at_level(logging.WARNING, "invitations.audit"):
        nobody.client.get(API + "me", headers={"Authorization": "Bearer forged", "X-Request-ID": "mine-1"})
    logging.getLogger("invitations.audit").warning("afterwards")
    refused, afterwards = caplog.records[-2:]
    assert vars(refused)["request"] == " request=mine-1"
    assert vars(afterwards)["request"] == ""


def test_a_head_is_answered_like_a_get(rest: RestOf, alice: User) -> None:
    client: APIClient = rest(alice).client
    read = client.get(API + "me")
    assert client.head(API + "me").headers["ETag"] == read.headers["ETag"]
    unchanged = client.head(API + "me", headers={"If-None-Match": read.headers["ETag"]})
    assert unchanged.status_code == HTTPStatus.NOT_MODIFIED


@override_settings(ROOT_URLCONF=__name__)
def test_what_will_be_gone_says_so(anonymous_api: APIClient) -> None:
    """RFC 9745 section 2, RFC 8594 section 3."""
    answer: Any = anonymous_api.get("/old")
    assert answer["Deprecation"] == f"@{int(datetime(2026, 11, 30, tzinfo=UTC).timestamp())}"
    assert parsedate_to_datetime(answer["Sunset"]) == datetime(2027, 12, 1, tzinfo=UTC)
    assert answer["Link"] == '</docs/compatibility>; rel="deprecation"; type="text/html"'
    said = document(urlpatterns, "/")["paths"]["/old"]["get"]
    assert said["deprecated"] is True
    assert said["description"] == "Deprecated since 2026-11-30; may be gone from 2027-12-01 on. Use `new`."
    assert {"Deprecation", "Sunset"} <= set(said["responses"]["200"]["headers"])


def test_nothing_ends_within_a_year_of_its_announcement() -> None:
    with pytest.raises(ValueError, match="cannot end before 2027-11-30"):
        Deprecation(date(2026, 11, 30), date(2027, 11, 29), "", "")


def test_the_headers_of_the_document_may_be_read_by_pages_of_other_origins(nobody: Rest) -> None:
    described_ones = nobody.get("schema").json()["components"]["headers"]
    assert {each.replace("-", "") for each in EXPOSED_HEADERS} >= set(described_ones)

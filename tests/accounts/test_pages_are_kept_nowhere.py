"""No browser keeps a page of an account: "back" shows nothing once somebody has signed out (OWASP ASVS 5.0, V7.4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver
from pytest_django import Settings

from invitations.accounts import urls
from invitations.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def _addresses(patterns: Iterable[Any]) -> Iterator[str]:
    """Those that hold nothing to be filled in."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from _addresses(each.url_patterns)
        elif isinstance(each, URLPattern) and not each.pattern.regex.groups:
            yield f"/{each.pattern}"


ADDRESSES = sorted(_addresses(urls.urlpatterns))


@pytest.mark.parametrize("is_signed_in", [False, True])
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_answer_is_stored(
    address: str, is_signed_in: bool, make_user: Callable[..., User], settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "signup": "open"}
    make_user("alice")
    client = Client()
    if is_signed_in:
        client.post("/sign-in/", {"username": "alice", "password": PASSWORD})
        client.post("/sign-in/again/", {"password": PASSWORD})
    answer = client.get(address)
    if answer.status_code == 302 and "Cache-Control" not in answer.headers:
        # Nothing stands in it, and without a word about it no cache keeps such a one (RFC 9110 section 15.1).
        assert answer.content == b""
    elif answer.status_code == 404:
        assert answer.content == client.get("/account/nothing-of-the-kind/").content
    else:
        assert "no-store" in answer.headers["Cache-Control"]


def test_the_pages_are_found() -> None:
    assert {"/sign-in/", "/account/email/", "/account/password/", "/account/sign-ins/"} <= set(ADDRESSES)

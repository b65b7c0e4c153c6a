"""At a provider that is not ours: what it says about itself, its keys and its tokens are as Authlib makes them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from django.test import Client
from pytest_django import Settings

from invitations.accounts import configuring, discovery
from invitations.models import User
from tests.accounts.conftest import BACK, WITH, refreshed_to
from tests.support.openid_mock import openid_mock

pytestmark = pytest.mark.django_db
ERIN = {
    "sub": "e-1",
    "preferred_username": "erin",
    "name": "Erin Example",
    "email": "erin@example.org",
    "email_verified": True,
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with openid_mock(ERIN) as running:
        yield running


@pytest.fixture(autouse=True)
def _configured(issuer: str, settings: Settings) -> None:
    known = configuring.provider("Example Ltd", issuer, "callinvite", "secret")
    settings.SOCIALACCOUNT_PROVIDERS = configuring.providers(known)
    discovery.forget()


def answered(client: Client, **form: str) -> str:
    """Press the button here, and one there; where that leads to."""
    address = refreshed_to(client.post(WITH))
    answer = httpx2.post(address, data=form)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def come_back(client: Client, address: str) -> int:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}").status_code


def test_somebody_signs_in(client: Client) -> None:
    assert come_back(client, answered(client, sub="e-1")) == 302
    assert client.get("/").context["user"].username == "erin"
    assert User.objects.get().email == "erin@example.org"


def test_it_is_asked_with_all_that_the_standard_wants(client: Client, issuer: str) -> None:
    address = urlsplit(refreshed_to(client.post(WITH)))
    assert f"{address.scheme}://{address.netloc}" == issuer
    asked = {name: value[0] for name, value in parse_qs(address.query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"http://testserver{BACK}"
    assert len(asked["nonce"]) >= 32
    assert len(asked["state"]) >= 16
    assert len(asked["code_challenge"]) == 43


def test_two_starts_have_nothing_in_common(client: Client) -> None:
    asked = [parse_qs(urlsplit(refreshed_to(client.post(WITH))).query) for _ in range(2)]
    for each in ("state", "nonce", "code_challenge"):
        assert asked[0][each] != asked[1][each]


def test_a_no_changes_nothing(client: Client) -> None:
    """This provider forgot the state then, against RFC 6749 section 4.1.2.1, before its version 0.4."""
    forgets = version("oidc-provider-mock").startswith("0.3.")
    assert come_back(client, answered(client, action="deny")) == (403 if forgets else 302)
    assert client.get("/").status_code == 302
    assert not User.objects.exists()


def test_somebody_signs_out_there_too(client: Client) -> None:
    come_back(client, answered(client, sub="e-1"))
    page = httpx2.get(refreshed_to(client.post("/sign-out/")))
    assert page.status_code == 200
    assert "You will be redirected to <code>http://testserver/sign-in/</code>" in page.text
    assert "Recommended parameter" not in page.text

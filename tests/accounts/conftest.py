"""An identity provider, and browsers that sign in by it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from invitations.accounts import configuring, discovery
from tests.support.openid_provider import OpenIDProvider

NAME = "Example Ltd"
WITH = "/sign-in/with/company/"
BACK = f"{WITH}back/"


class Browser:
    """A browser here and at the provider.

    Args:
        provider: where it goes.
        client: what it asks this server with.
    """

    def __init__(self, provider: OpenIDProvider, client: Client | None = None) -> None:
        self.provider = provider
        self.client = client or Client()

    def leave(self, **form: str) -> str:
        """Press the button; where the page leads to."""
        answer = self.client.post(WITH, form)
        assert answer.status_code == 200, answer
        return refreshed_to(answer)

    def answer_to(self, address: str) -> str:
        """Go to the provider; where it sends the browser back to."""
        answer = httpx2.get(address)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def come_back(self, address: str) -> Any:
        """Ask this server for where the provider sends the browser."""
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}")

    def sign_in(self, person: str, **form: str) -> Any:
        """The whole way, as a person at the provider; this server's answer at the end of it."""
        self.provider.person = person
        return self.come_back(self.answer_to(self.leave(**form)))

    @property
    def username(self) -> str | None:
        """As whom it is signed in here."""
        answer = self.client.get("/")
        return answer.context["user"].get_username() if answer.status_code == 200 else None


def refreshed_to(answer: Any) -> str:
    """Where a page goes on to by itself."""
    found = re.search(r'<meta http-equiv="refresh" content="0;url=([^"]+)">', answer.text)
    assert found, answer.text
    return html.unescape(found[1])


@pytest.fixture(scope="session")
def _running() -> Iterator[OpenIDProvider]:
    with OpenIDProvider() as running:
        yield running


@pytest.fixture
def provider(_running: OpenIDProvider) -> OpenIDProvider:
    """A provider that says the truth, with Erin, whose address is confirmed, and Mallory, whose is not."""
    _running.be_honest()
    _running.people = {
        "e-1": {
            "preferred_username": "erin",
            "name": "Erin Example",
            "email": "erin@example.org",
            "email_verified": True,
        },
        "m-1": {
            "preferred_username": "mallory",
            "name": "Mallory",
            "email": "erin@example.org",
            "email_verified": False,
        },
    }
    discovery.forget()
    return _running


@pytest.fixture
def configure(provider: OpenIDProvider, settings: Settings) -> Callable[..., None]:
    """Names the provider in the settings, with options of `configuring.provider`."""

    def write(**options: Any) -> None:
        known = configuring.provider(NAME, provider.issuer, provider.client_id, provider.secret, **options)
        settings.SOCIALACCOUNT_PROVIDERS = configuring.providers(known)

    write()
    return write


@pytest.fixture
def browser(db: None, provider: OpenIDProvider, configure: Callable[..., None]) -> Browser:
    """A browser that is nobody's yet."""
    return Browser(provider)


@pytest.fixture
def fresh_counters() -> Iterator[None]:
    """Nobody has tried anything yet."""
    cache.clear()
    yield
    cache.clear()

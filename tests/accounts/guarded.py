"""Somebody with an authenticator app, set up on the pages."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.conf import settings
from django.test import Client

from tests.accounts.totp import code_of
from tests.conftest import PASSWORD


class Guarded(NamedTuple):
    """A browser of somebody who has set an authenticator app up in it, the app's secret, and the recovery codes."""

    browser: Client
    secret: str
    recovery_codes: list[str]


def signed_in(name: str = "alice") -> Client:
    """A browser in which somebody has signed in by password and given it again."""
    browser = Client()
    browser.post("/sign-in/", {"username": name, "password": PASSWORD})
    browser.post("/sign-in/again/", {"password": PASSWORD})
    return browser


def age(browser: Client) -> None:
    """Let the time pass after which what somebody gave to sign in is no proof any more."""
    session = browser.session
    for each in session["account_authentication_methods"]:
        each["at"] -= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1
    session.save()


def guarded(name: str = "alice") -> Guarded:
    """Set up an authenticator app. Its first code is that of the period before, so that this one's is still unused."""
    browser = signed_in(name)
    page = browser.get("/account/security/app/").text
    found = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', page)
    assert found, page
    secret = found[1]
    codes: list[str] = []
    # If a period ends just then, that code is two periods old, and too old.
    for _ in range(2):
        answer = browser.post("/account/security/app/", {"code": code_of(secret, periods=-1)}, follow=True)
        if codes := re.findall(r"\b(\d{4} \d{4})\b", answer.text):
            break
    return Guarded(browser, secret, codes)

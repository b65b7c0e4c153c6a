"""Signs the demo users in, once for all tests that drive a browser: posts the form like the page."""

from __future__ import annotations

from http.cookiejar import Cookie
from typing import Any

import httpx2

from tests.support.server import DEMO_PASSWORD, DEMO_USERS, RunningServer


def sign_everybody_in(server: RunningServer) -> dict[str, list[Any]]:
    """The cookies of each demo user, by name, in the shape that Playwright takes."""
    return {name: sign_in(server, name) for name in DEMO_USERS}


def sign_in(server: RunningServer, name: str) -> list[Any]:
    """The cookies of one user whose password is that of the demo."""
    with httpx2.Client(base_url=server.url, timeout=30) as client:
        sign_in_by(client, name)
        return [_for_a_browser(each) for each in client.cookies.jar]


def sign_in_by(client: httpx2.Client, name: str) -> None:
    """Sign such a user in, in a client that knows where the server is."""
    client.get("/sign-in/").raise_for_status()
    form = {"username": name, "password": DEMO_PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    answer = client.post("/sign-in/", data=form)
    assert answer.status_code == 302, answer.text


def _for_a_browser(cookie: Cookie) -> dict[str, Any]:
    return {
        "name": cookie.name,
        "value": cookie.value,
        "domain": "127.0.0.1",
        "path": cookie.path,
        "expires": cookie.expires or -1,
        "httpOnly": cookie.has_nonstandard_attr("HttpOnly"),
        "secure": cookie.secure,
        "sameSite": cookie.get_nonstandard_attr("SameSite") or "Lax",
    }


_AGE = """
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
for row in Session.objects.all():
    session = SessionStore(row.session_key)
    session["callinvite_signed_in_at"] = session.get("callinvite_signed_in_at", 0) - 3600
    for method in session.get("account_authentication_methods", []):
        method["at"] -= 3600
    session.save()
"""


def age_sessions(server: RunningServer) -> None:
    """Let an hour pass for everybody since they proved who they are."""
    server.manage("shell", "-c", _AGE)

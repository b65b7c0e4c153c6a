"""Which browser a session begins in, and that it is in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from invitations.credentials import sessions
from invitations.credentials.sessions import Client
from invitations.requests.clients import address_of


class UsedSessionMiddleware:
    """Lets sessions of our engine last longer for being used. Stands below Django's SessionMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and note the use."""
        response = self._get_response(request)
        if request.session.accessed:
            sessions.used(request.session, timezone.now(), _client_of(request))
        return response


def listen() -> None:
    """Take notice of sign-ins from now on, at whatever door."""
    user_logged_in.connect(_signed_in, dispatch_uid="invitations.used_sessions")


def _signed_in(*, request: HttpRequest | None, user: Any, **_: object) -> None:
    session = getattr(request, "session", None)
    # Tokens are made without one, or beside that of somebody else.
    if request is not None and session is not None and session.get(SESSION_KEY) == str(user.pk):
        sessions.begun(session, user.pk, _client_of(request), timezone.now())


def _client_of(request: HttpRequest) -> Client:
    return Client(address_of(request), request.META.get("HTTP_USER_AGENT", ""))

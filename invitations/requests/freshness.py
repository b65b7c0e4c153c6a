"""How long ago somebody proved who they are: what cannot be undone is only for those who just did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request

from invitations import conf
from invitations.credentials.sessions import SIGNED_IN_AT
from invitations.errors import CallError, Code
from invitations.models import AppToken
from invitations.requests.clients import service_of
from invitations.words import say_lazy

METHODS = "account_authentication_methods"
"""In a session of django-allauth: what was given to prove who it is, each time `at` a moment."""


def listen() -> None:
    """Take notice of sign-ins from now on, at any door."""
    user_logged_in.connect(_signed_in, dispatch_uid="invitations.freshness")


def check(request: Request, *, now: datetime) -> None:
    """Refuse a request of somebody who signed in too long ago.

    Args:
        request: signed in by a session or a token.
        now: an aware datetime.

    Raises:
        CallError: `not_allowed` with `reauthenticate`.
    """
    if service_of(request) is not None:
        # A program does not sign in: its token answers for it.
        return
    at = signed_in_at(request)
    limit = timedelta(seconds=conf.limits().fresh_seconds)
    if at is None or now - at > limit:
        minutes = conf.limits().fresh_seconds // 60
        raise CallError(Code.NOT_ALLOWED, say_lazy("my_data.sign_in_again", count=minutes), reauthenticate=True)


def signed_in_at(request: Request) -> datetime | None:
    """When whoever asks signed in, or proved again who they are; None if that is not known."""
    token: Any = request.auth
    if token is not None:
        proved: datetime | None = (
            AppToken.objects.filter(digest=token.digest).values_list("proved_at", flat=True).first()
        )
        return proved or token.created
    session = request._request.session
    proofs = [session.get(SIGNED_IN_AT), *(each.get("at") for each in session.get(METHODS, ()))]
    given = [each for each in proofs if isinstance(each, (int, float))]
    return datetime.fromtimestamp(max(given), UTC) if given else None


def _signed_in(*, request: HttpRequest | None, **_: object) -> None:
    if request is not None and hasattr(request, "session"):
        request.session[SIGNED_IN_AT] = timezone.now().timestamp()

"""Who asks: an app by its token, or a browser by its session. Both are told apart from nobody by one answer, 401.

Tokens are kept as digests, expire, and belong to one device each."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import get_token_model
from rest_framework.authentication import CSRFCheck, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from invitations.api.errors import CsrfFailed
from invitations.models import Device, DeviceKind
from invitations.sheets import Actor


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <token>`, as issued by `issue_token`."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """The user and the token's row, in one query.

        Raises:
            AuthenticationFailed: unknown, expired, or of an inactive user.
        """
        found = valid_token(token.decode("ascii", errors="replace"), timezone.now())
        if found is None:
            raise AuthenticationFailed
        if found.expiry is not None:
            # Writes at most once in MIN_REFRESH_INTERVAL.
            self.renew_token(found)
        return found.user, found


class BrowserAuthentication(SessionAuthentication):
    """Django's session cookie, with the page's CSRF token on everything but reading."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def enforce_csrf(self, request: Request) -> None:
        """Refuse what another site may have sent.

        Raises:
            CsrfFailed: the token is missing or wrong.
        """
        if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"}:
            return
        _csrf_check.process_request(request)
        if _csrf_check.process_view(request, None, (), {}):
            raise CsrfFailed


def valid_token(token: str, now: datetime) -> Any | None:
    """The token's row with its user, or None if it is unknown, expired or of an inactive user.

    Args:
        token: as the client sent it.
        now: tokens that expired before it do not count.
    """
    # By digest, which is the key: nothing about a token can be learnt from how long a miss takes.
    return token_of_digest(hash_token(token), now)


def token_of_digest(digest: str, now: datetime) -> Any | None:
    """As `valid_token`, for one that was seen before and is remembered by its digest."""
    row = get_token_model().objects.select_related("user").filter(digest=digest).first()
    if row is None or not row.user.is_active or (row.expiry is not None and row.expiry <= now):
        return None
    return row


def authenticated(request: HttpRequest, username: str, password: str) -> AbstractBaseUser | None:
    """The active user with that name and password; takes the same time whether the name or the password is wrong."""
    return authenticate(request, **{get_user_model().USERNAME_FIELD: username, "password": password})


def issue_token(user: AbstractBaseUser, device_name: str, now: datetime) -> tuple[str, datetime | None]:
    """A new token for one device of the user, and when it expires unless it is used.

    Args:
        user: who signed in.
        device_name: what the device is called; others see it where a call was answered.
        now: the moment. The user's expired tokens go.
    """
    with transaction.atomic():
        model = get_token_model()
        for digest in model.objects.filter(user=user, expiry__lte=now).values_list("digest", flat=True):
            revoke_token(user.pk, digest)
        row, token = model.objects.create(user)
        Device.objects.create(
            user_id=user.pk,
            device_id=implicit_device_id(token_digest=row.digest),
            label=device_name,
            kind=DeviceKind.OTHER,
            created_at=now,
            last_seen_at=now,
        )
    return token, row.expiry


def revoke_token(user_id: int, digest: str) -> None:
    """End a token, and the device that it stood for."""
    get_token_model().objects.filter(user_id=user_id, digest=digest).delete()
    Device.objects.filter(user_id=user_id, device_id=implicit_device_id(token_digest=digest)).delete()


def implicit_device_id(*, session_key: str | None = None, token_digest: str | None = None) -> str:
    """The id of the device that a session or token stands for where the client names none.

    Args:
        session_key: of a browser's session; it cannot be guessed from the id.
        token_digest: of an app's token.
    """
    if token_digest is not None:
        return f"token-{token_digest[:22]}"
    digest = hashlib.sha256((session_key or "").encode()).digest()
    return f"session-{base64.urlsafe_b64encode(digest).decode()[:22]}"


def actor_of(request: Request) -> Actor:
    """Who asks, on the device that the session or token stands for."""
    user, token = request.user, request.auth
    if token is not None:
        device_id = implicit_device_id(token_digest=token.digest)
    else:
        device_id = implicit_device_id(session_key=request._request.session.session_key)
    return Actor(user_id=user.pk, username=user.get_username(), device_id=device_id)


def _unanswered(request: HttpRequest) -> None:
    """Stands for the view behind the CSRF check, which is never asked."""


_csrf_check = CSRFCheck(_unanswered)

"""What a passkey has to sign before it is known whose it is. Kept in the browser's own signed cookie and good once, so
that strangers who look at the sign-in page leave no session behind."""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.mfa.webauthn.internal import auth
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

COOKIE = "callinvite_passkey"
SECONDS = 600
"""How long a challenge is good: the sign-in page asks for a new one sooner."""
_SALT = "invitations.passkey_challenges"


def given(request: HttpRequest) -> HttpResponse:
    """A new challenge, as the browser's `navigator.credentials.get` takes it (Web Authentication, section 5.5)."""
    options = auth.begin_authentication(user=None)
    answer = JsonResponse(options)
    cookie = signing.dumps(request.session.pop(auth.STATE_SESSION_KEY), salt=_SALT)
    facts: Any = {"path": reverse("mfa_login_webauthn"), "secure": request.is_secure(), "samesite": "Strict"}
    answer.set_cookie(COOKIE, cookie, max_age=SECONDS, httponly=True, **facts)
    return answer


def take(request: HttpRequest) -> None:
    """Let allauth find the challenge of this browser, if it has one that was not used yet."""
    cookie = request.COOKIES.get(COOKIE, "")
    try:
        state = signing.loads(cookie, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return
    if cache.add(f"passkey:{hashlib.sha256(cookie.encode()).hexdigest()}", 1, SECONDS):
        request.session[auth.STATE_SESSION_KEY] = state


def forget(request: HttpRequest) -> None:
    """Leave nothing in the session of somebody whom no passkey has signed in."""
    request.session.pop(auth.STATE_SESSION_KEY, None)

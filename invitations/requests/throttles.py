"""Limits on guessing passwords, counted in the shared cache. The verb itself counts the limit on sends."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from invitations import conf
from invitations.errors import CallError, Code
from invitations.words import say_lazy

logger = logging.getLogger(__name__)
WINDOW_SECONDS = 60


def check_login(request: HttpRequest, username: str, now: datetime | None = None) -> None:
    """Count one attempt to sign in, for REST and the sign-in page alike.

    Args:
        request: the request, for its IP address.
        username: the name that was entered, whether or not the user exists.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if this name or this address has used up its
            `logins_per_minute` attempts in the last 60 seconds. A refused attempt does not count.
    """
    limit = conf.limits().logins_per_minute
    if limit <= 0:
        return
    seconds = (now or timezone.now()).timestamp()
    keys = [_key("name", username.casefold()), _key("address", address_of(request))]
    try:
        waits = [_wait_seconds(key, limit, seconds) for key in keys]
    except Exception:
        # People must be able to sign in without the cache; only a slow password hash protects them then.
        logger.exception("Tries to sign in are not counted: the cache does not answer")
        return
    if any(waits):
        raise CallError(Code.THROTTLED, say_lazy("sign_in.wait", count=max(waits)), retry_after_seconds=max(waits))


def address_of(request: HttpRequest) -> str:
    """The IP address of the client.

    Behind a proxy that is trusted for its scheme (SECURE_PROXY_SSL_HEADER), the address that the proxy itself saw: the
    last one in X-Forwarded-For, because the client may have made up those before it.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if forwarded and settings.SECURE_PROXY_SSL_HEADER:
        return str(forwarded.rpartition(",")[2].strip())
    return str(request.META.get("REMOTE_ADDR", ""))


def _wait_seconds(key: str, limit: int, seconds: float) -> int:
    """Count an attempt and return 0, or return the seconds to wait and count nothing.

    Uses two fixed windows, the earlier one weighted by how much of it lies within the past minute: this allows no burst
    where they meet, and takes one atomic step in the cache.
    """
    window, elapsed = divmod(seconds, WINDOW_SECONDS)
    current, previous = f"{key}:{int(window)}", f"{key}:{int(window) - 1}"
    cache.add(current, 0, 2 * WINDOW_SECONDS)
    count = cache.incr(current)
    before = cache.get(previous, 0) * (1 - elapsed / WINDOW_SECONDS)
    if before + count <= limit:
        return 0
    cache.decr(current)
    return max(1, round(WINDOW_SECONDS - elapsed))


def _key(kind: str, value: str) -> str:
    return f"login:{kind}:{hashlib.sha256(value.encode(errors='replace')).hexdigest()}"

"""What guards every door at which a password is asked for or chosen: attempts are counted in the shared cache, and only
a few passwords are hashed at once. The verbs themselves count invitations."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from threading import BoundedSemaphore
from unicodedata import normalize

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from invitations import conf
from invitations.errors import CallError, Code
from invitations.words import say_lazy

logger = logging.getLogger(__name__)
WINDOW_SECONDS = 60
HASHED_AT_ONCE = 2
BUSY_SECONDS = 1
_hashing = BoundedSemaphore(HASHED_AT_ONCE)


@contextmanager
def door(request: HttpRequest, username: str | None) -> Iterator[None]:
    """What a door does around looking at a password: REST, the sign-in page, Django admin's, and sign-up.

    Hashing a password takes a thread for a tenth of a second and more. Guessing must not take them all, so no more than
    `HASHED_AT_ONCE` are hashed in one process; the others are asked to come again.

    Args:
        request: for its IP address.
        username: the name that was entered; None at sign-up.

    Raises:
        CallError: `throttled`, or `unavailable` with `retry_after_seconds`.
    """
    check_login(request, username)
    if not _hashing.acquire(blocking=False):
        raise CallError(Code.UNAVAILABLE, say_lazy("sign_in.busy"), retry_after_seconds=BUSY_SECONDS)
    try:
        yield
    finally:
        _hashing.release()


def check_login(request: HttpRequest, username: str | None, now: datetime | None = None) -> None:
    """Count one attempt at any door.

    Args:
        request: the request, for its IP address.
        username: the name that was entered, whether or not the user exists; None counts the address alone.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if this name or this address has used up its
            `logins_per_minute` attempts in the last 60 seconds. A refused attempt does not count.
    """
    limit = conf.limits().logins_per_minute
    if limit <= 0:
        return
    seconds = (now or timezone.now()).timestamp()
    keys = [_key("address", _network_of(address_of(request)))]
    if username is not None:
        # As the form reads it: other spellings of the same name are the same name.
        keys.append(_key("name", normalize("NFKC", username).strip().casefold()))
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

    A trusted proxy tells in X-Forwarded-For whom it spoke to, after what it was told itself: the last address there
    that is no trusted proxy's, because the client may have made up all before it.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = [each.strip() for each in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if each.strip()]
    if forwarded and not conf.is_trusted_proxy(peer):
        # Uvicorn has put the client's address there in place of the proxy's by then.
        if peer not in forwarded:
            _warn_once_of_proxy()
        return peer
    return next((each for each in reversed(forwarded) if not conf.is_trusted_proxy(each)), (forwarded or [peer])[0])


@lru_cache
def _warn_once_of_proxy() -> None:
    logger.warning(
        "Requests come with X-Forwarded-For from an address that is not in CALLINVITE_TRUSTED_PROXIES: all who come "
        "from there count as one when they sign in"
    )


def _network_of(address: str) -> str:
    """What one client is counted as: an IPv6 host has a whole /64 to choose its addresses from."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((known, 64), strict=False)) if known.version == 6 else address


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

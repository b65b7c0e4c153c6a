"""What guards every door at which a password is asked for or chosen: attempts are counted in the shared cache, and only
a few passwords are hashed at once. The verbs themselves count invitations."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from threading import BoundedSemaphore
from unicodedata import normalize
from uuid import uuid4

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from invitations import conf
from invitations.errors import CallError, Code
from invitations.models import UserKey, key_as_word
from invitations.requests import audit, shut_doors
from invitations.requests.clients import address_of, network_of
from invitations.words import say_lazy

logger = logging.getLogger(__name__)
WINDOW_SECONDS = 60
SIGNUP_WINDOW_SECONDS = 3600
EXPORT_WINDOW_SECONDS = 3600
EXPORT_HELD_SECONDS = 90
"""How long nobody may ask for another copy of somebody's data after one was broken off."""
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


@contextmanager
def pairing_door(request: HttpRequest) -> Iterator[Callable[[], None]]:
    """What the door does around looking at a pairing code. Yields what is called if the code was wrong: wrong ones are
    counted for all addresses together too, because who guesses codes guesses those of everybody.

    Args:
        request: for its IP address.

    Raises:
        CallError: `throttled` with `retry_after_seconds`.
    """
    check_login(request, None)
    limit, key = conf.limits().wrong_pairing_codes_per_minute, _key("pairing", "")
    seconds = timezone.now().timestamp()
    wait = _counted(lambda: _seconds_until_free(key, limit, seconds)) if limit else 0
    if wait:
        audit.refused(request, Code.THROTTLED)
        raise CallError(Code.THROTTLED, say_lazy("sign_in.wait", count=wait), retry_after_seconds=wait)

    def wrong() -> None:
        audit.refused(request, "wrong_pairing_code")
        if limit:
            _counted(lambda: _wait_seconds(key, limit, seconds))

    yield wrong


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
    keys = [_key("address", network_of(address_of(request)))]
    if username is not None:
        # As the form reads it: other spellings of the same name are the same name.
        keys.append(_key("name", normalize("NFKC", username).strip().casefold()))
    waits = [_counted(partial(_wait_seconds, key, limit, seconds)) for key in keys]
    if any(waits):
        audit.refused(request, Code.THROTTLED)
        if waits[0]:
            shut_doors.told_to_wait(request, waits[0])
        raise CallError(Code.THROTTLED, say_lazy("sign_in.wait", count=max(waits)), retry_after_seconds=max(waits))


def check_signup(request: HttpRequest, now: datetime | None = None) -> None:
    """Count one new account, about to be made by a stranger.

    Args:
        request: for its IP address.
        now: an aware datetime; the current time if omitted.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if `signups_per_hour` accounts were made from this address in
            the last hour.
    """
    limit = conf.limits().signups_per_hour
    if limit <= 0:
        return
    key = _key("signup", network_of(address_of(request)))
    wait = _wait_seconds(key, limit, (now or timezone.now()).timestamp(), window_seconds=SIGNUP_WINDOW_SECONDS)
    if wait:
        audit.refused(request, Code.THROTTLED)
        raise CallError(Code.THROTTLED, say_lazy("sign_up.wait"), retry_after_seconds=wait)


def _counted(count: Callable[[], int]) -> int:
    """The seconds to wait by what the cache says."""
    try:
        return count()
    except Exception:
        # People must be able to sign in without the cache; only a slow password hash protects them then.
        logger.exception("Tries to sign in are not counted: the cache does not answer")
        return 0


def _seconds_until_free(key: str, limit: int, seconds: float) -> int:
    """As `_wait_seconds`, but counts nothing."""
    window, elapsed = divmod(seconds, WINDOW_SECONDS)
    before = cache.get(f"{key}:{int(window) - 1}", 0) * (1 - elapsed / WINDOW_SECONDS)
    return 0 if before + cache.get(f"{key}:{int(window)}", 0) < limit else max(1, round(WINDOW_SECONDS - elapsed))


@contextmanager
def exporting(request: HttpRequest, user_id: UserKey, now: datetime | None = None) -> Iterator[Callable[[], bool]]:
    """Count one copy of a person's data, and hold their place while it is made: one at a time.

    Args:
        request: for the audit log.
        user_id: whose data it is.
        now: an aware datetime; the current time if omitted.

    Yields:
        What is to be called at least every `EXPORT_HELD_SECONDS` to keep the place.

    Raises:
        CallError: `throttled` with `retry_after_seconds`: one is being made, or there were `exports_per_hour`.
    """
    place, own = f"export:{key_as_word(user_id)}", uuid4().hex
    limit = conf.limits().exports_per_hour
    if not cache.add(place, own, EXPORT_HELD_SECONDS):
        audit.refused(request, Code.THROTTLED, user_id=user_id)
        raise CallError(Code.THROTTLED, say_lazy("my_data.export.running"), retry_after_seconds=EXPORT_HELD_SECONDS)
    try:
        seconds = (now or timezone.now()).timestamp()
        key = _key("export", key_as_word(user_id))
        if limit > 0 and (wait := _wait_seconds(key, limit, seconds, window_seconds=EXPORT_WINDOW_SECONDS)):
            audit.refused(request, Code.THROTTLED, user_id=user_id)
            raise CallError(Code.THROTTLED, say_lazy("my_data.export.limit"), retry_after_seconds=wait)
        yield lambda: cache.touch(place, EXPORT_HELD_SECONDS)
    finally:
        # It may have run out, and be another's.
        if cache.get(place) == own:
            cache.delete(place)


def _wait_seconds(key: str, limit: int, seconds: float, *, window_seconds: int = WINDOW_SECONDS) -> int:
    """Count an attempt and return 0, or return the seconds to wait and count nothing.

    Uses two fixed windows, the earlier one weighted by how much of it lies within the past one: this allows no burst
    where they meet, and takes one atomic step in the cache.
    """
    window, elapsed = divmod(seconds, window_seconds)
    current, previous = f"{key}:{int(window)}", f"{key}:{int(window) - 1}"
    cache.add(current, 0, 2 * window_seconds)
    count = cache.incr(current)
    before = cache.get(previous, 0) * (1 - elapsed / window_seconds)
    if before + count <= limit:
        return 0
    cache.decr(current)
    return max(1, round(window_seconds - elapsed))


def _key(kind: str, value: str) -> str:
    return f"login:{kind}:{hashlib.sha256(value.encode(errors='replace')).hexdigest()}"

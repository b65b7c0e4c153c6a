"""A browser whose session gets another key goes on: Django gives it one when people sign in again, and when they change
their password. To what came with the old key that would look like the end of the session.

So within a request the end of its own session is only noted. Once the request is over, what came with the old key
belongs to the new one, or has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.http import HttpRequest

from invitations.live import publishing
from invitations.models import Device, UserKey
from invitations.push import devices

FOUND_SECONDS = 60
"""How long a socket that came with the old key finds the new one: it looks as soon as it is asked to."""


@dataclass(slots=True)
class _Own:
    """The session that the request under way came with."""

    credential: str
    end: Callable[[], None] | None = None
    user_id: UserKey | None = None


_own: ContextVar[_Own | None] = ContextVar("own_session", default=None)


@contextmanager
def carried_over(request: HttpRequest) -> Iterator[None]:
    """Around a whole request, until its session is stored.

    Args:
        request: with the cookie that it came with, and afterwards with its session.
    """
    before = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not before:
        yield
        return
    own = _Own(devices.credential_of(session_key=before))
    token = _own.set(own)
    # Sockets look once it is known how the request has gone out.
    with publishing.rechecks_held():
        try:
            yield
        finally:
            _own.reset(token)
            if own.end is not None:
                _settle(own, own.end, before, getattr(request, "session", None))


def own_credential() -> str:
    """The session that the request under way came with, as `devices.credential_of` names it; empty if there is none."""
    own = _own.get()
    return "" if own is None else own.credential


def is_noted(credential: str, user_id: UserKey | None, end: Callable[[], None]) -> bool:
    """Whether a session that was deleted is the own one of the request under way, which settles what ends with it.

    Args:
        credential: the session, as `devices.credential_of` names it.
        user_id: the key of its user.
        end: ends what came with it.
    """
    own = _own.get()
    if own is None or own.credential != credential or user_id is None:
        return False
    own.user_id, own.end = user_id, end
    return True


def successor_of(session_key: str) -> str | None:
    """The key that a session has got instead of this one within the last minute, if any."""
    found: str | None = cache.get(_key(devices.credential_of(session_key=session_key)))
    return found


def _settle(own: _Own, end: Callable[[], None], before: str, session: Any) -> None:
    after = None if session is None else session.session_key
    if not after or after == before or own.user_id is None or session.get(SESSION_KEY) != str(own.user_id):
        end()
        return
    later = devices.credential_of(session_key=after)
    mine = Device.objects.filter(user_id=own.user_id)
    mine.filter(push_credential=own.credential).update(push_credential=later)
    mine.filter(credential=own.credential).update(credential=later)
    cache.set(_key(own.credential), after, FOUND_SECONDS)


def _key(credential: str) -> str:
    return f"session-successor:{credential}"

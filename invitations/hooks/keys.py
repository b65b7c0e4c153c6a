"""The secrets of hooks: sealed where they are stored, and two at a time while one is rotated."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings

from invitations import sealing
from invitations.hooks import signing
from invitations.models import Hook

PURPOSE = "invitations.hooks"
BOTH_FOR = timedelta(hours=24)
"""For how long the former secret signs too."""
UNREADABLE = "secret_unreadable"
"""The code of what cannot be signed, since SECRET_KEY is another one now."""


def give(hook: Hook) -> str:
    """Give a hook, not stored yet, its first secret. Returns it, to be shown once."""
    secret = signing.new_secret()
    hook.secret = sealing.seal(secret, purpose=PURPOSE)
    return secret


def rotate(hook: Hook, *, now: datetime) -> str:
    """Give a hook another secret, beside which the present one signs for `BOTH_FOR`; an earlier one ends now.

    Args:
        hook: locked.
        now: an aware datetime.

    Returns:
        The new one, to be shown once.
    """
    former = hook.secret
    secret = give(hook)
    hook.former_secret, hook.former_until = former, now + BOTH_FOR
    hook.save(update_fields=["secret", "former_secret", "former_until"])
    return secret


def of(secret: str, former: str, former_until: datetime | None, now: datetime) -> tuple[str, ...]:
    """The secrets that sign now, the newest first.

    Args:
        secret: the sealed one.
        former: the sealed former one; empty if there is none.
        former_until: until when that one counts.
        now: an aware datetime.

    Raises:
        sealing.Unreadable: SECRET_KEY is another one now.
    """
    sealed = [secret]
    if former and former_until is not None and former_until > now:
        sealed.append(former)
    return tuple(_read(each, settings.SECRET_KEY) for each in sealed)


@lru_cache(maxsize=256)
def _read(sealed: str, key: str) -> str:
    """Remembered, for it takes as long as signing ten messages."""
    return sealing.unseal(sealed, purpose=PURPOSE)

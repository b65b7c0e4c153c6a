"""The secrets of hooks: sealed where they are stored, and two at a time while one is rotated."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings

from invitations import sealing
from invitations.hooks import signing
from invitations.models import Hook

logger = logging.getLogger(__name__)
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
    """Give a hook another secret, beside which the present one signs for `BOTH_FOR`, unless it cannot be read any more;
    an earlier one ends now.

    Args:
        hook: locked.
        now: an aware datetime.

    Returns:
        The new one, to be shown once.
    """
    former = (hook.secret, now + BOTH_FOR) if is_readable(hook) else ("", None)
    secret = give(hook)
    hook.former_secret, hook.former_until = former
    hook.save(update_fields=["secret", "former_secret", "former_until"])
    return secret


def renew(hook: Hook) -> None:
    """Store the same secrets anew, by the present SECRET_KEY. A former one that cannot be read ends now.

    Args:
        hook: locked.

    Raises:
        sealing.Unreadable: SECRET_KEY was changed without SECRET_KEY_FALLBACKS.
    """
    hook.secret = sealing.seal(_read(hook.secret), purpose=PURPOSE)
    try:
        hook.former_secret = hook.former_secret and sealing.seal(_read(hook.former_secret), purpose=PURPOSE)
    except sealing.Unreadable:
        hook.former_secret, hook.former_until = "", None
    hook.save(update_fields=["secret", "former_secret", "former_until"])


def of(hook_id: str, secret: str, former: str, former_until: datetime | None, now: datetime) -> tuple[str, ...]:
    """The secrets that sign now, the newest first. The log says once by which hook none can.

    Args:
        hook_id: the public id of the hook, for the log.
        secret: the sealed one.
        former: the sealed former one; empty if there is none. It is left out if it cannot be read any more.
        former_until: until when that one counts.
        now: an aware datetime.

    Raises:
        sealing.Unreadable: SECRET_KEY is another one now.
    """
    try:
        secrets = [_read(secret)]
    except sealing.Unreadable:
        _say_unreadable(hook_id, secret)
        raise
    if former and former_until is not None and former_until > now:
        with suppress(sealing.Unreadable):
            secrets.append(_read(former))
    return tuple(secrets)


def is_readable(hook: Hook) -> bool:
    """Whether a hook's messages can be signed; if not, its secret must be rotated."""
    try:
        _read(hook.secret)
    except sealing.Unreadable:
        return False
    return True


def _read(sealed: str) -> str:
    return _read_by((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), sealed)


@lru_cache(maxsize=256)
def _read_by(keys: tuple[str | bytes, ...], sealed: str) -> str:
    """Remembered, for it takes as long as signing ten messages."""
    return sealing.unseal(sealed, purpose=PURPOSE)


@lru_cache(maxsize=256)
def _say_unreadable(hook_id: str, sealed: str) -> None:
    """Say it once in each process, and not for each message and each ring."""
    logger.error(
        "The secret of hook %s cannot be read, for SECRET_KEY was changed without SECRET_KEY_FALLBACKS: "
        "rotate the secret",
        hook_id,
    )

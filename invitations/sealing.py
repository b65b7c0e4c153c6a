"""Secrets that must be read again, as they are stored: encrypted by a key made from SECRET_KEY, so that a copy of the
database alone gives none of them away."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


class Unreadable(Exception):
    """Neither SECRET_KEY nor any of SECRET_KEY_FALLBACKS is the one that a secret was sealed by."""


def seal(secret: str, *, purpose: str) -> str:
    """A secret as it is stored: by Fernet (AES-128-CBC, HMAC-SHA256).

    Args:
        secret: any text.
        purpose: what it is for; each has a key of its own.
    """
    return _keys(purpose).encrypt(secret.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """The secret again.

    Args:
        sealed: as it is stored.
        purpose: as it was sealed for.

    Raises:
        Unreadable: SECRET_KEY was changed without SECRET_KEY_FALLBACKS.
    """
    try:
        return _keys(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def _keys(purpose: str) -> MultiFernet:
    """The first one is used for new secrets."""
    return MultiFernet([_key(each, purpose) for each in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str | bytes, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(salted_hmac(purpose, b"", secret=secret, algorithm="sha256").digest()))

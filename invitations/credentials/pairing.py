"""Codes that connect a phone: whoever is signed in at a page shows one to the phone, which gets a token for it.

A code is random, 40 bits of it, works once and for `pairing_seconds`, and is stored only as a keyed digest, which
cannot be tried out without SECRET_KEY. How often codes may be tried is counted in `requests.throttles`."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.crypto import salted_hmac

from invitations import conf
from invitations.credentials import app_tokens
from invitations.credentials.app_tokens import Issued
from invitations.models import PairingCode, UserKey
from invitations.push import devices

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's Base32: no letter in it is taken for a digit, and nothing rude can be spelled."""
CODE_CHARS = 8
NEVER = datetime.fromtimestamp(0, UTC)
"""When somebody proved who they are of whom that is not known."""
READ_AS = str.maketrans("ILO", "110", " -")
"""What people may type instead: letters that look like digits, and what stands between groups."""


def make(user_id: UserKey, credential: str, now: datetime, proved_at: datetime | None = None) -> tuple[str, datetime]:
    """A new code. A former one of the user ends.

    Args:
        user_id: the key of the user who asks.
        credential: the session that asks, with which the code ends.
        now: an aware datetime.
        proved_at: when the user last proved who they are; None if that is not known.

    Returns:
        The code, and when it ends.
    """
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))
    expires_at = now + timedelta(seconds=conf.limits().pairing_seconds)
    fresh = {
        "digest": _digest(code),
        "credential": credential,
        "proved_at": proved_at or NEVER,
        "created_at": now,
        "expires_at": expires_at,
        "used_at": None,
        "device_id": "",
    }
    with devices.locked(user_id):
        PairingCode.objects.update_or_create(user_id=user_id, defaults=fresh)
    return code, expires_at


def latest(user_id: UserKey) -> PairingCode | None:
    """The code that the user made last, however it ended; None if there is none or it was taken back.

    Args:
        user_id: the user's key.
    """
    return PairingCode.objects.filter(user_id=user_id).first()


def withdraw(user_id: UserKey) -> None:
    """Take the user's code back, unless it was used.

    Args:
        user_id: the user's key.
    """
    PairingCode.objects.filter(user_id=user_id, used_at=None).delete()


def redeem(
    code: str, device_name: str, now: datetime, device_id: str | None = None
) -> tuple[AbstractBaseUser, Issued] | None:
    """The token for a code, once, and the user who made the code; None if it is wrong, used or over.

    Args:
        code: as somebody typed it.
        device_name: as for `app_tokens.issue`.
        now: an aware datetime.
        device_id: as for `app_tokens.issue`.
    """
    digest = _digest(normalized(code))
    user_id = PairingCode.objects.filter(digest=digest).values_list("user_id", flat=True).first()
    if user_id is None:
        return None
    with devices.locked(user_id):
        user = get_user_model()._base_manager.filter(pk=user_id).first()
        open_now = PairingCode.objects.filter(digest=digest, used_at=None, expires_at__gt=now)
        # The lock lets nobody else in between; whoever takes codes back takes it too.
        if user is None or not user.is_active or not open_now.exists():
            return None
        proved_at = open_now.values_list("proved_at", flat=True).get()
        made = app_tokens.issue(user, device_name, now, device_id, proved_at=proved_at or NEVER)
        open_now.update(used_at=now, device_id=made.device_id)
    return user, made


def normalized(code: str) -> str:
    """A code as it was made, of one that somebody typed: in any capitals, with spaces or dashes."""
    return code.upper().translate(READ_AS)


def _digest(code: str) -> str:
    return salted_hmac("invitations.pairing", code, algorithm="sha256").hexdigest()

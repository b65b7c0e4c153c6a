"""Signatures by Standard Webhooks 1.0 (standardwebhooks.com): how another program knows that it is we who tell it.

Knows no database and no network. Never let a secret reach a log, a `repr` or an answer but the one that makes it."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from functools import lru_cache

PREFIX = "whsec_"
SECRET_BYTES = 32
"""The standard asks for 24 to 64."""


def new_secret() -> str:
    """A secret that is shared with the owner of a hook: `whsec_` and base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def new_id() -> str:
    """The id of a message, the same for each of its tries: `msg_` and 26 letters and digits."""
    return "msg_" + base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def headers(message_id: str, body: bytes, keys: Sequence[str], *, timestamp: int) -> dict[str, str]:
    """The headers of one try to send JSON.

    Args:
        message_id: without a full stop, which separates the parts of what is signed.
        body: exactly the bytes that are sent.
        keys: the hook's secrets, the newest first; while they are rotated there are two, and either is good.
        timestamp: of this try, in whole seconds since 1970.

    Raises:
        ValueError: a key is not `whsec_` and base64.
    """
    signed = b"%s.%d." % (message_id.encode(), timestamp) + body
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join([_signature(each, signed) for each in keys]),
    }


def _signature(key: str, signed: bytes) -> str:
    return "v1," + binascii.b2a_base64(hmac.digest(_raw(key), signed, "sha256"), newline=False).decode("ascii")


@lru_cache(maxsize=256)
def _raw(key: str) -> bytes:
    if not key.startswith(PREFIX):
        raise ValueError("not a secret of a hook")
    return base64.b64decode(key.removeprefix(PREFIX), validate=True)

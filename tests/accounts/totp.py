"""An authenticator app (RFC 6238), by nothing but the standard: SHA-1, six digits, 30 seconds."""

from __future__ import annotations

import base64
import hmac
import struct
import time

PERIOD_SECONDS = 30


def code_of(secret: str, *, periods: int = 0) -> str:
    """The code that the app shows.

    Args:
        secret: in base32, with or without spaces.
        periods: how many periods later, or earlier if below zero.
    """
    key = base64.b32decode(secret.replace(" ", ""), casefold=True)
    counter = int(time.time()) // PERIOD_SECONDS + periods
    digest = hmac.digest(key, struct.pack(">Q", counter), "sha1")
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"

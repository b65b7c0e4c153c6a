"""Encryption for one device (RFC 8291), so that its push service carries what only the device can read.

Knows keys and bytes, but nothing of where they are sent."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from pywebpush import WebPusher

from invitations.transports.base import Address, FailureCode, Refused, from_base64, to_base64url
from invitations.words import say

POINT_BYTES = 65
AUTH_BYTES = 16
OVERHEAD_BYTES = 103
"""By how much encryption lengthens a payload (RFC 8291 section 4)."""
MAX_KEY_CHARS = 128
KNOWN_KEYS = 4096
"""How many devices' keys are remembered, so that ringing them again is cheap."""

_NO_SUBSCRIPTION = {"endpoint": ""}


def problems(address: Address) -> dict[str, str]:
    """For each bad key of an address, a sentence for people."""
    errors = lengths_wrong(address)
    if "p256dh" not in errors and not is_on_the_curve(decoded(address.p256dh)):
        errors["p256dh"] = say("address.public_key", bytes=POINT_BYTES)
    return errors


def lengths_wrong(address: Address) -> dict[str, str]:
    """The same, without the work of looking whether the public key is on the curve, which encryption does, too."""
    errors = {}
    if len(decoded(address.p256dh)) != POINT_BYTES:
        errors["p256dh"] = say("address.public_key", bytes=POINT_BYTES)
    if len(decoded(address.auth)) != AUTH_BYTES:
        errors["auth"] = say("address.auth", bytes=AUTH_BYTES)
    return errors


def canonical(key: str) -> str:
    """A good key in unpadded base64url."""
    return to_base64url(decoded(key))


def sealed(p256dh: str, auth: str, payload: bytes, *, host: str) -> bytes:
    """The payload, encrypted for the device with these keys: `OVERHEAD_BYTES` more.

    Args:
        p256dh: see `Address`.
        auth: see `Address`.
        payload: not empty.
        host: of the push service, for words about a failure.

    Raises:
        Refused: the payload is empty, or the keys are unusable.
    """
    try:
        return bytes(_pusher(p256dh, auth).encode(payload)["body"])
    except Exception as error:
        # Three libraries are involved, each with its own exceptions.
        raise Refused(FailureCode.UNENCRYPTABLE, f"{host}: {type(error).__name__}") from None


def is_on_the_curve(raw: bytes) -> bool:
    """Whether it is an uncompressed point on P-256 (SEC 1 section 2.3.3)."""
    if len(raw) != POINT_BYTES or raw[0] != 4:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:
        return False
    return True


def decoded(text: str) -> bytes:
    """A key as bytes; empty if it is none."""
    if len(text) > MAX_KEY_CHARS:
        return b""
    try:
        return from_base64(text)
    except ValueError:
        return b""


@lru_cache(maxsize=KNOWN_KEYS)
def _pusher(p256dh: str, auth: str) -> Any:
    # Set what WebPusher would decode from a subscription.
    pusher = WebPusher(_NO_SUBSCRIPTION)
    pusher.receiver_key, pusher.auth_key = decoded(p256dh), decoded(auth)
    return pusher

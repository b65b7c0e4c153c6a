"""What a push service demands of a message: RFC 8030 (web push), RFC 8188 and 8291 (encryption), RFC 8292 (VAPID)."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

MAX_BODY_BYTES = 4096
MAX_VAPID_SECONDS = 24 * 60 * 60
URGENCIES = {"very-low", "low", "normal", "high"}

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_HEADER_BYTES = 16 + 4 + 1
"""Salt, record size and the key's length open an aes128gcm body (RFC 8188 section 2.1)."""
_POINT_BYTES = 65


@dataclass(frozen=True)
class Violation:
    """A broken rule, and the status that a real service answers it with."""

    status: int
    text: str


def violations(headers: Mapping[str, str], body: bytes, origin: str, signing_key: str) -> list[Violation]:
    """Every rule that a message breaks, the most telling first.

    Args:
        origin: the push service's own, which VAPID must name as its audience.
        signing_key: the VAPID key of the subscription, unpadded base64url; empty where any will do.
    """
    found = [*_of_vapid(headers.get("Authorization", ""), origin, signing_key), *_of_headers(headers), *_of_body(body)]
    return sorted(found, key=lambda each: [401, 403, 413, 400].index(each.status))


def claims(authorization: str) -> dict[str, Any]:
    """What a VAPID header claims, unverified; empty where it cannot be read."""
    try:
        return dict(json.loads(decoded(_parameters(authorization)["t"].split(".")[1])))
    except (KeyError, IndexError, ValueError):
        return {}


def signing_key_of(authorization: str) -> str:
    """The VAPID public key that a message came with; empty without one."""
    return _parameters(authorization).get("k", "")


def decoded(text: str) -> bytes:
    """Unpadded base64url.

    Raises:
        ValueError: it is something else, padding included.
    """
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not unpadded base64url")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def encoded(data: bytes) -> str:
    """As unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _parameters(authorization: str) -> dict[str, str]:
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "vapid":
        return {}
    pairs = [part.strip().partition("=") for part in rest.split(",")]
    return {name.lower(): value for name, _, value in pairs}


def _of_vapid(authorization: str, origin: str, signing_key: str) -> list[Violation]:
    if not authorization:
        return [Violation(401, "Authorization is missing")]
    parameters = _parameters(authorization)
    if not parameters.get("t") or not parameters.get("k"):
        return [Violation(401, "Authorization is not `vapid t=..., k=...`")]
    try:
        header, claimed = _verified(parameters["t"], parameters["k"])
    except (ValueError, InvalidSignature) as error:
        return [Violation(403, f"the VAPID token cannot be verified by its key: {error or 'wrong signature'}")]
    found = []
    if header.get("alg") != "ES256":
        found.append(f"the VAPID token is signed with {header.get('alg')!r}")
    if claimed.get("aud") != origin:
        found.append(f"the VAPID audience is {claimed.get('aud')!r}, not {origin!r}")
    found += _of_expiry(claimed.get("exp"))
    if not re.fullmatch(r"(mailto:[^@\s]+@[^@\s]+|https://\S+)", str(claimed.get("sub", ""))):
        found.append(f"the VAPID subject is {claimed.get('sub')!r}, neither mailto: nor https:")
    if signing_key and parameters["k"] != signing_key:
        found.append("the VAPID key is not the one of the subscription")
    return [Violation(403, text) for text in found]


def _of_expiry(expiry: Any) -> list[str]:
    if isinstance(expiry, bool) or not isinstance(expiry, int):
        return [f"the VAPID expiry is {expiry!r}, not a whole number"]
    left_seconds = expiry - time.time()
    if left_seconds <= 0:
        return ["the VAPID token has expired"]
    return ["the VAPID token is valid for more than 24 hours"] if left_seconds > MAX_VAPID_SECONDS else []


def _verified(token: str, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and claims of a JWT (RFC 7519) whose ES256 signature is right.

    Raises:
        ValueError: no such token, or no such key.
        InvalidSignature: of another key or other claims.
    """
    public_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
    header, payload, signature = token.split(".")
    raw = decoded(signature)
    if len(raw) != 64:
        raise ValueError("a signature of other than 64 bytes")
    pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public_key.verify(pair, f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    opened, claimed = json.loads(decoded(header)), json.loads(decoded(payload))
    if not isinstance(opened, dict) or not isinstance(claimed, dict):
        raise ValueError("a token of something else than objects")
    return opened, claimed


def _of_headers(headers: Mapping[str, str]) -> list[Violation]:
    found = []
    if not re.fullmatch(r"\d+", headers.get("TTL", "")):
        found.append(f"TTL is {headers.get('TTL')!r}, not a whole number of seconds")
    if headers.get("Urgency", "normal") not in URGENCIES:
        found.append(f"Urgency is {headers['Urgency']!r}")
    topic = headers.get("Topic")
    if topic is not None and (len(topic) > 32 or not _BASE64URL.fullmatch(topic)):
        found.append(f"Topic is {topic!r}, not up to 32 characters of base64url")
    if headers.get("Content-Encoding") != "aes128gcm":
        found.append(f"Content-Encoding is {headers.get('Content-Encoding')!r}, not aes128gcm")
    return [Violation(400, text) for text in found]


def _of_body(body: bytes) -> list[Violation]:
    if len(body) > MAX_BODY_BYTES:
        return [Violation(413, f"the body has {len(body)} bytes, more than {MAX_BODY_BYTES}")]
    # RFC 8291 section 4: one record, and the sender's public key as the key id.
    if len(body) < _HEADER_BYTES or body[20] != _POINT_BYTES or len(body) < _HEADER_BYTES + _POINT_BYTES + 18:
        return [Violation(400, "the body is not an aes128gcm record with the sender's key")]
    return []

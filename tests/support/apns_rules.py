"""What Apple's push service demands of a request, as its documentation says: headers, the provider's token, sizes."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

MOST_BYTES = {"voip": 5120}
OTHERS_MOST_BYTES = 4096
TOKEN_SECONDS = 3600
RENEWAL_SECONDS = 20 * 60


@dataclass(frozen=True)
class Violation:
    """A broken rule, and what Apple answers to it."""

    status: int
    reason: str
    text: str


@dataclass(frozen=True)
class Provider:
    """Who may send: the team's key as Apple knows it, and the app's bundle id."""

    key_id: str
    team_id: str
    topic: str
    key: EllipticCurvePublicKey


def violations(headers: Mapping[str, str], body: bytes, provider: Provider) -> list[Violation]:
    """Every rule that a request breaks."""
    return [
        *_of_request(headers),
        *_of_token(headers, provider),
        *_of_headers(headers, provider),
        *_of_body(headers, body),
    ]


def _of_request(headers: Mapping[str, str]) -> Iterator[Violation]:
    if headers.get(":method") != "POST":
        yield Violation(405, "MethodNotAllowed", f"the method is {headers.get(':method')!r}")
    if headers.get(":scheme") != "https":
        yield Violation(400, "BadPath", f"the scheme is {headers.get(':scheme')!r}")
    if not re.fullmatch(r"/3/device/[0-9a-f]{16,200}", headers.get(":path", "")):
        yield Violation(404, "BadPath", f"the path is {headers.get(':path')!r}")


def _of_token(headers: Mapping[str, str], provider: Provider) -> Iterator[Violation]:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme != "bearer" or not token:
        yield Violation(403, "MissingProviderToken", "there is no provider token")
        return
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, provider.key, algorithms=["ES256"], options={"verify_iat": False})
    except jwt.PyJWTError as error:
        yield Violation(403, "InvalidProviderToken", f"the provider token cannot be verified: {type(error).__name__}")
        return
    if (header.get("kid"), claims.get("iss")) != (provider.key_id, provider.team_id):
        yield Violation(403, "InvalidProviderToken", f"the token is of {header.get('kid')!r}, {claims.get('iss')!r}")
    issued_at = claims.get("iat")
    if type(issued_at) is not int or not -60 < time.time() - issued_at < TOKEN_SECONDS:
        yield Violation(403, "ExpiredProviderToken", f"the token is of {issued_at!r}")


def _of_headers(headers: Mapping[str, str], provider: Provider) -> Iterator[Violation]:
    kind = headers.get("apns-push-type")
    if kind not in ("voip", "alert", "background"):
        yield Violation(400, "InvalidPushType", f"the type is {kind!r}")
    if headers.get("apns-topic") != provider.topic + (".voip" if kind == "voip" else ""):
        yield Violation(400, "BadTopic", f"the topic of a {kind} push is {headers.get('apns-topic')!r}")
    if headers.get("apns-priority") not in ({"5"} if kind == "background" else {"5", "10"}):
        yield Violation(400, "BadPriority", f"the priority of a {kind} push is {headers.get('apns-priority')!r}")
    if not re.fullmatch(r"[0-9]{1,10}", headers.get("apns-expiration", "")):
        yield Violation(400, "BadExpirationDate", f"it expires at {headers.get('apns-expiration')!r}")
    name = headers.get("apns-id", "")
    try:
        canonical = str(uuid.UUID(name)) == name
    except ValueError:
        canonical = False
    if name and not canonical:
        yield Violation(400, "BadMessageId", f"its name is {name!r}, no UUID")
    if len(headers.get("apns-collapse-id", "").encode()) > 64:
        yield Violation(400, "BadCollapseId", "its collapse id is longer than 64 bytes")


def _of_body(headers: Mapping[str, str], body: bytes) -> Iterator[Violation]:
    kind = headers.get("apns-push-type", "")
    if len(body) > MOST_BYTES.get(kind, OTHERS_MOST_BYTES):
        yield Violation(413, "PayloadTooLarge", f"{len(body)} bytes are too many for a {kind} push")
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if type(payload) is not dict:
        yield Violation(400, "PayloadEmpty", "the body is no JSON object")
        return
    shown: Any = payload.get("aps", {})
    if kind == "alert" and not shown.get("alert"):
        yield Violation(400, "BadPayload", "an alert push shows nothing")
    if kind == "background" and shown != {"content-available": 1}:
        yield Violation(400, "BadPayload", f"a background push has {shown!r}")

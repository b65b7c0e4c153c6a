"""Web Push to browsers and UnifiedPush apps: RFC 8030 (delivery), RFC 8291 (encryption), RFC 8292 (identification).

Asks the push service once. The caller decides whether and when to try again."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from invitations.transports import encryption, outbound, targets, vapid
from invitations.transports.base import (
    MAX_PAYLOAD_BYTES,
    Address,
    Effect,
    Failure,
    FailureCode,
    Gone,
    InvalidAddress,
    Message,
    Refused,
    TryLater,
    keys_in,
    texts,
    to_base64url,
)
from invitations.transports.encryption import POINT_BYTES
from invitations.words import say

logger = logging.getLogger(__name__)

MAX_TTL_SECONDS = 28 * 24 * 3600
"""The longest time for which the known services keep a message."""
KNOWN_ADDRESSES = 4096
"""How many parsed addresses are remembered, so that ringing them again is cheap."""

_URGENCIES = frozenset({"very-low", "low", "normal", "high"})
_TOPIC = re.compile(r"[A-Za-z0-9_-]{0,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Known:
    """An address that was parsed."""

    target: targets.Target
    signing_key: str
    p256dh: str
    auth: str


class WebPush:
    """The Web Push transport, with pooled connections."""

    name = "webpush"

    def __init__(self) -> None:
        self._outbound = outbound.Outbound()

    def read(self, given: Mapping[str, Any]) -> Address:
        """The address in a browser's `PushSubscription.toJSON()`, with the key that it was made with as `public_key`;
        the current one if none is given.

        Raises:
            InvalidAddress: it cannot be used; says why for each bad field.
        """
        parts = texts(given, "endpoint", "public_key")
        signing_key = parts["public_key"] or vapid.current_public_key() or ""
        return self.check(Address(self.name, parts["endpoint"], **keys_in(given), signing_key=signing_key))

    def check(self, address: Address) -> Address:
        """The address in canonical form: the host in lower case, keys in unpadded base64url, and the VAPID key that it
        was created with, or the current one if none is given.

        Raises:
            InvalidAddress: the address cannot be used; says why for each bad field.
        """
        errors: dict[str, str] = {}
        known = None
        try:
            known = _known(address, targets.hosts())
        except InvalidAddress as error:
            errors = error.errors
        errors = {**encryption.problems(address), **errors}
        if known is not None and known.signing_key and not vapid.is_known(known.signing_key):
            errors["signing_key"] = say("invalid.push_public_key")
        if errors or known is None:
            raise InvalidAddress(errors)
        return Address(
            transport=self.name,
            endpoint=known.target.text,
            p256dh=encryption.canonical(address.p256dh),
            auth=encryption.canonical(address.auth),
            signing_key=known.signing_key or vapid.current_public_key() or "",
        )

    def host_of(self, address: Address) -> str:
        """The push service's host name; empty if the address cannot be used."""
        try:
            return _known(address, targets.hosts()).target.host
        except InvalidAddress:
            return ""

    def room(self, address: Address, effect: Effect) -> int:
        """As much as every push service takes."""
        return MAX_PAYLOAD_BYTES

    async def send(self, address: Address, message: Message) -> int:
        """Encrypt, sign and hand over the message within `SEND_SECONDS`.

        Raises:
            Gone: 404 or 410.
            Refused: any other 4xx except 429, a redirect, a forbidden address, an unknown VAPID key, or a payload that
                cannot be encrypted.
            TryLater: 429, 5xx, no answer, or a TLS failure.
        """
        host = "?"
        try:
            known = _usable(address)
            host = known.target.host
            headers = _headers(known, message)
            body = encryption.sealed(known.p256dh, known.auth, message.payload, host=host)
            answer = await self._outbound.post(known.target, body, headers)
        except Failure:
            raise
        except Exception as error:
            # The contract allows nothing else to be raised, and one bad address must not stop the others. The error's
            # own text may contain the address.
            logger.error("Sending to %s failed as nobody expected: %s", host, type(error).__name__)
            raise TryLater(FailureCode.NO_ANSWER, f"{host}: {type(error).__name__}") from None
        if 200 <= answer.status < 300:
            return answer.status
        raise _failure(answer, host)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._outbound.close()


def _usable(address: Address) -> _Known:
    try:
        return _known(address, targets.hosts())
    except InvalidAddress as error:
        raise Refused(_code_of(error.errors), str(error)) from None


def _code_of(errors: dict[str, str]) -> FailureCode:
    if "transport" in errors or "endpoint" in errors:
        return FailureCode.FORBIDDEN_ADDRESS
    if "p256dh" in errors or "auth" in errors:
        return FailureCode.UNENCRYPTABLE
    return FailureCode.KEY_UNKNOWN


@lru_cache(maxsize=KNOWN_ADDRESSES)
def _known(address: Address, hosts: tuple[str, ...]) -> _Known:
    """Parse an address, given the allowed hosts.

    Raises:
        InvalidAddress: the address cannot be used; says why for each bad field.
    """
    errors: dict[str, str] = {}
    if address.transport != WebPush.name:
        errors["transport"] = say("address.transport.unknown", names=WebPush.name)
    target = None
    try:
        target = targets.target(address.endpoint, targets.read(hosts))
    except targets.NotAllowed as error:
        errors["endpoint"] = str(error)
    # `check` sees whether the point is on the curve, and so does the encryption itself.
    errors.update(encryption.lengths_wrong(address))
    signing_key = _signing_key(address.signing_key)
    if address.signing_key and not signing_key:
        errors["signing_key"] = say("address.signing_key", bytes=POINT_BYTES)
    if errors or target is None:
        raise InvalidAddress(errors)
    return _Known(target, signing_key, address.p256dh, address.auth)


@lru_cache(maxsize=64)
def _signing_key(text: str) -> str:
    """A VAPID key in canonical form; empty if none. Cached: few keys are behind all addresses."""
    raw = encryption.decoded(text)
    return to_base64url(raw) if encryption.is_on_the_curve(raw) else ""


def _headers(known: _Known, message: Message) -> dict[str, str]:
    """The request's headers (RFC 8030 section 5, RFC 8188 section 2, RFC 8292 section 3).

    Raises:
        Refused: the VAPID key no longer exists, or no service would accept the message.
    """
    host = known.target.host
    if message.urgency not in _URGENCIES or not _TOPIC.fullmatch(message.topic):
        raise Refused(FailureCode.BAD_REQUEST, f"{host}: the urgency or the topic is none")
    if len(message.payload) > MAX_PAYLOAD_BYTES:
        detail = f"{host}: {len(message.payload)} bytes, {MAX_PAYLOAD_BYTES} is the most"
        raise Refused(FailureCode.TOO_LARGE, detail)
    try:
        signed = vapid.authorization(known.signing_key, known.target.origin, now=time.time())
    except vapid.KeyUnknown:
        detail = f"{host}: the VAPID key that this address was made with is not here"
        raise Refused(FailureCode.KEY_UNKNOWN, detail) from None
    headers = {
        "Authorization": signed,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(min(max(int(message.ttl_seconds), 0), MAX_TTL_SECONDS)),
        "Urgency": message.urgency,
    }
    if message.topic:
        headers["Topic"] = message.topic
    return headers


def _failure(answer: outbound.Answer, host: str) -> Failure:
    """The failure that an answer outside 200 to 299 means."""
    status = answer.status
    detail = f"{host} answered {status}"
    if status in (404, 410):
        return Gone(detail, status=status)
    if status == 429:
        return TryLater(FailureCode.THROTTLED, detail, status=status, after_seconds=answer.retry_after_seconds)
    if 300 <= status < 400:
        return Refused(FailureCode.REDIRECTED, detail, status=status)
    if 400 <= status < 500:
        return Refused(_REFUSALS.get(status, FailureCode.REFUSED), detail, status=status)
    return TryLater(FailureCode.SERVICE_ERROR, detail, status=status, after_seconds=answer.retry_after_seconds)


_REFUSALS = {
    400: FailureCode.BAD_REQUEST,
    401: FailureCode.VAPID_REFUSED,
    403: FailureCode.VAPID_REFUSED,
    413: FailureCode.TOO_LARGE,
}

"""Apple's push service (APNs), by HTTP/2 with a token: rings as VoIP pushes, and what must not ring as other ones.

iOS ends an app that takes a VoIP push and reports no call, so nothing but a ring is ever one. All else goes to the
device's other token, or nowhere. What is sent is encrypted for the device, as in Web Push: Apple carries it, and can
neither read it nor use the action token in it.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from invitations.transports import apns_keys, encryption, http2
from invitations.transports.base import (
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
from invitations.words import say

logger = logging.getLogger(__name__)

MOST_BYTES = {Effect.RING: 5120, Effect.SHOW: 4096, Effect.SETTLE: 4096}
"""How long a body may be, by what it does."""
STAND_IN_BYTES = 256
"""How much of a body the words for the lock screen may take."""
FIELD = "callinvite"
"""The member that holds what was encrypted."""
_EXPIRED = "ExpiredProviderToken"
_GONE = {"BadDeviceToken", "ExpiredToken", "Unregistered"}
_OUR_CREDENTIALS = {"BadCertificate", "BadCertificateEnvironment", "Forbidden", "InvalidProviderToken"}

# Apple says not to rely on its length; it is 32 bytes today.
_token = re.compile(r"(?:[0-9a-f]{2}){8,100}", re.ASCII)


class Apns:
    """The APNs transport, with one connection for all devices."""

    name = "apns"

    def __init__(self) -> None:
        self._client = http2.Client()
        self._signer = apns_keys.Signer()

    def read(self, given: Mapping[str, Any]) -> Address:
        """The address that an app registers: `token` from PushKit, `alert_token` from UIKit if it has one, and `keys`.

        Raises:
            InvalidAddress: it cannot be used, or this server has no key for APNs.
        """
        parts = texts(given, "token", "alert_token")
        return self.check(
            Address(self.name, parts["token"], **keys_in(given), alert_token=parts["alert_token"]),
        )

    def check(self, address: Address) -> Address:
        """The address in canonical form: tokens in lower case, keys in unpadded base64url.

        Raises:
            InvalidAddress: it cannot be used, or this server has no key for APNs.
        """
        errors: dict[str, str] = {}
        if address.transport != self.name:
            errors["transport"] = say("address.transport.unknown", names=self.name)
        elif not apns_keys.is_set_up():
            errors["transport"] = say("address.transport.not_set_up", name=self.name)
        token, alert_token = address.endpoint.lower(), address.alert_token.lower()
        if not _token.fullmatch(token):
            errors["token"] = say("address.apns_token")
        if alert_token and not _token.fullmatch(alert_token):
            errors["alert_token"] = say("address.apns_token")
        errors.update(encryption.problems(address))
        if errors:
            raise InvalidAddress(errors)
        return Address(
            self.name,
            token,
            encryption.canonical(address.p256dh),
            encryption.canonical(address.auth),
            alert_token=alert_token,
        )

    def host_of(self, address: Address) -> str:
        """The host of APNs."""
        return _host()

    def room(self, address: Address, effect: Effect) -> int:
        """What is left of a body once the payload is encrypted and in base64url; 0 for what must not ring, if the
        device gave no token for that."""
        return _ROOM[effect] if _token_for(address, effect) else 0

    async def send(self, address: Address, message: Message) -> int:
        """Encrypt the message and hand it over within `SEND_SECONDS`. A connection that broke, and a token that has
        expired, are renewed once.

        Raises:
            Gone: the token for rings is no longer, or never was, one of this app's.
            Refused: any other 4xx except 429, no key, or a payload that cannot be encrypted.
            TryLater: 429, 5xx, no answer, or a TLS failure.
        """
        host = "?"
        try:
            host = _host()
            path, body = _packed(address, message, host)
            headers = _headers(message)
            answer = await self._asked(path, headers, body)
        except Failure:
            raise
        except Exception as error:
            # The contract allows nothing else to be raised, and the error's own text may contain the token.
            logger.error("Sending to %s failed as nobody expected: %s", host, type(error).__name__)
            raise TryLater(FailureCode.NO_ANSWER, f"{host}: {type(error).__name__}") from None
        if answer.status == 200:
            return answer.status
        raise _failure(answer, host, message.effect)

    async def close(self) -> None:
        """Close the connection of the running loop."""
        await self._client.close()

    async def _asked(self, path: str, headers: dict[str, str], body: bytes) -> http2.Answer:
        for attempt in range(2):
            headers["authorization"] = signed = self._signed()
            answer = await self._client.post(apns_keys.url(), path, headers, body)
            if attempt or answer.status != 403 or _reason(answer) != _EXPIRED:
                break
            self._signer.renew(signed, now=time.time())
        return answer

    def _signed(self) -> str:
        try:
            return self._signer.authorization(now=time.time())
        except apns_keys.Unusable as error:
            raise Refused(FailureCode.CREDENTIALS_REFUSED, str(error)) from None


def _host() -> str:
    return urlsplit(apns_keys.url()).hostname or "?"


def _token_for(address: Address, effect: Effect) -> str:
    return address.endpoint if effect == Effect.RING else address.alert_token


def _packed(address: Address, message: Message, host: str) -> tuple[str, bytes]:
    """The path and the body of a request.

    Raises:
        Refused: there is no such device, or the message does not fit or cannot be encrypted.
    """
    token = _token_for(address, message.effect)
    if address.transport != Apns.name or not _token.fullmatch(token):
        raise Refused(FailureCode.FORBIDDEN_ADDRESS, f"{host}: there is no token for this")
    room = _ROOM[message.effect]
    if len(message.payload) > room:
        raise Refused(FailureCode.TOO_LARGE, f"{host}: {len(message.payload)} bytes, {room} is the most")
    sealed = encryption.sealed(address.p256dh, address.auth, message.payload, host=host)
    return f"/3/device/{token}", _body(message.effect, to_base64url(sealed), message.stand_in)


def _body(effect: Effect, sealed: str, stand_in: str) -> bytes:
    if effect == Effect.RING:
        return f'{{"{FIELD}":"{sealed}"}}'.encode()
    if effect == Effect.SETTLE:
        return f'{{"aps":{{"content-available":1}},"{FIELD}":"{sealed}"}}'.encode()
    words = json.dumps(_shortened(stand_in), ensure_ascii=False)
    return f'{{"aps":{{"alert":{{"body":{words}}},"mutable-content":1}},"{FIELD}":"{sealed}"}}'.encode()


def _shortened(words: str) -> str:
    while len(json.dumps(words, ensure_ascii=False).encode()) > STAND_IN_BYTES:
        words = words[:-1]
    return words


def _room(effect: Effect) -> int:
    """How many bytes fit, if four characters stand for three of them."""
    taken = len(_body(effect, "", "")) + (STAND_IN_BYTES - 2 if effect == Effect.SHOW else 0)
    return (MOST_BYTES[effect] - taken) * 3 // 4 - encryption.OVERHEAD_BYTES


_ROOM = {each: _room(each) for each in Effect}
_TYPES = {Effect.RING: "voip", Effect.SHOW: "alert", Effect.SETTLE: "background"}


def _headers(message: Message) -> dict[str, str]:
    expires_at = time.time() + message.ttl_seconds if message.expires_at is None else message.expires_at.timestamp()
    # Background pushes have no other priority; a ring must not wait for the device to wake up.
    is_urgent = message.effect == Effect.RING or (message.effect == Effect.SHOW and message.urgency == "high")
    headers = {
        "apns-topic": apns_keys.topic() + (".voip" if message.effect == Effect.RING else ""),
        "apns-push-type": _TYPES[message.effect],
        "apns-priority": "10" if is_urgent else "5",
        # 0 would mean: now or never.
        "apns-expiration": str(max(int(expires_at), 1)),
    }
    if message.name:
        headers["apns-id"] = message.name
    if message.topic and message.effect != Effect.RING:
        headers["apns-collapse-id"] = message.topic
    return headers


def _reason(answer: http2.Answer) -> str:
    try:
        return str(json.loads(answer.body)["reason"])
    except (ValueError, KeyError, TypeError):
        return ""


def _failure(answer: http2.Answer, host: str, effect: Effect) -> Failure:
    """The failure that an answer other than 200 means."""
    status, reason = answer.status, _reason(answer)
    detail = f"{host} answered {status}" + (f" {reason}" if reason.isalpha() and reason.isascii() else "")
    if status == 410 or reason in _GONE:
        if effect != Effect.RING:
            # The token by which the phone rings is another one, and may be good.
            return Refused(FailureCode.REFUSED, detail, status=status)
        return Gone(detail, status=status)
    if status == 429:
        return TryLater(FailureCode.THROTTLED, detail, status=status, after_seconds=answer.retry_after_seconds)
    if status >= 500 or reason == _EXPIRED:
        return TryLater(FailureCode.SERVICE_ERROR, detail, status=status, after_seconds=answer.retry_after_seconds)
    if status in (401, 403) or reason in _OUR_CREDENTIALS:
        return Refused(FailureCode.CREDENTIALS_REFUSED, detail, status=status)
    if status == 413:
        return Refused(FailureCode.TOO_LARGE, detail, status=status)
    return Refused(FailureCode.BAD_REQUEST if status == 400 else FailureCode.REFUSED, detail, status=status)

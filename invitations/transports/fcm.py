"""Google's push service for Android apps (FCM HTTP v1): data messages alone, which the app itself turns into a ring.

What is sent is encrypted for the device, as in Web Push: Google carries it, and can neither read it nor use the action
token in it.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from yarl import URL

from invitations.transports import encryption, fcm_keys, outbound
from invitations.transports.base import (
    SEND_SECONDS,
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
from invitations.transports.targets import Target
from invitations.words import say

logger = logging.getLogger(__name__)

MOST_BYTES = 4096
"""How long names and values of a message's data may be, all together."""
FIELD = "callinvite"
"""The member of the data that holds what was encrypted."""
MAX_TTL_SECONDS = 28 * 24 * 3600
KINDS = ("token", "fid")
"""How an address begins, before a slash: by a registration token, or by a Firebase installation id."""
ROOM = (MOST_BYTES - len(FIELD)) * 3 // 4 - encryption.OVERHEAD_BYTES

_address = re.compile(r"(?:token/[A-Za-z0-9_:.-]{16,1024}|fid/[A-Za-z0-9_-]{8,64})", re.ASCII)
_FORM = "application/x-www-form-urlencoded"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Fcm:
    """The FCM transport, with pooled connections."""

    name = "fcm"

    def __init__(self) -> None:
        self._outbound = outbound.Outbound()
        self._tokens = fcm_keys.Tokens()
        self._asking: dict[asyncio.AbstractEventLoop, asyncio.Task[str]] = {}

    def read(self, given: Mapping[str, Any]) -> Address:
        """The address that an app registers: `token` or `fid`, and `keys`.

        Raises:
            InvalidAddress: it cannot be used, or this server has no account at Firebase.
        """
        parts = texts(given, *KINDS)
        named = [f"{kind}/{parts[kind]}" for kind in KINDS if parts[kind]]
        if len(named) != 1:
            raise InvalidAddress({"token": say("address.fcm_token")})
        return self.check(Address(self.name, named[0], **keys_in(given)))

    def check(self, address: Address) -> Address:
        """The address with its keys in unpadded base64url.

        Raises:
            InvalidAddress: it cannot be used, or this server has no account at Firebase.
        """
        errors: dict[str, str] = {}
        if address.transport != self.name:
            errors["transport"] = say("address.transport.unknown", names=self.name)
        elif not fcm_keys.is_set_up():
            errors["transport"] = say("address.transport.not_set_up", name=self.name)
        if not _address.fullmatch(address.endpoint):
            errors["token"] = say("address.fcm_token")
        errors.update(encryption.problems(address))
        if errors:
            raise InvalidAddress(errors)
        keys = encryption.canonical(address.p256dh), encryption.canonical(address.auth)
        return Address(self.name, address.endpoint, *keys)

    def host_of(self, address: Address) -> str:
        """The host of FCM."""
        return URL(fcm_keys.url()).host or "?"

    def room(self, address: Address, effect: Effect) -> int:
        """What is left of the data once the payload is encrypted and in base64url."""
        return ROOM

    async def send(self, address: Address, message: Message) -> int:
        """Encrypt the message and hand it over within `SEND_SECONDS`. An access token that is no longer taken is
        replaced once.

        Raises:
            Gone: the app was removed, or its registration has ended.
            Refused: any other 4xx except 429, no account, or a payload that cannot be encrypted.
            TryLater: 429, 5xx, no answer, or a TLS failure.
        """
        host = "?"
        try:
            host = self.host_of(address)
            body = _body(address, message, host)
            async with asyncio.timeout(SEND_SECONDS):
                answer = await self._posted(body)
        except Failure:
            raise
        except TimeoutError:
            detail = f"{host}: no answer within {SEND_SECONDS:g} seconds"
            raise TryLater(FailureCode.NO_ANSWER, detail) from None
        except Exception as error:
            # The contract allows nothing else to be raised, and the error's own text may contain the token.
            logger.error("Sending to %s failed as nobody expected: %s", host, type(error).__name__)
            raise TryLater(FailureCode.NO_ANSWER, f"{host}: {type(error).__name__}") from None
        if 200 <= answer.status < 300:
            return answer.status
        raise _failure(answer, host)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        self._asking.pop(asyncio.get_running_loop(), None)
        await self._outbound.close()

    async def _posted(self, body: bytes) -> outbound.Answer:
        account = _account()
        target = _target(f"{fcm_keys.url()}/v1/projects/{account.project_id}/messages:send")
        for attempt in range(2):
            token = await self._token(account)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            answer = await self._outbound.post(target, body, headers, reads=True)
            if attempt or answer.status != 401:
                break
            self._tokens.drop(token)
        return answer

    async def _token(self, account: fcm_keys.Account) -> str:
        """The access token; however many messages need one, it is asked for once."""
        known = self._tokens.current(account, now=time.time())
        if known:
            return known
        loop = asyncio.get_running_loop()
        asking = self._asking.get(loop)
        if asking is None or asking.done():
            for other in [each for each in self._asking if each.is_closed()]:
                del self._asking[other]
            asking = self._asking[loop] = loop.create_task(self._asked(account))
        # One message that is given up must not take the token from the others.
        return await asyncio.shield(asking)

    async def _asked(self, account: fcm_keys.Account) -> str:
        """An access token by the account's signature (RFC 7523 section 2.1)."""
        now = time.time()
        form = f"grant_type={_GRANT}&assertion={account.assertion(now=now)}".replace(":", "%3A")
        target = _target(account.token_uri)
        answer = await self._outbound.post(target, form.encode(), {"Content-Type": _FORM}, reads=True)
        detail = f"{target.host} answered {answer.status} to the question for an access token"
        if answer.status == 429:
            after = answer.retry_after_seconds
            raise TryLater(FailureCode.THROTTLED, detail, status=answer.status, after_seconds=after)
        if answer.status >= 500:
            raise TryLater(FailureCode.SERVICE_ERROR, detail, status=answer.status)
        token = self._tokens.take(account, answer.body, now=now) if answer.status == 200 else ""
        if not token:
            raise Refused(FailureCode.CREDENTIALS_REFUSED, detail, status=answer.status)
        return token


def _account() -> fcm_keys.Account:
    try:
        return fcm_keys.account()
    except fcm_keys.Unusable as error:
        raise Refused(FailureCode.CREDENTIALS_REFUSED, str(error)) from None


def _target(url: str) -> Target:
    """A place that the operator named, wherever it is."""
    parsed = URL(url)
    return Target(url, str(parsed.origin()), parsed.host or "?", is_public=False, url=parsed)


def _body(address: Address, message: Message, host: str) -> bytes:
    """A request's body.

    Raises:
        Refused: there is no such device, or the message does not fit or cannot be encrypted.
    """
    if address.transport != Fcm.name or not _address.fullmatch(address.endpoint):
        raise Refused(FailureCode.FORBIDDEN_ADDRESS, f"{host}: there is no token for this")
    if len(message.payload) > ROOM:
        raise Refused(FailureCode.TOO_LARGE, f"{host}: {len(message.payload)} bytes, {ROOM} is the most")
    sealed = to_base64url(encryption.sealed(address.p256dh, address.auth, message.payload, host=host))
    kind, _, name = address.endpoint.partition("/")
    ttl = min(max(int(message.ttl_seconds), 0), MAX_TTL_SECONDS)
    # No collapse key: FCM keeps four of them for a device, and then drops any.
    android = {"priority": "HIGH" if message.urgency == "high" else "NORMAL", "ttl": f"{ttl}s"}
    return json.dumps({"message": {kind: name, "data": {FIELD: sealed}, "android": android}}).encode()


def _codes(body: bytes) -> tuple[str, set[str]]:
    """What went wrong, as FCM and as Google's APIs in general name it, and the fields that were to blame."""
    try:
        error = json.loads(body)["error"]
        details = [each for each in error.get("details", []) if type(each) is dict]
        code = next((str(each["errorCode"]) for each in details if "errorCode" in each), str(error.get("status", "")))
        fields = {str(field.get("field")) for each in details for field in each.get("fieldViolations", [])}
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", set()
    return code, fields


def _failure(answer: outbound.Answer, host: str) -> Failure:
    """The failure that an answer outside 200 to 299 means."""
    status = answer.status
    code, fields = _codes(answer.body)
    detail = f"{host} answered {status}" + (f" {code}" if re.fullmatch(r"[A-Z_]{1,40}", code) else "")
    # The second is a token of another project's app.
    if code in {"UNREGISTERED", "SENDER_ID_MISMATCH"} or fields & {"message.token", "message.fid"}:
        return Gone(detail, status=status)
    if status == 429:
        return TryLater(FailureCode.THROTTLED, detail, status=status, after_seconds=answer.retry_after_seconds)
    if status >= 500:
        return TryLater(FailureCode.SERVICE_ERROR, detail, status=status, after_seconds=answer.retry_after_seconds)
    if status in (401, 403):
        return Refused(FailureCode.CREDENTIALS_REFUSED, detail, status=status)
    if 300 <= status < 400:
        return Refused(FailureCode.REDIRECTED, detail, status=status)
    return Refused(FailureCode.BAD_REQUEST if status == 400 else FailureCode.REFUSED, detail, status=status)

"""What all transports share: a device's address, a message for it, what a transport does, and the closed list of
failures.

Knows nothing of calls and has no models. Neither a `repr` nor a failure shows an endpoint, a key or a payload: only
the host."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from invitations.words import say

SEND_SECONDS = 5.0
"""How long a transport may take to hand over a message, or to say that it could not."""
MAX_NAME_CHARS = 16
MAX_PAYLOAD_BYTES = 3993
"""The largest plaintext that fits in a body of 4096 bytes, which every push service accepts (RFC 8030 section 7.2)."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}", re.ASCII)


class FailureCode(StrEnum):
    """Every reason why a message was not sent or not accepted."""

    GONE = "gone"
    BAD_REQUEST = "bad_request"
    VAPID_REFUSED = "vapid_refused"
    CREDENTIALS_REFUSED = "credentials_refused"
    TOO_LARGE = "too_large"
    REDIRECTED = "redirected"
    FORBIDDEN_ADDRESS = "forbidden_address"
    KEY_UNKNOWN = "key_unknown"
    UNENCRYPTABLE = "unencryptable"
    REFUSED = "refused"
    THROTTLED = "throttled"
    SERVICE_ERROR = "service_error"
    NO_ANSWER = "no_answer"
    TLS_FAILED = "tls_failed"


@dataclass(frozen=True, slots=True)
class Address:
    """Where one device receives messages.

    Args:
        transport: the name of one of the transports.
        endpoint: URL of the push resource (RFC 8030 section 4), or whatever else names the device to its push service;
            empty if the transport needs none.
        p256dh: the device's public key on P-256 (RFC 8291 section 2.1), unpadded base64url.
        auth: the secret shared with the device (RFC 8291 section 2.1), unpadded base64url.
        signing_key: the VAPID public key that the address was created with (RFC 8292 section 4.1), unpadded
            base64url; empty means the current key at the time of sending.
        alert_token: where what must not ring is sent, if that is another place; empty if it is the same one or none.
    """

    transport: str
    endpoint: str = field(default="", repr=False)
    p256dh: str = field(default="", repr=False)
    auth: str = field(default="", repr=False)
    signing_key: str = field(default="", repr=False)
    alert_token: str = field(default="", repr=False)


class Effect(StrEnum):
    """What a message is to do on its device: ring like a call, show a notification, or change what is shown without a
    sound or a sign."""

    RING = "ring"
    SHOW = "show"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to a device.

    Args:
        payload: 1 byte to as many as the transport has room for, not encrypted yet.
        ttl_seconds: how long it is worth delivering, 0 or more (RFC 8030 section 5.2).
        urgency: `very-low`, `low`, `normal` or `high` (RFC 8030 section 5.3).
        topic: 1 to 32 characters of base64url; a later message replaces a waiting one with the same topic (RFC 8030
            section 5.4). Empty means none.
        effect: what it does there. Only a ring may wake a phone as a call does.
        name: a UUID that stays the same whenever this message is sent again; empty for none.
        expires_at: the aware datetime after which it is worth nothing; None to go by `ttl_seconds`.
        stand_in: what a transport may show if the device cannot decrypt the payload in time; names nobody.
    """

    payload: bytes = field(repr=False)
    ttl_seconds: int
    effect: Effect
    urgency: str = "normal"
    topic: str = ""
    name: str = ""
    expires_at: datetime | None = None
    stand_in: str = field(default="", repr=False)


class InvalidAddress(Exception):
    """An address that no message could reach, or that none should be sent to.

    Args:
        errors: for each bad field of `Address`, a sentence for people.
    """

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


class Failure(Exception):
    """A message that was not accepted; always one of the three classes below.

    Args:
        code: the reason.
        detail: words for the operator, which show the host but nothing else of the address.
        status: the push service's HTTP status, if it answered.
    """

    def __init__(self, code: FailureCode, detail: str = "", *, status: int | None = None) -> None:
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = code
        self.detail = detail
        self.status = status


class Gone(Failure):
    """The address is dead: never use it again.

    Args:
        detail: see `Failure`.
        status: see `Failure`.
    """

    def __init__(self, detail: str = "", *, status: int | None = None) -> None:
        super().__init__(FailureCode.GONE, detail, status=status)


class Refused(Failure):
    """The service would refuse the same message again: do not retry."""


class TryLater(Failure):
    """The message may get through later.

    Args:
        after_seconds: how long the service asked to be left alone, if it did.
    """

    def __init__(
        self,
        code: FailureCode,
        detail: str = "",
        *,
        status: int | None = None,
        after_seconds: float | None = None,
    ) -> None:
        super().__init__(code, detail, status=status)
        self.after_seconds = after_seconds


class Transport(Protocol):
    """One way to reach devices.

    Attributes:
        name: 1 to MAX_NAME_CHARS of `[a-z0-9_-]`, by which devices choose it; no two transports have the same.
    """

    name: str

    def read(self, given: Mapping[str, Any]) -> Address:
        """The address that a client registers, as `check` leaves it.

        Args:
            given: the object `push` of `PUT /devices/{device_id}`, as it came.

        Raises:
            InvalidAddress: it is none, or this transport is not set up.
        """

    def check(self, address: Address) -> Address:
        """The address in canonical form. Works offline: only `send` uses the network.

        Raises:
            InvalidAddress: the address cannot be used.
        """

    def host_of(self, address: Address) -> str:
        """The part of the address that people may see. Never raises."""

    def room(self, address: Address, effect: Effect) -> int:
        """The most bytes that a payload may have, so that it fits once it is encrypted and encoded. 0 if messages with
        this effect are not sent there at all. Never raises."""

    async def send(self, address: Address, message: Message) -> int:
        """Hand over the message within `SEND_SECONDS`.

        Returns:
            The HTTP status of the answer, 200 to 299.

        Raises:
            Gone, Refused, TryLater: the message was not accepted. Nothing else is raised, except on cancellation.
        """

    async def close(self) -> None:
        """Release what is held on the running loop. A later `send` opens it again."""


def texts(given: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Some members of an object, which must be texts; empty where they are left out.

    Raises:
        InvalidAddress: one is something else.
    """
    found: dict[str, Any] = {name: "" if given.get(name) is None else given[name] for name in names}
    wrong = {name: say("invalid.push_part", name=name) for name, value in found.items() if type(value) is not str}
    if wrong:
        raise InvalidAddress(wrong)
    return found


def keys_in(given: Mapping[str, Any]) -> dict[str, str]:
    """The keys that a client registers, for `Address`: `p256dh` and `auth` of the member `keys`.

    Raises:
        InvalidAddress: they are no texts.
    """
    keys = given.get("keys", {})
    if type(keys) is not dict:
        raise InvalidAddress({"keys": say("invalid.push_keys")})
    return texts(keys, "p256dh", "auth")


def from_base64(text: str) -> bytes:
    """Decode base64 in either alphabet, padded or not (RFC 4648 sections 4 and 5).

    Raises:
        ValueError: the text is not base64.
    """
    spelled = text.replace("+", "-").replace("/", "_")
    if not _BASE64URL.fullmatch(spelled):
        raise ValueError("not base64")
    bare = spelled.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error as error:
        raise ValueError("not base64") from error


def to_base64url(data: bytes) -> str:
    """Encode as unpadded base64url, the form in which Web Push writes keys."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")

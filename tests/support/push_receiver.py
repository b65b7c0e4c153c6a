"""A phone-like receiver at the test push service: keys of its own, and an inbox of what it could decrypt."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import http_ece  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.push_answers import ScriptedAnswer
from tests.support.push_rules import encoded
from tests.support.push_subscription import Message, Subscription

if TYPE_CHECKING:
    from tests.support.push_service import PushService


class Receiver:
    """What a browser or an app gives the server when it subscribes, and what arrives there.

    Attributes:
        endpoint: where the service takes its messages.
        inbox: what was delivered and decrypted, oldest first.
        undecryptable: what was delivered, but not for its keys.
    """

    def __init__(self, service: PushService, subscription: Subscription) -> None:
        self._service = service
        self._subscription = subscription
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)
        self.endpoint = subscription.endpoint
        self.inbox: list[dict[str, Any]] = []
        self.undecryptable: list[Message] = []
        subscription.take = self._take

    @property
    def keys(self) -> dict[str, str]:
        """`p256dh` and `auth`, unpadded base64url, as `PushSubscription.toJSON()` has them."""
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {"p256dh": encoded(point), "auth": encoded(self._auth)}

    @property
    def subscription(self) -> dict[str, Any]:
        """`PushSubscription.toJSON()`."""
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": self.keys}

    @property
    def messages(self) -> list[Message]:
        """Everything that was sent to it, refused or not."""
        return [each for each in self._service.messages if each.endpoint == self.endpoint]

    @property
    def waiting(self) -> list[Message]:
        """What the service keeps for it while it is offline."""
        with self._service.changed:
            return self._subscription.waiting(self._service.now())

    def decrypt(self, message: Message) -> dict[str, Any]:
        """A message's JSON (RFC 8291).

        Raises:
            ValueError: it is not for these keys, or not JSON.
        """
        return dict(json.loads(self.decrypt_bytes(message)))

    def decrypt_bytes(self, message: Message) -> bytes:
        """A message's plaintext.

        Raises:
            ValueError: it is not for these keys.
        """
        try:
            plain = http_ece.decrypt(message.body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        except (http_ece.ECEException, ValueError) as error:
            raise ValueError(f"message {message.number} is not for these keys: {error}") from error
        return bytes(plain)

    def wait_for(self, count: int, timeout_seconds: float = 10) -> list[dict[str, Any]]:
        """Wait until so many have been decrypted; gives the inbox.

        Raises:
            TimeoutError: they have not.
        """
        self._service.wait_until(
            lambda: len(self.inbox) >= count,
            timeout_seconds,
            lambda: f"{len(self.inbox)} of {count} messages in the inbox",
        )
        return list(self.inbox)

    def answer(self, *answers: int | ScriptedAnswer) -> None:
        """Answer the next messages to this address so, in order; then 201 again."""
        with self._service.changed:
            self._subscription.answer(*answers)

    def go_offline(self) -> None:
        """From now on messages wait, as long as their time to live."""
        with self._service.changed:
            self._subscription.take = None

    def come_online(self) -> None:
        """Take what waits, and what comes from now on."""
        with self._service.changed:
            self._subscription.take = self._take
            self._subscription.collect(self._service.now())
            self._service.changed.notify_all()

    def unsubscribe(self) -> None:
        """From now on the service answers 410."""
        with self._service.changed:
            self._subscription.gone = True
            self._subscription.take = None

    def _take(self, message: Message) -> None:
        try:
            self.inbox.append(self.decrypt(message))
        except ValueError:
            self.undecryptable.append(message)

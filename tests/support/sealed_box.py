"""A device's half of RFC 8291: its keys, and how it opens what was encrypted for them."""

from __future__ import annotations

import secrets

import http_ece  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.push_rules import decoded, encoded


class Box:
    """Keys of one device."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)

    @property
    def keys(self) -> dict[str, str]:
        """`p256dh` and `auth`, unpadded base64url."""
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {"p256dh": encoded(point), "auth": encoded(self._auth)}

    def opened(self, sealed: bytes | str) -> bytes:
        """The plaintext.

        Args:
            sealed: an `aes128gcm` body (RFC 8188), or its base64url.

        Raises:
            ValueError: it is not for these keys.
        """
        raw = decoded(sealed) if isinstance(sealed, str) else sealed
        try:
            return bytes(http_ece.decrypt(raw, private_key=self._key, auth_secret=self._auth, version="aes128gcm"))
        except http_ece.ECEException as error:
            raise ValueError(str(error)) from error

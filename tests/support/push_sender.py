"""An application server of the tests' own: it encrypts, signs and sends as the product should, or a little wrong.

It shares nothing with the product, so that one of them being wrong is seen."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from pywebpush import WebPusher

from tests.support.push_rules import encoded

SUBJECT = "mailto:operator@callinvite.invalid"
HALF_A_DAY_SECONDS = 12 * 60 * 60


class Sender:
    """Sends with a VAPID key of its own (RFC 8292).

    Args:
        ca_file: the authority to trust besides none; for a service that speaks TLS.
    """

    def __init__(self, ca_file: Path | None = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._verify: ssl.SSLContext | bool = ssl.create_default_context(cafile=ca_file) if ca_file else False

    @property
    def public_key(self) -> str:
        """What a browser subscribes with, unpadded base64url."""
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return encoded(point)

    def send(
        self,
        subscription: Mapping[str, Any],
        data: Any,
        *,
        ttl_seconds: int = 60,
        topic: str = "",
        urgency: str = "high",
        claims: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        timeout_seconds: float = 10,
    ) -> httpx2.Response:
        """Encrypt some JSON (or bytes, as they are) and POST it.

        Args:
            subscription: `PushSubscription.toJSON()`.
            claims: VAPID's, over the right ones.
            headers: over the right ones; None leaves one out.

        Raises:
            httpx2.TransportError: no answer, or a certificate that is not to be trusted.
        """
        plain = data if isinstance(data, bytes) else json.dumps(data).encode()
        body = WebPusher(subscription).encode(plain)["body"]
        sent: dict[str, str | None] = {
            "Authorization": self.authorization(subscription["endpoint"], **(claims or {})),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(ttl_seconds),
            "Urgency": urgency,
            "Topic": topic or None,
            **(headers or {}),
        }
        return httpx2.post(
            subscription["endpoint"],
            content=body,
            headers={name: value for name, value in sent.items() if value is not None},
            timeout=timeout_seconds,
            trust_env=False,
            verify=self._verify,
        )

    def authorization(self, endpoint: str, **claims: Any) -> str:
        """The header for an address; with other claims than the right ones where they are given."""
        parts = urlsplit(endpoint)
        claimed = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(time.time()) + HALF_A_DAY_SECONDS,
            "sub": SUBJECT,
            **claims,
        }
        signed = ".".join(encoded(json.dumps(each).encode()) for each in ({"typ": "JWT", "alg": "ES256"}, claimed))
        pair = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = b"".join(each.to_bytes(32, "big") for each in pair)
        return f"vapid t={signed}.{encoded(signature)}, k={self.public_key}"

"""The operator's key for APNs, and the tokens that it signs.

One token serves for 20 to 60 minutes: Apple refuses older ones, and refuses servers that make them more often.
https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings

from invitations.transports import extras

PRODUCTION = "https://api.push.apple.com"
TOKEN_SECONDS = 40 * 60.0
"""How long a token is used."""
SHORTEST_SECONDS = 20 * 60.0
"""How often a token may be replaced before it is due."""

_ten = re.compile(r"[A-Z0-9]{10}", re.ASCII)
_bundle = re.compile(r"[A-Za-z0-9.-]{1,155}", re.ASCII)
_origin = re.compile(r"https://[^/?#@\s]+", re.ASCII)


class Unusable(Exception):
    """There is no key that signs; its text is a sentence for the operator."""


def is_set_up() -> bool:
    """Whether the operator named a key."""
    return bool(_setting("KEY_FILE"))


def topic() -> str:
    """The app's bundle id."""
    return _setting("TOPIC")


def url() -> str:
    """The origin of APNs."""
    return _setting("URL").rstrip("/") or PRODUCTION


class Signer:
    """Makes the header `Authorization`, and keeps it for as long as Apple wants it kept."""

    def __init__(self) -> None:
        self._header = ""
        self._of: tuple[str, ...] = ()
        self._made_at = 0.0
        self._forced_at: float | None = None

    def authorization(self, *, now: float) -> str:
        """The header, with a token that is made anew when it is due.

        Args:
            now: seconds of the system's clock.

        Raises:
            Unusable: there is no key, or it cannot sign.
        """
        of = (_setting("KEY_FILE"), _setting("KEY_ID"), _setting("TEAM_ID"))
        # Also if the clock was put back: a token from the future would be refused.
        if of != self._of or not 0 <= now - self._made_at < TOKEN_SECONDS:
            self._header, self._of, self._made_at = f"bearer {_made(*of, now=now)}", of, now
        return self._header

    def renew(self, used: str, *, now: float) -> None:
        """Make the next token at once, because Apple found one too old; once in `SHORTEST_SECONDS`, or it would find
        that there are too many.

        Args:
            used: the header; if another one has replaced it meanwhile, that stays.
            now: as for `authorization`.
        """
        if used == self._header and (self._forced_at is None or abs(now - self._forced_at) >= SHORTEST_SECONDS):
            self._of, self._forced_at = (), now


def problems() -> Iterator[str]:
    """What is wrong with the settings, one sentence each; none if APNs is not set up at all."""
    if not is_set_up():
        given = [each for each in ("KEY_ID", "TEAM_ID", "TOPIC") if _setting(each)]
        if given:
            yield f"CALLINVITE_APNS_{given[0]} is set, but CALLINVITE_APNS_KEY_FILE is not."
        return
    for name in ("KEY_ID", "TEAM_ID"):
        if not _ten.fullmatch(_setting(name)):
            yield f"CALLINVITE_APNS_{name} must be 10 capital letters and digits, as Apple's developer site shows them."
    if not _bundle.fullmatch(topic()) or topic().endswith(".voip"):
        yield "CALLINVITE_APNS_TOPIC must be the app's bundle id, such as org.example.calls, without .voip."
    if not _origin.fullmatch(url()):
        yield f"CALLINVITE_APNS_URL must be an https origin, such as {PRODUCTION}."
    missing = extras.missing("httpx2", "h2", "jwt")
    if missing:
        yield f"APNs needs {', '.join(missing)}: install the extra apns."
    try:
        _key(_setting("KEY_FILE"))
    except Unusable as error:
        yield str(error)


def _made(path: str, key_id: str, team_id: str, *, now: float) -> str:
    try:
        import jwt
    except ImportError:
        raise Unusable("APNs needs PyJWT: install the extra apns.") from None
    claims: dict[str, Any] = {"iss": team_id, "iat": int(now)}
    return jwt.encode(claims, _key(path), algorithm="ES256", headers={"kid": key_id})


def _key(path: str) -> ec.EllipticCurvePrivateKey:
    """The key in a file, which is read for each token: a new one needs no restart."""
    if not path:
        raise Unusable("CALLINVITE_APNS_KEY_FILE is not set.")
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except OSError as error:
        raise Unusable(f"CALLINVITE_APNS_KEY_FILE cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Unusable("CALLINVITE_APNS_KEY_FILE holds no private key on P-256, as Apple's .p8 files do.")
    return key


def _setting(name: str) -> str:
    return str(getattr(settings, f"CALLINVITE_APNS_{name}", "") or "")

"""The operator's service account at Firebase, and the access tokens that it gets (OAuth 2.0, RFC 7523)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings

from invitations.transports import extras

GOOGLE = "https://fcm.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
ASSERTION_SECONDS = 3600
EARLY_SECONDS = 300.0
"""How long before its end an access token is replaced."""
MAX_TOKEN_CHARS = 4096

_origin = re.compile(r"https://[^/?#@\s]+", re.ASCII)
_project = re.compile(r"[a-z0-9:.-]{1,128}", re.ASCII)
_url = re.compile(r"https://[^\s@]{1,500}", re.ASCII)
_token = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)


class Unusable(Exception):
    """There is no account that signs; its text is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Account:
    """A service account.

    Args:
        project_id: the project whose apps are sent to.
        email: who signs.
        key_id: which of its keys.
        token_uri: where access tokens are to be had.
        key: its private key.
    """

    project_id: str
    email: str
    key_id: str
    token_uri: str
    key: RSAPrivateKey = field(repr=False, compare=False)

    def assertion(self, *, now: float) -> str:
        """A signed question for an access token.

        Args:
            now: seconds of the system's clock.
        """
        import jwt

        claims = {
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": int(now),
            "exp": int(now) + ASSERTION_SECONDS,
        }
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.key_id})


class Tokens:
    """The access token in use. Any loop may use it."""

    def __init__(self) -> None:
        self._token = ""
        self._of: Account | None = None
        self._until = 0.0

    def current(self, account: Account, *, now: float) -> str:
        """The token, if there is one that will be taken for a while; else an empty text."""
        return self._token if self._of == account and now < self._until - EARLY_SECONDS else ""

    def take(self, account: Account, answer: bytes, *, now: float) -> str:
        """Keep the token of an answer (RFC 6749 section 5.1); an empty text if there is none in it."""
        try:
            found = json.loads(answer)
            token, seconds = str(found["access_token"]), float(found.get("expires_in", 0))
        except (ValueError, KeyError, TypeError, AttributeError):
            return ""
        if not _token.fullmatch(token):
            return ""
        # One that is said to be short-lived serves until it is refused.
        lasts = max(seconds, 2 * EARLY_SECONDS)
        self._token, self._of, self._until = token, account, now + lasts
        return token

    def drop(self, token: str) -> None:
        """Use this token no more, unless another one has replaced it meanwhile."""
        if token == self._token:
            self._of = None


def is_set_up() -> bool:
    """Whether the operator named an account."""
    return bool(_setting("CREDENTIALS_FILE"))


def url() -> str:
    """The origin of FCM."""
    return _setting("URL").rstrip("/") or GOOGLE


def account() -> Account:
    """The account in the file, which is read again whenever it changes.

    Raises:
        Unusable: there is none.
    """
    path = _setting("CREDENTIALS_FILE")
    if not path:
        raise Unusable("CALLINVITE_FCM_CREDENTIALS_FILE is not set.")
    if extras.missing("jwt"):
        raise Unusable("FCM needs PyJWT: install the extra fcm.")
    try:
        changed_at = Path(path).stat().st_mtime_ns
    except OSError as error:
        raise Unusable(f"CALLINVITE_FCM_CREDENTIALS_FILE cannot be read: {error.strerror}.") from None
    return _read(path, changed_at)


def problems() -> Iterator[str]:
    """What is wrong with the settings, one sentence each; none if FCM is not set up at all."""
    if not is_set_up():
        return
    if not _origin.fullmatch(url()):
        yield f"CALLINVITE_FCM_URL must be an https origin, such as {GOOGLE}."
    try:
        account()
    except Unusable as error:
        yield str(error)


@lru_cache(maxsize=4)
def _read(path: str, changed_at: int) -> Account:
    try:
        found = json.loads(Path(path).read_text("utf-8"))
        names = ("project_id", "client_email", "private_key_id", "token_uri")
        project_id, email, key_id, token_uri = (str(found[name]) for name in names)
        key = load_pem_private_key(str(found["private_key"]).encode(), password=None)
    except OSError as error:
        raise Unusable(f"CALLINVITE_FCM_CREDENTIALS_FILE cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError):
        raise Unusable(
            "CALLINVITE_FCM_CREDENTIALS_FILE is no key file of a service account, as Google makes them."
        ) from None
    if not isinstance(key, RSAPrivateKey) or not _project.fullmatch(project_id) or not _url.fullmatch(token_uri):
        raise Unusable("CALLINVITE_FCM_CREDENTIALS_FILE is no key file of a service account, as Google makes them.")
    return Account(project_id, email, key_id, token_uri, key)


def _setting(name: str) -> str:
    return str(getattr(settings, f"CALLINVITE_FCM_{name}", "") or "")

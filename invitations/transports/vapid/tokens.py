"""The signed tokens that tell a push service who sends a message, kept while they are valid."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from django.conf import settings
from py_vapid import jwt

from invitations.transports.vapid.keys import SigningKey, keys_in_force

TOKEN_SECONDS = 12 * 3600
"""How long a token is valid; services allow at most 24 hours (RFC 8292 section 2)."""
RENEW_SECONDS = 3600
"""How long before it expires a token is replaced."""
MAX_TOKENS = 1024
NOBODY = "mailto:operator@callinvite.invalid"
"""The contact if the operator gives none. Push services accept it, but reach nobody by it."""

_SUBJECT = re.compile(r"mailto:[^@\s]+@(?P<domain>[^@\s]+)|https://(?P<host>\[[0-9a-f:.]+\]|[^/:?#@\s]+)\S*", re.I)
_LOCAL = {"localhost", "[::1]"}


class KeyUnknown(LookupError):
    """The server does not have this key."""


@dataclass(frozen=True, slots=True)
class _Token:
    header: str
    made_at: float
    renew_at: float


_tokens: dict[tuple[str, str, str], _Token] = {}
_lock = threading.Lock()


def authorization(public: str, audience: str, *, now: float) -> str:
    """The value of the `Authorization` header (RFC 8292 section 3).

    Args:
        public: the key that the address was created with; empty means the current one.
        audience: the push service's origin.
        now: seconds since the epoch.

    Raises:
        KeyUnknown: the server does not have this key, or has no key at all.
    """
    pair = _pair(public)
    reached_by = subject()
    which = (pair.public, audience, reached_by)
    token = _tokens.get(which)
    # A token from the future was made while the clock was wrong.
    if token is not None and token.made_at <= now < token.renew_at:
        return token.header
    with _lock:
        token = _signed(pair, audience, reached_by, now)
        _tokens.pop(which, None)
        while len(_tokens) >= MAX_TOKENS:
            del _tokens[next(iter(_tokens))]
        _tokens[which] = token
    return token.header


def subject() -> str:
    """How push services can reach the operator: the contact from the settings, else `NOBODY`."""
    return str(getattr(settings, "CALLINVITE_VAPID_SUBJECT", "")) or NOBODY


def subject_problem(text: str) -> str | None:
    """Why a push service would refuse this contact (RFC 8292 section 2.1), in words; None if it would not.

    Apple's service answers 403 if the contact names the local machine.
    """
    found = _SUBJECT.fullmatch(text)
    if found is None:
        return "it is neither `mailto:name@host` nor `https://host`"
    host = (found["domain"] or found["host"]).lower().rstrip(".")
    if host in _LOCAL or host.endswith(".localhost") or host.startswith("127."):
        return "it names this very machine"
    if host.endswith(".invalid"):
        return "it reaches nobody"
    return None


def _pair(public: str) -> SigningKey:
    pairs = keys_in_force().pairs
    if not public and pairs:
        return pairs[0]
    for each in pairs:
        if each.public == public:
            return each
    raise KeyUnknown


def _signed(pair: SigningKey, audience: str, reached_by: str, now: float) -> _Token:
    # py_vapid modifies the claims it is given, so each token gets its own.
    claims = {"aud": audience, "exp": int(now) + TOKEN_SECONDS, "sub": reached_by}
    header = f"vapid t={jwt.sign(claims, pair.private)}, k={pair.public}"
    return _Token(header, now, now + TOKEN_SECONDS - RENEW_SECONDS)

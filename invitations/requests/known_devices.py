"""Browsers and apps on which somebody has signed in before: their tries are counted by themselves, so that a stranger
who guesses at a name keeps nobody out on their own device.

The way is that of OWASP's device cookies. The cookie is no credential: it opens nothing, and tells nothing but that
somebody signed in there once, under one of a few names of which it holds the digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from secrets import token_urlsafe
from unicodedata import normalize

from django.core import signing
from django.http import HttpRequest, HttpResponseBase, parse_cookie

from invitations import addresses

COOKIE = "callinvite_known"
KEPT_SECONDS = 365 * 24 * 3600
"""How long after the last sign-in a device is known."""
MOST_NAMES = 6
"""Under how many names it is known; the ones that were used last."""
_SALT = "invitations.requests.known_devices"


def as_one_name(entered: str) -> str:
    """A name as it is looked up: other spellings of the same name are the same name."""
    return normalize("NFKC", entered).strip().casefold()


def known_as(request: HttpRequest, name: str) -> str | None:
    """What the device is counted by, if somebody signed in there under this name before.

    Args:
        request: for its cookie.
        name: as it was entered.
    """
    device, names = _read(request.COOKIES.get(COOKIE, ""))
    return device if _digest(name) in names else None


def is_known(cookies: str) -> bool:
    """Whether anybody signed in before on the device that sends these cookies.

    Args:
        cookies: the whole header.
    """
    return COOKIE in cookies and bool(_read(parse_cookie(cookies).get(COOKIE, ""))[1])


def remember(request: HttpRequest, response: HttpResponseBase, names: Iterable[str]) -> None:
    """Know this device from now on.

    Args:
        request: for what it is known by so far.
        response: gets the cookie.
        names: all by which the person who signed in may do so again.
    """
    device, known = _read(request.COOKIES.get(COOKIE, ""))
    now = [_digest(each) for each in names if each]
    kept = [*now, *(each for each in known if each not in now)][:MOST_NAMES]
    value = signing.dumps([device or token_urlsafe(12), kept], salt=_SALT)
    response.set_cookie(
        COOKIE,
        value,
        max_age=KEPT_SECONDS,
        path=addresses.base(),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _read(cookie: str) -> tuple[str, list[str]]:
    if not cookie:
        return "", []
    try:
        device, names = signing.loads(cookie, salt=_SALT, max_age=KEPT_SECONDS)
    except (signing.BadSignature, ValueError):
        return "", []
    return device, names


def _digest(name: str) -> str:
    return hashlib.sha256(as_one_name(name).encode(errors="replace")).hexdigest()[:16]

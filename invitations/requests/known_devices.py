"""Browsers and apps on which somebody has signed in before: their tries are counted by themselves, so that a stranger
who guesses at a name keeps nobody out on their own device.

The way is that of OWASP's device cookies. The cookie is no credential: it opens nothing, and tells nothing but that a
few people signed in there once, of whose accounts it holds digests."""

from __future__ import annotations

import hashlib
from secrets import token_urlsafe
from unicodedata import normalize

from django.core import signing
from django.http import HttpRequest, HttpResponseBase, parse_cookie

from invitations import addresses
from invitations.models import UserKey
from invitations.requests.called import called

COOKIE = "callinvite_known"
KEPT_SECONDS = 365 * 24 * 3600
"""How long after the last sign-in a device is known."""
MOST_PEOPLE = 6
"""For how many people it is known; those who signed in last."""
_SALT = "invitations.requests.known_devices.people"


def as_one_name(entered: str) -> str:
    """A name as it is looked up: other spellings of the same name are the same name."""
    return normalize("NFKC", entered).strip().casefold()


def known_as(request: HttpRequest, name: str) -> str | None:
    """What the device is counted by, if everybody whom this name could let in signed in there before: whoever made an
    account that is called like another's address has no tries of their own at the other's password.

    Args:
        request: for its cookie.
        name: as it was entered.
    """
    device, people = _read(request.COOKIES.get(COOKIE, ""))
    if not people:
        return None
    wanted = {_digest(each.pk) for each in called(name)}
    return device if wanted and wanted <= set(people) else None


def is_known(cookies: str) -> bool:
    """Whether anybody signed in before on the device that sends these cookies.

    Args:
        cookies: the whole header.
    """
    return COOKIE in cookies and bool(_read(parse_cookie(cookies).get(COOKIE, ""))[1])


def remember(request: HttpRequest, response: HttpResponseBase, user_id: UserKey) -> None:
    """Know this device from now on.

    Args:
        request: for what it is known by so far.
        response: gets the cookie.
        user_id: the key of the person who signed in.
    """
    device, known = _read(request.COOKIES.get(COOKIE, ""))
    own = _digest(user_id)
    kept = [own, *(each for each in known if each != own)][:MOST_PEOPLE]
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
        device, people = signing.loads(cookie, salt=_SALT, max_age=KEPT_SECONDS)
    except (signing.BadSignature, ValueError):
        return "", []
    return device, people


def _digest(user_id: UserKey) -> str:
    return hashlib.sha256(str(user_id).encode()).hexdigest()[:16]

"""The STUN and TURN servers that a page may use for media, and credentials for them that expire.

Knows nothing of calls: the caller decides who may have a relay. Never raises because of a setting: an entry that makes
no sense is skipped, and a system check says which one and why."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any, TypeGuard

from django.conf import settings

JSON = dict[str, Any]
Offer = tuple[list[JSON], datetime]

_URL = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<transport>\?transport=(?:udp|tcp))?"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_KNOWN = {"urls", "username", "credential"}
_FORMS = "`stun:host`, `stuns:host`, `turn:host` or `turns:host`, with `:port` and for turn `?transport=udp` or `=tcp`"


@dataclass(frozen=True, slots=True)
class Relay:
    """A TURN server with a fixed name and credential."""

    urls: tuple[str, ...]
    username: str
    credential: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers that the settings describe.

    Args:
        stun: URLs that any signed-in user may use.
        turn: URLs whose credentials are made from the secret.
        relays: TURN servers with their own credentials.
        secret: shared with the TURN servers; empty if there is none that can be used.
        problems: what is wrong with the settings, one sentence each. None repeats a value, which may be a secret.
    """

    stun: tuple[str, ...] = ()
    turn: tuple[str, ...] = ()
    relays: tuple[Relay, ...] = ()
    secret: str = field(default="", repr=False)
    problems: tuple[str, ...] = ()


def configured() -> Servers:
    """The servers of `settings.CALLINVITE_ICE_SERVERS`, with `settings.CALLINVITE_TURN_SECRET`."""
    return read(
        str(getattr(settings, "CALLINVITE_ICE_SERVERS", "") or ""),
        str(getattr(settings, "CALLINVITE_TURN_SECRET", "") or ""),
    )


@lru_cache(maxsize=8)
def read(text: str, secret: str = "") -> Servers:
    """Parse the settings.

    Args:
        text: comma-separated URLs (RFC 7064, RFC 7065), or a JSON list of objects like the browser's RTCIceServer:
            `urls`, and `username` with `credential` if those are fixed.
        secret: shared with the TURN servers that have no credentials of their own; may be empty.
    """
    problems: list[str] = []
    if not _is_text(secret):
        problems.append("CALLINVITE_TURN_SECRET is not UTF-8, and not used.")
        secret = ""
    stun: list[str] = []
    turn: list[str] = []
    relays: list[Relay] = []
    for place, entry in _entries(text, problems):
        try:
            urls, fixed = _understood(entry)
        except ValueError as error:
            problems.append(f"CALLINVITE_ICE_SERVERS, {place}: {error} The entry is left out.")
            continue
        relaying = tuple(url for url in urls if url.startswith("turn"))
        stun += [url for url in urls if url not in relaying]
        if relaying and fixed is not None:
            relays.append(Relay(relaying, *fixed))
        elif relaying and secret:
            turn += relaying
        elif relaying:
            problems.append(
                f"CALLINVITE_ICE_SERVERS, {place}: a TURN server needs CALLINVITE_TURN_SECRET, or `username` and"
                " `credential` of its own. It is left out."
            )
    if secret and not turn:
        problems.append("CALLINVITE_TURN_SECRET is set, but no TURN server in CALLINVITE_ICE_SERVERS would use it.")
    return Servers(_once(stun), _once(turn), tuple(relays), secret, tuple(problems))


def offer(servers: Servers, *, username: str, relays: bool, now: datetime, lifetime_seconds: int) -> Offer:
    """The servers that one person may use, in the format of the browser (RTCIceServer).

    Args:
        servers: from the settings.
        username: the person's public id, which the TURN server sees.
        relays: whether the person may use TURN servers too.
        now: an aware datetime.
        lifetime_seconds: how long the credentials are valid.

    Returns:
        The servers, and the moment (in whole seconds) at which the credentials expire.
    """
    expires_at = datetime.fromtimestamp(int(now.timestamp()), UTC) + timedelta(seconds=lifetime_seconds)
    found: list[JSON] = []
    if servers.stun:
        found.append({"urls": list(servers.stun)})
    if relays and servers.turn:
        name, credential = credentials(servers.secret, username=username, expires_at=expires_at)
        found.append({"urls": list(servers.turn), "username": name, "credential": credential})
    if relays:
        found += [
            {"urls": list(each.urls), "username": each.username, "credential": each.credential}
            for each in servers.relays
        ]
    return found, expires_at


def credentials(secret: str, *, username: str, expires_at: datetime) -> tuple[str, str]:
    """Name and password for a TURN server that shares the secret (draft-uberti-behave-turn-rest-00, section 2.2;
    coturn's `use-auth-secret`).

    Args:
        secret: the shared secret.
        username: the person who gets them.
        expires_at: when they expire.
    """
    name = f"{int(expires_at.timestamp())}:{username}"
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return name, base64.b64encode(digest).decode()


def _entries(text: str, problems: list[str]) -> list[tuple[str, Any]]:
    """The entries of the setting, each with words that say where it stands."""
    text = text.strip()
    if not text.startswith(("[", "{")):
        urls = [each.strip() for each in text.split(",")]
        return [(f"entry {place}", {"urls": url}) for place, url in enumerate(urls, 1) if url]
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        problems.append("CALLINVITE_ICE_SERVERS begins like JSON, but is none. All of it is left out.")
        return []
    if not isinstance(entries, list):
        problems.append("CALLINVITE_ICE_SERVERS must be a JSON list of objects. All of it is left out.")
        return []
    return [(f"entry {place}", entry) for place, entry in enumerate(entries, 1)]


def _understood(entry: Any) -> tuple[list[str], tuple[str, str] | None]:
    """The URLs of an entry, and its own name and credential if it has them.

    Raises:
        ValueError: the entry makes no sense; the text is a sentence that says why.
    """
    if not isinstance(entry, dict):
        raise ValueError("it must be an object with `urls`.")
    unknown = sorted(set(entry) - _KNOWN)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of `urls`, `username`, `credential`.")
    urls = entry.get("urls")
    urls = [urls] if isinstance(urls, str) else urls
    if not isinstance(urls, list) or not urls:
        raise ValueError("`urls` must be a URL, or a list of them.")
    urls = [_url(each) for each in urls]
    name, credential = entry.get("username"), entry.get("credential")
    if name is None and credential is None:
        return urls, None
    if not _is_word(name) or not _is_word(credential):
        raise ValueError("`username` and `credential` go together, and are text.")
    return urls, (name, credential)


def _url(value: Any) -> str:
    """The URL as pages get it: in lower case, which means the same.

    Raises:
        ValueError: it does not have the form given in RFC 7064 and RFC 7065.
    """
    found = _URL.fullmatch(value.lower()) if isinstance(value, str) and value.isascii() else None
    if found is None:
        raise ValueError(f"a URL is not of the form {_FORMS}.")
    if not _is_host(found["host"]):
        raise ValueError("a URL names no host.")
    if found["port"] and not 1 <= int(found["port"]) <= 65535:
        raise ValueError("a URL's port is not between 1 and 65535.")
    if found["transport"] and found["scheme"].startswith("stun"):
        raise ValueError("a STUN server takes no transport.")
    return found[0]


def _is_host(host: str) -> bool:
    try:
        if host.startswith("["):
            return IPv6Address(host[1:-1]) is not None
        if not host.strip("0123456789."):
            return IPv4Address(host) is not None
    except AddressValueError:
        return False
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and all(_LABEL.fullmatch(each) for each in labels)


def _is_word(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value != "" and _is_text(value)


def _is_text(value: str) -> bool:
    """Whether the text can be sent: bytes of the environment that are not UTF-8 become lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _once(urls: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(urls))

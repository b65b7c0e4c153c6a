"""Which URLs may be sent to: only hosts that the operator allows, and only public addresses.

Never uses the network: judges a URL by its text, and an address once a name has been resolved to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from yarl import URL

from invitations.words import say

MAX_URL_CHARS = 2048
KNOWN_SERVICES = (
    "fcm.googleapis.com",
    "jmt17.google.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
    "ntfy.sh",
)
"""Allowed if the operator names no others: the services that browsers and UnifiedPush apps use."""
DEFAULT = "default"
"""The entry that stands for all of them."""

_PORTS = {"https": 443, "http": 80}
_ORIGIN = r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::(?P<port>[1-9][0-9]{0,4}))?"
# RFC 3986 sections 3.3 and 3.4; no fragment. Stricter than any parser behind it, so that none reads it differently.
_REST = r"(?P<rest>(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*)(?:\?(?P<query>[A-Za-z0-9._~!$&'()*+,;=:@/?%-]+))?)"
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)
_URL = re.compile(f"(?P<origin>(?i:{_ORIGIN})){_REST}", re.ASCII)
_ALLOWED_ORIGIN = re.compile(f"(?i:{_ORIGIN})/?", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

# IANA's registries of special-purpose addresses, and their predecessors. Python's own list depends on its version.
_SPECIAL_4 = [
    IPv4Network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
_SPECIAL_6 = [
    IPv6Network(each)
    for each in ("2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10")
]
_UNICAST_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class NotAllowed(ValueError):
    """A URL that nothing may be sent to; its text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Where messages may be sent.

    Args:
        hosts: names, each including its subdomains, by https on port 443 of public addresses.
        origins: full origins, allowed whatever their address.
        problems: entries that make no sense, one sentence each.
    """

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be used.

    Args:
        text: the URL in canonical form.
        origin: as written by RFC 6454 section 6.2.
        host: the host as shown to people.
        is_public: true if only public addresses are allowed, false if the operator named this very origin.
        url: the URL to request.
    """

    text: str = field(repr=False)
    origin: str
    host: str
    is_public: bool
    url: URL = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Place:
    """The part of a URL before its path; `port` is None if it is the scheme's default."""

    origin: str
    scheme: str
    host: str
    port: int | None
    is_public: bool


def configured() -> Allowed:
    """What `settings.CALLINVITE_PUSH_HOSTS` allows."""
    return read(hosts())


def hosts() -> tuple[str, ...]:
    """The entries of `settings.CALLINVITE_PUSH_HOSTS`; the known push services where it says `default`, or nothing."""
    return _spelled_out(tuple(getattr(settings, "CALLINVITE_PUSH_HOSTS", ())) or (DEFAULT,))


@lru_cache(maxsize=8)
def read(entries: tuple[str, ...]) -> Allowed:
    """Parse the setting.

    Args:
        entries: host names, or full origins such as `http://127.0.0.1:9000`.
    """
    hosts: set[str] = set()
    origins: set[str] = set()
    problems: list[str] = []
    for place, entry in enumerate(entries, 1):
        text = entry.strip().lower()
        if not text:
            continue
        found = _ALLOWED_ORIGIN.fullmatch(text) if text.isascii() else None
        origin = _origin(found) if found else None
        if origin is not None:
            origins.add(origin)
        elif _is_name(text):
            hosts.add(text)
        else:
            problems.append(
                f"CALLINVITE_PUSH_HOSTS, entry {place}: neither a host name such as `push.example.org` nor an origin"
                " such as `https://push.example.org:8443`."
            )
    return Allowed(frozenset(hosts), frozenset(origins), tuple(problems))


def target(text: str, allowed: Allowed, *, is_public: bool = False) -> Target:
    """Where a URL leads, if it may be used.

    Args:
        text: at most MAX_URL_CHARS characters.
        allowed: what the operator allows.
        is_public: the address must be public even if its origin is allowed as it stands.

    Raises:
        NotAllowed: nothing may be sent to it.
    """
    if len(text) > MAX_URL_CHARS:
        raise NotAllowed(say("address.too_long", limit=MAX_URL_CHARS))
    found = _URL.fullmatch(text)
    if found is None or ("%" in text and _NO_ESCAPE.search(text)):
        raise NotAllowed(say("address.not_a_url"))
    place = _place(found["origin"], allowed)
    url = URL.build(
        scheme=place.scheme,
        host=place.host,
        port=place.port,
        path=found["path"],
        query_string=found["query"] or "",
        encoded=True,
    )
    return Target(f"{place.origin}{found['rest']}", place.origin, place.host, is_public or place.is_public, url)


def anywhere(text: str) -> Target:
    """Where a URL leads that may name any host and port by https. Whether its address may be connected to shows when
    it is: a name can lead elsewhere every time.

    Args:
        text: at most MAX_URL_CHARS characters.

    Raises:
        NotAllowed: it is no such URL.
    """
    found = _URL.fullmatch(text)
    origin = _origin(found) if found else None
    if found is not None and found["scheme"].lower() != "https":
        raise NotAllowed(say("address.not_https"))
    if origin is None:
        raise NotAllowed(say("address.not_a_url"))
    return target(text, Allowed(origins=frozenset([origin])), is_public=True)


def is_risky(origin: str) -> bool:
    """Whether an allowed origin should not be used on a public instance: it is not https, or its address is not
    public."""
    host = origin.partition("://")[2]
    host = host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]
    return origin.startswith("http:") or host == "localhost" or (_is_literal(host) and not is_public_address(host))


def written_address(to: Target) -> str | None:
    """The IP address that a URL has for a host; None if it has a name."""
    host = str(to.url.host)
    return host if _is_literal(host) else None


def is_public_address(text: str) -> bool:
    """Whether traffic to this literal address goes to the public Internet.

    An IPv4 address embedded in an IPv6 one (mapped, 6to4, NAT64) must be public itself.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return _is_public_4(address.ipv4_mapped)
    if address in _NAT64:
        return _is_public_4(IPv4Address(address.packed[12:]))
    if address.sixtofour is not None and not _is_public_4(address.sixtofour):
        return False
    # Teredo is part of 2001::/23.
    return address in _UNICAST_6 and address.is_global and not any(address in each for each in _SPECIAL_6)


@lru_cache(maxsize=8)
def _spelled_out(entries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for entry in entries for each in (KNOWN_SERVICES if entry == DEFAULT else (entry,)))


@lru_cache(maxsize=1024)
def _place(text: str, allowed: Allowed) -> _Place:
    """The host of a URL, if it may be used. Cached: push services are few, addresses many.

    Raises:
        NotAllowed: nothing may be sent to it.
    """
    found = _ALLOWED_ORIGIN.fullmatch(text)
    origin = _origin(found) if found else None
    if found is None or origin is None:
        raise NotAllowed(say("address.not_a_url"))
    scheme, host, port = found["scheme"].lower(), found["host"].lower(), int(found["port"] or 0)
    is_public = origin not in allowed.origins
    if is_public and scheme != "https":
        raise NotAllowed(say("address.not_https"))
    if is_public and not (_is_name(host) and _is_within(host, allowed.hosts)):
        # A host is allowed on the usual port of public addresses only, an origin as it stands.
        entry = host if _is_name(host) and port in (0, 443) else origin
        raise NotAllowed(say("address.not_allowed", entry=entry))
    if is_public and port not in (0, 443):
        raise NotAllowed(say("address.wrong_port"))
    return _Place(origin, scheme, host, None if port in (0, _PORTS[scheme]) else port, is_public)


def _origin(found: re.Match[str]) -> str | None:
    """Scheme, host and port in canonical form; None if the host or the port is invalid."""
    scheme, host, port = found["scheme"].lower(), found["host"].lower(), int(found["port"] or 0)
    if port > 65535:
        return None
    try:
        if host.startswith("["):
            host = f"[{IPv6Address(host[1:-1]).compressed}]"
        elif _looks_numeric(host):
            host = str(IPv4Address(host))
        elif not _is_name(host):
            return None
    except ValueError:
        return None
    return f"{scheme}://{host}" + ("" if port in (0, _PORTS[scheme]) else f":{port}")


def _is_name(host: str) -> bool:
    """Whether it is a host name, not an address in disguise, such as `127.1`, `2130706433` or `0x7f000001`."""
    labels = host.split(".")
    return len(host) <= 253 and all(_LABEL.fullmatch(each) for each in labels) and not _looks_numeric(host)


def _is_literal(host: str) -> bool:
    """Whether it is an address, without brackets, and no name."""
    return ":" in host or _looks_numeric(host)


def _looks_numeric(host: str) -> bool:
    """Whether some parser might read it as an IPv4 address. No top-level domain begins with a digit."""
    return host.rpartition(".")[2][:1].isdigit()


def _is_within(host: str, hosts: frozenset[str]) -> bool:
    return any(host == each or host.endswith(f".{each}") for each in hosts)


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in each for each in _SPECIAL_4)

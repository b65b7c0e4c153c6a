"""Where a request comes from: the address that clients are counted and told apart by, and the service that makes it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from django.http import HttpRequest

from invitations import conf
from invitations.credentials.service_tokens import Access

logger = logging.getLogger(__name__)


def service_of(request: Any) -> Access | None:
    """The service that makes a request, for itself or for a user; None if a user does.

    Args:
        request: Django's, or REST's.
    """
    return getattr(getattr(request, "_request", request), "service", None)


def address_of(request: HttpRequest) -> str:
    """The IP address of the client."""
    return address_between(str(request.META.get("REMOTE_ADDR", "")), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def address_of_scope(scope: Mapping[str, Any]) -> str:
    """The IP address of the client of a connection, an HTTP request or a socket, that ASGI has just told of."""
    named = (value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-forwarded-for")
    return address_between((scope.get("client") or [""])[0], ",".join(named))


def address_between(peer: str, forwarded_for: str) -> str:
    """The IP address of the client, where proxies may stand between.

    A trusted proxy tells in X-Forwarded-For whom it spoke to, after what it was told itself: the last address there
    that is no trusted proxy's, because the client may have made up all before it.

    Args:
        peer: the address at the other end of the connection.
        forwarded_for: the value of X-Forwarded-For; empty if there is none.
    """
    forwarded = [each.strip() for each in forwarded_for.split(",") if each.strip()]
    if forwarded and not conf.is_trusted_proxy(peer):
        # Uvicorn has put the client's address there in place of the proxy's by then.
        if peer not in forwarded:
            _warn_once_of_proxy()
        return peer
    return next((each for each in reversed(forwarded) if not conf.is_trusted_proxy(each)), (forwarded or [peer])[0])


@lru_cache
def _warn_once_of_proxy() -> None:
    logger.warning(
        "Requests come with X-Forwarded-For from an address that is not in CALLINVITE_TRUSTED_PROXIES: all who come "
        "from there count as one when they sign in"
    )


def network_of(address: str) -> str:
    """What one client is counted as: an IPv6 host has a whole /64 to choose its addresses from, while a server that
    listens to both sees an IPv4 host as an IPv6 one (RFC 4291 section 2.5.5.2), all of them within the same /64."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    known = getattr(known, "ipv4_mapped", None) or known
    return str(ip_network((known, 64), strict=False)) if known.version == 6 else str(known)

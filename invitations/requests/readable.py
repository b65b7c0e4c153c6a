"""Headers that let a page of another origin read what is refused before Django, and its CORS, sees the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invitations.conf import limits
from invitations.other_origins import EXPOSED_HEADERS


def headers_for(scope: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """None for the server's own pages, and for those of origins that are not listed.

    Args:
        scope: the ASGI connection of the request.
    """
    named = limits().origins
    if not named:
        return []
    origin = next((value for name, value in scope["headers"] if name.lower() == b"origin"), b"")
    if origin.decode("latin-1") not in named:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", ", ".join(EXPOSED_HEADERS).encode()),
        (b"vary", b"origin"),
    ]

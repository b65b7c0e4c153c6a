"""What pages of other origins may ask of REST: anything with a token, nothing with a cookie.

The settings of django-cors-headers for that. It is imported by settings modules, so it may need no settings itself."""

from __future__ import annotations

from collections.abc import Iterable
from re import escape
from typing import Any

from invitations import addresses

MIDDLEWARE = "corsheaders.middleware.CorsMiddleware"
"""What answers browsers that ask for another origin (https://fetch.spec.whatwg.org/#http-cors-protocol). Stands before
everything that may answer a request by itself."""
ALLOWED_HEADERS = (
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "x-request-id",
)
"""What such a page may send besides what browsers let any page send."""
EXPOSED_HEADERS = (
    "Deprecation",
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Sunset",
    "X-Request-ID",
)
"""What it may read of an answer's headers."""
PREFLIGHT_SECONDS = 7200
"""For how long a browser may remember what it was allowed. No browser does so for longer than a day."""


def settings_for(origins: Iterable[str], *, prefix: str = "") -> dict[str, Any]:
    """The settings of django-cors-headers.

    Args:
        origins: `CALLINVITE_ORIGINS`, in full: `https://app.example.org`, `capacitor://localhost`, `null`.
        prefix: the prefix under which `invitations.urls` is included, written the same way: `calls/`.
    """
    return {
        "CORS_ALLOWED_ORIGINS": list(origins),
        "CORS_URLS_REGEX": f"^/{escape(prefix + addresses.API)}",
        # A browser then neither sends a cookie along nor hands out what was answered to one.
        "CORS_ALLOW_CREDENTIALS": False,
        "CORS_ALLOW_HEADERS": ALLOWED_HEADERS,
        "CORS_ALLOW_METHODS": ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        "CORS_EXPOSE_HEADERS": EXPOSED_HEADERS,
        "CORS_PREFLIGHT_MAX_AGE": PREFLIGHT_SECONDS,
    }

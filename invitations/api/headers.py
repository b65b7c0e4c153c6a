"""The headers with which answers of REST say more than their bodies do, each made in this place alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from invitations.quotas import Quota

# A quotation mark within a text is escaped, so that no text can look like a member.
_AT_THIS_MOMENT = re.compile(rb'"(?:server_time":"[^"]*"|remaining_ms":\d+)')


def entity_tag(body: bytes) -> str:
    """A weak validator (RFC 9110 section 8.8.3): the same for answers that differ only in their moment."""
    said = _AT_THIS_MOMENT.sub(b"", body)
    return f'W/"{hashlib.sha256(said).hexdigest()[:32]}"'


def rate_limits(quotas: Iterable[Quota]) -> dict[str, str]:
    """What the limits are that a request counted towards, and what they have left: `RateLimit-Policy` and `RateLimit`
    (draft-ietf-httpapi-ratelimit-headers-10); nothing if there was none."""
    found = sorted(quotas)
    if not found:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{each.name}";q={each.most};w={each.window_seconds}' for each in found),
        "RateLimit": ", ".join(f'"{each.name}";r={each.left};t={each.more_in_seconds}' for each in found),
    }

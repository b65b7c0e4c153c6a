"""How something is taken out of the API: announced in its answers and in the document, long before it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.utils.http import http_date

NOTICE = timedelta(days=365)
"""The least time between the announcement and the end, which docs/compatibility.md promises."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """The announcement.

    Args:
        since: the day of the announcement.
        ends: from this day on it may be gone; at least `NOTICE` later.
        instead: what to use, a sentence for developers.
        address: of a page that says more; absolute, or relative to the answer's own.

    Raises:
        ValueError: it ends too soon.
    """

    since: date
    ends: date
    instead: str
    address: str

    def __post_init__(self) -> None:
        if self.ends - self.since < NOTICE:
            raise ValueError(f"Announced on {self.since}, it cannot end before {self.since + NOTICE}")

    def headers(self) -> dict[str, str]:
        """The headers `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link`."""
        return {
            "Deprecation": f"@{_seconds(self.since)}",
            "Sunset": http_date(_seconds(self.ends)),
            "Link": f'<{self.address}>; rel="deprecation"; type="text/html"',
        }

    def described(self) -> str:
        """The announcement in the document."""
        return f"Deprecated since {self.since}; may be gone from {self.ends} on. {self.instead}"


def _seconds(day: date) -> int:
    """When a day begins in UTC, in seconds since 1970."""
    return int(datetime.combine(day, time(), UTC).timestamp())

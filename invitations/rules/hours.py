"""When somebody does not want to be disturbed. Knows no database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings

from invitations.models import WEEKDAYS, QuietHours

DAY = timedelta(days=1)
LONGEST = timedelta(days=8)
"""As far ahead as the end of quiet hours is looked for. Who is quiet all week is quiet for ever."""


class Span(NamedTuple):
    """From one moment on until another one."""

    begins_at: datetime
    ends_at: datetime


def quiet_until(hours: QuietHours | None, zone_name: str, until: datetime | None, *, now: datetime) -> datetime | None:
    """Until when somebody does not want to be disturbed; None if they may be now.

    Args:
        hours: their quiet hours.
        zone_name: their time zone (`zone_of`).
        until: until when they said by hand that they do not.
        now: the moment in question.

    Returns:
        The end, at the latest `LONGEST` ahead if it is only by their quiet hours.
    """
    end = until if until is not None and until > now else now
    if hours is not None:
        # Quiet hours may begin before the others end.
        for span in _spans(hours, zone_of(zone_name), now):
            if span.begins_at <= end < span.ends_at:
                end = span.ends_at
    return end if end > now else None


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name.

    Args:
        name: as in the IANA time zone database; empty, or one that this server does not know, for the server's own.
    """
    return _zone(name if name in zone_names() else settings.TIME_ZONE)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The time zones that this server knows."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _spans(hours: QuietHours, zone: ZoneInfo, now: datetime) -> Iterator[Span]:
    """The quiet spans around now, in order: those that may last still, and those to come until `LONGEST`."""
    days = {WEEKDAYS.index(each) for each in hours["days"]}
    begins, ends = time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"])
    today = now.astimezone(zone).date()
    for offset in range(-2, LONGEST.days + 1):
        day = today + offset * DAY
        if day.weekday() in days:
            last = day if begins < ends else day + DAY
            # When a clock shows the same time twice, they begin at the first and end at the second.
            yield Span(_moment(day, begins, zone, fold=0), _moment(last, ends, zone, fold=1))


def _moment(day: date, at: time, zone: ZoneInfo, *, fold: int) -> datetime:
    """When a clock on the wall shows this. A time that it leaves out is as long after midnight as if it did not."""
    local = datetime.combine(day, at, tzinfo=zone).replace(fold=fold)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found
    # By the offset from before the change, whichever way `fold` looks.
    return local.replace(fold=0).astimezone(UTC)

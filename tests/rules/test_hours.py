"""Quiet hours: over midnight, where clocks change, in zones with half hours, and for people who travel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from invitations.models import WEEKDAYS, QuietHours
from invitations.rules.hours import LONGEST, quiet_until, zone_names, zone_of

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def hours(begins: str, ends: str, *days: str) -> QuietHours:
    return {"days": list(days or WEEKDAYS), "from": begins, "to": ends}


def is_quiet(quiet: QuietHours, zone: str, now: datetime) -> bool:
    return quiet_until(quiet, zone, None, now=now) is not None


def on_the_wall(quiet: QuietHours, zone: str, now: datetime) -> bool:
    """What somebody says who looks at a clock and a calendar, and knows on which days the hours begin."""
    local = now.astimezone(ZoneInfo(zone))
    begins, ends = time.fromisoformat(quiet["from"]), time.fromisoformat(quiet["to"])
    today, yesterday = (WEEKDAYS[(local.date() - back * DAY).weekday()] in quiet["days"] for back in (0, 1))
    if begins < ends:
        return today and begins <= local.time() < ends
    return (today and local.time() >= begins) or (yesterday and local.time() < ends)


def minutes(first: datetime, span: timedelta, *, step: int = 1) -> Iterator[datetime]:
    return (first + number * MINUTE for number in range(0, span // MINUTE, step))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "UTC"])
@pytest.mark.parametrize(
    "quiet",
    [
        hours("22:00", "07:00"),
        hours("22:00", "07:00", "fri", "sat"),
        hours("12:30", "14:15", "mon", "wed"),
        hours("00:00", "00:00", "sun"),
        hours("23:59", "00:00", "tue"),
    ],
    ids=lambda quiet: f"{'-'.join(quiet['days'])} {quiet['from']}-{quiet['to']}",
)
def test_a_week_is_quiet_as_the_clock_on_the_wall_says(quiet: QuietHours, zone: str) -> None:
    first = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    # Each day another minute of every hour.
    for now in minutes(first, 8 * DAY, step=7):
        assert is_quiet(quiet, zone, now) == on_the_wall(quiet, zone, now), now


# (zone, the day before the change, in summer or winter)
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 24, 12, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 7, 18, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 31, 18, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 0, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 0, tzinfo=UTC)),
]


@pytest.mark.parametrize(
    ("zone", "first"), CHANGES, ids=lambda value: f"{value:%b}" if hasattr(value, "hour") else value
)
def test_a_night_in_which_clocks_change_is_quiet_as_the_clock_says(zone: str, first: datetime) -> None:
    quiet = hours("22:00", "07:00")
    for now in minutes(first, 2 * DAY):
        assert is_quiet(quiet, zone, now) == on_the_wall(quiet, zone, now), now


def test_an_hour_that_comes_twice_is_quiet_all_through() -> None:
    """In Berlin it is 02:30 twice on 25 October 2026, at 00:30 and at 01:30 UTC."""
    change = datetime(2026, 10, 25, tzinfo=UTC)
    until = quiet_until(hours("22:00", "02:30"), "Europe/Berlin", None, now=change)
    assert until == change + timedelta(hours=1, minutes=30)
    quiet = [
        now
        for now in minutes(change - timedelta(hours=3), timedelta(hours=6))
        if is_quiet(hours("02:15", "02:45"), "Europe/Berlin", now)
    ]
    assert (quiet[0], quiet[-1]) == (change + timedelta(minutes=15), change + timedelta(minutes=104))
    assert len(quiet) == 90


def test_hours_that_a_clock_leaves_out_begin_and_end_when_it_has_gone_on() -> None:
    """In Berlin there is no 02:30 on 29 March 2026: at 01:00 UTC it becomes 03:00."""
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert quiet_until(hours("22:00", "02:30"), "Europe/Berlin", None, now=change) == change + timedelta(minutes=30)
    assert not is_quiet(hours("02:30", "03:45"), "Europe/Berlin", change + timedelta(minutes=29))
    assert is_quiet(hours("02:30", "03:45"), "Europe/Berlin", change + timedelta(minutes=30))
    assert not is_quiet(hours("02:10", "02:20"), "Europe/Berlin", change)


def test_who_travels_is_quiet_where_they_are() -> None:
    now = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
    assert is_quiet(hours("22:00", "07:00"), "Europe/London", now)
    assert not is_quiet(hours("22:00", "07:00"), "America/New_York", now)
    assert is_quiet(hours("22:00", "07:00"), "America/New_York", now + timedelta(hours=5))


def test_the_end_is_that_of_all_that_follow_each_other() -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    by_hand = now + timedelta(hours=11)
    assert quiet_until(None, "UTC", by_hand, now=now) == by_hand
    assert quiet_until(hours("22:00", "07:00"), "UTC", by_hand, now=now) == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert quiet_until(hours("22:00", "07:00"), "UTC", now, now=now) is None
    weekend = hours("00:00", "00:00", "sat", "sun")
    assert quiet_until(weekend, "UTC", None, now=datetime(2026, 11, 28, tzinfo=UTC)) == datetime(
        2026, 11, 30, tzinfo=UTC
    )


def test_who_is_quiet_all_week_is_so_for_as_long_as_anybody_looks() -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    until = quiet_until(hours("00:00", "00:00"), "UTC", None, now=now)
    assert until is not None
    assert until - now > LONGEST - DAY


def test_a_zone_that_nobody_knows_is_that_of_the_server() -> None:
    assert zone_of("Mars/Olympus_Mons") == zone_of("") == ZoneInfo("UTC")
    assert "Europe/Berlin" in zone_names()


def test_a_moment_that_has_passed_keeps_nobody_from_their_quiet_hours() -> None:
    now = datetime(2026, 11, 23, 23, tzinfo=UTC)
    for passed in (now - DAY, now - timedelta(hours=12)):
        assert quiet_until(hours("22:00", "07:00"), "UTC", passed, now=now) == datetime(2026, 11, 24, 7, tzinfo=UTC)
        assert quiet_until(None, "UTC", passed, now=now) is None

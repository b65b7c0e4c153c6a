"""Django's sessions in the database, with two ends: one unless they are used, and one however much they are used. No
session ends while its device is in a call.

For `SESSION_ENGINE`. Works on the table of `django.contrib.sessions`, so that a project may change to it and back: only
`expire_date` is moved on. Nothing here is asked more often than Django's own asks, and `renew` seldom writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

from invitations import conf
from invitations.credentials.sessions import SIGNED_IN_AT
from invitations.models import Device, Participant
from invitations.push import devices

COUNTED_FROM = "callinvite_counted_from"
"""In a session of an older version, or of another engine: when ours first saw it, in seconds since 1970."""
NOBODYS = timedelta(hours=1)
"""How long a session lasts by which nobody is signed in: while somebody is about to, say."""
PUT_OFF = timedelta(minutes=15)
"""How long after the last sign of a call a session lasts that should have ended meanwhile."""
PARTS = 20
"""Which part of the time after which an unused session ends must have passed before a use is written down."""
SLACK = timedelta(days=1)
"""How much longer a browser keeps the cookie, which tells it nothing: no call lasts longer."""


class _Terms(NamedTuple):
    """How long a session lasts at most, and how long without being used."""

    longest: timedelta
    idle: timedelta


class SessionStore(db.SessionStore):
    """One session. `expires_at` is when it ended as it was loaded; None for one that was not."""

    expires_at: datetime | None = None

    def renew(self, now: datetime) -> bool:
        """Note that a session that was loaded is in use, if that moves its end.

        Args:
            now: an aware datetime.

        Returns:
            Whether it was written down.
        """
        if self.expires_at is None or not self.session_key or SESSION_KEY not in self:
            return False
        if self._begun() is None:
            self[COUNTED_FROM] = now.timestamp()
            self.save()
        wanted = self._wanted(now, self.expires_at)
        if wanted is None:
            return False
        alive = self.model.objects.filter(session_key=self.session_key, expire_date__gt=now)
        self.expires_at = wanted
        return bool(alive.update(expire_date=wanted))

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """When the session ends unless it is used again."""
        if kwargs:
            moment: datetime = super().get_expiry_date(**kwargs)
            return moment
        now = timezone.now()
        ends_at = min(now + self._terms().idle, self._last(now))
        # Not before it would have without being saved: it may have been put off.
        return ends_at if self.expires_at is None else max(ends_at, min(self.expires_at, now + PUT_OFF))

    async def aget_expiry_date(self, **kwargs: Any) -> datetime:
        """The same."""
        await self._aget_session()  # type: ignore[attr-defined]
        return self.get_expiry_date(**kwargs)

    def get_expiry_age(self, **kwargs: Any) -> int:
        """How long the browser keeps the cookie, in seconds."""
        if kwargs:
            return int(super().get_expiry_age(**kwargs))
        now = timezone.now()
        return max(0, int((self._last(now) + SLACK - now).total_seconds()))

    async def aget_expiry_age(self, **kwargs: Any) -> int:
        """The same."""
        await self._aget_session()  # type: ignore[attr-defined]
        return self.get_expiry_age(**kwargs)

    def _get_session_from_db(self) -> Any:
        row = super()._get_session_from_db()  # type: ignore[misc]
        self.expires_at = None if row is None else row.expire_date
        return row

    async def _aget_session_from_db(self) -> Any:
        row = await super()._aget_session_from_db()  # type: ignore[misc]
        self.expires_at = None if row is None else row.expire_date
        return row

    def _terms(self) -> _Terms:
        if SESSION_KEY not in self:
            return _Terms(NOBODYS, NOBODYS)
        limits = conf.limits()
        if self.get_expire_at_browser_close():
            seconds = (limits.session_short_seconds, limits.session_short_idle_seconds)
        else:
            seconds = (limits.session_seconds, limits.session_idle_seconds)
        return _Terms(*(timedelta(seconds=each) for each in seconds))

    def _last(self, now: datetime) -> datetime:
        """When the session ends however much it is used."""
        return (self._begun() or now) + self._terms().longest

    def _begun(self) -> datetime | None:
        begun = self.get(SIGNED_IN_AT) or self.get(COUNTED_FROM)
        return None if begun is None else datetime.fromtimestamp(begun, UTC)

    def _wanted(self, now: datetime, present: datetime) -> datetime | None:
        """The end that is to be written down; None if the present one will do."""
        idle, last = self._terms().idle, self._last(now)
        wanted = min(now + idle, last)
        if max(wanted, present) - now < PUT_OFF * 2 / 3 and self._is_in_call():
            return now + PUT_OFF
        if wanted > present:
            # The last time, it is written exactly.
            is_due = wanted == last or wanted - present >= idle / PARTS
            return wanted if is_due else None
        # The terms are shorter by now. Nobody is cut off within a call for that either.
        soonest = max(wanted, now + PUT_OFF)
        return soonest if present - soonest >= idle / PARTS else None

    def _is_in_call(self) -> bool:
        credential = devices.credential_of(session_key=self.session_key)
        inside = Participant.objects.open().filter(user_id=self[SESSION_KEY])
        mine = Device.objects.filter(user_id=self[SESSION_KEY], credential=credential).values("device_id")
        return inside.filter(device_id=credential).exists() or inside.filter(device_id__in=mine).exists()

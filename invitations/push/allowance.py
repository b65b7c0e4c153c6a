"""How many push messages one user's devices may be sent through one push service in a minute.

However many ring somebody at once: their phone is not made to buzz without end, and the push service, which counts
by sender, has no cause to turn this server away. Rings and tests count, each once, at its latest try: how often one
is tried is a matter of its backoff. Ends of rings do not count, for a ring that cannot be stopped is worse than one
message more. `deliveries.claim` asks. Two dispatchers that ask at the same moment may together pass the bound by a
message for each address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from invitations.conf import limits
from invitations.models import Delivery, DeliveryKind, UserKey
from invitations.push.recent import SKEW
from invitations.store.statements import Bind, Prepared
from invitations.transports import Address, host_of

WINDOW = timedelta(seconds=60)
UNCOUNTED = (DeliveryKind.STOP, DeliveryKind.CONTACT)
"""What does not count: that people ask is told seldom enough by itself, and must take no ring's place."""

Service = tuple[UserKey, str]
"""A user and the host of a push service."""


class _Try(NamedTuple):
    """A message that was tried, and when for the last time."""

    pk: int
    user_id: UserKey
    host: str
    at: datetime
    transport: str | None
    endpoint: str | None
    p256dh: str | None
    auth: str | None
    signing_key: str | None
    alert_token: str | None

    def service(self) -> Service:
        """Whose message, and through which push service. The row has the host once the message has an outcome."""
        return self.user_id, self.host or host_of(Address(*(each or "" for each in self[4:])))


_TRIED = Prepared(
    Delivery.objects.filter(
        # One by one, as the index has it.
        *(~Q(kind=each) for each in UNCOUNTED),
        user_id__in=Bind("users"),
        created_at__gt=Bind("oldest"),
        created_at__lt=Bind("newest"),
        tried_at__gt=Bind("since"),
    )
    .order_by("tried_at")
    .values_list("pk", "user_id", "host", "tried_at", *(f"device__push_{field.name}" for field in fields(Address))),
    row=_Try._make,
)


class Allowance:
    """What the users of one batch may still be sent.

    Args:
        users: their keys.
        now: the moment of the claim.
    """

    def __init__(self, users: Iterable[UserKey], *, now: datetime) -> None:
        self._now = now
        self._most = limits().pushes_per_minute
        self._tries: dict[Service, dict[int, datetime]] = defaultdict(dict)
        self._put_off: dict[Service, int] = defaultdict(int)
        asked = sorted(set(users), key=str) if self._most else []
        if asked:
            # A delivery lives no longer than its ring.
            oldest = now - WINDOW - timedelta(seconds=limits().timeout_seconds_max)
            for each in _TRIED.rows(users=asked, oldest=oldest, newest=now + SKEW, since=now - WINDOW):
                self._tries[each.service()][each.pk] = each.at

    def put_off(self, pk: int, user_id: UserKey, address: Address) -> datetime | None:
        """Count a message.

        Args:
            pk: its key.
            user_id: whose device it is for.
            address: where it goes.

        Returns:
            None if it may go now; else when there will be room for it, which it does not take up.
        """
        if not self._most:
            return None
        service = user_id, host_of(address)
        tries = self._tries[service]
        tries.pop(pk, None)
        if len(tries) < self._most:
            tries[pk] = self._now
            return None
        place = len(tries) - self._most + self._put_off[service]
        self._put_off[service] += 1
        moments = list(tries.values())
        return (moments[place] if place < len(moments) else self._now) + WINDOW

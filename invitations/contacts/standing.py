"""What a page needs at its start to show how its user stands: the name, whether it is quiet, and what waits."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import Count, IntegerField, OuterRef, Subquery

from invitations.models import Contact, ContactState, QuietHours, UserKey
from invitations.rules.hours import quiet_until
from invitations.store import people
from invitations.store.statements import Bind, Prepared, aggregated


class Standing(NamedTuple):
    """How a person stands.

    Args:
        display_name: the name that they chose; empty or None for none.
        until: until when they are not to be disturbed, as they said by hand.
        hours: their quiet hours.
        time_zone: where these are counted.
        requests: how many people ask them to be let in.
    """

    display_name: str | None
    until: datetime | None
    hours: QuietHours | None
    time_zone: str | None
    requests: int

    def do_not_disturb_until(self, now: datetime) -> datetime | None:
        """Until when they are not to be disturbed, as they said by hand; None if that is over."""
        return self.until if self.until is not None and self.until > now else None

    def quiet_until(self, now: datetime) -> datetime | None:
        """Until when they are not, their quiet hours counted in; None if they may be disturbed now."""
        return quiet_until(self.hours, self.time_zone or "", self.until, now=now)


NOBODY = Standing(None, None, None, None, 0)
_ASKING = Contact.objects.filter(
    people.are_active("other__"), user_id=OuterRef("pk"), state=ContactState.ASKS_YOU
).order_by()
_CHOSEN = ("display_name", "do_not_disturb_until", "quiet_hours", "time_zone")
STANDING = Prepared(
    get_user_model()
    ._base_manager.filter(pk=Bind("user"))
    .order_by()
    .values_list(
        *(f"calling_preferences__{name}" for name in _CHOSEN),
        Subquery(aggregated(_ASKING, Count("*")), output_field=IntegerField()),
    ),
    row=Standing._make,
)


def standing(user_id: UserKey) -> Standing:
    """How a person stands. One query."""
    return STANDING.first(user=user_id) or NOBODY

"""Which push messages may still matter: those planned within the last two days, for none is worth sending after one.

PostgreSQL keeps them by month. A statement that says in which time it looks finds them in one month's partition of the
table, or in two at the turn of a month; without that it would look into each. Those that still wait after that time are
given up when the dispatcher prunes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from invitations.store.statements import Bind

SPAN = timedelta(days=2)
SKEW = timedelta(days=1)
"""By how much the clocks of servers may differ. Without such an end, a statement would look into all months to come."""
RECENT = Q(created_at__gt=Bind("made_after"), created_at__lt=Bind("made_before"))
"""The condition, for prepared querysets of deliveries; `span` gives its values."""


def span(now: datetime) -> dict[str, datetime]:
    """The time in which messages were planned that may matter now, as `made_after` and `made_before`."""
    return {"made_after": now - SPAN, "made_before": now + SKEW}

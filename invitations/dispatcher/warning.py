"""Writes to those who asked for it when calls no longer reach them, before somebody calls in vain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import F, Q

from invitations import mailing
from invitations.calls.transaction import write
from invitations.models import CallingPreferences
from invitations.push import reachability
from invitations.push.reachability import Reach, Reachability, State
from invitations.store import people

LOOK_EVERY = timedelta(hours=1)
MAIL_EVERY = timedelta(days=7)
FRESH = timedelta(minutes=15)
"""What was lost so lately may just be on its way back: a browser that renews its address, or a page that opens."""
BATCH = 50


def warn_due(*, now: datetime, stopping: Callable[[], bool] = lambda: False) -> int:
    """Look at those whose turn it is, and owe a mail to whom no call would reach. Each is looked at once an hour and
    written to once a week at most, however many dispatchers there are; one that is killed leaves nobody out.

    Args:
        now: an aware datetime.
        stopping: asked before each person.

    Returns:
        How many mails are owed now.
    """
    if not mailing.can_send():
        return 0
    waits = Q(reach_looked_at__isnull=True) | Q(reach_looked_at__lte=now - LOOK_EVERY)
    due = CallingPreferences.objects.filter(waits, people.are_active("user__"), mail_if_unreachable=True)
    owed = 0
    for each in list(due.select_related("user").order_by(F("reach_looked_at").asc(nulls_first=True), "pk")[:BATCH]):
        if stopping():
            break
        owed += _look_at(each, now)
    return owed


def _look_at(person: CallingPreferences, now: datetime) -> bool:
    """Whether a mail is owed to them now. With it, in one transaction, goes the note that they were looked at."""
    with write():
        unchanged = CallingPreferences.objects.filter(
            pk=person.pk, mail_if_unreachable=True, reach_looked_at=person.reach_looked_at
        )
        if not unchanged.update(reach_looked_at=now):
            return False
        if person.reach_mailed_at is not None and person.reach_mailed_at > now - MAIL_EVERY:
            return False
        found = reachability.look(person.user_id, now=now)
        address = mailing.confirmed_address(person.user_id) if _is_lost(found) else None
        if address is None:
            return False
        places = (each.device.push_origin for each in found.ways if each.device.push_origin)
        said = {"user": person.user, "why": partial(reachability.sentence, found), "place": next(places, "")}
        mailing.write("unreachable", address, said)
        CallingPreferences.objects.filter(pk=person.pk).update(reach_mailed_at=now)
        return True


def _is_lost(found: Reachability) -> bool:
    if found.state is not State.UNREACHED:
        return False
    lost = (each.since for each in found.ways if each.reach is Reach.LOST)
    return all(since is None or since <= found.at - FRESH for since in lost)

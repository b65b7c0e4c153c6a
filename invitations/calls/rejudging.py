"""Rings that are open while their invitee changes what the rules go by: they change with it, and their inviters do not
notice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import TypeVar

from django.db import transaction

from invitations.calls.closing import save_deadlines
from invitations.calls.expiring import next_ring_at
from invitations.calls.judging import judged_again
from invitations.calls.loading import lock_calls
from invitations.calls.verb import verb
from invitations.live import publishing
from invitations.models import Invitation, StopReason, UserKey
from invitations.push import planning
from invitations.store import people, rows
from invitations.store.sheets import CallSheet
from invitations.store.statements import Bind, Prepared

R = TypeVar("R")

_RINGS = Invitation.objects.pending().order_by().filter(invitee_id=Bind("user"))
RINGS = Prepared(_RINGS.values_list("call_id"), row=itemgetter(0))


@verb
def change_rules(user_id: UserKey, act: Callable[[], R], *, now: datetime) -> R:
    """Change what somebody has settled about being rung, and have it take effect on the rings that are open: those that
    the rules keep from them now stop on all their devices, and others begin to ring. To those who ring them nothing
    changes.

    A send that commits first is judged anew here; one that commits later is judged by what this has changed.

    Args:
        user_id: whose rules change.
        act: changes them; asks and writes nothing else. It may raise to change nothing, and runs again if a call is
            found overdue.

    Returns:
        What `act` returns.
    """
    people.lock({user_id})
    done = act()
    keys = RINGS.rows(user=user_id)
    changed = [_judge_again(sheet, user_id, now=now) for sheet in lock_calls(keys, now=now).values()] if keys else []
    if any(changed):
        transaction.on_commit(partial(publishing.publish_anew, user_id))
    return done


def _judge_again(sheet: CallSheet, user_id: UserKey, *, now: datetime) -> bool:
    """Judge the ring in one call anew. Returns whether it begins or stops to ring."""
    own = sheet.pending_of(user_id)
    if own is None:
        return False
    verdict = judged_again(sheet, own, now=now)
    if verdict == own.verdict:
        return False
    was_withheld = own.is_withheld
    own.verdict, own.judged_at = verdict.value, now
    if own.is_withheld == was_withheld:
        rows.update(own, "verdict", "judged_at")
        return False
    if own.is_withheld:
        planning.plan_stops([own.pk], StopReason.CANCELLED, now=now)
        rows.update(own, "verdict", "judged_at")
        return True
    own.next_ring_at = next_ring_at(own.created_at, now) if own.ringing_at is None else own.next_ring_at
    rows.update(own, "verdict", "judged_at", "next_ring_at")
    planning.plan_rings(sheet.call.pk, [user_id], now=now)
    save_deadlines(sheet, now)
    return True

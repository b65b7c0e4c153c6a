"""Taking people out of calls who can no longer be there: their device was signed out, or their account was disabled or
deleted."""

from __future__ import annotations

import logging
from datetime import datetime
from operator import itemgetter

from django.db.models import Exists, OuterRef, Q

from invitations.calls.closing import save, settle
from invitations.calls.events import Change
from invitations.calls.loading import Attempt, lock_one
from invitations.calls.reading import OPEN_CALLS
from invitations.calls.taking_part import leave
from invitations.calls.transaction import write
from invitations.calls.withdrawing import withdraw
from invitations.errors import CallError
from invitations.models import (
    Call,
    CallState,
    Invitation,
    Participant,
    UserKey,
)
from invitations.store import people
from invitations.store.sheets import Actor
from invitations.store.statements import Prepared

logger = logging.getLogger(__name__)
BATCH = 100
"""How many calls are changed in one round."""

_STAYS = Participant.objects.open().order_by().filter(people.are_absent("user"))
_RINGS = Invitation.objects.pending().order_by().filter(people.are_absent("invitee"))

# Reads the open rows alone, which partial indexes hold.
CONCERNED = Prepared(_STAYS.values_list("call_id").union(_RINGS.values_list("call_id")).order_by(), row=itemgetter(0))

_OPEN = Call.objects.filter(due_at__isnull=False).order_by()
_RUNG = Exists(Invitation.objects.pending().order_by().filter(call_id=OuterRef("pk")))
_INSIDE = Participant.objects.open().order_by().filter(call_id=OuterRef("pk"))
_TWO_INSIDE = Exists(_INSIDE.filter(Exists(_INSIDE.filter(call_id=OuterRef("call_id"), pk__lt=OuterRef("pk")))))
UNSOUND = Prepared(
    _OPEN.filter(~Exists(_INSIDE) | ~_RUNG & (Q(state=CallState.RINGING) | ~_TWO_INSIDE)).values_list("pk"),
    row=itemgetter(0),
)


def depart(by: Actor, *, now: datetime) -> None:
    """Leave every call that the actor's device is in.

    Args:
        by: the user, on the device that was signed out.
    """
    here = Participant.objects.open().filter(user_id=by.user_id, device_id=by.device_id)
    for call_id, attempt in here.values_list("call__call_id", "call__attempt"):
        try:
            leave(Attempt(call_id, attempt), by=by, now=now)
        except CallError:
            continue


def depart_from(user_id: UserKey, device_id: str, *, now: datetime) -> None:
    """Like `depart`, for a device of which nothing else is known. One query unless it is in a call."""
    here = Participant.objects.open().filter(user_id=user_id, device_id=device_id)
    username = here.values_list(f"user__{people.USERNAME}", flat=True).first()
    if username is not None:
        depart(Actor(user_id, username, device_id), now=now)


def leave_all(user_id: UserKey, *, now: datetime) -> list[int]:
    """Take a person who may no longer sign in out of every call, and take back every ring of theirs and for them. Safe
    to repeat.

    Args:
        user_id: the person's key.

    Returns:
        The keys of those calls.
    """
    keys = sorted(OPEN_CALLS.rows(user=user_id))
    for call_pk in keys:
        withdraw(call_pk, now=now)
    return keys


def withdraw_absent(*, now: datetime) -> int:
    """Take those out of calls, and take their rings back, whose account may no longer sign in.

    However an account was disabled, nobody is left talking to it or ringing it. Safe to repeat.

    Returns:
        How many calls that changed.
    """
    return sum(withdraw(call_pk, now=now) for call_pk in sorted(CONCERNED.rows())[:BATCH])


def mend(*, now: datetime) -> int:
    """End open calls that nothing keeps going any more, because rows of theirs were deleted by other ways. Safe to
    repeat.

    Returns:
        How many calls.
    """
    return sum(_mend(call_pk, now=now) for call_pk in UNSOUND.rows()[:BATCH])


def _mend(call_pk: int, *, now: datetime) -> bool:
    with write():
        sheet = lock_one(call_pk)
        if sheet is None or sheet.call.state == CallState.ENDED:
            return False
        change = Change(sheet, by=None, now=now)
        settle(sheet, change=change, lost=not sheet.inside())
        if not change.happened:
            return False
        save(sheet, change)
        logger.warning("Call %d had lost rows that kept it going, and was ended", call_pk)
        return True

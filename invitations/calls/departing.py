"""Taking people out of calls who can no longer be there: their device was signed out, or their account was disabled or
deleted."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter

from invitations.calls.closing import close_invitation, save, settle, take_out
from invitations.calls.events import Change
from invitations.calls.loading import Attempt, lock_one
from invitations.calls.taking_part import leave
from invitations.calls.transaction import write
from invitations.errors import CallError
from invitations.models import Delivery, DeliveryState, Invitation, InvitationState, LeftReason, Participant
from invitations.push import deliveries
from invitations.store import people
from invitations.store.sheets import Actor
from invitations.store.statements import Prepared

BATCH = 100
"""How many calls are changed in one round."""

_STAYS = Participant.objects.open().order_by().filter(~people.are_active("user__"))
_RINGS = Invitation.objects.pending().order_by().filter(~people.are_active("invitee__"))

# Reads the open rows alone, which partial indexes hold.
CONCERNED = Prepared(_STAYS.values_list("call_id").union(_RINGS.values_list("call_id")).order_by(), row=itemgetter(0))


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


def withdraw_absent(*, now: datetime) -> int:
    """Take those out of calls, and take their rings back, whose account may no longer sign in.

    However an account was disabled, nobody is left talking to it or ringing it. Safe to repeat.

    Returns:
        How many calls that changed.
    """
    return sum(_withdraw(call_pk, now=now) for call_pk in sorted(CONCERNED.rows())[:BATCH])


def _withdraw(call_pk: int, *, now: datetime) -> bool:
    with write():
        sheet = lock_one(call_pk)
        if sheet is None:
            return False
        known = {each.invitee_id for each in sheet.pending()} | {each.user_id for each in sheet.inside()}
        absent = known - people.active_among(known)
        change = Change(sheet, by=None, now=now)
        for invitation in sheet.pending():
            if invitation.invitee_id in absent:
                close_invitation(sheet, invitation, InvitationState.CANCELLED, change=change)
        for stay in sheet.inside():
            if stay.user_id in absent:
                take_out(sheet, stay, LeftReason.LEFT, change=change)
        if not change.happened:
            return False
        settle(sheet, change=change, withdrawn=sheet.call.caller_id in absent)
        save(sheet, change)
        # Their devices are nobody's business any more, not even to be told that it is over.
        waiting = Delivery.objects.filter(user_id__in=absent, state=DeliveryState.PENDING)
        waiting.update(state=DeliveryState.DROPPED, code=deliveries.CALL_OVER, settled_at=change.now)
        return True

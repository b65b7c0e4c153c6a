"""Taking those out of a call whose account was disabled or deleted, however that was done."""

from __future__ import annotations

from datetime import datetime

from invitations.calls.closing import close_invitation, save, settle, take_out
from invitations.calls.events import Change
from invitations.calls.loading import lock_one
from invitations.calls.transaction import write
from invitations.live import publishing
from invitations.models import Delivery, DeliveryState, InvitationState, LeftReason, UserKey
from invitations.push import deliveries
from invitations.store import people


def withdraw(call_pk: int, *, now: datetime) -> bool:
    """Take those out of one call, and take their rings back, whose account may no longer sign in. Safe to repeat.

    Args:
        call_pk: the call's key.

    Returns:
        Whether that changed it.
    """
    with write():
        sheet = lock_one(call_pk)
        if sheet is None:
            return False
        known = {each.invitee_id for each in sheet.pending()} | {each.user_id for each in sheet.inside()}
        absent: set[UserKey] = known - people.active_among(known)
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
        for user_id in absent - {None}:
            publishing.publish_recheck(user_id)
        # Their devices are nobody's business any more, not even to be told that it is over.
        waiting = Delivery.objects.filter(user_id__in=absent, state=DeliveryState.PENDING)
        waiting.update(state=DeliveryState.DROPPED, code=deliveries.CALL_OVER, settled_at=change.now)
        return True

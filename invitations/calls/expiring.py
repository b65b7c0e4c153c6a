"""What the passing of time does to a call: rings that run out, leases that lapse, media that never comes, rings that
must be heard again."""

from __future__ import annotations

from datetime import datetime, timedelta

from invitations.calls.closing import cancel_pending, close_invitation, finish, save, settle, take_out
from invitations.calls.events import Change
from invitations.calls.loading import load_all, lock_one
from invitations.calls.transaction import write
from invitations.conf import limits
from invitations.live import publishing
from invitations.models import EndReason, EventKind, Invitation, InvitationState, LeftReason
from invitations.push import deliveries
from invitations.store import rows
from invitations.store.sheets import CallSheet, lease_expires_at, longest_until, media_due_at


def expire(call_pk: int, *, now: datetime) -> CallSheet | None:
    """Do to one call what its deadlines demand by now. Safe to repeat, and for several to do at once.

    Args:
        call_pk: the call's key.
        now: the moment.

    Returns:
        The call if something was due, else None.
    """
    with write():
        sheet = lock_one(call_pk)
        if sheet is None or not sheet.is_overdue(now):
            return None
        change = Change(sheet, by=None, now=now)
        # One deadline after the other, so that the outcome is the same however late somebody comes to look.
        while (due_at := sheet.due_at()) is not None and due_at <= now:
            _expire_rings(sheet, due_at, change)
            _expire_leases(sheet, due_at, change)
            _expire_media(sheet, due_at, change)
            _expire_call(sheet, due_at, change)
        return save(sheet, change)


def ring_again(invitation_pk: int, *, now: datetime) -> bool:
    """Publish a ring once more because no device has acknowledged it yet.

    Args:
        invitation_pk: the invitation's key.
        now: the moment.

    Returns:
        Whether this call did it; False if another dispatcher was first or the ring is over.
    """
    with write():
        found = rows.select(Invitation, "t.id = %s", [invitation_pk], lock=True)
        if not found or not _rings_on(found[0], now):
            return False
        invitation = found[0]
        invitation.next_ring_at = next_ring_at(invitation.created_at, now)
        rows.update(invitation, "next_ring_at")
        if now - invitation.created_at >= timedelta(seconds=limits().push_again_from_seconds):
            deliveries.plan_repeats(invitation.pk, now=now)
        sheet = load_all([invitation.call_id])[invitation.call_id]
    kind = EventKind.CALL_SENT if invitation.inviter_id == sheet.call.caller_id else EventKind.INVITATION_SENT
    inviter = sheet.people.get(invitation.inviter_id)
    publishing.publish_call(
        sheet,
        [kind.value],
        actor=inviter.username if inviter else None,
        now=now,
        receivers=[invitation.invitee_id],
    )
    return True


def next_ring_at(created_at: datetime, now: datetime) -> datetime | None:
    """When an unacknowledged ring is published next, or None if it was published often enough."""
    moments = (created_at + timedelta(seconds=each) for each in limits().repeat_after_seconds)
    return next((each for each in moments if each > now), None)


def _rings_on(invitation: Invitation, now: datetime) -> bool:
    return (
        invitation.state == "pending"
        and invitation.next_ring_at is not None
        and invitation.next_ring_at <= now < invitation.expires_at
    )


def _expire_rings(sheet: CallSheet, due_at: datetime, change: Change) -> None:
    due = [each for each in sheet.pending() if each.expires_at <= due_at]
    for invitation in due:
        close_invitation(sheet, invitation, InvitationState.TIMED_OUT, change=change)
    if due:
        settle(sheet, change=change)


def _expire_leases(sheet: CallSheet, due_at: datetime, change: Change) -> None:
    if sheet.call.state == "ended":
        return
    lapsed = [each for each in sheet.inside() if lease_expires_at(each, sheet.call) <= due_at]
    for participant in lapsed:
        take_out(sheet, participant, LeftReason.CONNECTION_LOST, change=change)
    if lapsed:
        settle(sheet, change=change, lost=True)


def _expire_media(sheet: CallSheet, due_at: datetime, change: Change) -> None:
    # Somebody may just have gone out of it, or the tunable is another one than when the deadline was set.
    sheet.call.media_due_at = media_due_at(sheet)
    fails_at = sheet.media_fails_at()
    if fails_at is None or fails_at > due_at:
        return
    cancel_pending(sheet, change=change)
    finish(sheet, EndReason.MEDIA_FAILED, change=change, left_reason=LeftReason.MEDIA_FAILED)


def _expire_call(sheet: CallSheet, due_at: datetime, change: Change) -> None:
    if sheet.call.state == "ended" or longest_until(sheet.call) > due_at:
        return
    cancel_pending(sheet, change=change)
    finish(sheet, EndReason.MAX_DURATION, change=change)

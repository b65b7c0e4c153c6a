"""What time does to a call: rings run out, leases lapse, media never arrives, and rings must be heard again."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from invitations.calls.closing import (
    cancel_pending,
    close_invitation,
    finish,
    save,
    save_deadlines,
    settle,
    take_out,
)
from invitations.calls.events import Change
from invitations.calls.loading import lock_one
from invitations.calls.quieting import drop_gone
from invitations.calls.transaction import write
from invitations.conf import limits
from invitations.live import presence, publishing
from invitations.models import (
    Call,
    CallState,
    EndReason,
    EventKind,
    Invitation,
    InvitationState,
    LeftReason,
    Participant,
)
from invitations.push import planning
from invitations.store import rows
from invitations.store.sheets import CallSheet, lease_expires_at, longest_until, media_due_at


def expire(call_pk: int, *, now: datetime) -> CallSheet | None:
    """Do everything to one call that is due by now, and note when something is due next. Safe to repeat, and to run in
    several processes at once.

    Args:
        call_pk: the call's key.

    Returns:
        The call if anything ran out, else None. Rings that are repeated, or turn out to reach nobody, do not count.
    """
    with write():
        sheet = lock_one(call_pk)
        if sheet is None:
            return None
        change = Change(sheet, by=None, now=now)
        # One deadline after the other, so that the outcome does not depend on how late this runs.
        while (due_at := sheet.changes_at(now)) is not None and due_at <= now:
            _expire_rings(sheet, due_at, change)
            _expire_leases(sheet, due_at, change)
            _expire_media(sheet, due_at, change)
            _expire_call(sheet, due_at, change)
        expired = change.happened
        drop_gone(sheet, change)
        rung = _ring_again(sheet, now)
        _note_unreachable(sheet, rung, change)
        if change.happened:
            save(sheet, change)
        elif sheet.call.due_at != sheet.due_at(now):
            save_deadlines(sheet, now)
        for invitation in rung:
            if invitation.is_withheld:
                continue
            transaction.on_commit(partial(_publish_ring, sheet, invitation, now))
        return sheet if expired else None


def expect_changes(*, now: datetime) -> int:
    """Have every open call looked at now: a tunable may be shorter than it was when a call's `due_at` was written.

    Call this when a server starts.

    Returns:
        How many calls.
    """
    with write():
        return _open_calls().exclude(due_at__lte=now).update(due_at=now)


def expect_unknown(*, now: datetime) -> int:
    """Have the open calls looked at whose rows do not say when: processes of an earlier version made them, beside this
    one, while an update went from server to server.

    Returns:
        How many calls.
    """
    with write():
        return _open_calls().filter(due_at=None).update(due_at=now)


def next_ring_at(created_at: datetime, now: datetime) -> datetime | None:
    """When an unacknowledged ring is published next; None if it has been published often enough, or
    is never repeated."""
    moments = (created_at + timedelta(seconds=each) for each in limits().repeat_after_seconds)
    return next((each for each in moments if each > now), None)


def _open_calls() -> QuerySet[Call]:
    """All open calls, by their open participants: there is no index of calls by state."""
    return Call.objects.filter(pk__in=Participant.objects.open().values("call_id"))


def _ring_again(sheet: CallSheet, now: datetime) -> list[Invitation]:
    """Record that these rings are repeated, because no device has acknowledged them yet."""
    due = [each for each in sheet.pending() if each.next_ring_at is not None and each.next_ring_at <= now]
    for invitation in due:
        invitation.next_ring_at = next_ring_at(invitation.created_at, now)
        rows.update(invitation, "next_ring_at")
        if now - invitation.created_at >= timedelta(seconds=limits().push_again_from_seconds):
            planning.plan_repeats(invitation.pk, now=now)
    return due


def _note_unreachable(sheet: CallSheet, rung: list[Invitation], change: Change) -> None:
    """Tell the caller of invitees whom nothing reaches: no page of theirs is open, no push message is on its way and
    none was accepted."""
    silent = [each for each in rung if not each.ringing_devices and not each.unreachable]
    if not silent:
        return
    on_their_way = planning.on_their_way([each.pk for each in silent], now=change.now)
    online = presence.online(each.invitee_id for each in silent)
    for invitation in silent:
        has_page = invitation.invitee_id in online and not invitation.is_withheld
        # A push service may have taken one before it was kept from them: it does not give it back.
        if not has_page and invitation.pk not in on_their_way:
            invitation.unreachable = True
            rows.update(invitation, "unreachable")
            change.fact(EventKind.INVITATION_UNREACHABLE, invitee=sheet.people[invitation.invitee_id].username)


def _publish_ring(sheet: CallSheet, invitation: Invitation, now: datetime) -> None:
    kind = EventKind.CALL_SENT if invitation.inviter_id == sheet.call.caller_id else EventKind.INVITATION_SENT
    inviter = sheet.people.get(invitation.inviter_id)
    publishing.publish_call(
        sheet,
        [kind.value],
        actor=inviter.username if inviter else None,
        now=now,
        receivers=[invitation.invitee_id],
    )


def _expire_rings(sheet: CallSheet, due_at: datetime, change: Change) -> None:
    due = [each for each in sheet.pending() if each.expires_at <= due_at]
    for invitation in due:
        close_invitation(sheet, invitation, InvitationState.TIMED_OUT, change=change)
    if due:
        settle(sheet, change=change)


def _expire_leases(sheet: CallSheet, due_at: datetime, change: Change) -> None:
    if sheet.call.state == CallState.ENDED:
        return
    lapsed = [each for each in sheet.inside() if lease_expires_at(each, sheet.call) <= due_at]
    for participant in lapsed:
        take_out(sheet, participant, LeftReason.CONNECTION_LOST, change=change)
    if lapsed:
        settle(sheet, change=change, lost=True)


def _expire_media(sheet: CallSheet, due_at: datetime, change: Change) -> None:
    # Someone may have just left, or the tunable may have changed since the deadline was set.
    sheet.call.media_due_at = media_due_at(sheet)
    fails_at = sheet.media_fails_at(change.now)
    if fails_at is None or fails_at > due_at:
        return
    cancel_pending(sheet, change=change)
    finish(sheet, EndReason.MEDIA_FAILED, change=change, left_reason=LeftReason.MEDIA_FAILED)


def _expire_call(sheet: CallSheet, due_at: datetime, change: Change) -> None:
    if sheet.call.state == CallState.ENDED or longest_until(sheet.call) > due_at:
        return
    cancel_pending(sheet, change=change)
    finish(sheet, EndReason.MAX_DURATION, change=change)

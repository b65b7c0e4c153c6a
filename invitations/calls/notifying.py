"""What a push service's answer does to a ring: the first one to accept it makes the invitee notified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from invitations.calls.closing import save
from invitations.calls.events import Change
from invitations.calls.loading import is_superseded, lock_all
from invitations.calls.transaction import write
from invitations.models import CallState, EventKind, Invitation, InvitationState
from invitations.store import rows

RANG = (InvitationState.PENDING, InvitationState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Taken:
    """A ring that a push service accepted.

    Args:
        call_pk: the call's key.
        invitation_pk: the key of the invitation in that call.
        at: when it was accepted.
    """

    call_pk: int
    invitation_pk: int
    at: datetime


def notified(rings: Iterable[Taken]) -> None:
    """Record that push services accepted these rings, all in one transaction, since there may be hundreds at once. It
    takes the locks of many verbs in the order in which verbs take them. Safe to repeat.

    A ring that was cancelled while its message was on its way becomes a missed call after all: the device showed it.

    Args:
        rings: in any order; those already answered or notified stay as they are.
    """
    earliest: dict[int, dict[int, datetime]] = {}
    for ring in sorted(rings, key=lambda each: each.at, reverse=True):
        earliest.setdefault(ring.call_pk, {})[ring.invitation_pk] = ring.at
    with write():
        for call_pk, sheet in lock_all(earliest).items():
            moments = earliest[call_pk]
            change = Change(sheet, by=None, now=min(moments.values()))
            for invitation in sheet.invitations:
                if invitation.pk in moments and _is_news(invitation):
                    was_missed = invitation.missed
                    _note(invitation, max(moments[invitation.pk], change.now))
                    if invitation.missed and not was_missed:
                        change.miss(invitation)
                    change.fact(EventKind.INVITATION_NOTIFIED, invitee=sheet.people[invitation.invitee_id].username)
            if change.happened:
                # Pages hold the later attempt by now, whose revisions go on from where this one's stopped then.
                over = sheet.call.state == CallState.ENDED
                save(sheet, change, quietly=over and is_superseded(sheet.call))


def _is_news(invitation: Invitation) -> bool:
    is_first = invitation.notified_at is None and invitation.state in RANG
    # Its only device had gone, and is reached after all.
    return is_first or (invitation.unreachable and invitation.state == InvitationState.PENDING)


def _note(invitation: Invitation, at: datetime) -> None:
    invitation.notified_at = invitation.notified_at or at
    invitation.unreachable = False
    invitation.missed = invitation.state == InvitationState.CANCELLED and not invitation.is_withheld
    rows.update(invitation, "notified_at", "unreachable", "missed")

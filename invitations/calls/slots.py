"""The one slot per user: who is in a call, and who is being rung. To be asked while the users' locks are held."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import Value

from invitations.calls.transaction import Overdue
from invitations.models import Invitation, Participant, UserKey
from invitations.store import people
from invitations.store.statements import Bind, Prepared, Soon


class Occupation(NamedTuple):
    """A user is in a call, which makes them busy, or is being rung, which does not: nobody can keep others
    unreachable by ringing them.

    Args:
        user_id: the user.
        call_pk: the call.
        caller_id: the user who started it.
        call_state: one of `CallState`.
        due_at: when time next changes it; None if its row does not say (`is_due`).
        inside: True if the user is in it, False if they are being rung.
    """

    user_id: UserKey
    call_pk: int
    caller_id: UserKey
    call_state: str
    due_at: datetime | None
    inside: int


_THE_CALL = ("call_id", "call__caller_id", "call__state", "call__due_at")
_STAYS = Participant.objects.open().order_by().filter(**{f"user__{people.USERNAME}__in": Bind("names")})
_RINGS = Invitation.objects.pending().order_by().filter(invitee_id=Bind("rung"))

# Each branch is one look-up in a partial index on open rows, so the size of the history does not matter. `due_at` is
# that of the whole call: a person alone with a vanished partner is not busy.
OCCUPATIONS = Prepared(
    _STAYS.values_list("user_id", *_THE_CALL, Value(1))
    .union(_RINGS.values_list("invitee_id", *_THE_CALL, Value(0)), all=True)
    .order_by(),
    row=Occupation._make,
)


def begin(names: Collection[str], *, rung: UserKey | None = None) -> Soon[Occupation]:
    """Ask which calls some people are in, and which ring for one of them.

    Args:
        names: the public ids of those whose calls may matter, whose locks are held or asked for before.
        rung: the one whose rings matter too, if any.
    """
    return OCCUPATIONS.soon(names=names, rung=rung)


def occupations(asked: Soon[Occupation], user_ids: Collection[UserKey], *, now: datetime) -> list[Occupation]:
    """The calls that these users are in, and those that ring for one of them.

    Args:
        asked: what was asked for them, and perhaps for others (`begin`).
        user_ids: whose calls and rings do matter.

    Raises:
        Overdue: a deadline in one of these calls has passed, so that it may be over.
    """
    found = [each for each in asked.rows() if each.user_id in user_ids]
    overdue = {each.call_pk for each in found if is_due(each.due_at, now)}
    if overdue:
        raise Overdue(*sorted(overdue), now=now)
    return found


def is_due(due_at: datetime | None, now: datetime) -> bool:
    """Whether time may have changed an open call whose row says `due_at`.

    A process of an earlier version, which still runs while an update begins, says nothing there. Expiring writes it.
    """
    return due_at is None or due_at <= now

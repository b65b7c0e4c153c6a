"""The one slot per user: who is busy, and with what. Asked while the users' locks are held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from invitations import rows
from invitations.calls.transaction import Overdue
from invitations.conf import limits

# Each branch is one look-up in a partial index of open rows: the history's size does not matter.
OCCUPATIONS = """
SELECT 'inside', p.user_id, c.id, c.caller_id, c.state, c.created_at, c.ring_expires_at, p.proved_at, p.joined_at, c.answered_at
FROM invitations_participant p JOIN invitations_call c ON c.id = p.call_id
WHERE p.left_at IS NULL AND p.user_id IN ({marks})
UNION ALL
SELECT 'rung', i.invitee_id, c.id, c.caller_id, c.state, c.created_at, i.expires_at, NULL, i.created_at, c.answered_at
FROM invitations_invitation i JOIN invitations_call c ON c.id = i.call_id
WHERE i.state = 'pending' AND i.invitee_id IN ({marks})
"""


@dataclass(frozen=True, slots=True)
class Occupation:
    """One thing that keeps a user busy: being inside a call, or being rung by one."""

    user_id: int
    call_pk: int
    caller_id: int
    inside: bool
    call_state: str


def occupations(user_ids: Sequence[int], *, now: datetime) -> list[Occupation]:
    """What keeps these users busy now.

    Raises:
        Overdue: something among it should be over by now.
    """
    marks = ", ".join(["%s"] * len(user_ids))
    found = rows.execute(OCCUPATIONS.format(marks=marks), [*user_ids, *user_ids])
    overdue = {row[2] for row in found if _is_overdue(row, now)}
    if overdue:
        raise Overdue(*sorted(overdue))
    return [Occupation(row[1], row[2], row[3], row[0] == "inside", row[4]) for row in found]


def _is_overdue(row: tuple[object, ...], now: datetime) -> bool:
    kind, _, _, _, state, created_at, ring_expires_at, proved_at, joined_at, answered_at = row
    terms = limits()
    if _since(created_at, now) >= terms.max_duration_seconds:
        return True
    if kind == "rung" or (state == "ringing" and proved_at is None):
        return _since(ring_expires_at, now) >= 0
    if proved_at is None:
        return min(_since(joined_at, now), _since(answered_at, now)) >= terms.lease_unproven_seconds
    lease_seconds = terms.lease_active_seconds if state == "active" else terms.lease_ringing_seconds
    return _since(proved_at, now) >= lease_seconds or (
        state == "ringing" and _since(ring_expires_at, now) >= 0
    )


def _since(value: object, now: datetime) -> float:
    at = rows.moment(value)
    return (now - at) / timedelta(seconds=1) if at is not None else 0.0

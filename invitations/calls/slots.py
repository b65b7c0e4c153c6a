"""The one slot per user: who is busy, and with what. Asked while the users' locks are held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from invitations.calls.transaction import Overdue
from invitations.conf import limits
from invitations.store import rows
from invitations.store.sheets import MEDIA_PROOF_SECONDS

# Each branch is one look-up in a partial index of open rows: the history's size does not matter. The deadlines are
# those of the whole call: whoever is rung by a vanished caller, or alone with a vanished partner, is not busy.
OCCUPATIONS = """
SELECT o.inside, o.user_id, c.id, c.caller_id, c.state, c.created_at, c.answered_at, c.ring_expires_at,
  c.media_due_at,
  (SELECT MIN(i.expires_at) FROM invitations_invitation i WHERE i.call_id = c.id AND i.state = 'pending'),
  (SELECT MIN(p.proved_at) FROM invitations_participant p WHERE p.call_id = c.id AND p.left_at IS NULL),
  (SELECT MIN(p.joined_at) FROM invitations_participant p
    WHERE p.call_id = c.id AND p.left_at IS NULL AND p.proved_at IS NULL)
FROM (
  SELECT 1 AS inside, p.user_id AS user_id, p.call_id AS call_id
  FROM invitations_participant p WHERE p.left_at IS NULL AND p.user_id IN ({marks})
  UNION ALL
  SELECT 0, i.invitee_id, i.call_id FROM invitations_invitation i
  WHERE i.state = 'pending' AND i.invitee_id IN ({marks})
) o JOIN invitations_call c ON c.id = o.call_id
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
    return [Occupation(row[1], row[2], row[3], row[0] == 1, row[4]) for row in found]


def _is_overdue(row: tuple[Any, ...], now: datetime) -> bool:
    """What `CallSheet.is_overdue` says, from the call's earliest deadlines alone."""
    state = row[4]
    created_at, answered_at, ring_expires_at, media_due_at, first_expires_at, first_proved_at, first_joined_at = map(
        rows.moment, row[5:]
    )
    terms = limits()
    lease_seconds = terms.lease_active_seconds if state == "active" else terms.lease_ringing_seconds
    if _passed(created_at, terms.max_duration_seconds, now) or _passed(first_expires_at, 0, now):
        return True
    if _passed(first_proved_at, lease_seconds, now):
        return True
    if first_joined_at is None:
        return _is_without_media(media_due_at, first_proved_at, now)
    if state == "ringing":
        return _passed(ring_expires_at, 0, now)
    return _passed(max(first_joined_at, answered_at or first_joined_at), terms.lease_unproven_seconds, now)


def _is_without_media(due_at: datetime | None, first_proved_at: datetime | None, now: datetime) -> bool:
    """What `CallSheet.media_fails_at` says, of a call in which everybody proved life at least once."""
    if due_at is None or due_at > now or first_proved_at is None:
        return False
    return first_proved_at >= due_at - timedelta(seconds=MEDIA_PROOF_SECONDS)


def _passed(since: datetime | None, seconds: float, now: datetime) -> bool:
    return since is not None and since + timedelta(seconds=seconds) <= now

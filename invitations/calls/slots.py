"""The one slot per user: who is busy, and with what. Asked while the users' locks are held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from invitations.calls.transaction import Overdue
from invitations.store import rows

# Each branch is one look-up in a partial index of open rows: the history's size does not matter. What is due is due of
# the whole call: whoever is rung by a vanished caller, or alone with a vanished partner, is not busy.
OCCUPATIONS = """
SELECT o.inside, o.user_id, c.id, c.caller_id, c.state, c.due_at
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
        Overdue: time has something to do to one of these calls, which may be over by then.
    """
    marks = ", ".join(["%s"] * len(user_ids))
    found = rows.execute(OCCUPATIONS.format(marks=marks), [*user_ids, *user_ids])
    overdue = {row[2] for row in found if (due_at := rows.moment(row[5])) is not None and due_at <= now}
    if overdue:
        raise Overdue(*sorted(overdue), now=now)
    return [Occupation(row[1], row[2], row[3], row[0] == 1, row[4]) for row in found]

"""What the open calls demand at a moment: one query, whose cost follows what is due and not what is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from invitations.conf import limits
from invitations.store import rows, statements
from invitations.store.sheets import MEDIA_PROOF_SECONDS

EXPIRE = "expire the rings of call"
RING_AGAIN = "ring again for invitation"
END_OVERLONG = "end the overlong call"
END_UNPROVEN = "end an unproven lease in call"
END_RINGING = "end a ringing lease in call"
END_ACTIVE = "end an active lease in call"
END_WITHOUT_MEDIA = "end for want of media the call"

ALIVE_FROM = "<alive from>"
"""Stands in the query for the one expression that each database writes in its own way."""

# Hand-written, for it runs every second on the core that serves people: by querysets it costs 50 times the CPU. Says
# what the querysets `due`, `to_ring_again`, `longer_than_allowed`, `lapsed`, `without_media` say, which a test checks.
# The wait for media is a column of its own, so that calls which have it are not looked at again and again.
AGENDA = f"""
SELECT '{EXPIRE}', call_id, expires_at FROM invitations_invitation
  WHERE state = 'pending' AND expires_at <= %s
UNION ALL
SELECT '{RING_AGAIN}', id, next_ring_at FROM invitations_invitation
  WHERE state = 'pending' AND next_ring_at <= %s AND expires_at > %s
UNION ALL
SELECT '{END_OVERLONG}', id, created_at FROM invitations_call
  WHERE NOT (state = 'ended') AND created_at <= %s
UNION ALL
SELECT '{END_RINGING}', p.call_id, p.proved_at
  FROM invitations_participant p JOIN invitations_call c ON c.id = p.call_id
  WHERE p.left_at IS NULL AND p.proved_at <= %s AND c.state = 'ringing'
UNION ALL
SELECT '{END_ACTIVE}', p.call_id, p.proved_at
  FROM invitations_participant p JOIN invitations_call c ON c.id = p.call_id
  WHERE p.left_at IS NULL AND p.proved_at <= %s AND c.state = 'active'
UNION ALL
SELECT '{END_UNPROVEN}', p.call_id, CASE WHEN p.joined_at > c.answered_at THEN p.joined_at ELSE c.answered_at END
  FROM invitations_participant p JOIN invitations_call c ON c.id = p.call_id
  WHERE p.left_at IS NULL AND p.proved_at IS NULL AND c.state = 'active' AND p.joined_at <= %s AND c.answered_at <= %s
UNION ALL
SELECT '{END_WITHOUT_MEDIA}', c.id, c.media_due_at FROM invitations_call c
  WHERE c.media_due_at <= %s AND NOT EXISTS (
    SELECT 1 FROM invitations_participant p WHERE p.call_id = c.id AND p.left_at IS NULL
      AND (p.proved_at IS NULL OR p.proved_at < {ALIVE_FROM}))
ORDER BY 3 LIMIT %s
"""  # noqa: S608  no outside text


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do to one row, and when."""

    act: str
    key: int
    at: datetime


def agenda(now: datetime, *, by: datetime, size: int) -> list[Due]:
    """What the open calls demand at a moment, in one query whose cost follows what is due, not what is open.

    Args:
        now: the present; a ring whose deadline has passed is not repeated.
        by: the moment to look at; not before now.
        size: how many at most, those that count from longest ago first.
    """
    terms = limits()
    counted_from = {
        EXPIRE: timedelta(0),
        RING_AGAIN: timedelta(0),
        END_OVERLONG: timedelta(seconds=terms.max_duration_seconds),
        END_UNPROVEN: timedelta(seconds=terms.lease_unproven_seconds),
        END_RINGING: timedelta(seconds=terms.lease_ringing_seconds),
        END_ACTIVE: timedelta(seconds=terms.lease_active_seconds),
        END_WITHOUT_MEDIA: timedelta(0),
    }
    since = {act: by - length for act, length in counted_from.items()}
    values = [
        *(since[EXPIRE], since[RING_AGAIN], now, since[END_OVERLONG]),
        *(since[END_RINGING], since[END_ACTIVE], since[END_UNPROVEN], since[END_UNPROVEN]),
        since[END_WITHOUT_MEDIA],
    ]
    sql = AGENDA.replace(ALIVE_FROM, _alive_from(statements.vendor()))
    found = ((act, key, rows.moment(at)) for act, key, at in rows.execute(sql, [*values, size]))
    dues = [Due(act, key, at + counted_from[act]) for act, key, at in found if at is not None]
    return sorted(dues, key=lambda due: due.at)


@cache
def _alive_from(vendor: str) -> str:
    """`MEDIA_PROOF_SECONDS` before `c.media_due_at`."""
    if vendor == "sqlite":
        # Django's own function, for SQLite's would cut the microseconds off.
        return f"django_format_dtdelta('-', c.media_due_at, {MEDIA_PROOF_SECONDS * 1_000_000})"
    return f"c.media_due_at - INTERVAL '{MEDIA_PROOF_SECONDS} seconds'"

"""What the database says after everything: each thing that was asked for was done, and once."""

from __future__ import annotations

from tests.deploy.conftest import Ask
from tests.deploy.people import Pair

SENT = """
SELECT count(*), count(DISTINCT c.id) FROM invitations_call c JOIN invitations_user u ON u.id = c.caller_id
WHERE u.username = ANY(%s)
"""
ENDS = """
SELECT DISTINCT c.state, c.end_reason FROM invitations_call c JOIN invitations_user u ON u.id = c.caller_id
WHERE u.username = ANY(%s)
"""


def all_is_counted(pairs: list[Pair], rows: Ask) -> None:
    """Each ring was asked for once and is one call, and every call came to its end."""
    callers = [each.caller.name for each in pairs]
    begun = sum(each.begun for each in pairs)
    assert rows(SENT, callers) == [(begun, begun)]
    assert rows(ENDS, callers) == [("ended", "completed")]
    assert sum(each.rounds for each in pairs) == begun
    assert [each.caller.refused + each.invitee.refused for each in pairs if each.caller.refused] == []

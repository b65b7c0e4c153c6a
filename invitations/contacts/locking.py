"""How what people settle is changed: one change of a person's at a time, and then the rings that are open.

What stands in a person's rows is changed only while the lock on their account is held, which every ring takes too
(`calls.loading`): so a ring is judged either by what was before the change, or by what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from invitations import calls
from invitations.calls.transaction import write
from invitations.models import UserKey
from invitations.store import people


@contextmanager
def locked(*user_ids: UserKey) -> Iterator[None]:
    """One write transaction in which nothing else changes what these people have settled."""
    with write():
        people.lock(set(user_ids))
        yield


def judge_anew(*user_ids: UserKey, now: datetime) -> None:
    """Have a change of what people have settled, made in this very transaction, take effect on the rings that they have
    open. Where only one person's rows are changed, `calls.change_rules` does all of it."""
    for user_id in user_ids:
        calls.change_rules(user_id, lambda: None, now=now)

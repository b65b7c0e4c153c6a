"""Whether anything of a user may have changed: a number for each user who is connected to this process, which is
another one after everything that was published to them.

A page with nothing open asks every few seconds whether that is still so. As long as the number is the same, the answer
is known without the database. What nobody could publish is found by the look that a page gets at longer intervals."""

from __future__ import annotations

from itertools import count
from threading import Lock

from invitations.models import UserKey

_numbers = count(1)
_of: dict[UserKey, int] = {}
_everybody = 0
_changing = Lock()


def watch(user_id: UserKey) -> None:
    """Keep a number for a user from now on."""
    _of.setdefault(user_id, next(_numbers))


def forget(user_id: UserKey) -> None:
    """Keep none any more."""
    with _changing:
        _of.pop(user_id, None)


def bump(user_id: UserKey) -> None:
    """Something was published to a user. From any thread."""
    with _changing:
        if user_id in _of:
            _of[user_id] = next(_numbers)


def bump_all() -> None:
    """Something may have been lost on its way to anybody. From any thread."""
    global _everybody
    _everybody = next(_numbers)


def of(user_id: UserKey) -> tuple[int, int]:
    """What is equal as long as nothing was published to the user, who must be watched."""
    return _everybody, _of[user_id]

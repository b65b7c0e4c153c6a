"""What makes a function a verb: one transaction, and a fresh start if it meets a deadline that has passed, or a
caller who may no longer sign in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from invitations.calls.expiring import expire
from invitations.calls.transaction import TRIES, Absent, Overdue, write
from invitations.calls.withdrawing import withdraw
from invitations.errors import CallError, Code

P = ParamSpec("P")
R = TypeVar("R")


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """Run a verb in one transaction. If it raises `Overdue` or `Absent`, do what that calls for and start again.

    Raises:
        CallError: the verb's own, or `unavailable` if it could not get through.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TRIES):
            try:
                with write():
                    return function(*args, **kwargs)
            except Overdue as overdue:
                for call_pk in overdue.call_pks:
                    expire(call_pk, now=overdue.now)
            except Absent as absent:
                withdraw(absent.call_pk, now=absent.now)
        raise CallError(Code.UNAVAILABLE)

    return run

"""How a verb meets the database: one transaction each, again when it met something overdue.

On SQLite the writers of a process also queue for one lock of their own: the database's busy handler polls with growing
sleeps, a lock hands over at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

from invitations import statements
from invitations.errors import CallError, Code

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 8
"""How often a verb starts again before it gives up as `unavailable`."""
_sqlite_writers = threading.RLock()


class Overdue(Exception):
    """A verb met calls whose deadline has passed: they are expired in transactions of their own, then it starts again.

    Args:
        call_pks: the keys of those calls.
    """

    def __init__(self, *call_pks: int) -> None:
        self.call_pks = call_pks
        super().__init__(call_pks)


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """Run a verb in one transaction; expire what is overdue first if it says so.

    Raises:
        CallError: the verb's own, or `unavailable` when it could not get through.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from invitations.calls.expiring import expire

        for _ in range(ATTEMPTS):
            try:
                with write():
                    return function(*args, **kwargs)
            except Overdue as overdue:
                now = kwargs["now"]
                assert isinstance(now, datetime)  # noqa: S101  every verb takes `now` by keyword
                for call_pk in overdue.call_pks:
                    expire(call_pk, now=now)
        raise CallError(Code.UNAVAILABLE)

    return run


@contextmanager
def write() -> Iterator[None]:
    """One write transaction; inside another one a savepoint of it, inside a batch a part of it."""
    if _batch.current is not None:
        with _batch.current.part():
            yield
        return
    if connection.in_atomic_block or connection.vendor != "sqlite":
        with transaction.atomic():
            yield
        return
    with _sqlite_writers, transaction.atomic():
        yield


class Spoiled(Exception):
    """A verb of a batch failed after it had written: nothing of the batch is committed."""


class Batch:
    """Several verbs in one transaction without a savepoint each.

    A verb that refuses has written nothing yet, so nothing need be undone. One that fails later spoils the batch, which
    is then rolled back as a whole; whoever runs it does each verb again in a transaction of its own.
    """

    def __init__(self) -> None:
        self.spoiled = False

    @contextmanager
    def part(self) -> Iterator[None]:
        """The transaction of one verb in the batch."""
        if self.spoiled:
            raise Spoiled
        written = statements.written()
        try:
            yield
        except BaseException:
            self.spoiled = self.spoiled or statements.written() != written
            raise


@contextmanager
def batch() -> Iterator[Batch]:
    """One write transaction for several verbs.

    Raises:
        Spoiled: at the end, when one of them failed half way; nothing is committed.
    """
    together = _batch.current = Batch()
    try:
        with _sqlite_writers, transaction.atomic():
            yield together
            if together.spoiled:
                raise Spoiled
    finally:
        _batch.current = None


class _ThreadsBatch(threading.local):
    current: Batch | None = None


_batch = _ThreadsBatch()

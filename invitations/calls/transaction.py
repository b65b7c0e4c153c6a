"""How a verb uses the database: in its own write transaction, or as its part of a batch.

On SQLite the writers of a process also queue for a lock of our own: the database's busy handler polls at growing
intervals, while a lock is handed over at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Protocol

from django.db import DatabaseError, transaction

from invitations.store import running

TRIES = 8
"""How often something is tried that others may get in the way of, before it fails as `unavailable`."""
LOCK_PATIENCE_MS = 5
"""How long a batch waits for a lock, in milliseconds. Two batches that wait for each other are told apart by it."""
_sqlite_writers = threading.RLock()


class Overdue(Exception):
    """A verb met calls whose deadlines have passed: each is expired in its own transaction, then the verb starts again.

    Args:
        call_pks: the keys of those calls.
        now: the verb's moment.
    """

    def __init__(self, *call_pks: int, now: datetime) -> None:
        self.call_pks = call_pks
        self.now = now
        super().__init__(call_pks)


class Absent(Exception):
    """A verb met a call whose caller may no longer sign in: those are taken out of it in a transaction of its own who
    may not, then the verb starts again.

    Args:
        call_pk: the key of that call.
        now: the verb's moment.
    """

    def __init__(self, call_pk: int, now: datetime) -> None:
        self.call_pk = call_pk
        self.now = now
        super().__init__(call_pk)


class Proof(Protocol):
    """What must be true for this thread's write transactions to take effect."""

    def ask(self) -> None:
        """Ask the database, with the first thing that the transaction asks."""

    def check(self) -> None:
        """Look at the answer, before anything takes effect.

        Raises:
            Exception: it is not true.
        """


@contextmanager
def proven_by(proof: Proof) -> Iterator[None]:
    """Have this thread's write transactions ask for a proof until the block ends. One without it is rolled back, and
    what it would have said is not said."""
    _proof.current = proof
    try:
        yield
    finally:
        _proof.current = None


def write() -> AbstractContextManager[None]:
    """One write transaction; within another one a savepoint, within a batch a part of it."""
    proof = _proof.current
    return _write() if proof is None else _proven_write(proof)


@contextmanager
def _write() -> Iterator[None]:
    if _batch.current is not None:
        with _batch.current.part():
            yield
        return
    with running.Held() as db:
        if db.in_atomic_block or db.vendor != "sqlite":
            with transaction.atomic():
                yield
            return
        with _sqlite_writers, transaction.atomic():
            yield


@contextmanager
def _proven_write(proof: Proof) -> Iterator[None]:
    with _write():
        proof.ask()
        try:
            yield
        except DatabaseError:
            # Nothing more can be asked in this transaction.
            raise
        except Exception:
            proof.check()
            raise
        proof.check()


class Spoiled(Exception):
    """A verb in a batch failed after it had written: nothing of the batch is committed."""


class Batch:
    """Several verbs in one transaction, without a savepoint each.

    A verb that refuses has written nothing yet, so there is nothing to undo. A verb that fails later, or in the
    database, spoils the batch, which is rolled back as a whole; the caller then runs each verb again in its own
    transaction.
    """

    def __init__(self) -> None:
        self.spoiled = False

    @contextmanager
    def part(self) -> Iterator[None]:
        """The transaction of one verb in the batch."""
        if self.spoiled:
            raise Spoiled
        written = running.written()
        try:
            yield
        except DatabaseError:
            self.spoiled = True
            raise
        except BaseException:
            self.spoiled = self.spoiled or running.written() != written
            raise


@contextmanager
def batch() -> Iterator[Batch]:
    """One write transaction for several verbs, where they `can_share` one. Where rows are locked, it fails rather than
    wait for a lock: those that wait for its own would wait as well.

    Raises:
        Spoiled: at the end, if one of them failed half way; nothing is committed.
    """
    together = _batch.current = Batch()
    try:
        with running.Held() as db:
            lock = _sqlite_writers if db.vendor == "sqlite" else nullcontext()
            with lock, transaction.atomic():
                if db.vendor != "sqlite":
                    running.later(f"SET LOCAL lock_timeout = {LOCK_PATIENCE_MS}", [])
                yield together
                if together.spoiled:
                    raise Spoiled
    finally:
        _batch.current = None


def can_share() -> bool:
    """Whether this database lets several verbs share a transaction."""
    return running.tell_writes()


class _ThreadsBatch(threading.local):
    current: Batch | None = None


class _ThreadsProof(threading.local):
    current: Proof | None = None


_batch = _ThreadsBatch()
_proof = _ThreadsProof()

"""Runs SQL statements on whichever database is configured, bypassing Django's cursor if that is safe: on SQLite, and
with a backend that takes several statements in one round trip, as `callinvite.postgresql` does.

It is safe only while nothing observes statements; on SQLite, only inside a transaction, which nothing has broken."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Any]]
"""SQL with `%s` for each value and no other percent sign, and the values in the form that the driver takes."""


class Held:
    """While its block lasts, this thread's connection is at hand: finding it, and asking whether anything observes its
    statements, costs more than some of the statements of a verb. For the length of a transaction, in which neither
    changes."""

    __slots__ = ("_before",)

    def __enter__(self) -> BaseDatabaseWrapper:
        db = database()
        self._before = _thread.db, _thread.observed
        _thread.db, _thread.observed = db, db.queries_logged
        return db

    def __exit__(self, *_: object) -> None:
        _thread.db, _thread.observed = self._before


def database() -> BaseDatabaseWrapper:
    """This thread's connection."""
    return _thread.db or connections[DEFAULT_DB_ALIAS]


@cache
def vendor() -> str:
    """The kind of database: `sqlite` or `postgresql`."""
    return connections[DEFAULT_DB_ALIAS].vendor


def run(sql: str, values: Sequence[Any]) -> list[Row]:
    """Execute a statement and return its rows; none for a plain UPDATE.

    Args:
        sql: with `%s` for each value and no other percent sign.
        values: in the form that the driver takes (`writer`).

    Raises:
        django.db.Error: any error of the database, as Django's own cursor raises it.
    """
    return _executed(sql, values)[0]


def change(sql: str, values: Sequence[Any]) -> int:
    """Like `run`, but returns how many rows were changed."""
    return _executed(sql, values)[1]


def later(sql: str, values: Sequence[Any], then: Callable[[list[Row]], object] | None = None) -> None:
    """Run a statement whose result nobody needs yet: at once, or with the next message to the database where that
    spares a round trip, at the latest with the end of the transaction. If it fails, the transaction does.

    Args:
        sql: as for `run`.
        values: as for `run`.
        then: takes its rows when it has run; asks the database nothing.
    """
    db: Any = database()
    # SQLite never does, and runs many of these.
    if db.vendor != "sqlite" and _takes_several(db):
        db.later(sql, values, then)
        return
    rows = _executed(sql, values)[0]
    if then is not None:
        then(rows)


def takes_several() -> bool:
    """Whether what is run `later` now takes one round trip, and is prepared."""
    return _takes_several(database())


def flush() -> None:
    """Run what is to run later."""
    db: Any = database()
    if hasattr(db, "settle"):
        db.settle()


def written() -> int:
    """How much this thread's connection has written so far, in any way. The difference between two calls tells whether
    anything was written in between. For databases that `tell_writes`."""
    db: Any = database()
    return int(db.connection.total_changes if db.vendor == "sqlite" else db.writes)


def tell_writes() -> bool:
    """Whether `written` can tell."""
    db = database()
    return db.vendor == "sqlite" or hasattr(db, "writes")


def is_broken() -> bool:
    """Whether the transaction that this thread is in has failed, so that it can only be rolled back."""
    db: Any = database()
    return bool(getattr(db, "is_broken", False))


@lru_cache(maxsize=256)
def sqlite_moment(value: datetime) -> str:
    """A moment in the form in which Django stores it in SQLite."""
    # A verb writes the same few moments again and again. Without the offset at the end, which is that of UTC.
    return value.astimezone(UTC).isoformat(" ")[: -len("+00:00")]


def moment(value: Any) -> datetime | None:
    """A moment returned by SQLite, as an aware datetime."""
    if value is None:
        return None
    # Text or, from the converter of Django's connection, a naive datetime, which is always UTC.
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _executed(sql: str, values: Sequence[Any]) -> tuple[list[Row], int]:
    db: Any = database()
    if db.in_atomic_block and db.vendor == "sqlite" and not _is_special(db):
        try:
            lean = db.connection.execute(_question_marks(sql), values)
            return lean.fetchall(), lean.rowcount
        except sqlite3.Error:
            with db.wrap_database_errors:
                raise
    if _takes_several(db) or _takes_one(db):
        result: tuple[list[Row], int] = db.together([(sql, values)])[0]
        return result
    with db.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else [], cursor.rowcount


def _takes_several(db: Any) -> bool:
    return bool(db.in_atomic_block and hasattr(db, "together") and not _is_special(db))


def _takes_one(db: Any) -> bool:
    """Whether a statement outside of any transaction can be run by a backend that takes several."""
    if not hasattr(db, "together") or db.in_atomic_block:
        return False
    db.ensure_connection()
    return bool(db.autocommit) and not _is_special(db)


def _is_special(db: BaseDatabaseWrapper) -> bool:
    observed = db.queries_logged if _thread.db is None else _thread.observed
    return bool(observed or db.needs_rollback or db.execute_wrappers or db.connection is None)


class _Thread(threading.local):
    db: BaseDatabaseWrapper | None = None
    observed = False


_thread = _Thread()


@lru_cache(maxsize=1024)
def _question_marks(sql: str) -> str:
    return sql.replace("%s", "?")

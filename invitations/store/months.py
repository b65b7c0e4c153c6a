"""The tables that PostgreSQL keeps in a partition for each month, so that a month that is past its time is dropped in a
moment, and not deleted row by row. On SQLite they are plain tables, and all of this does nothing.

A partition is made a month ahead. Rows of a month that has none are not refused: they go into the default partition.
Partitions are made and dropped while calls ring, so nothing here waits for a lock longer than `LOCK_SECONDS`, because
others would wait behind it. For the same reason partitions are dropped, and never detached first: to detach one
PostgreSQL locks each table to which it has a foreign key, and it cannot do so concurrently beside a default partition.

No library does this for us. pg_partman is an extension that somebody has to install on the server;
django-postgres-extra needs a database backend of its own, and has models that only PostgreSQL can store."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

from django.db import IntegrityError, OperationalError, ProgrammingError, connection, transaction

from invitations.store.running import vendor

LOCK_SECONDS = 0.05
"""How long to wait for a table before letting those pass who wait behind. A verb's transaction takes milliseconds."""
TRIES = 20
PAUSE_SECONDS = 0.5
"""How long on average to leave the table to others before the next try."""
TRIES_FOR_ALL = 60
"""How often to try for all tables at once: some thirty seconds."""
BUSY = "55P03"
"""SQLSTATE `lock_not_available`."""
NOT_ALLOWED = "42501"
"""SQLSTATE `insufficient_privilege`."""
# The same in every process of this database; its bytes are "past".
_LOCK = 0x70617374
_DEFAULT = "default"
_NAME = re.compile(r"_(\d{4})_(\d\d)")


class Undone(Exception):
    """A partition could not be made or dropped now, for the reason that the message gives."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar, in UTC.

    Args:
        year: 1 to 9998.
        month: 1 to 12.
    """

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """The month of an aware moment."""
        at = moment.astimezone(UTC)
        return cls(at.year, at.month)

    @property
    def begins_at(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        """The first moment of the next one."""
        return self.next().begins_at

    def next(self) -> Month:
        """The month after it."""
        return Month.of(self.begins_at + timedelta(days=31))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


def months(table: str) -> list[Month]:
    """The months for which a table has a partition, the earliest first; none where it is a plain table.

    Args:
        table: its name.
    """
    if vendor() != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
            " WHERE inhparent = to_regclass(%s)",
            [connection.ops.quote_name(table)],
        )
        found = [_NAME.fullmatch(name.removeprefix(table)) for (name,) in cursor.fetchall()]
    return sorted(Month(int(each[1]), int(each[2])) for each in found if each)


def partition_of(table: str, month: Month) -> str:
    """The name of a month's partition."""
    return f"{table}_{month.year:04}_{month.month:02}"


def prepare(table: str, column: str, *, now: datetime) -> list[Month]:
    """Make the partitions for this month and the next, unless they are there.

    A month of which rows have gone into the default partition, because nobody called this in time, gets none of its own
    any more: they would have to be moved while both are locked.

    Args:
        table: the table's name.
        column: by which it is partitioned.

    Returns:
        The months that got a partition.

    Raises:
        Undone: the table was in use all the time, or belongs to another role.
    """
    if vendor() != "postgresql":
        return []
    wanted = [Month.of(now), Month.of(now).next()]
    known = months(table)
    made = []
    for month in wanted:
        if month not in known and not _strays(table, column, month):
            made += [month] if _tried(_make, table, month) else []
    return made


def drop(table: str, month: Month) -> bool:
    """Drop a month's partition with all its rows.

    Args:
        table: the table's name.
        month: one of its `months`.

    Returns:
        Whether it was there.

    Raises:
        Undone: the table was in use all the time, or belongs to another role.
    """
    return _tried(_drop, table, month)


def create(cursor: Any, table: str, month: Month | None = None) -> None:
    """Create a partition, in the caller's transaction.

    Args:
        cursor: runs the statement.
        table: the table's name.
        month: whose; None for the default partition.
    """
    quoted = connection.ops.quote_name
    if month is None:
        cursor.execute(f"CREATE TABLE {quoted(f'{table}_{_DEFAULT}')} PARTITION OF {quoted(table)} DEFAULT")
        return
    since, until = (f"'{each.begins_at:%Y-%m-%d} 00:00:00+00'" for each in (month, month.next()))
    partition = f"{quoted(partition_of(table, month))} PARTITION OF {quoted(table)}"
    cursor.execute(f"CREATE TABLE {partition} FOR VALUES FROM ({since}) TO ({until})")


def lock(*tables: str) -> None:
    """Lock tables, and those to which their foreign keys lead, for the caller's transaction alone until it ends.

    Verbs and readers take them in different orders, so we wait for each only as long as nobody is in a deadlock with us
    (`deadlock_timeout`, 1 s unless somebody changed it), and let all go before we try again.

    Args:
        tables: their names.

    Raises:
        Undone: some were in use all the time.
    """
    quoted = connection.ops.quote_name
    with connection.cursor() as cursor:
        referred = dict.fromkeys(each for table in tables for each in _referred(cursor, table))
        names = ", ".join(quoted(each) for each in [*referred, *tables])
        for _ in range(TRIES_FOR_ALL):
            try:
                with transaction.atomic():
                    cursor.execute("SELECT current_setting('lock_timeout')")
                    (before,) = cursor.fetchone()
                    cursor.execute(f"SET LOCAL lock_timeout = {round(LOCK_SECONDS * 1000)}")
                    cursor.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
                    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])
                    return
            except OperationalError as error:
                if _state(error) != BUSY:
                    raise
            _pause()
    raise Undone(f"Others had one of these tables in use all the time: {names}. Stop them, and try again.")


def _strays(table: str, column: str, month: Month) -> bool:
    """Whether there are rows of this month, which has no partition: they are in the default one. The whole table is
    asked, for a role that does not own it may have been granted nothing on its partitions."""
    quoted = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM {quoted(table)}"  # noqa: S608  our own names
            f" WHERE {quoted(column)} >= %s AND {quoted(column)} < %s)",
            [month.begins_at, month.ends_at],
        )
        found: bool = cursor.fetchone()[0]
    return found


def _make(table: str, month: Month) -> bool:
    if month in months(table):
        return False
    with connection.cursor() as cursor:
        # The partition gets the table's foreign keys. In the order in which verbs take these tables, so that we wait
        # for the first one only, and nobody for us who already has what we want.
        for each in _referred(cursor, table):
            cursor.execute(f"LOCK TABLE ONLY {connection.ops.quote_name(each)} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(f"LOCK TABLE ONLY {connection.ops.quote_name(table)} IN ACCESS EXCLUSIVE MODE")
        create(cursor, table, month)
    return True


def _drop(table: str, month: Month) -> bool:
    if month not in months(table):
        return False
    partition = connection.ops.quote_name(partition_of(table, month))
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE ONLY {connection.ops.quote_name(table)} IN ACCESS EXCLUSIVE MODE")
        # Whoever comes by the table waits for us now, so we wait for nobody else, such as a vacuum. No verb has the
        # partition without the table.
        cursor.execute(f"LOCK TABLE ONLY {partition} IN ACCESS EXCLUSIVE MODE NOWAIT")
        cursor.execute(f"DROP TABLE {partition}")
    return True


def _referred(cursor: Any, table: str) -> list[str]:
    """The tables to which a table's foreign keys lead: people first, as verbs lock them."""
    cursor.execute(
        "SELECT DISTINCT relname, confrelid FROM pg_constraint JOIN pg_class ON pg_class.oid = confrelid"
        " WHERE contype = 'f' AND conrelid = to_regclass(%s) ORDER BY confrelid",
        [connection.ops.quote_name(table)],
    )
    return [name for name, _ in cursor.fetchall()]


def _tried(act: Callable[[str, Month], bool], table: str, month: Month) -> bool:
    """Do something to a month's partition in a transaction of its own, as often as it takes to get the locks.

    Raises:
        Undone: they could not be had.
    """
    for _ in range(TRIES):
        try:
            with _alone():
                return act(table, month)
        except OperationalError as error:
            if _state(error) != BUSY:
                raise
        except IntegrityError:
            # A row of that month came into the default partition meanwhile.
            return False
        except ProgrammingError as error:
            if _state(error) != NOT_ALLOWED:
                raise
            raise Undone(
                f"{table} belongs to another role of the database, which alone can change its partitions"
            ) from error
        _pause()
    raise Undone(f"others had {partition_of(table, month)} or a table that it belongs to in use all the time")


def _pause() -> None:
    sleep(random.uniform(0, 2 * PAUSE_SECONDS))  # noqa: S311  nothing to guess


def _state(error: Exception) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)


@contextmanager
def _alone() -> Iterator[None]:
    """A transaction that no other dispatcher or command has at the same time, and that waits for no lock for long."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {round(LOCK_SECONDS * 1000)}")
        # Ends with the transaction: a lock of the session would outlive it behind a pooler.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield

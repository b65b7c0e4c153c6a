"""Django's backend for PostgreSQL, with two differences.

It says at once that the database is away, while it is. Otherwise each request would wait for the pool's timeout in its
thread, those behind it in line as many times more, and an outage of a minute would be one of two. A thread of its own
waits for the database instead.

It spares round trips, which cost both sides more than most statements: a transaction begins with its first statement
and ends with its last ones, in the same message of PostgreSQL's simple query protocol, and statements whose results
nobody needs wait for the next that has one. `together` and `later` are for code that knows of them; to all other code
this is Django's backend."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg import IsolationLevel, OperationalError
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

logger = logging.getLogger(__name__)
Row = tuple[Any, ...]
FRESH_SECONDS = 1.0
"""How long a connection is trusted after it was used."""


class Outage:
    """Whether the database is away, as far as this process knows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lasts = False

    def begin(self, pool: ConnectionPool[Any]) -> None:
        """Refuse connections until this pool gives one again."""
        with self._lock:
            if self.lasts:
                return
            self.lasts = True
        logger.warning("The database is away: whatever needs it is refused until it is back")
        threading.Thread(target=self._wait, args=(pool,), name="database-watch", daemon=True).start()

    def _wait(self, pool: ConnectionPool[Any]) -> None:
        while True:
            try:
                pool.putconn(pool.getconn())
            except PoolClosed:
                break
            except OperationalError:
                continue
            logger.warning("The database is back")
            break
        self.lasts = False


outage = Outage()


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._forget()

    def _forget(self) -> None:
        """Begin anew: with a new connection, or because it is closed."""
        self._waiting: list[tuple[str, list[Row]]] = []
        self._has_begun = False
        self._lean: Any = None
        self.trips = 0
        """How many messages were sent on this connection, apart from those of Django's own cursors."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection from the pool.

        Raises:
            OperationalError: there is none; at once if the database is known to be away.
        """
        self._forget()
        pool = self.pool
        if pool is None:
            return super().get_new_connection(conn_params)
        if outage.lasts:
            raise OperationalError("the database is away")
        before = _failures(pool)
        try:
            connection = super().get_new_connection(conn_params)
            while not _is_alive(connection):
                # Broken, so the pool makes another one instead.
                pool.putconn(connection)
                connection = super().get_new_connection(conn_params)
        except PoolTimeout:
            if not _is_used_up(pool) or _failures(pool) > before:
                outage.begin(pool)
            raise
        return connection

    def together(self, statements: Iterable[tuple[str, Sequence[Any]]]) -> list[tuple[list[Row], int]]:
        """Run several statements in one round trip, one after the other, each seeing what those before it did.

        Args:
            statements: pairs of SQL, with `%s` for each value and no other percent sign, and values.

        Returns:
            For each its rows, none if it has no result, and how many rows it changed or found.

        Raises:
            django.db.Error: the first error; the statements after it did not run.
        """
        return self._sent([self._text(*each) for each in statements])

    def later(self, sql: str, values: Sequence[Any]) -> list[Row]:
        """Run a statement before the next one, or with the end of the transaction, which fails if this one does.

        Args:
            sql: as for `together`; to be called within a transaction.
            values: its values.

        Returns:
            A list that holds its rows when it has run.
        """
        rows: list[Row] = []
        self._waiting.append((self._text(sql, values), rows))
        return rows

    def create_cursor(self, name: str | None = None) -> Any:
        """Django's cursor, for which the transaction has begun and everything before has been done."""
        if self._waiting or (not self.autocommit and not self._has_begun):
            self._sent([])
        return super().create_cursor(name)

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.was_used_at = monotonic()
        super()._close()  # type: ignore[misc]
        self._forget()

    def _set_autocommit(self, autocommit: bool) -> None:
        """Let PostgreSQL commit by itself. Transactions begin and end by statements of ours."""
        with self.wrap_database_errors:
            if not self.connection.autocommit:
                self.connection.autocommit = True

    def _commit(self) -> None:
        if self.connection is not None and (self._has_begun or self._waiting):
            with debug_transaction(self, "COMMIT"):
                self._sent(["COMMIT"])

    def _rollback(self) -> None:
        self._waiting.clear()
        if self.connection is not None and self._has_begun:
            with debug_transaction(self, "ROLLBACK"):
                self._sent(["ROLLBACK"])

    def _text(self, sql: str, values: Sequence[Any]) -> str:
        """A statement with its values in it, as the driver quotes them."""
        text: str = self._cursor_at_hand().mogrify(sql, values) if values else sql
        return text

    def _sent(self, texts: list[str]) -> list[tuple[list[Row], int]]:
        """Send what waits and these statements in one message. Returns the results of these."""
        cursor = self._cursor_at_hand()
        waiting, self._waiting = self._waiting, []
        begin = [] if self.autocommit or self._has_begun else [self._begin()]
        self.trips += 1
        with self.wrap_database_errors:
            try:
                cursor.execute("; ".join([*begin, *(text for text, _ in waiting), *texts]))
                if begin:
                    cursor.nextset()
                for _, rows in waiting:
                    rows += self._result(cursor)[0]
                return [self._result(cursor) for _ in texts]
            finally:
                self._has_begun = self.connection.info.transaction_status != TransactionStatus.IDLE

    def _begin(self) -> str:
        level = self.settings_dict["OPTIONS"].get("isolation_level")
        return "BEGIN" if level is None else f"BEGIN ISOLATION LEVEL {IsolationLevel(level).name.replace('_', ' ')}"

    def _result(self, cursor: Any) -> tuple[list[Row], int]:
        """The result that a cursor is at, which then goes on to the next."""
        # Not `description`, which would make an object for each column.
        found = (cursor.fetchall() if cursor.pgresult.nfields else [], cursor.rowcount)
        cursor.nextset()
        return found

    def _cursor_at_hand(self) -> Any:
        if self._lean is None:
            self._lean = super().create_cursor()
        return self._lean


def _is_alive(connection: Any) -> bool:
    """Whether the database answers on a connection of the pool. Asked only if nobody has used it for a moment."""
    if monotonic() - getattr(connection, "was_used_at", 0.0) < FRESH_SECONDS:
        return True
    try:
        ConnectionPool.check_connection(connection)
    except OperationalError:
        return False
    return True


def _failures(pool: ConnectionPool[Any]) -> int:
    """How many connections have failed or broken so far."""
    figures = pool.get_stats()
    return figures.get("connections_errors", 0) + figures.get("connections_lost", 0)


def _is_used_up(pool: ConnectionPool[Any]) -> bool:
    """Whether there are as many connections as there may be, so that one only has to wait."""
    figures = pool.get_stats()
    return figures["pool_size"] >= figures["pool_max"]

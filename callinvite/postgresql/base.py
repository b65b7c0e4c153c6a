"""Django's backend for PostgreSQL, with two differences.

It says at once that the database is away, while it is. Otherwise each request would wait for the pool's timeout in its
thread, those behind it in line as many times more, and an outage of a minute would be one of two. A thread of its own
waits for the database instead.

It spares round trips, which cost both sides more than most statements: a transaction begins with its first statement
and ends with its last ones, in the same message of PostgreSQL's simple query protocol, and statements whose results
nobody needs wait for the next that has one. What is run this way again and again is prepared, so that PostgreSQL does
not plan it anew. `together` and `later` are for code that knows of them; to all other code this is Django's backend."""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, count, zip_longest
from time import monotonic
from typing import Any, NamedTuple, cast

import psycopg
from django.db import DatabaseError, NotSupportedError
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import register_tzloader
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper, debug_transaction
from psycopg import IsolationLevel, OperationalError, adapt
from psycopg.abc import Transformer
from psycopg.pq import Format, TransactionStatus
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

logger = logging.getLogger(__name__)
PREPARED_MOST = 500
"""How many different statements are prepared at most. Each takes some memory of every connection."""
TYPES = "SELECT unnest(parameter_types)::text FROM pg_prepared_statements WHERE name = '{name}'"
NULL = b"NULL"
READING = ("SELECT", "(SELECT")
WRONG = "42"
"""How codes of errors in a statement itself begin: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
Row = tuple[Any, ...]
Then = Callable[[list[Row]], object]
"""What takes the rows of a statement when it has run."""
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


class _Plan(NamedTuple):
    """How a statement is prepared.

    Args:
        body: what is prepared; empty if it cannot be.
        texts: the places of the parameters that are texts, as far as PostgreSQL could tell. What is none, as it may be
            in the list of a SELECT, would come back as one.
    """

    body: str
    texts: tuple[int, ...]


_plans: dict[str, _Plan] = {}
"""By statement, for every connection of the process."""
_numbers = count()


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._forget()

    def _forget(self) -> None:
        """Begin anew: with a new connection, or because it is closed."""
        self._waiting: list[tuple[bytes, Then | None]] = []
        self._preparing: list[str] = []
        self._has_begun = False
        self._lean: Any = None
        self._quotes: Transformer | None = None
        self.trips = 0
        """How many messages were sent on this connection, apart from those of Django's own cursors."""
        self.writes = 0
        """How many statements other than a SELECT were given to this connection, whether or not they ran already."""

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
        asked = list(statements)
        for sql, _ in asked:
            self.count(sql)
        try:
            return self._sent([self._text(*each) for each in asked])
        except NotSupportedError:
            if not self.autocommit:
                raise
            # A table has changed under a plan, as when an update migrates. Nothing of them is done yet.
            return self._sent([self._text(*each) for each in asked])

    def later(self, sql: str, values: Sequence[Any], then: Then | None = None) -> None:
        """Run a statement before the next one, or with the end of the transaction, which fails if this one does.

        Args:
            sql: as for `together`; to be called within a transaction.
            values: its values.
            then: takes its rows when it has run; asks the database nothing.
        """
        self.count(sql)
        # In this order: it may have to be prepared first.
        text = self._text(sql, values)
        self._waiting.append((text, then))

    def count(self, sql: Any) -> None:
        """Count a statement in `writes` if it may write."""
        if not (isinstance(sql, str) and sql.startswith(READING)):
            self.writes += 1

    @property
    def is_broken(self) -> bool:
        """Whether the transaction has failed: then even its COMMIT would roll it back, and say so to nobody."""
        return self.connection is not None and self.connection.info.transaction_status == TransactionStatus.INERROR

    def settle(self) -> None:
        """Begin the transaction and do what waits, for a statement that does not come by `together` or `later`."""
        if self._waiting or (not self.autocommit and not self._has_begun):
            self._sent([])

    def _configure_connection(self, connection: Any) -> bool:
        """Have what is prepared planned once. Of a table that is partitioned by month, PostgreSQL otherwise thinks that
        planning each time saves more than it costs, because the plan for any month looks dearer than it is."""
        changed = bool(super()._configure_connection(connection))  # type: ignore[misc]
        if not self.settings_dict.get("PREPARE"):
            return changed
        connection.execute("SET plan_cache_mode = force_generic_plan")
        return True

    def create_cursor(self, name: str | None = None) -> Any:
        """Django's cursor. A named one is held over the end of the transaction only outside one: that is what Django
        asks the driver, for which we are always outside."""
        if not name:
            return super().create_cursor()
        self.settle()
        server_side = cast("type[Any]", base.ServerSideCursor)
        return self._timed(server_side(self.connection, name=name, scrollable=False, withhold=self.autocommit))

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        """Django's wrapper, before whose statements everything before them is done."""
        return _Cursor(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> CursorDebugWrapper:
        """The same for Django's wrapper that notes statements."""
        return _DebugCursor(cursor, self)

    def _savepoint_rollback(self, sid: str) -> None:
        # All that waits came after the savepoint, for which it did not.
        self._waiting.clear()
        self._unprepare()
        super()._savepoint_rollback(sid)  # type: ignore[misc]

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.was_used_at = monotonic()
            self._unprepare()
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
                self._sent([b"COMMIT"])

    def _rollback(self) -> None:
        self._waiting.clear()
        if self.connection is not None:
            self._unprepare()
        if self.connection is not None and self._has_begun:
            with debug_transaction(self, "ROLLBACK"):
                self._sent([b"ROLLBACK"])

    def _text(self, sql: str, values: Sequence[Any]) -> bytes:
        """A statement with its values in it, as the driver quotes them."""
        if not values:
            return sql.encode()
        with self.wrap_database_errors:
            # The driver's client-side cursor does the same, but looks up anew how each type is quoted.
            quote = self._quoting().as_literal
            quoted = [NULL if value is None else quote(value) for value in values]
        execute = self._prepared(sql, values)
        if execute is not None:
            return execute + b", ".join(quoted) + b")"
        texts = sql.encode().split(b"%s")
        return b"".join(chain.from_iterable(zip_longest(texts, quoted, fillvalue=b"")))

    def _prepared(self, sql: str, values: Sequence[Any]) -> bytes | None:
        """What executes a statement by its name on this connection, up to its values; None if it is not to be
        prepared."""
        if not self.settings_dict.get("PREPARE"):
            return None
        plan = _plans.get(sql)
        if plan is None:
            if (plan := self._tried(sql)) is None:
                return None
            _plans[sql] = plan
        if not plan.body:
            return None
        if plan.texts and not all(values[place] is None or isinstance(values[place], str) for place in plan.texts):
            return None
        names = self._names()
        execute = names.get(sql)
        if execute is None:
            name = f"callinvite_{next(_numbers)}"
            execute = names[sql] = _executing(name)
            self._preparing.append(sql)
            self._waiting.append((f"PREPARE {name} AS {plan.body}".encode(), None))
        return execute

    def _tried(self, sql: str) -> _Plan | None:
        """How a statement is prepared, if PostgreSQL can tell the types of its parameters; None if that could not be
        found out now."""
        if len(_plans) >= PREPARED_MOST:
            return None
        texts = sql.split("%s")
        body = "".join(f"{text}${number}" for number, text in enumerate(texts[:-1], 1)) + texts[-1]
        name = f"callinvite_{next(_numbers)}"
        types = TYPES.format(name=name).encode()
        # Outside of a transaction, there is nothing that a failure could spoil.
        begin, keep = ([], []) if self.autocommit else ([b"SAVEPOINT preparing"], [b"RELEASE SAVEPOINT preparing"])
        if begin:
            self._sent(begin)
        try:
            found = self._sent([f"PREPARE {name} AS {body}".encode(), types, *keep])[1][0]
        except DatabaseError as error:
            if begin:
                self._sent([b"ROLLBACK TO SAVEPOINT preparing", *keep])
            # Something else, as a time that was exceeded, passes.
            is_wrong = (getattr(error.__cause__, "sqlstate", None) or "").startswith(WRONG)
            return _Plan("", ()) if is_wrong else None
        self._names()[sql] = _executing(name)
        return _Plan(body, tuple(place for place, (kind,) in enumerate(found) if kind == "text"))

    def _unprepare(self, *, all_of_them: bool = False) -> None:
        """Forget the names of what was to be prepared and may not have been: it gets others the next time.

        Args:
            all_of_them: those of everything, because a table has changed under its plans.
        """
        names = self._names()
        for sql in list(names) if all_of_them else self._preparing:
            names.pop(sql, None)
        self._preparing = []

    def _names(self) -> dict[str, bytes]:
        """What executes each statement that is prepared on this connection, which may have been another wrapper's
        before."""
        names: dict[str, bytes] = self.connection.__dict__.setdefault("callinvite_names", {})
        return names

    def _sent(self, texts: list[bytes]) -> list[tuple[list[Row], int]]:
        """Send what waits and these statements in one message. Returns the results of these."""
        cursor = self._cursor_at_hand()
        waiting, self._waiting = self._waiting, []
        preparing, self._preparing = self._preparing, []
        begin = [] if self.autocommit or self._has_begun else [self._begin()]
        self.trips += 1
        with self.wrap_database_errors:
            try:
                cursor.execute(b"; ".join([*begin, *(text for text, _ in waiting), *texts]))
                if begin:
                    cursor.nextset()
                found = [self._result(cursor) for _ in waiting]
                results = [self._result(cursor) for _ in texts]
            except psycopg.Error as error:
                # It may have failed before it came to these.
                self._preparing = preparing
                self._unprepare(all_of_them=isinstance(error, psycopg.errors.FeatureNotSupported))
                raise
            finally:
                self._has_begun = self.connection.info.transaction_status != TransactionStatus.IDLE
        for (_, then), (rows, _) in zip(waiting, found, strict=True):
            if then is not None:
                then(rows)
        return results

    def _begin(self) -> bytes:
        level = self.settings_dict["OPTIONS"].get("isolation_level")
        if level is None:
            return b"BEGIN"
        return f"BEGIN ISOLATION LEVEL {IsolationLevel(level).name.replace('_', ' ')}".encode()

    def _result(self, cursor: Any) -> tuple[list[Row], int]:
        """The result that a cursor is at, which then goes on to the next."""
        # Not `description`, which would make an object for each column.
        found = (cursor.fetchall() if cursor.pgresult.nfields else [], cursor.rowcount)
        cursor.nextset()
        return found

    def _quoting(self) -> Transformer:
        """The driver's, which remembers how it quotes each type."""
        if self._quotes is None:
            self._quotes = adapt.Transformer(self.connection)
        return self._quotes

    def _cursor_at_hand(self) -> Any:
        if self._lean is None:
            self._lean = self._timed(cast(Any, base.Cursor)(self.connection))
        return self._lean

    def _timed(self, cursor: Any) -> Any:
        """A cursor that reads moments in Django's time zone, as Django makes it."""
        loader = self.connection.adapters.get_loader(base.TIMESTAMPTZ_OID, Format.TEXT)
        if self.timezone != loader.timezone:
            register_tzloader(self.timezone, cursor)
        return cursor


def _executing(name: str) -> bytes:
    """The beginning of a statement that executes a prepared one."""
    return f"EXECUTE {name} (".encode()


class _Settled:
    """Of a cursor: what waits is done before each statement."""

    db: Any

    def _execute(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        self.db.settle()
        self.db.count(sql)
        return super()._execute(sql, *args, **kwargs)  # type: ignore[misc]

    def _executemany(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        self.db.settle()
        self.db.count(sql)
        return super()._executemany(sql, *args, **kwargs)  # type: ignore[misc]


class _Cursor(_Settled, CursorWrapper):
    pass


class _DebugCursor(_Settled, CursorDebugWrapper):
    pass


def _is_alive(connection: Any) -> bool:
    """Whether the database answers on a connection of the pool. Asked only if nobody has used it for a moment, or if
    it has said something meanwhile: most often that it closes the connection."""
    try:
        if monotonic() - getattr(connection, "was_used_at", 0.0) < FRESH_SECONDS and not _has_news(connection):
            return True
        ConnectionPool.check_connection(connection)
    except OperationalError:
        return False
    return True


def _has_news(connection: Any) -> bool:
    """Whether anything came on a connection on which nothing was asked."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _failures(pool: ConnectionPool[Any]) -> int:
    """How many connections have failed or broken so far."""
    figures = pool.get_stats()
    return figures.get("connections_errors", 0) + figures.get("connections_lost", 0)


def _is_used_up(pool: ConnectionPool[Any]) -> bool:
    """Whether there are as many connections as there may be, so that one only has to wait."""
    figures = pool.get_stats()
    return figures["pool_size"] >= figures["pool_max"]

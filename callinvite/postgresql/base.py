"""Django's backend for PostgreSQL, but one that says at once that the database is away, while it is.

Without this each request would wait for the pool's timeout in its thread, those behind it in line as many times more,
and an outage of a minute would be one of two. A thread of its own waits for the database instead."""

from __future__ import annotations

import logging
import threading
from typing import Any

from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

logger = logging.getLogger(__name__)


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

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection from the pool.

        Raises:
            OperationalError: there is none; at once if the database is known to be away.
        """
        pool = self.pool
        if pool is None:
            return super().get_new_connection(conn_params)
        if outage.lasts:
            raise OperationalError("the database is away")
        before = _failures(pool)
        try:
            return super().get_new_connection(conn_params)
        except PoolTimeout:
            if not _is_used_up(pool) or _failures(pool) > before:
                outage.begin(pool)
            raise


def _failures(pool: ConnectionPool[Any]) -> int:
    """How many connections have failed or broken so far."""
    figures = pool.get_stats()
    return figures.get("connections_errors", 0) + figures.get("connections_lost", 0)


def _is_used_up(pool: ConnectionPool[Any]) -> bool:
    """Whether there are as many connections as there may be, so that one only has to wait."""
    figures = pool.get_stats()
    return figures["pool_size"] >= figures["pool_max"]

"""What the dispatcher's loops do when the database is down or something fails: log it and wait a little longer."""

from __future__ import annotations

import logging

from django.db import DatabaseError, InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)
LONGEST_BACKOFF_SECONDS = 2
"""Short, so that rings go on soon after the database is back."""


def report(who: str, error: Exception, failures: int) -> float:
    """Log the failure of a whole round.

    Args:
        who: which loop failed.
        error: what went wrong.
        failures: how many rounds in a row have failed.

    Returns:
        How many seconds to wait before the next round.
    """
    pause_seconds = min(0.25 * 2**failures, LONGEST_BACKOFF_SECONDS)
    if is_away(error):
        logger.warning(
            "%s cannot reach the database (%s), attempt %d; again in %.1f s",
            *(who, type(error).__name__, failures, pause_seconds),
        )
        return pause_seconds
    logger.error("%s failed, attempt %d; again in %.1f s", who, failures, pause_seconds, exc_info=error)
    return pause_seconds


def is_away(error: Exception) -> bool:
    """Whether it is the database that cannot be reached."""
    return isinstance(error, OperationalError | InterfaceError)


def drop_connection() -> None:
    """Close this thread's database connection, broken or not."""
    try:
        connection.close()
    except DatabaseError:
        logger.debug("A connection that was already broken could not be closed")

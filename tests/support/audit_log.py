"""What is written to the audit log meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(f"{record.levelname} {record.getMessage()}")


@contextmanager
def audit_lines() -> Iterator[list[str]]:
    """The lines with their levels, as they come."""
    handler, logger = _Lines(), logging.getLogger("invitations.audit")
    logger.addHandler(handler)
    try:
        yield handler.written
    finally:
        logger.removeHandler(handler)

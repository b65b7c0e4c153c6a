"""What the limits on how often something may be done have left: told where it is counted, heard by the face."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Quota(NamedTuple):
    """One limit, as it stands after the request.

    Args:
        name: what is counted, in lower-case words with dashes.
        most: how many are let through within the time.
        window_seconds: that time.
        left: how many may follow at once.
        more_in_seconds: when there will be more.
    """

    name: str
    most: int
    window_seconds: int
    left: int
    more_in_seconds: int


def is_asked() -> bool:
    """Whether anybody hears what is told."""
    return _heard.get() is not None


def tell(quota: Quota) -> None:
    """Tell what a limit has left. If it is told twice, the latter is true."""
    if (heard := _heard.get()) is not None:
        heard[quota.name] = quota


@contextmanager
def asked() -> Iterator[dict[str, Quota]]:
    """Hear what is told in the block, by name."""
    heard: dict[str, Quota] = {}
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


_heard: ContextVar[dict[str, Quota] | None] = ContextVar("quotas", default=None)

"""How often something happened lately, counted in the shared cache: exactly, however many ask at once."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import NamedTuple

from django.core.cache import cache

from invitations import quotas
from invitations.quotas import Quota


class Bound(NamedTuple):
    """So many of a kind in so many seconds.

    Args:
        key: what is counted.
        most: how many are let through.
        window_seconds: within what time.
        told_as: the name by which clients are told what it has left; none are if it is empty.
    """

    key: str
    most: int
    window_seconds: int
    told_as: str = ""


def key_of(kind: str, value: str) -> str:
    """A key that any cache takes, and from which nobody reads the value."""
    return f"{kind}:{hashlib.sha256(value.encode(errors='replace')).hexdigest()}"


def count(bounds: Iterable[Bound], seconds: float) -> int:
    """Count one for each bound and return 0; if one of them is reached, count none and return the seconds to wait.

    Uses two fixed windows, the earlier one weighted by how much of it lies within the past one: this allows no burst
    where they meet, and takes one atomic step in the cache.

    Args:
        bounds: all that hold.
        seconds: the time of day, since 1970.
    """
    counted: list[Bound] = []
    wait = 0
    for bound in bounds:
        counted.append(bound)
        window, elapsed = divmod(seconds, bound.window_seconds)
        current = _window(bound, int(window))
        cache.add(current, 0, 2 * bound.window_seconds)
        before = cache.get(_window(bound, int(window) - 1), 0) * (1 - elapsed / bound.window_seconds)
        used, rest = before + cache.incr(current), max(1, round(bound.window_seconds - elapsed))
        if used > bound.most:
            wait = max(wait, rest)
        if bound.told_as:
            left = max(0, math.floor(bound.most - used))
            quotas.tell(Quota(bound.told_as, bound.most, bound.window_seconds, left, rest))
    if wait:
        give_back(counted, seconds)
    return wait


def give_back(bounds: Iterable[Bound], seconds: float) -> None:
    """Count one less.

    Args:
        bounds: as they were counted.
        seconds: when.
    """
    for bound in bounds:
        try:
            cache.decr(_window(bound, int(seconds // bound.window_seconds)))
        except ValueError:
            # The cache has forgotten it by now.
            continue


def _window(bound: Bound, number: int) -> str:
    return f"{bound.key}:{bound.window_seconds}:{number}"

"""Which packages are here that only some transports need."""

from __future__ import annotations

from importlib.util import find_spec


def missing(*names: str) -> list[str]:
    """Those of these modules that are not installed."""
    return [each for each in names if find_spec(each) is None]

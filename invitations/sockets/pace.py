"""How fast one socket may talk: a bucket that refills with time."""

from __future__ import annotations

from time import monotonic


class Pace:
    """A token bucket.

    Args:
        per_second: frames allowed on average.
        burst: frames allowed at once after a rest.
    """

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._at = monotonic()

    def allows(self) -> bool:
        """Whether one more frame is within the pace; counts it if so."""
        now = monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

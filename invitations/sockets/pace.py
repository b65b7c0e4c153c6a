"""How fast one socket may talk: a bucket that refills with time. Long frames take more out of it than short ones."""

from __future__ import annotations

from time import monotonic

CHARS_FOR_ONE = 256
"""A frame counts once more for each such length of it: few large frames weigh as much as many small ones."""


class Pace:
    """A token bucket.

    Args:
        per_second: short frames allowed on average.
        burst: short frames allowed at once after a rest.
    """

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._at = monotonic()

    def allows(self, length: int) -> bool:
        """Whether one more frame is within the pace; counts it if so.

        Args:
            length: of the frame, in characters or bytes.
        """
        now = monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        cost = 1 + length // CHARS_FOR_ONE
        if self._left < cost:
            return False
        self._left -= cost
        return True

"""How fast a client may send, and how much it may leave unread."""

from __future__ import annotations

from time import monotonic

from invitations.conf import limits

CHARS_FOR_ONE = 256
"""A frame counts once more for every such length, so that a few large frames weigh as much as many small ones."""
HELLOS_AT_ONCE = 40
"""How many hellos a whole burst is enough for. Each writes a device down and reads all that is open, which costs a
hundred times as much as a signal."""
OUTBOX_CHARS = 8 * 1024 * 1024
"""The text, in characters, that may be unread by a silent client, however recently it was sent."""


class Pace:
    """A token bucket. Long frames take more out of it than short ones.

    Args:
        per_second: how many short frames are allowed on average.
        burst: how many short frames are allowed at once after a pause.
    """

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._at = monotonic()

    def allows(self, length: int) -> bool:
        """Whether one more frame is within the pace. Counts it if so.

        Args:
            length: of the frame, in characters or bytes.
        """
        return self._takes(1 + length // CHARS_FOR_ONE)

    def allows_hello(self) -> bool:
        """Whether one more hello is within the pace, beside its own length. Counts it if so."""
        return self._takes(max(0, self._burst / HELLOS_AT_ONCE - 1))

    def _takes(self, cost: float) -> bool:
        now = monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < cost:
            return False
        self._left -= cost
        return True


class Unread:
    """What was sent to a client since it last sent anything: the client may not have read it."""

    __slots__ = ("_chars", "_frames", "_heard_at")

    def __init__(self) -> None:
        self.heard()

    def heard(self) -> None:
        """Note that the client sent something."""
        self._frames = self._chars = 0
        self._heard_at = monotonic()

    def adds(self, length: int) -> None:
        """Count one more frame.

        Args:
            length: of the frame, in characters.
        """
        self._frames += 1
        self._chars += length

    def is_too_much(self) -> bool:
        """Whether the client never reads."""
        if self._chars > OUTBOX_CHARS:
            return True
        terms = limits()
        # A client that gets frames but sends nothing for twice the time between its syncs is not reading them.
        silent_seconds = 2 * terms.sync_idle_seconds
        return self._frames > terms.outbox_frames and monotonic() - self._heard_at > silent_seconds

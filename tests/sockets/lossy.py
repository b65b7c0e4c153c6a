"""A channel layer that loses messages on purpose, as networks do without being asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from invitations.live.layers import EmbeddedChannelLayer, Message


class LossyChannelLayer(EmbeddedChannelLayer):
    """The embedded layer, with holes.

    Args:
        losing: texts; a message that holds one of them is lost, every time.
        losing_once: the same, but for each group only the first such message is lost.
    """

    def __init__(self, *, losing: tuple[str, ...] = (), losing_once: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(**options)
        self.lost = 0
        self._losing = losing
        self._losing_once = losing_once
        self._lost_once: set[tuple[str, str]] = set()

    def publish(self, messages: Iterable[tuple[str, Message]]) -> None:
        """Send to groups, or do not and say nothing."""
        every = list(messages)
        kept = [(group, each) for group, each in every if not self._loses(group, str(each.get("text")))]
        self.lost += len(every) - len(kept)
        super().publish(kept)

    def _loses(self, group: str, text: str) -> bool:
        if any(each in text for each in self._losing):
            return True
        for each in self._losing_once:
            if each in text and (group, each) not in self._lost_once:
                self._lost_once.add((group, each))
                return True
        return False


class FailingChannelLayer(EmbeddedChannelLayer):
    """The embedded layer, out of order: whatever is published raises."""

    def publish(self, messages: Iterable[tuple[str, Message]]) -> None:
        """Fail.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("out of order")

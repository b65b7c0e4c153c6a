"""What is published to one user, as one socket receives it through the channel layer.

The layer may be away at any time: the socket goes on without live frames, and its next `sync` tries again."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.layers import get_channel_layer

from invitations.live import publishing
from invitations.models import UserKey

logger = logging.getLogger(__name__)
LAYER_SECONDS = 2
"""How long the channel layer may take before a socket goes on without it."""


class Subscription:
    """One socket's place in the channel group of its user.

    Args:
        user_id: the user's key.

    Attributes:
        channel: the socket's own channel; None until the layer gave it one.
    """

    __slots__ = ("_group", "_layer", "channel")

    def __init__(self, user_id: UserKey) -> None:
        self._group = publishing.group_of(user_id)
        self._layer: Any = get_channel_layer()
        self.channel: str | None = None

    async def join(self) -> None:
        """Have what is published to the user come here.

        After a reconnect of the layer the group may have been forgotten; to join twice is to join once.
        """
        try:
            async with asyncio.timeout(LAYER_SECONDS):
                if self.channel is None:
                    self.channel = await self._layer.new_channel()
                await self._layer.group_add(self._group, self.channel)
        except Exception as error:  # Redis may be away in any of a dozen ways
            logger.warning("A live socket goes without live frames until its next sync: %s", type(error).__name__)

    async def receive(self) -> dict[str, Any]:
        """Wait for the next message. Only where there is a channel."""
        message: dict[str, Any] = await self._layer.receive(self.channel)
        return message

    async def leave(self) -> None:
        """Give the place back."""
        if self.channel is None:
            return
        try:
            async with asyncio.timeout(LAYER_SECONDS):
                await self._layer.group_discard(self._group, self.channel)
                if hasattr(self._layer, "close_channel"):
                    await self._layer.close_channel(self.channel)
        except Exception as error:  # as in `join`
            logger.warning("A live socket could not leave its group: %s", type(error).__name__)

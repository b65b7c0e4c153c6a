"""How one socket receives what is published to its user through the channel layer.

The layer may be down at any time: the socket then works without live frames, and its next `sync` tries again."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.layers import get_channel_layer

from invitations.live import publishing
from invitations.models import UserKey

logger = logging.getLogger(__name__)
LAYER_SECONDS = 2
"""How long to wait for the channel layer before going on without it."""


class Subscription:
    """One socket's membership in its user's channel group.

    Args:
        user_id: the user's key.

    Attributes:
        channel: the socket's own channel; None until the layer has provided it.
    """

    __slots__ = ("_group", "_layer", "channel")

    def __init__(self, user_id: UserKey) -> None:
        self._group = publishing.group_of(user_id)
        self._layer: Any = get_channel_layer()
        self.channel: str | None = None

    async def join(self) -> None:
        """Subscribe to what is published to the user.

        A layer that reconnected may have forgotten the group, so it is joined again; joining twice does no harm.
        """
        try:
            async with asyncio.timeout(LAYER_SECONDS):
                if self.channel is None:
                    self.channel = await self._layer.new_channel()
                await self._layer.group_add(self._group, self.channel)
        except Exception as error:  # Redis can fail in a dozen ways
            logger.warning("A live socket goes without live frames until its next sync: %s", type(error).__name__)

    def is_sure(self) -> bool:
        """Whether everything that is published to the user arrives, and the layer would know if it did not."""
        vouches = getattr(self._layer, "vouches", None)
        return vouches is not None and self.channel is not None and bool(vouches(self._group))

    async def receive(self) -> dict[str, Any]:
        """Wait for the next message. Requires a channel."""
        message: dict[str, Any] = await self._layer.receive(self.channel)
        return message

    async def leave(self) -> None:
        """Leave the group."""
        if self.channel is None:
            return
        try:
            async with asyncio.timeout(LAYER_SECONDS):
                await self._layer.group_discard(self._group, self.channel)
                if hasattr(self._layer, "close_channel"):
                    await self._layer.close_channel(self.channel)
        except Exception as error:  # as in `join`
            logger.warning("A live socket could not leave its group: %s", type(error).__name__)

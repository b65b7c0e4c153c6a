"""Who has a live page or app open: a mark in the shared cache with a short life.

For people to look at only. No rule rests on it: presence never keeps a ring from going out, and a cache that is away
keeps nobody from calling."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache import cache

from invitations.conf import limits
from invitations.models import UserKey, key_as_word

logger = logging.getLogger(__name__)


def mark_online(user_id: UserKey, device_id: str | None = None) -> None:
    """Note that a socket of this user gave a proof of life.

    Args:
        user_id: the user's key.
        device_id: the device whose page or app holds the socket.
    """
    _tolerantly(lambda: cache.set(_key(user_id), True, timeout=limits().online_seconds))
    if device_id is not None:
        _tolerantly(lambda: cache.set(_device_key(user_id, device_id), True, timeout=limits().device_live_seconds))


def mark_offline(user_id: UserKey) -> None:
    """Note that this user's last socket here closed; a socket elsewhere marks the user online again."""
    _tolerantly(lambda: cache.delete(_key(user_id)))


def mark_device_gone(user_id: UserKey, device_id: str) -> None:
    """Note that the last socket of this device here closed."""
    _tolerantly(lambda: cache.delete(_device_key(user_id, device_id)))


def live_devices(devices: Iterable[tuple[UserKey, str]]) -> set[tuple[UserKey, str]]:
    """Those of these devices, each a user's key and a device id, whose page or app gave a proof of life just now."""
    keys = {_device_key(*each): each for each in devices}
    return {keys[key] for key in _tolerantly(lambda: cache.get_many(list(keys))) or ()} if keys else set()


def online(user_ids: Iterable[UserKey]) -> set[UserKey]:
    """Those of these users who have a live page or app open."""
    keys = {_key(user_id): user_id for user_id in user_ids}
    return {keys[key] for key in _tolerantly(lambda: cache.get_many(list(keys))) or ()}


def _tolerantly(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception as error:  # every cache has errors of its own
        logger.warning("Presence is not known, the cache does not answer: %s", type(error).__name__)
        return None


def _key(user_id: UserKey) -> str:
    return f"online:{key_as_word(user_id)}"


def _device_key(user_id: UserKey, device_id: str) -> str:
    return f"live:{key_as_word(user_id)}:{device_id}"

"""Who has a live page or app open: a mark in the shared cache with a short life.

For people to look at only. No rule rests on it: presence never keeps a ring from going out, and a cache that is away
keeps nobody from calling."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache import cache

from invitations.conf import limits

logger = logging.getLogger(__name__)


def mark_online(user_id: int) -> None:
    """Note that a socket of this user gave a proof of life."""
    _tolerantly(lambda: cache.set(_key(user_id), True, timeout=limits().online_seconds))


def mark_offline(user_id: int) -> None:
    """Note that this user's last socket here closed; a socket elsewhere marks the user online again."""
    _tolerantly(lambda: cache.delete(_key(user_id)))


def online(user_ids: Iterable[int]) -> set[int]:
    """Those of these users who have a live page or app open."""
    keys = {_key(user_id): user_id for user_id in user_ids}
    return {keys[key] for key in _tolerantly(lambda: cache.get_many(list(keys))) or ()}


def _tolerantly(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception as error:  # every cache has errors of its own
        logger.warning("Presence is not known, the cache does not answer: %s", type(error).__name__)
        return None


def _key(user_id: int) -> str:
    return f"online:{user_id}"

"""Who has a live page or app open: a short-lived mark in the shared cache.

Only for people to look at. No rule depends on it: presence never stops a ring, and calls work without the cache."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache import cache

from invitations.conf import limits
from invitations.models import UserKey, key_as_word

logger = logging.getLogger(__name__)
AUDIBLE_SECONDS = 24 * 3600
"""How long a page's word holds that it can be heard. It says so anew whenever it connects, and when it changes."""


def mark_online(user_id: UserKey, device_id: str | None = None) -> None:
    """Mark a user, and the device if given, as online: one of their sockets showed that it is alive.

    Args:
        user_id: the user's key.
        device_id: the device whose page or app holds the socket.
    """
    _tolerantly(lambda: cache.set(_key(user_id), True, timeout=limits().online_seconds))
    if device_id is not None:
        _tolerantly(lambda: cache.set(_device_key(user_id, device_id), True, timeout=limits().device_live_seconds))


def mark_all_online(signs: Iterable[tuple[UserKey, str | None]]) -> None:
    """`mark_online` for many at once.

    Args:
        signs: pairs of a user's key and a device.
    """
    users, devices = {}, {}
    for user_id, device_id in signs:
        users[_key(user_id)] = True
        if device_id is not None:
            devices[_device_key(user_id, device_id)] = True
    _tolerantly(lambda: cache.set_many(users, timeout=limits().online_seconds))
    _tolerantly(lambda: cache.set_many(devices, timeout=limits().device_live_seconds))


def mark_polling(user_id: UserKey) -> None:
    """Mark a user as online who asks by REST how things stand, as pages and apps do where no socket gets through.

    They ask every few seconds. The mark is renewed at the first time in each half of `online_seconds`; in between, the
    cache is asked to add what it has already and writes nothing.

    Args:
        user_id: the user's key.
    """
    half_seconds = max(1, limits().online_seconds // 2)
    if _tolerantly(lambda: cache.add(_polling_key(user_id), True, timeout=half_seconds)):
        mark_online(user_id)


def mark_offline(user_id: UserKey) -> None:
    """Note that this user's last socket in this process closed. A socket elsewhere, or the next time that they ask by
    REST, will mark the user online again."""
    _tolerantly(lambda: cache.delete_many([_key(user_id), _polling_key(user_id)]))


def mark_device_gone(user_id: UserKey, device_id: str) -> None:
    """Note that this device's last socket in this process closed."""
    _tolerantly(lambda: cache.delete_many([_device_key(user_id, device_id), _audible_key(user_id, device_id)]))


def mark_audible(user_id: UserKey, device_id: str, audible: bool) -> None:
    """Note whether one of a device's pages can be heard.

    Args:
        user_id: the user's key.
        device_id: the device whose page it is.
        audible: what the page says.
    """
    key = _audible_key(user_id, device_id)
    _tolerantly(lambda: cache.set(key, True, timeout=AUDIBLE_SECONDS) if audible else cache.delete(key))


def audible_devices(user_id: UserKey, device_ids: Iterable[str]) -> set[str]:
    """Of a user's devices, the ones with a page that said it can be heard. It may be gone: see `live_devices`."""
    keys = {_audible_key(user_id, each): each for each in device_ids}
    return {keys[key] for key in _tolerantly(lambda: cache.get_many(list(keys))) or ()} if keys else set()


def live_devices(devices: Iterable[tuple[UserKey, str]]) -> set[tuple[UserKey, str]]:
    """Of these devices (user key, device id), the ones that were alive within the last `device_live_seconds`."""
    keys = {_device_key(*each): each for each in devices}
    return {keys[key] for key in _tolerantly(lambda: cache.get_many(list(keys))) or ()} if keys else set()


def online(user_ids: Iterable[UserKey]) -> set[UserKey]:
    """Of these users, the ones who have a live page or app open."""
    keys = {_key(user_id): user_id for user_id in user_ids}
    return {keys[key] for key in _tolerantly(lambda: cache.get_many(list(keys))) or ()}


def _tolerantly(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception as error:  # every cache backend raises its own errors
        logger.warning("Presence is not known, the cache does not answer: %s", type(error).__name__)
        return None


def _key(user_id: UserKey) -> str:
    return f"online:{key_as_word(user_id)}"


def _polling_key(user_id: UserKey) -> str:
    return f"polling:{key_as_word(user_id)}"


def _device_key(user_id: UserKey, device_id: str) -> str:
    return f"live:{key_as_word(user_id)}:{device_id}"


def _audible_key(user_id: UserKey, device_id: str) -> str:
    return f"audible:{key_as_word(user_id)}:{device_id}"

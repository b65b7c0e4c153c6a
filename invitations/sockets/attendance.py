"""Who is connected: the sockets of this process that said hello, and the signs of life that they give.

The counts live on the event loop. Work that touches the database or the cache runs in the workers."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TypeVar

from invitations import calls
from invitations.live import presence
from invitations.models import UserKey
from invitations.push import devices
from invitations.store.sheets import Actor

K = TypeVar("K")

_of_user: Counter[UserKey] = Counter()
_on_device: Counter[tuple[UserKey, str]] = Counter()


def enter(user_id: UserKey, device_id: str, *, instead_of: str | None) -> None:
    """Count a socket in.

    Args:
        user_id: the user's key.
        device_id: the device that the socket said hello with.
        instead_of: the device that the same socket said hello with before, if any.
    """
    if instead_of is None:
        _of_user[user_id] += 1
    else:
        _take(_on_device, (user_id, instead_of))
    _on_device[user_id, device_id] += 1


def leave(user_id: UserKey, device_id: str) -> bool:
    """Count a socket out. Returns whether it was its device's last socket in this process."""
    _take(_of_user, user_id)
    _take(_on_device, (user_id, device_id))
    return (user_id, device_id) not in _on_device


def arrived(actor: Actor, *, now: datetime) -> None:
    """Record that a device said hello."""
    devices.seen(actor.user_id, actor.device_id, label=actor.device_label, now=now)
    alive(actor, now=now)


def alive(actor: Actor, *, now: datetime) -> None:
    """Record that a device gave a sign of life."""
    calls.prove_life(actor.user_id, actor.device_id, now=now)
    presence.mark_online(actor.user_id, actor.device_id)


def gone(user_id: UserKey, device_id: str) -> None:
    """Record that a device has gone, unless another of its sockets has come meanwhile."""
    if user_id not in _of_user:
        presence.mark_offline(user_id)
    if (user_id, device_id) not in _on_device:
        presence.mark_device_gone(user_id, device_id)


def _take(counts: Counter[K], key: K) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]

"""Who is connected: the sockets of this process by user, how many of them there may be, and the signs of life that they
give.

The counts live on the event loop. Work that touches the database or the cache runs in the workers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from invitations import calls
from invitations.conf import limits
from invitations.live import generations, presence
from invitations.models import UserKey
from invitations.push import devices
from invitations.sockets.pace import Pace
from invitations.sockets.workers import workers
from invitations.store.sheets import Actor


@dataclass(slots=True)
class _Present:
    """The sockets of one user, the oldest first, each with the device that it said hello with; and what they may send
    together."""

    pace: Pace
    sockets: dict[Any, str | None] = field(default_factory=dict)


GATHER_SECONDS = 2.0
"""How long signs of life are gathered before they are recorded together."""
_present: dict[UserKey, _Present] = {}
_signs: dict[tuple[UserKey, str | None], None] = {}
_recording: asyncio.Task[None] | None = None
"""Kept, because a task that nothing refers to may vanish."""


def admit(user_id: UserKey, socket: Any) -> list[Any]:
    """Count a socket in.

    Returns:
        The user's oldest sockets, as many as are too many now: they are to be closed.
    """
    known = _present.get(user_id)
    if known is None:
        known = _present[user_id] = _Present(Pace(limits().frames_per_second, limits().frames_burst))
        generations.watch(user_id)
    known.sockets[socket] = None
    return _beyond(list(known.sockets), limits().sockets_per_user)


def enter(user_id: UserKey, device_id: str, socket: Any) -> list[Any]:
    """Note which device a socket is of.

    Returns:
        The device's oldest sockets, as many as are too many now: they are to be closed.
    """
    sockets = _present[user_id].sockets
    sockets[socket] = device_id
    return _beyond([each for each, device in sockets.items() if device == device_id], limits().sockets_per_device)


def leave(user_id: UserKey, socket: Any) -> str | None:
    """Count a socket out. Returns the device whose last socket in this process it was; None if it was not that."""
    known = _present.get(user_id)
    if known is None:
        return None
    device_id = known.sockets.pop(socket, None)
    if not known.sockets:
        del _present[user_id]
        generations.forget(user_id)
    if device_id in known.sockets.values():
        return None
    _signs.pop((user_id, device_id), None)
    return device_id


def others(user_id: UserKey, device_id: str, socket: Any) -> list[Any]:
    """The other sockets of a device in this process."""
    known = _present.get(user_id)
    sockets = {} if known is None else known.sockets
    return [each for each, device in sockets.items() if device == device_id and each is not socket]


def pace_of(user_id: UserKey) -> Pace:
    """How fast the user's sockets may send, all together. At least one of them must be counted in."""
    return _present[user_id].pace


def arrived(actor: Actor, credential: str, *, now: datetime) -> None:
    """Record that a device said hello.

    Args:
        actor: the user on the device.
        credential: the session or token of the socket, as `devices.credential_of` names it.
    """
    devices.seen(actor.user_id, actor.device_id, label=actor.device_label, credential=credential, now=now)
    alive(actor, now=now)


def alive(actor: Actor, *, now: datetime) -> None:
    """Record that a device gave a sign of life."""
    calls.prove_life(actor.user_id, actor.device_id, now=now)
    presence.mark_online(actor.user_id, actor.device_id)


def alive_at_rest(user_id: UserKey, device_id: str) -> None:
    """Record that a device with nothing open gave a sign of life: soon, together with those of others."""
    global _recording
    _signs[user_id, device_id] = None
    if _recording is None or _recording.done():
        _recording = asyncio.get_running_loop().create_task(_record())


async def _record() -> None:
    await asyncio.sleep(GATHER_SECONDS)
    await workers.read(_mark_all)


def _mark_all() -> None:
    """Whoever has gone meanwhile is no longer among the signs."""
    signs = []
    # One by one, because more may come meanwhile on the event loop.
    while _signs:
        signs.append(_signs.popitem()[0])
    presence.mark_all_online(signs)


def gone(user_id: UserKey, device_id: str) -> bool:
    """Record that a device has gone, unless another of its sockets has come meanwhile.

    Returns:
        Whether it may have been ringing: then the calls must hear of it (`calls.went`).
    """
    known = _present.get(user_id)
    if known is None or not any(known.sockets.values()):
        presence.mark_offline(user_id)
    if known is None or device_id not in known.sockets.values():
        presence.mark_device_gone(user_id, device_id)
        return calls.is_rung(user_id)
    return False


def _beyond(sockets: list[Any], most: int) -> list[Any]:
    """The first of these that are more than `most`; none if `most` is 0."""
    return sockets[: len(sockets) - most] if most and len(sockets) > most else []

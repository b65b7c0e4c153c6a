"""The live socket: one per page or app, carrying state down and verbs up.

Holds no rule of calls: verbs go to the same operations as REST. Never touches the database on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any

from channels.layers import get_channel_layer
from django.utils import timezone

from invitations import calls
from invitations.conf import limits
from invitations.errors import SENTENCES, Code
from invitations.live import presence, publishing
from invitations.push import devices
from invitations.requests.problems import problem
from invitations.requests.verbs import perform, snapshot
from invitations.serializers import call_view, moment
from invitations.sockets import frames, signalling
from invitations.sockets.authentication import Identity, identify, origin_allowed, still_valid
from invitations.sockets.frames import BadFrame, Frame
from invitations.sockets.pace import Pace
from invitations.sockets.workers import workers
from invitations.store.sheets import Actor

logger = logging.getLogger(__name__)
NOT_AUTHENTICATED = 4401
BAD_ORIGIN = 4403
TOO_MUCH = 4429
"""For sockets that flood, or that never read."""
UNAVAILABLE = 4503
"""The database does not answer. Not 1008 and 1011: autobahn, and so daphne, lets applications close with 1000 and codes
from 3000 only."""
READING = frozenset({"get", "open", "timeline"})
FLOOD_FRAMES = 1000
"""Frames over the pace that are dropped before the socket is closed."""
SILENT_SECONDS = 30
"""A client that is sent frames and says nothing for this long, twice its time between syncs, does not read them."""
OUTBOX_CHARS = 8 * 1024 * 1024
"""Text that may be on its way to a client that says nothing, whatever the time."""
LAYER_SECONDS = 2
"""How long the channel layer may take before a socket goes on without it."""

_sockets_of: Counter[int] = Counter()
"""Sockets that said hello here, by user."""
_sockets_on: Counter[tuple[int, str]] = Counter()
"""The same by device."""


class LiveSocket:
    """One connection, from its handshake to its end.

    Args:
        scope: of the ASGI connection.
        receive: gives the server's next message.
        send: takes a message to the client.
    """

    def __init__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._layer: Any = get_channel_layer()
        self._channel = ""
        self._identity: Identity | None = None
        self._actor: Actor | None = None
        self._pump: asyncio.Task[None] | None = None
        self._pace = Pace(limits().frames_per_second, limits().frames_burst)
        self._dropped = 0
        self._unread = 0
        self._unread_chars = 0
        self._heard_at = monotonic()
        self._checked_at = monotonic()
        self._watch: asyncio.TimerHandle | None = None
        self._recheck: asyncio.Task[None] | None = None
        self._paths: dict[tuple[str, str, str], int] = {}
        self._paths_asked_at = 0.0

    async def serve(self) -> None:
        """Answer the handshake, then every frame until the client or the server closes."""
        publishing.serve_on(asyncio.get_running_loop())
        await self._receive()
        if not await self._admit():
            return
        self._guard()
        try:
            await self._read()
        finally:
            await self._forget()

    async def _admit(self) -> bool:
        await self._send({"type": "websocket.accept"})
        if not origin_allowed(self._scope):
            await self._close(BAD_ORIGIN)
            return False
        try:
            self._identity = await workers.read(partial(identify, self._scope))
        except Exception:
            logger.exception("A live socket could not be authenticated")
            await self._close(UNAVAILABLE)
            return False
        if self._identity is None:
            await self._close(NOT_AUTHENTICATED)
            return False
        return True

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            self._unread = self._unread_chars = 0
            self._heard_at = monotonic()
            try:
                if not await self._take(message):
                    return
            except BadFrame as bad:
                await self._say({"type": "error", "code": bad.code, "detail": bad.detail, **bad.about})
            except Exception:
                logger.exception("A frame of user %s failed", self._identity and self._identity.user_id)
                await self._say({"type": "error", "code": Code.UNAVAILABLE, "detail": SENTENCES[Code.UNAVAILABLE]})

    async def _take(self, message: Frame) -> bool:
        """Act on one frame; False when the socket is closed by it."""
        if not self._pace.allows(len(message.get("text") or message.get("bytes") or "")):
            self._dropped += 1
            if self._dropped > FLOOD_FRAMES:
                await self._close(TOO_MUCH)
                return False
            raise BadFrame(Code.THROTTLED, "Too many frames; this one was dropped.")
        frame = frames.parse(message)
        kind = frame["type"]
        if kind == "hello":
            await self._hello(frame)
            return True
        if self._actor is None:
            raise BadFrame(Code.INVALID, "Say hello first.")
        if kind == "request":
            await self._request(frame)
            return True
        if kind == "sync":
            return await self._sync(frame)
        if kind == "signal":
            await self._signal(frame)
            return True
        raise BadFrame(Code.INVALID, "There is no such frame type.")

    async def _hello(self, frame: Frame) -> None:
        """Learn the device, join the user's group, then send everything that is open: nothing falls between."""
        device_id, label, _audible = frames.hello(frame)
        identity = self._identity
        assert identity is not None  # noqa: S101  admitted
        await self._join()
        actor = Actor(
            user_id=identity.user_id,
            username=identity.username,
            device_id=device_id,
            device_label=label,
            origin=self._channel or None,
            lives=True,
        )
        await workers.write(partial(_arrive, actor))
        answer = await workers.read(partial(_snapshot, actor))
        if self._actor is None:
            _sockets_of[identity.user_id] += 1
        else:
            _left_device(identity.user_id, self._actor.device_id)
        _sockets_on[identity.user_id, device_id] += 1
        self._actor = actor
        self._paths.clear()
        await self._say(answer)
        self._listen()

    async def _request(self, frame: Frame) -> None:
        request_id, verb, call_id, body = frames.request(frame)
        actor = self._actor
        assert actor is not None  # noqa: S101  said hello
        # Whoever has just left a call must not reach into it by what was asked before.
        self._paths.clear()
        lane = workers.read if verb in READING else workers.write
        try:
            status, answer = await lane(partial(_perform, verb, actor, call_id, body))
        except Exception:
            logger.exception("Verb %s failed over the socket", verb[:32])
            answer = problem(Code.UNAVAILABLE)
            status = answer["status"]
        await self._say({"type": "result", "id": request_id, "status": status, "body": answer})

    async def _sync(self, frame: Frame) -> bool:
        held = frames.held_calls(frame)
        identity, actor = self._identity, self._actor
        assert identity is not None and actor is not None  # noqa: S101, PT018  said hello
        # Before the look: what is published after it must find the way here. After a reconnect of the layer the group
        # may have been forgotten; adding twice is adding once.
        await self._join()
        answer = await workers.read(partial(_synced, identity, actor, held))
        if answer is None:
            await self._close(NOT_AUTHENTICATED)
            return False
        self._checked_at = monotonic()
        self._paths.clear()
        await self._say(answer)
        self._listen()
        return True

    async def _signal(self, frame: Frame) -> None:
        call_id, to_user, to_device, data = frames.signal(frame)
        actor = self._actor
        assert actor is not None  # noqa: S101  said hello
        path = (call_id, to_user, to_device)
        # Asked once per path; any news of a call, every request and sync, and time make it asked again.
        if monotonic() - self._paths_asked_at > limits().sync_open_seconds:
            self._paths.clear()
            self._paths_asked_at = monotonic()
        if path not in self._paths:
            look = partial(signalling.receiver, call_id, actor.user_id, actor.device_id, to_user, to_device)
            self._paths[path] = await workers.read(look)
        signalling.relay(
            self._paths[path],
            to_device,
            call_id=call_id,
            sender=actor.username,
            sender_device=actor.device_id,
            data=data,
        )

    async def _join(self) -> None:
        """Have what is published to this user come here. While the layer is away the next `sync` tries again."""
        assert self._identity is not None  # noqa: S101  admitted
        try:
            async with asyncio.timeout(LAYER_SECONDS):
                if not self._channel:
                    self._channel = await self._layer.new_channel()
                await self._layer.group_add(publishing.group_of(self._identity.user_id), self._channel)
        except Exception as error:  # Redis may be away in any of a dozen ways
            logger.warning("A live socket goes without live frames until its next sync: %s", type(error).__name__)
        if self._actor is not None and self._channel and self._actor.origin != self._channel:
            self._actor = replace(self._actor, origin=self._channel)

    def _listen(self) -> None:
        if self._pump is None and self._channel:
            self._pump = asyncio.get_running_loop().create_task(self._deliver())

    async def _deliver(self) -> None:
        """Carry what is published to this user down the socket."""
        actor = self._actor
        while actor is not None:
            message = await self._layer.receive(self._channel)
            actor = self._actor
            if message["type"] == "live.frame":
                self._paths.clear()
                if message["origin"] == self._channel:
                    continue
            elif message.get("device_id") != (actor and actor.device_id):
                continue
            text = message["text"]
            self._unread += 1
            self._unread_chars += len(text)
            if self._never_reads():
                await self._close(TOO_MUCH)
                return
            try:
                await self._send({"type": "websocket.send", "text": text})
            except Exception:  # the connection is gone in whatever way the server puts it; reading will notice
                return

    def _never_reads(self) -> bool:
        if self._unread_chars > OUTBOX_CHARS:
            return True
        return self._unread > limits().outbox_frames and monotonic() - self._heard_at > SILENT_SECONDS

    def _guard(self) -> None:
        """Look at the session or token of a client that does not sync, too: sign-out must reach every socket."""
        terms = limits()
        patience = terms.sync_idle_seconds + terms.sync_open_seconds
        wait = self._checked_at + patience - monotonic()
        loop = asyncio.get_running_loop()
        if wait <= 0:
            self._checked_at, wait = monotonic(), patience
            self._recheck = loop.create_task(self._close_if_signed_out())
        self._watch = loop.call_later(wait, self._guard)

    async def _close_if_signed_out(self) -> None:
        assert self._identity is not None  # noqa: S101  admitted
        try:
            if not await workers.read(partial(still_valid, self._identity)):
                await self._close(NOT_AUTHENTICATED)
        except Exception:
            logger.exception("A live socket could not be checked; its next sync is")

    async def _say(self, frame: Frame) -> None:
        await self._send({"type": "websocket.send", "text": publishing.encode_anything(frame)})

    async def _close(self, code: int) -> None:
        await self._send({"type": "websocket.close", "code": code})

    async def _forget(self) -> None:
        assert self._identity is not None  # noqa: S101  admitted
        user_id = self._identity.user_id
        if self._watch is not None:
            self._watch.cancel()
        for task in (self._recheck, self._pump):
            if task is not None:
                task.cancel()
        last = self._actor is not None and _sockets_of[user_id] == 1
        if self._actor is not None:
            _sockets_of[user_id] -= 1
        if last:
            del _sockets_of[user_id]
        gone = _left_device(user_id, self._actor.device_id) if self._actor is not None else None
        try:
            await self._part(user_id)
        finally:
            if gone is not None or last:
                await workers.read(partial(_gone, user_id, gone))

    async def _part(self, user_id: int) -> None:
        if not self._channel:
            return
        try:
            async with asyncio.timeout(LAYER_SECONDS):
                await self._layer.group_discard(publishing.group_of(user_id), self._channel)
                if hasattr(self._layer, "close_channel"):
                    await self._layer.close_channel(self._channel)
        except Exception as error:  # as in _join
            logger.warning("A live socket could not leave its group: %s", type(error).__name__)


def _left_device(user_id: int, device_id: str) -> str | None:
    """Count one socket less on a device; gives the device if that was its last one here."""
    _sockets_on[user_id, device_id] -= 1
    if _sockets_on[user_id, device_id]:
        return None
    del _sockets_on[user_id, device_id]
    return device_id


def _gone(user_id: int, device_id: str | None) -> None:
    # Another socket may have come meanwhile.
    if user_id not in _sockets_of:
        presence.mark_offline(user_id)
    if device_id is not None and (user_id, device_id) not in _sockets_on:
        presence.mark_device_gone(user_id, device_id)


def _perform(verb: str, actor: Actor, call_id: str | None, body: object) -> tuple[int, Frame]:
    return perform(verb, actor=actor, call_id=call_id, body=body, now=timezone.now())


def _arrive(actor: Actor) -> None:
    now = timezone.now()
    devices.seen(actor.user_id, actor.device_id, label=actor.device_label, now=now)
    calls.prove_life(actor.user_id, actor.device_id, now=now)
    presence.mark_online(actor.user_id, actor.device_id)


def _snapshot(actor: Actor) -> Frame:
    now = timezone.now()
    return {"type": "snapshot", "user": calls.me(actor.user_id, actor.username), **snapshot(actor.user_id, now)}


def _synced(identity: Identity, actor: Actor, held: dict[str, int]) -> Frame | None:
    if not still_valid(identity):
        return None
    now = timezone.now()
    presence.mark_online(actor.user_id, actor.device_id)
    calls.prove_life(actor.user_id, actor.device_id, now=now)
    found = calls.sync(actor.user_id, held, now=now)
    return {
        "type": "synced",
        "server_time": moment(now),
        "calls": [call_view(each, actor.user_id, now) for each in found.sheets],
        "gone": found.gone,
    }

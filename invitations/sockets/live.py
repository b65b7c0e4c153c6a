"""The live socket: one per page or app, which receives state and sends verbs.

Contains no rules of calls: verbs run the same operations as REST. Never touches the database on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from math import inf
from time import monotonic

from django.db import DatabaseError
from django.utils import timezone

from invitations import calls
from invitations.calls.permits import Unasked
from invitations.conf import limits
from invitations.credentials import taking_back
from invitations.errors import CallError, Code
from invitations.live import generations, presence, publishing
from invitations.models import UserKey
from invitations.requests import audit, ring_hook, service_access
from invitations.requests.acts import Answer, snapshot
from invitations.requests.problems import InvalidInput, call_problem, invalid_problem, problem
from invitations.requests.verbs import VERBS, perform
from invitations.serializers import call_view, moment
from invitations.shapes.frames import NOT_AUTHENTICATED, ONE_TOO_MANY, TOO_MUCH
from invitations.sockets import attendance, frames, signalling
from invitations.sockets.authentication import Identity, renewed
from invitations.sockets.frames import BadFrame, Frame
from invitations.sockets.line import Line
from invitations.sockets.pace import Unread
from invitations.sockets.subscription import Subscription
from invitations.sockets.workers import workers
from invitations.store.sheets import Actor

logger = logging.getLogger(__name__)
FLOOD_FRAMES = 1000
"""How many frames over the pace are dropped before the socket is closed."""


class LiveSocket:
    """The connection of one admitted user, until it ends.

    Args:
        identity: the user.
        receive: returns the next message from the server.
        line: the outgoing side of the connection.
        address: the client's, for the audit log; empty if it is not known.
    """

    def __init__(self, identity: Identity, receive: Callable[[], Awaitable[Frame]], line: Line, address: str) -> None:
        self._identity = identity
        self._address = address
        self._receive = receive
        self._line = line
        self._subscription = Subscription(identity.user_id)
        self._actor: Actor | None = None
        """None until the client has said hello."""
        self._audible = False
        self._dropped = 0
        self._unread = Unread()
        self._paths = signalling.Paths()
        self._pump: asyncio.Task[None] | None = None
        self._checked_at = monotonic()
        self._looked_at = monotonic()
        self._synced_at = -inf
        self._rests_at: tuple[int, int] | None = None
        """The generation at which nothing was open; None if something was."""
        self._watch: asyncio.TimerHandle | None = None
        self._recheck: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Handle frames until the client or the server closes."""
        try:
            await _close_all(attendance.admit(self._identity.user_id, self))
            self._guard()
            await self._read()
        finally:
            await self._forget()

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            self._unread.heard()
            try:
                if not await self._take(message):
                    return
            except BadFrame as bad:
                await self._line.say({"type": "error", "code": bad.code, "detail": bad.detail, **bad.about})
            except Exception:
                logger.exception("A frame of user %s failed", self._identity.user_id)
                failed = {"type": "error", "code": Code.UNAVAILABLE, "detail": Code.UNAVAILABLE.sentence}
                await self._line.say(failed)

    async def _take(self, message: Frame) -> bool:
        """Handle one message. Returns False if that closed the socket."""
        pace = attendance.pace_of(self._identity.user_id)
        if not pace.allows(len(message.get("text") or message.get("bytes") or "")):
            return await self._drop()
        frame = frames.parse(message)
        kind = frame["type"]
        if kind == "hello" and not pace.allows_hello():
            return await self._drop()
        actor = self._actor
        if kind == "hello":
            await self._hello(frame)
            return True
        if actor is None:
            raise BadFrame(Code.INVALID, "Say hello first.")
        if kind == "request":
            await self._request(actor, frame)
            return True
        if kind == "sync":
            return await self._sync(actor, frame)
        if kind == "signal":
            await self._signal(actor, frame)
            return True
        raise BadFrame(Code.INVALID, "There is no such frame type.")

    async def _drop(self) -> bool:
        """Leave a frame unheard, and close the socket if it goes on. Returns False if it was closed."""
        self._dropped += 1
        if self._dropped > FLOOD_FRAMES:
            await self._line.close(TOO_MUCH)
            return False
        raise BadFrame(Code.THROTTLED, "Too many frames; this one was dropped.")

    async def _hello(self, frame: Frame) -> None:
        """Learn the device, join the user's group, then send everything that is open, so that nothing is missed."""
        device_id, label, audible = frames.hello(frame)
        await self._join()
        actor = Actor(
            user_id=self._identity.user_id,
            username=self._identity.username,
            device_id=device_id,
            device_label=label,
            origin=self._subscription.channel,
            lives=True,
            token_life=self._identity.token_life,
            service=None if self._identity.service is None else self._identity.service.name,
            titles=self._identity.titles,
            address=self._address,
        )
        await workers.write(partial(_arrive, actor, self._identity.credential))
        # Another page of this device may be the one that can be heard: only the one that was takes its word back.
        if audible or self._audible:
            await workers.read(partial(presence.mark_audible, actor.user_id, device_id, audible))
        self._audible = audible
        generation = generations.of(actor.user_id)
        answer = await workers.read(partial(_snapshot, actor))
        self._looked(generation, answer)
        await _close_all(attendance.enter(actor.user_id, device_id, self))
        self._actor = actor
        self._paths.forget()
        await self._line.say(answer)
        self._listen()

    async def _request(self, actor: Actor, frame: Frame) -> None:
        request_id, verb, call_id, said = frames.request(frame)
        # A device that has just left a call must not signal into it by a remembered answer.
        self._paths.forget()
        self._rests_at = None
        asked = VERBS.get(verb)
        lane = workers.read if asked is not None and asked.reads else workers.perform
        try:
            service_access.refuse_in(frame)
            status, answer = await _done(lane, partial(_perform, verb, actor, call_id, said))
            # Here and not in a worker, which does a verb again if the transaction that it shares with others breaks.
            if actor.service is not None and asked is not None and not asked.reads and status < HTTPStatus.BAD_REQUEST:
                audit.service_performed(verb, service=actor.service, user_id=actor.user_id, address=actor.address)
        except InvalidInput as invalid:
            answer = invalid_problem(invalid)
            status = answer["status"]
        except Exception:
            logger.exception("Verb %s failed over the socket", verb[:32])
            answer = problem(Code.UNAVAILABLE)
            status = answer["status"]
        await self._line.say({"type": "result", "id": request_id, "status": status, "body": answer})

    async def _sync(self, actor: Actor, frame: Frame) -> bool:
        held = frames.held_calls(frame)
        self._synced_at = monotonic()
        # Before reading: what is published after the read must arrive here.
        await self._join()
        generation = generations.of(actor.user_id)
        is_fresh = monotonic() - self._looked_at < limits().look_seconds
        if not held and self._rests_at == generation and is_fresh and self._subscription.is_sure():
            attendance.alive_at_rest(actor.user_id, actor.device_id)
            await self._line.say({"type": "synced", "server_time": moment(timezone.now()), "calls": [], "gone": []})
            return True
        found = await workers.read(partial(_synced, self._identity, actor, held))
        if found is None:
            await self._sign_out()
            return False
        identity, answer = found
        if not answer["calls"]:
            attendance.alive_at_rest(actor.user_id, actor.device_id)
        self._is(identity)
        self._checked_at = monotonic()
        self._looked(generation, answer)
        self._paths.forget()
        await self._line.say(answer)
        self._listen()
        return True

    def _looked(self, generation: tuple[int, int], answer: Frame) -> None:
        """Note what the database says now, as of a generation before it was asked."""
        self._looked_at = monotonic()
        self._rests_at = None if answer["calls"] else generation

    async def _signal(self, actor: Actor, frame: Frame) -> None:
        call_id, to_user, to_device, data = frames.signal(frame)
        receiver_id = await self._paths.receiver(actor, call_id, to_user, to_device)
        signalling.relay(
            receiver_id,
            to_device,
            call_id=call_id,
            sender=actor.username,
            sender_device=actor.device_id,
            data=data,
        )

    async def _join(self) -> None:
        await self._subscription.join()
        channel = self._subscription.channel
        if self._actor is not None and self._actor.origin != channel:
            self._actor = replace(self._actor, origin=channel)

    def _listen(self) -> None:
        if self._pump is None and self._subscription.channel is not None:
            self._pump = asyncio.get_running_loop().create_task(self._deliver())

    async def _deliver(self) -> None:
        """Send what is published to this user down the socket."""
        while True:
            message = await self._subscription.receive()
            generations.bump(self._identity.user_id)
            if message["type"] == publishing.RECHECK:
                self._recheck_now(is_removed=self._is_removed(message))
                continue
            if message["type"] == publishing.ANEW:
                await self._say_anew()
                continue
            if message["type"] == "live.frame":
                self._paths.forget()
                if message["origin"] == self._subscription.channel:
                    continue
            elif self._actor is None or message.get("device_id") != self._actor.device_id:
                continue
            text = message["text"]
            self._unread.adds(len(text))
            if self._unread.is_too_much():
                await self._line.close(TOO_MUCH)
                return
            try:
                await self._line.carry(text)
            except Exception:  # servers report a lost connection in many ways; reading will notice
                return

    async def _say_anew(self) -> None:
        """Say what is going on, before anything that was published afterwards."""
        if self._actor is None:
            return
        self._paths.forget()
        try:
            await self._line.say(await workers.read(partial(_snapshot, self._actor)))
        except Exception:
            logger.exception("A live socket could not say anew what is going on; its next sync does")

    def _guard(self) -> None:
        """Check the session or token of a client that does not sync, too: signing out must close every socket. One that
        does is checked by its next look."""
        terms = limits()
        patience: float = terms.look_seconds
        if monotonic() - self._synced_at < 2 * terms.sync_idle_seconds:
            patience += min(terms.sync_idle_seconds, patience / 4)
        wait = self._checked_at + patience - monotonic()
        loop = asyncio.get_running_loop()
        if wait <= 0:
            wait = patience
            self._recheck_now()
        self._watch = loop.call_later(wait, self._guard)

    def _is_removed(self, message: Frame) -> bool:
        """Whether the socket's device was removed, and not by its own session or token. Processes of an older version
        name no device."""
        actor = self._actor
        return (
            actor is not None
            and message.get("removed") == actor.device_id
            and message["besides"] != self._identity.credential
        )

    def _recheck_now(self, *, is_removed: bool = False) -> None:
        self._checked_at = monotonic()
        self._recheck = asyncio.get_running_loop().create_task(self._sign_out() if is_removed else self._check())

    def _is(self, identity: Identity) -> None:
        """Go by the user's public id, the session's key and the token's end of now, which may be new since the socket
        was opened."""
        self._identity = identity
        if self._actor is not None:
            self._actor = _as_of(self._actor, identity)

    async def _check(self) -> None:
        """Close the socket if its session or token has ended, and say so if its user has another name."""
        try:
            identity = await workers.read(partial(renewed, self._identity))
            if identity is None:
                await self._sign_out()
                return
            is_renamed = identity.username != self._identity.username
            self._is(identity)
            if is_renamed and self._actor is not None:
                await self._line.say(await workers.read(partial(_snapshot, self._actor)))
        except Exception:
            logger.exception("A live socket could not be checked; its next sync is")

    async def _sign_out(self) -> None:
        """Close the socket, whose session or token has ended, and leave the calls that its device is in, unless it is
        here by another one."""
        if self._actor is not None:
            others = attendance.others(self._actor.user_id, self._actor.device_id, self)
            await workers.write(partial(_depart, self._actor, {each.identity for each in others}))
        await self._line.close(NOT_AUTHENTICATED)

    async def _forget(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        for task in (self._recheck, self._pump):
            if task is not None:
                task.cancel()
        user_id = self._identity.user_id
        gone = attendance.leave(user_id, self)
        try:
            await self._subscription.leave()
        finally:
            if gone is not None:
                await self._fall_silent(user_id, gone)

    async def _fall_silent(self, user_id: UserKey, device_id: str) -> None:
        # Without the database, callers read until the deadline that it rings.
        with suppress(DatabaseError):
            if await workers.read(partial(attendance.gone, user_id, device_id)):
                await workers.write(partial(calls.went, user_id, device_id, now=timezone.now()))

    @property
    def identity(self) -> Identity:
        """The user, and what proves it."""
        return self._identity

    async def give_way(self) -> None:
        """Close, because the user has opened more sockets than one may have."""
        with suppress(Exception):  # servers report a lost connection in many ways; reading will notice
            await self._line.close(ONE_TOO_MANY)


async def _close_all(sockets: list[LiveSocket]) -> None:
    for each in sockets:
        await each.give_way()


async def _done(lane: Callable[[Callable[[], Answer]], Awaitable[Answer]], act: Callable[..., Answer]) -> Answer:
    """Do a verb; if the ring hook is to be asked first, do so here, where nothing waits for it but this socket."""
    try:
        return await lane(act)
    except Unasked as unasked:
        now = timezone.now()
        try:
            found = await workers.read(partial(ring_hook.find, unasked.question, now=now))
            try:
                permit = await ring_hook.ask(found, unasked.question, now=now)
            finally:
                if found is not None and found.has_turned:
                    await workers.write(partial(ring_hook.note, found, now=now))
            if ring_hook.RESOURCE in permit.changed:
                permit = await workers.read(partial(ring_hook.known, permit, found))
        except CallError as error:
            refusal = call_problem(error, None, timezone.now())
            return refusal["status"], refusal
        return await lane(partial(act, permit=permit))


def _perform(
    verb: str, actor: Actor, call_id: str | None, said: Frame, *, permit: ring_hook.Permit | None = None
) -> Answer:
    return perform(verb, actor=actor, call_id=call_id, now=timezone.now(), permit=permit, **said)


def _depart(actor: Actor, others: set[Identity]) -> None:
    """Leave the calls that the device is in, unless one of its other sockets has a session or token that goes on."""
    if not any(renewed(each) for each in others):
        taking_back.leave_calls(actor.user_id, actor.device_id)


def _arrive(actor: Actor, credential: str) -> None:
    attendance.arrived(actor, credential, now=timezone.now())


def _snapshot(actor: Actor) -> Frame:
    now = timezone.now()
    return {"type": "snapshot", **snapshot(actor, now)}


def _as_of(actor: Actor, identity: Identity) -> Actor:
    return replace(actor, username=identity.username, token_life=identity.token_life)


def _synced(identity: Identity, actor: Actor, held: dict[str, int]) -> tuple[Identity, Frame] | None:
    """Who the user is now, and the answer; None if the session or token has ended."""
    again = renewed(identity)
    if again is None:
        return None
    now = timezone.now()
    if not held and again.username == identity.username and not calls.has_open_calls(actor.user_id):
        # In no call, so that no lease is to be renewed. Most looks are such.
        return again, {"type": "synced", "server_time": moment(now), "calls": [], "gone": []}
    attendance.alive(actor, now=now)
    if again.username != identity.username:
        return again, _snapshot(_as_of(actor, again))
    found = calls.sync(actor.user_id, held, now=now)
    return again, {
        "type": "synced",
        "server_time": moment(now),
        "calls": [call_view(each, actor.user_id, now) for each in found.sheets],
        "gone": found.gone,
    }

"""Publishing to open pages and apps: a hint that something changed, which carries the whole state.

Never raises and never delays a verb. What must not be lost is in the database; `sync` brings what a lost hint held."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from invitations import words
from invitations.live import generations
from invitations.live.publishers import Addressed, publisher
from invitations.models import UserKey, key_as_word
from invitations.serializers import person_view, seen_by, shared_view
from invitations.store.sheets import CallSheet

logger = logging.getLogger(__name__)

RECHECK = "live.recheck"
"""The message that asks a socket to look whether its session or token is still valid."""
ANEW = "live.anew"
"""The message that has a socket say anew what is going on."""
DISPATCHERS = "callinvite.dispatchers"
"""The channel group of all dispatchers."""
HOOKS = "hooks"
"""What a hint to dispatchers is about, if it is not about devices."""


class _Thread(threading.local):
    kept: list[Addressed] | None = None


_thread = _Thread()
_held_rechecks: ContextVar[list[Callable[[], None]] | None] = ContextVar("held_rechecks", default=None)
_utf8_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_ascii_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def group_of(user_id: UserKey) -> str:
    """The channel group of all live sockets of a user."""
    return f"callinvite.user.{key_as_word(user_id)}"


def publish_call(
    sheet: CallSheet,
    kinds: list[str],
    *,
    actor: str | None,
    now: datetime,
    receivers: Iterable[UserKey],
    origin: str | None = None,
) -> None:
    """Tell people what happened in a call, with one frame per receiver.

    Args:
        sheet: the call after the change; must not change any more.
        kinds: the facts of the change, with the act itself first.
        actor: the public id of the user who acted; None for the server.
        now: the server's time.
        receivers: the users' keys.
        origin: the channel of the socket that asked; skipped, because it gets the result as its answer.
    """
    try:
        there = publisher()
        if there is None:
            return
        reached = []
        for user_id in receivers:
            generations.bump(user_id)
            group = group_of(user_id)
            if there.reaches(group, besides=origin):
                reached.append((user_id, group))
        if not reached:
            return
        shared = shared_view(sheet, now)
        messages = []
        # Not in the actor's language, which may not be the receivers'.
        with words.in_language(""):
            for user_id, group in reached:
                frame = {
                    "type": "call",
                    "event": kinds[0],
                    "events": kinds,
                    "actor": actor,
                    # A page that was opened under another name learns from it whose call this is.
                    "user": person_view(sheet.people[user_id]),
                    "call": seen_by(user_id, sheet, shared, now),
                }
                messages.append((group, {"type": "live.frame", "text": encode(frame), "origin": origin}))
        _publish(messages)
    except Exception:
        logger.exception("Live frames of call %s were not published; sync will heal it", sheet.call.call_id)


def publish_history(user_id: UserKey, *, missed_unseen: int, origin: str | None = None) -> None:
    """Tell all sockets of a user how many missed calls are unseen, so that no device keeps an outdated badge.

    Args:
        user_id: the user's key.
        missed_unseen: how many.
        origin: the channel of the socket that asked; skipped, because it gets the result as its answer.
    """
    try:
        there, group = publisher(), group_of(user_id)
        if there is not None and there.reaches(group, besides=origin):
            text = encode({"type": "history", "missed_unseen": missed_unseen})
            _publish([(group, {"type": "live.frame", "text": text, "origin": origin})])
    except Exception:
        logger.exception("A cleared badge was not published; the next snapshot has it")


def publish_anew(user_id: UserKey) -> None:
    """Have all sockets of a user say anew what is going on: something has changed for them alone, by which no call has
    got a new revision."""
    try:
        generations.bump(user_id)
        there, group = publisher(), group_of(user_id)
        if there is not None and there.reaches(group):
            _publish([(group, {"type": ANEW})])
    except Exception:
        logger.exception("The sockets of a user were not told what is going on; sync will heal it")


def publish_own(user_id: UserKey, frame: Callable[[], dict[str, Any]]) -> None:
    """Tell all sockets of a user what they have settled themselves, on another of their pages or by REST.

    Args:
        user_id: the user's key.
        frame: what to tell; made only if somebody is there.
    """
    _publish_own(user_id, frame, is_told=True)


def seem_to_publish_own(user_id: UserKey, frame: Callable[[], dict[str, Any]]) -> None:
    """What takes as long as `publish_own` for whoever caused it, and tells nobody anything.

    Args:
        user_id: the user's key.
        frame: what would be told.
    """
    _publish_own(user_id, frame, is_told=False)


def _publish_own(user_id: UserKey, frame: Callable[[], dict[str, Any]], *, is_told: bool) -> None:
    try:
        there, group = publisher(), group_of(user_id)
        if there is not None and there.reaches(group):
            # Not in the language of whoever asked, who may be somebody else.
            with words.in_language(""):
                text = encode(frame())
            _publish([(group, {"type": "live.frame", "text": text, "origin": None})] if is_told else [])
    except Exception:
        logger.exception("What a user has settled was not published; the next snapshot and list have it")


def publish_recheck(user_id: UserKey, *, device_id: str | None = None, besides: str = "") -> None:
    """Ask all sockets of a user, on commit, to look whether they may still be open.

    Args:
        user_id: the key of a user one of whose sessions or tokens may have ended.
        device_id: a device whose sockets are to close in any case.
        besides: the session or token whose sockets are not, as `push.devices.credential_of` names it.
    """
    transaction.on_commit(partial(_publish_recheck, user_id, {"removed": device_id, "besides": besides}))


@contextmanager
def rechecks_held() -> Iterator[None]:
    """Ask sockets to look only once the block has ended."""
    held: list[Callable[[], None]] = []
    token = _held_rechecks.set(held)
    try:
        yield
    finally:
        _held_rechecks.reset(token)
        for each in held:
            each()


def _publish_recheck(user_id: UserKey, about: dict[str, str | None]) -> None:
    held = _held_rechecks.get()
    if held is not None:
        held.append(partial(_publish_recheck, user_id, about))
        return
    try:
        generations.bump(user_id)
        there, group = publisher(), group_of(user_id)
        if there is not None and there.reaches(group):
            _publish([(group, {"type": RECHECK, **about})])
    except Exception:
        logger.exception("The sockets of a user were not asked to look; they do so by themselves")


def wake_dispatchers() -> None:
    """Tell every dispatcher that there is work to do now. Only a hint: they look on their own every second."""
    try:
        _publish([(DISPATCHERS, {"type": "dispatcher.wake"})])
    except Exception:
        logger.exception("The dispatchers were not woken; they look by themselves")


def wake_hooks() -> None:
    """Tell every dispatcher that hooks are owed something. Only a hint, too."""
    try:
        _publish([(DISPATCHERS, {"type": "dispatcher.wake", "about": HOOKS})])
    except Exception:
        logger.exception("The dispatchers were not woken for hooks; they look by themselves")


def publish(group: str, message: dict[str, Any]) -> None:
    """Send a message to a channel group from any thread, without waiting until it is received."""
    _publish([(group, message)])


@contextmanager
def gathered() -> Iterator[None]:
    """Hold back what this thread publishes until the block ends, then publish it all: the loop is woken only once."""
    _thread.kept = []
    try:
        yield
    finally:
        kept, _thread.kept = _thread.kept, None
        try:
            _publish(kept)
        except Exception:
            logger.exception("Live frames were not published; sync will heal it")


def encode(frame: dict[str, Any]) -> str:
    """A frame as JSON text without extra spaces."""
    return _utf8_encoder.encode(frame)


def encode_anything(frame: dict[str, Any]) -> str:
    """Like `encode`, for frames that repeat what a client sent: always ASCII, whatever characters they contain."""
    return _ascii_encoder.encode(frame)


def _publish(messages: list[Addressed]) -> None:
    if _thread.kept is not None:
        _thread.kept += messages
        return
    if messages and (there := publisher()) is not None:
        there.publish(messages)

"""Asks the ring hook before anybody is rung: outside of any transaction, once, and for no longer than a second.

Whatever is not a good answer is a failure, and CALLINVITE_RING_HOOK_FAILS says what becomes of the ring then. Never log
what was asked or answered: it holds words of people."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import DatabaseError

from invitations import sealing
from invitations.calls.permits import Permit, Question
from invitations.conf import is_hook_network, limits
from invitations.errors import CallError, Code
from invitations.hooks import keys, signing, switching
from invitations.models import Hook, HookKind, names
from invitations.models.hook import RING_ASK
from invitations.requests import inputs
from invitations.requests.counters import Bound, count, key_of
from invitations.requests.fields import Refused
from invitations.store import looks
from invitations.transports import Failure, FailureCode, targets
from invitations.transports.outbound import Outbound
from invitations.transports.waiting import do_there_too, wait_for
from invitations.words import say_lazy

logger = logging.getLogger(__name__)
JSON = dict[str, Any]
ASK_SECONDS = 1.0
"""How long an answer may take, from the name's resolution to its last byte."""
CONNECTIONS = 64
DETAIL_CHARS = 512
RESOURCE = "resource_id"
CHANGEABLE = ("notification_message", RESOURCE, "timeout_seconds")
"""What an answer may change of a ring, within the bounds that callers have."""


@dataclass(slots=True)
class Found:
    """The ring hook.

    Args:
        hook: as it was found.
        has_turned: once it was asked: it fails now and did not before, or it answers again.
    """

    hook: Hook
    has_turned: bool = False


class NoAnswer(Exception):
    """The hook gave no good answer; the message is a code."""


def find(question: Question, *, now: datetime) -> Found | None:
    """The ring hook, which is to be asked this. What it refuses counts as no invitation, so each caller has it asked no
    more often than they may invite: nobody can wear it out.

    Args:
        question: what is about to be done.
        now: an aware datetime.

    Returns:
        None if there is none any more. One query.

    Raises:
        CallError: `throttled` with `retry_after_seconds`, if there were `sends_per_minute` questions.
    """
    most = limits().sends_per_minute
    try:
        wait = count([Bound(key_of("ring-hook", question.caller), most, 60)], now.timestamp()) if most > 0 else 0
    except Exception:
        # People are called without the cache.
        logger.exception("Questions to the ring hook are not counted: the cache does not answer")
        wait = 0
    if wait:
        raise CallError(Code.THROTTLED, retry_after_seconds=wait)
    hook = Hook.objects.filter(kind=HookKind.RING, is_active=True).first()
    return None if hook is None else Found(hook)


def note(found: Found | None, *, now: datetime) -> None:
    """Let the hook's owner and admins see since when it fails, or that it answers again. Writes only when that changes.

    Args:
        found: as it was asked.
        now: an aware datetime.
    """
    if found is None or not found.has_turned:
        return
    try:
        if found.hook.failing_since is None:
            switching.note_failure(found.hook.pk, now=now)
        else:
            switching.works_again(found.hook.pk)
    except DatabaseError:
        # What it answered holds all the same.
        logger.exception("Hook %s turned, and that is not noted", found.hook.hook_id)


def known(permit: Permit, found: Found | None) -> Permit:
    """The answer without a ring resource that there is not: the caller's own is better than none. Asks the database.

    Args:
        permit: what the hook answered.
        found: the hook.
    """
    resource_id = permit.changed.get(RESOURCE)
    if found is None or resource_id is None or looks.is_known(resource_id):
        return permit
    logger.warning("Hook %s would change %s to one that there is not, which is ignored", found.hook.hook_id, RESOURCE)
    return replace(permit, changed={name: each for name, each in permit.changed.items() if name != RESOURCE})


def ask_and_wait(question: Question, *, now: datetime) -> Permit:
    """Ask from a thread. Arguments, result and errors as of `find` and `ask`."""
    found = find(question, now=now)
    try:
        return known(wait_for(ask(found, question, now=now)), found)
    finally:
        note(found, now=now)


async def ask(found: Found | None, question: Question, *, now: datetime) -> Permit:
    """Ask the hook about a ring. To be noted afterwards.

    Args:
        found: the hook; None allows everything.
        question: what is about to be done.
        now: an aware datetime, for the signature.

    Raises:
        CallError: `unavailable`: it gave no good answer, and rings are not let through without one.
    """
    if found is None:
        return Permit()
    hook = found.hook
    try:
        permit = _permit(await _answer(hook, _asked(question), now), question, hook)
    except NoAnswer as why:
        found.has_turned = hook.failing_since is None
        fails = limits().ring_hook_fails
        logger.warning("Hook %s did not say whether to ring (%s); it fails %s", hook.hook_id, why, fails)
        if fails == "closed":
            raise CallError(Code.UNAVAILABLE, say_lazy("error.unavailable.ring_hook")) from None
        return Permit(is_silent=True)
    found.has_turned = hook.failing_since is not None
    return permit


async def close() -> None:
    """Close the connections of the running loop, and of the one on which threads wait."""
    await do_there_too(_outbound.close)


async def _answer(hook: Hook, body: bytes, now: datetime) -> JSON:
    try:
        to = targets.anywhere(hook.url)
        secrets = keys.of(hook.hook_id, hook.secret, hook.former_secret, hook.former_until, now)
    except targets.NotAllowed:
        raise NoAnswer(FailureCode.FORBIDDEN_ADDRESS.value) from None
    except sealing.Unreadable:
        raise NoAnswer(keys.UNREADABLE) from None
    headers = signing.headers(signing.new_id(), body, secrets, timestamp=int(now.timestamp()))
    try:
        answer = await _outbound.post(to, body, headers, reads=True)
    except Failure as failure:
        raise NoAnswer(failure.code) from None
    if answer.status != 200:
        raise NoAnswer(f"status_{answer.status}")
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise NoAnswer("not_json") from None
    if not isinstance(said, dict):
        raise NoAnswer("not_an_object")
    return said


def _asked(question: Question) -> bytes:
    data = {
        "act": question.act,
        "caller": question.caller,
        "invitees": list(question.invitees),
        "is_video_call": question.is_video_call,
        **question.ring._asdict(),
        "urgent": question.urgent,
    }
    return json.dumps({"type": RING_ASK, "data": data}, separators=(",", ":")).encode()


def _permit(said: JSON, question: Question, hook: Hook) -> Permit:
    """What the answer means.

    Raises:
        NoAnswer: it does not say plainly who may be rung.
    """
    others, named = _allows(said), said.get("invitees")
    if not isinstance(named, dict):
        if named is not None and others:
            raise NoAnswer("bad_invitees")
        named = {}
    own: JSON = {}
    allowed: dict[str, bool] = {}
    for name, one in named.items():
        # Where all are refused, what is not said plainly lets nobody through.
        is_let = _allows(one) if others else isinstance(one, dict) and one.get("allow") is True
        # Ids are the same in any capitals; of two answers about one person the refusal counts.
        key = name.lower()
        allowed[key] = is_let and allowed.get(key, True)
        if not is_let:
            own[key] = one
    words = "" if others else _detail(said)
    refused = {
        name: _detail(own.get(name.lower())) or words
        for name in question.invitees
        if not allowed.get(name.lower(), others)
    }
    if refused:
        logger.info("Hook %s keeps %d of %d people from being rung", hook.hook_id, len(refused), len(question.invitees))
    return Permit(refused, dict(_changes(said, hook)))


def _allows(said: Any) -> bool:
    if not isinstance(said, dict) or not isinstance(said.get("allow"), bool):
        raise NoAnswer("no_boolean")
    return bool(said["allow"])


def _detail(said: Any) -> str:
    """The sentence for the caller; empty for the usual one."""
    detail = said.get("detail") if isinstance(said, dict) else None
    return names.readable(detail)[:DETAIL_CHARS] if isinstance(detail, str) else ""


def _changes(said: JSON, hook: Hook) -> Iterator[tuple[str, Any]]:
    """What the answer changes, without what is out of bounds."""
    for name in CHANGEABLE:
        if said.get(name) is None:
            continue
        try:
            yield name, inputs.SEND.fields[name].checked(said[name])
        except Refused:
            logger.warning("Hook %s would change %s beyond its bounds, which is ignored", hook.hook_id, name)


_outbound = Outbound(admits=is_hook_network, seconds=ASK_SECONDS, connections=CONNECTIONS)

"""Requests that make something new, and are known by a key when they are repeated because their answer was lost.

To be asked while the lock on the actor is held, so that the same request sent twice at once takes effect once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from invitations.calls.asking import Sent
from invitations.calls.loading import load_all
from invitations.calls.transaction import Overdue
from invitations.errors import CallError, Code
from invitations.models import IdempotencyKey
from invitations.store import rows
from invitations.store.sheets import Actor
from invitations.store.statements import Bind, Prepared, Soon

KEPT = timedelta(hours=24)
"""How long a key is known."""
MOST_KEPT = 1000
"""How many keys a user may have for their requests to be kept that make nothing new: nothing else bounds those."""

_KEYS = IdempotencyKey.objects.filter(user_id=Bind("user"), key=Bind("key")).order_by()
KEYS = Prepared(_KEYS)


class RequestKey(NamedTuple):
    """How a request is known again.

    Args:
        key: 1 to 128 printable ASCII characters, chosen by the client; the user's own, whatever it is used for.
        fingerprint: a SHA-256 of what is asked.
        attempt: which of the calls under its id it is about, if it says so. It need not: one that left it out is the
            same request.
    """

    key: str
    fingerprint: str
    attempt: int | None = None


def begin(by: Actor, request: RequestKey | None) -> Soon[IdempotencyKey] | None:
    """Ask whether a request is known.

    Args:
        by: the actor, whose lock is held or was asked for before.
        request: how it is known; None for one without a key.
    """
    return None if request is None else KEYS.soon(user=by.user_id, key=request.key)


def once(
    by: Actor,
    request: RequestKey | None,
    asked: Soon[IdempotencyKey] | None,
    act: Callable[[], Sent],
    *,
    now: datetime,
) -> Sent:
    """Do what a request asks, unless it took effect before: then give its call as it is now.

    Args:
        by: the actor, whose lock is held.
        asked: whether the request is known (`begin`).
        request: how it is known; None for one without a key, which always takes effect.
        act: does it. If it refuses, the key is not used up.

    Raises:
        CallError: `idempotency_key_in_use` if the key belongs to another request.
        Overdue: a deadline in the call has passed.
    """
    if request is None or asked is None:
        return act()
    return _known(request, asked, now=now) or _keep(by, request, act(), now=now)


def _known(request: RequestKey, asked: Soon[IdempotencyKey], *, now: datetime) -> Sent | None:
    if (known := asked.first()) is None:
        return None
    if known.created_at <= now - KEPT:
        IdempotencyKey.objects.filter(pk=known.pk).delete()
        return None
    if known.fingerprint != request.fingerprint:
        raise CallError(Code.IDEMPOTENCY_KEY_IN_USE)
    sheet = load_all([known.call_id])[known.call_id]
    if request.attempt not in (None, sheet.call.attempt):
        raise CallError(Code.IDEMPOTENCY_KEY_IN_USE)
    if sheet.is_overdue(now):
        raise Overdue(sheet.call.pk, now=now)
    return Sent(sheet, created=False, **known.answer)


def _keep(by: Actor, request: RequestKey, sent: Sent, *, now: datetime) -> Sent:
    if not sent.created and _has_many(by):
        return sent
    said = {"errors": sent.errors, "warnings": sent.warnings, "merged": sent.merged, "rejoin": sent.rejoin}
    kept = rows.make(
        IdempotencyKey,
        user_id=by.user_id,
        key=request.key,
        fingerprint=request.fingerprint,
        call_id=sent.sheet.call.pk,
        answer=said,
        created_at=now,
    )
    rows.insert_later(kept)
    return sent


def _has_many(by: Actor) -> bool:
    keys = IdempotencyKey.objects.filter(user_id=by.user_id).order_by("key")
    return keys[MOST_KEPT - 1 : MOST_KEPT].exists()

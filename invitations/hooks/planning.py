"""Which messages hooks are owed: planned in the transaction of the change that they tell of.

Sends nothing. Which hooks listen to a call was read along with it, so that a verb has nothing more to ask."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from invitations import words
from invitations.hooks import signing
from invitations.live import publishing
from invitations.models import HookMessage, Invitation, UserKey
from invitations.models.hook import DEVICE_DISABLED, HOOK_TEST, USER_MISSED, mask_of
from invitations.serializers import call_view, moment
from invitations.store import listening, people, rows
from invitations.store.listening import Listener
from invitations.store.sheets import CallSheet

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def plan_change(
    sheet: CallSheet,
    kinds: Sequence[str],
    *,
    actor: str | None,
    missed: Collection[Invitation],
    listeners: Iterable[Listener],
    now: datetime,
) -> None:
    """Owe one message for a change of a call to each hook that wants it, and one for each user who missed a ring by it.

    Args:
        sheet: the call after the change.
        kinds: the facts of the change, with the act itself first.
        actor: the public id of the user who acted; None for the server.
        missed: the invitations that their invitees have missed by it.
        listeners: the hooks that listen.
        now: the moment of the change.
    """
    owed: list[HookMessage] = []
    call: Any = None
    told: list[tuple[Sequence[str], str | None, dict[str, str]]] = [(kinds, actor, {})] if kinds else []
    told += [([USER_MISSED], actor, {"user": sheet.people[each.invitee_id].username}) for each in missed]
    for events, by, more in told:
        mask = mask_of(tuple(events))
        hooks = [each.hook_pk for each in listeners if each.mask & mask]
        if not hooks:
            continue
        if call is None:
            # In the site's own language, not in the actor's.
            with words.in_language(""):
                call = call_view(sheet, sheet.call.caller_id, now)
        body = _body(events, actor=by, call=call, now=now, **more)
        owed += _messages(hooks, events[0], body, now=now, call_pk=sheet.call.pk, lane=sheet.call.call_id)
    _owe(owed)


def plan_disabled(user_id: UserKey, device_id: str, reason: str, *, now: datetime) -> None:
    """Owe a message that a device can no longer be reached by push.

    Args:
        user_id: whose device.
        device_id: its id.
        reason: one of `DisabledReason`.
    """
    mask = mask_of((DEVICE_DISABLED,))
    hooks = [each.hook_pk for each in listening.now() if each.mask & mask]
    if not hooks:
        return
    told = {"user": people.name_of_key(user_id), "device": device_id, "reason": reason}
    _owe(_messages(hooks, DEVICE_DISABLED, _body([DEVICE_DISABLED], actor=None, call=None, now=now, **told), now=now))


def plan_test(hook_pk: int, *, now: datetime) -> HookMessage:
    """Owe a message to one hook by which its owner sees that it works.

    Args:
        hook_pk: the hook's key.
    """
    [message] = _messages([hook_pk], HOOK_TEST, _body([HOOK_TEST], actor=None, call=None, now=now), now=now)
    _owe([message])
    return message


def wake() -> None:
    """Have the dispatchers look at once."""
    publishing.wake_hooks()


def _body(events: Sequence[str], *, actor: str | None, call: Any, now: datetime, **more: Any) -> str:
    data = {"event": events[0], "events": list(events), "actor": actor, **more, "call": call}
    return _encode({"type": events[0], "timestamp": moment(now), "data": data})


def _messages(
    hook_pks: Iterable[int], kind: str, body: str, *, now: datetime, call_pk: int | None = None, lane: str = ""
) -> list[HookMessage]:
    message_id = signing.new_id()
    return [
        rows.make(
            HookMessage,
            hook_id=each,
            message_id=message_id,
            type=kind,
            call_id=call_pk,
            lane=lane,
            body=body,
            created_at=now,
            due_at=now,
        )
        for each in hook_pks
    ]


def _owe(messages: list[HookMessage]) -> None:
    if messages:
        rows.insert_later(*messages)
        transaction.on_commit(wake)

"""What each verb does once its request was found in order, and what it answers when it was done.

Each is declared in `verbs`, which looks at the request first. Raises refusals, and never says what they look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from invitations import calls, conf, contacts, ice, shapes
from invitations.errors import CallError, Code
from invitations.live import presence
from invitations.requests import audit
from invitations.requests.problems import InvalidInput
from invitations.serializers import call_view, moment, service_view
from invitations.shapes.parts import CALL_ID
from invitations.store import people
from invitations.store.sheets import Actor, CallSheet
from invitations.words import say

JSON = dict[str, Any]
Answer = tuple[int, Mapping[str, Any]]
Named = calls.CallName | None
Run = Callable[[Actor, Named, JSON, datetime], Answer]
_call_id_matches = re.compile(rf"\A{CALL_ID}\Z").match


def send(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
    """Begin a call, or repeat one."""
    return _sent(calls.send(by=actor, now=now, **values), actor, now)


def invite(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
    """Add people to a call."""
    return _sent(calls.invite(_known(name), by=actor, now=now, **values), actor, now)


def cancel(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
    """Take invitations back."""
    done = calls.cancel(_known(name), by=actor, now=now, **values)
    return 200, {
        "call": call_view(done.sheet, actor.user_id, now),
        "cancelled": done.cancelled,
        "errors": done.errors,
    }


def on_call(verb: Callable[..., CallSheet]) -> Run:
    """Adapt a function that takes a call and returns it."""

    def run(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
        sheet = verb(_known(name), by=actor, now=now, **values)
        return 200, {"call": _seen(sheet, actor, now)}

    return run


def reject(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
    """Decline, and block the caller if that is wanted."""
    call, blocks = _known(name), values.pop("block")
    if not blocks:
        return 200, {"call": call_view(calls.reject(call, by=actor, now=now, **values), actor.user_id, now)}
    if actor.ring_pk is not None:
        # Whoever finds a phone may silence it, but not change whom its owner hears from.
        raise InvalidInput({"block": [say("invalid.block_by_token")]})
    sheet, made = contacts.reject_and_block(call, by=actor, now=now, **values)
    if made is not None and made.is_new:
        # Within a batch of a socket's verbs, it is not done yet.
        known = {"user_id": actor.user_id, "other_id": made.block.other_id, "address": actor.address}
        transaction.on_commit(partial(audit.settled, None, "blocked", **known))
    return 200, {"call": call_view(sheet, actor.user_id, now)}


def get(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
    """One call."""
    sheet = calls.view(_known(name), viewer_id=actor.user_id, now=now, sees_all=actor.is_service)
    return 200, _seen(sheet, actor, now)


def look(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
    """What is open; a sign of life of a client that polls."""
    if actor.service is None:
        # A back end that looks is no sign of its user.
        presence.mark_polling(actor.user_id)
    return 200, snapshot(actor, now)


def history_seen(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
    """Note that missed calls were seen."""
    calls.mark_history_seen(actor.user_id, now=now, origin=actor.origin)
    return 200, {"missed_unseen": calls.missed_unseen(actor.user_id)}


def timeline(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
    """What happened in a call."""
    call = _known(name)
    entries = calls.timeline(call, viewer_id=actor.user_id, now=now, sees_all=actor.is_admin)
    return 200, {"call_id": calls.id_in(call), "entries": entries}


def ice_servers(actor: Actor, name: Named, values: JSON, now: datetime) -> Answer:
    """The servers by which media find their way."""
    found, expires_at = ice.offer(
        ice.configured(),
        username=actor.username,
        relays=calls.is_in_open_call(actor.user_id, now=now),
        now=now,
        lifetime_seconds=conf.limits().turn_credential_seconds,
    )
    return 200, {"ice_servers": found, "expires_at": moment(expires_at)}


def snapshot(actor: Actor, now: datetime) -> shapes.calls.Snapshot:
    """Who a user is, their open calls, what they have not seen or answered yet, and until when it is quiet."""
    user_id, username = actor.user_id, actor.username
    began_at, ends_at = actor.token_life or (None, None)
    standing = contacts.standing(user_id)
    return {
        "server_time": moment(now),
        "user": {"id": username, "name": people.shown_name(username, standing.display_name)},
        "calls": [call_view(each, user_id, now) for each in calls.open_calls(user_id, now=now)],
        "missed_unseen": calls.missed_unseen(user_id),
        "requests": standing.requests,
        "do_not_disturb_until": moment(standing.do_not_disturb_until(now)),
        "quiet_until": moment(standing.quiet_until(now)),
        "token_created_at": moment(began_at),
        "token_expires_at": moment(ends_at),
    }


def _sent(sent: calls.Sent, actor: Actor, now: datetime) -> Answer:
    body = {
        "call": call_view(sent.sheet, actor.user_id, now),
        "errors": sent.errors,
        "warnings": sent.warnings,
        "merged": sent.merged,
        "rejoin": sent.rejoin,
    }
    return 201 if sent.created else 200, body


def _known(name: object) -> calls.CallName:
    """The name, if a call could have it at all.

    Raises:
        CallError: `not_found`.
        InvalidInput: the id is not a string.
    """
    call_id = name.call_id if isinstance(name, calls.Attempt) else name
    if type(call_id) is not str:
        raise InvalidInput({"call_id": [say("invalid.required") if call_id is None else say("invalid.not_text")]})
    if not _call_id_matches(call_id):
        raise CallError(Code.NOT_FOUND)
    return name if isinstance(name, calls.Attempt) else call_id


def _seen(sheet: CallSheet, actor: Actor, now: datetime) -> shapes.calls.CallObject:
    """The call as the actor sees it."""
    return service_view(sheet, now) if actor.is_service else call_view(sheet, actor.user_id, now)

"""One way into the verbs, for REST and for `request` frames of the socket: check, call, give status and body.

What goes wrong for other reasons than a refusal (a database that is away) is left to the face to answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from invitations import calls, conf, ice
from invitations.errors import CallError, Code
from invitations.requests import inputs
from invitations.requests.problems import InvalidInput, call_problem, invalid_problem, problem
from invitations.serializers import call_view, moment
from invitations.store.sheets import Actor, CallSheet

JSON = dict[str, Any]
Answer = tuple[int, JSON]
_call_id_matches = re.compile(rf"\A{inputs.CALL_ID}\Z").match


def perform(verb: str, *, actor: Actor, call_id: str | None, body: object, now: datetime) -> Answer:
    """Do what a request asks.

    Args:
        verb: a name of `VERBS`.
        actor: who asks; a `device_id` in the body takes the place of the actor's own.
        call_id: the call that the verb is about; `current` with accept and reject; for `send` the id of the new
            call, as in the body.
        body: the JSON value that was sent; None stands for an empty object.
        now: the moment.

    Returns:
        HTTP status and JSON body; for a refusal a problem document.
    """
    operation = VERBS.get(verb)
    if operation is None:
        return _refusal(problem(Code.INVALID, errors={"verb": ["There is no such verb."]}))
    try:
        values = operation.input.run_validation({} if body is None else body)
        device_id = values.pop("device_id", None)
        if device_id is not None and device_id != actor.device_id:
            # Another device than the one that asks: nothing is known of its name, and this is no sign of its life.
            actor = replace(actor, device_id=device_id, device_label=None, lives=False)
        return operation.run(actor, call_id, values, now)
    except InvalidInput as error:
        return _refusal(invalid_problem(error))
    except CallError as error:
        return _refusal(call_problem(error, actor.user_id, now))


def snapshot(user_id: int, now: datetime) -> JSON:
    """All open calls of a user, and how many missed ones they have not seen."""
    return {
        "server_time": moment(now),
        "calls": [call_view(each, user_id, now) for each in calls.open_calls(user_id, now=now)],
        "missed_unseen": calls.missed_unseen(user_id),
    }


def _refusal(body: JSON) -> Answer:
    return body["status"], body


def _send(actor: Actor, call_id: str | None, values: JSON, now: datetime) -> Answer:
    if call_id is not None and values["call_id"] is None:
        values["call_id"] = inputs.chosen_call_id(call_id)
    return _sent(calls.send(by=actor, now=now, **values), actor, now)


def _invite(actor: Actor, call_id: str | None, values: JSON, now: datetime) -> Answer:
    _, body = _sent(calls.invite(_known(call_id), by=actor, now=now, **values), actor, now)
    return 201, body


def _sent(sent: calls.Sent, actor: Actor, now: datetime) -> Answer:
    body = {
        "call": call_view(sent.sheet, actor.user_id, now),
        "errors": sent.errors,
        "warnings": sent.warnings,
        "merged": sent.merged,
        "rejoin": sent.rejoin,
    }
    return 201 if sent.created else 200, body


def _cancel(actor: Actor, call_id: str | None, values: JSON, now: datetime) -> Answer:
    done = calls.cancel(_known(call_id), by=actor, now=now, **values)
    return 200, {
        "call": call_view(done.sheet, actor.user_id, now),
        "cancelled": done.cancelled,
        "errors": done.errors,
    }


def _on_call(verb: Callable[..., CallSheet]) -> Callable[[Actor, str | None, JSON, datetime], Answer]:
    """A verb that takes a call and answers with the call."""

    def run(actor: Actor, call_id: str | None, values: JSON, now: datetime) -> Answer:
        sheet = verb(_known(call_id), by=actor, now=now, **values)
        return 200, {"call": call_view(sheet, actor.user_id, now)}

    return run


def _get(actor: Actor, call_id: str | None, values: JSON, now: datetime) -> Answer:
    sheet = calls.view(_known(call_id), viewer_id=actor.user_id, now=now)
    return 200, call_view(sheet, actor.user_id, now)


def _open(actor: Actor, call_id: str | None, values: JSON, now: datetime) -> Answer:
    return 200, snapshot(actor.user_id, now)


def _history_seen(actor: Actor, call_id: str | None, values: JSON, now: datetime) -> Answer:
    calls.mark_history_seen(actor.user_id, now=now, origin=actor.origin)
    return 200, {"missed_unseen": calls.missed_unseen(actor.user_id)}


def _timeline(actor: Actor, call_id: str | None, values: JSON, now: datetime) -> Answer:
    entries = calls.timeline(_known(call_id), viewer_id=actor.user_id, now=now, sees_all=actor.is_admin)
    return 200, {"call_id": call_id, "entries": entries}


def _ice_servers(actor: Actor, call_id: str | None, values: JSON, now: datetime) -> Answer:
    found, expires_at = ice.offer(
        ice.configured(),
        username=actor.username,
        relays=calls.is_in_open_call(actor.user_id, now=now),
        now=now,
        lifetime_seconds=conf.limits().turn_credential_seconds,
    )
    return 200, {"ice_servers": found, "expires_at": moment(expires_at)}


def _known(call_id: object) -> str:
    """The id, if there can be a call of that name at all.

    Raises:
        CallError: `not_found`.
        InvalidInput: not a string.
    """
    if type(call_id) is not str:
        raise InvalidInput({"call_id": [inputs.REQUIRED if call_id is None else inputs.NOT_TEXT]})
    if not _call_id_matches(call_id):
        raise CallError(Code.NOT_FOUND)
    return call_id


@dataclass(frozen=True, slots=True)
class Operation:
    """How a verb is asked for and done."""

    input: inputs.Input
    run: Callable[[Actor, str | None, JSON, datetime], Answer]


VERBS: dict[str, Operation] = {
    "send": Operation(inputs.SEND, _send),
    "invite": Operation(inputs.INVITE, _invite),
    "cancel": Operation(inputs.CANCEL, _cancel),
    "accept": Operation(inputs.ACCEPT, _on_call(calls.accept)),
    "reject": Operation(inputs.REJECT, _on_call(calls.reject)),
    "join": Operation(inputs.ON_DEVICE, _on_call(calls.join)),
    "leave": Operation(inputs.ON_DEVICE, _on_call(calls.leave)),
    "end": Operation(inputs.ON_DEVICE, _on_call(calls.end)),
    "ringing": Operation(inputs.RINGING, _on_call(calls.ringing)),
    "connected": Operation(inputs.ON_DEVICE, _on_call(calls.connected)),
    "heartbeat": Operation(inputs.ON_DEVICE, _on_call(calls.heartbeat)),
    "get": Operation(inputs.ON_DEVICE, _get),
    "open": Operation(inputs.ON_DEVICE, _open),
    "history_seen": Operation(inputs.ON_DEVICE, _history_seen),
    "timeline": Operation(inputs.ON_DEVICE, _timeline),
    "ice_servers": Operation(inputs.ON_DEVICE, _ice_servers),
}

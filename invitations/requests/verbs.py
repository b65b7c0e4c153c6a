"""Every verb, declared once, and the one way to run them: check the input, call, return status and body.

A declaration gives the URL of REST, the request of the socket, the operation in the OpenAPI document and the row in
docs/api.md. Failures other than refusals (such as a database that is down) are left to the face."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from invitations import calls, shapes
from invitations.calls.permits import Permit
from invitations.errors import CallError, Code
from invitations.requests import acts, inputs, service_access
from invitations.requests.acts import JSON, Answer, Named, Run
from invitations.requests.deprecation import Deprecation
from invitations.requests.fields import Refused
from invitations.requests.problems import InvalidInput, call_problem, invalid_problem, problem
from invitations.requests.service_access import ForServices
from invitations.store.sheets import Actor
from invitations.words import say

OVER_BY_TOKEN = {409: 410}
"""Statuses that differ for those who act by a ring's token: whatever ended the ring, the token is dead for good."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A declared verb.

    Args:
        name: its name in a `request` frame of the socket.
        run: does it, given the actor, the call id, the values of the body, and the moment.
        input: what the body may contain.
        path: the URL below `/api/v1/`.
        summary: what it does, in a few words.
        refuses: every code with which `run` can refuse. In addition, any request can be `invalid` or
            `not_authenticated`, and the service `unavailable`.
        answer: the shape of a successful answer.
        statuses: the statuses of successful answers, and when each is given.
        description: what else is needed to use it.
        method: POST if it changes something, GET if it only reads.
        operation: its id in the OpenAPI document, which names functions of generated clients; `name` if omitted.
        examples: bodies, by what they do.
        takes_current: `current` may stand for the id of the only call that is ringing.
        takes_ring_token: it also accepts the token of a push message.
        admin_permission: users with this permission act as admins by REST.
        rings: it begins to ring people, before which the ring hook is asked.
        takes_key: it makes something new, so that a repeat needs an idempotency key to be known.
        deprecated: that its URL will be taken away; None if not.
        for_services: how services may use it.
    """

    name: str
    run: Run
    input: inputs.Body
    path: str
    summary: str
    refuses: frozenset[Code] = frozenset()
    answer: type[Mapping[str, Any]] = shapes.calls.CallAnswer
    statuses: Mapping[int, str] = field(default_factory=lambda: {200: "Done, or done before."})
    description: str = ""
    method: Literal["GET", "POST"] = "POST"
    operation: str = ""
    examples: Mapping[str, JSON] = field(default_factory=dict)
    takes_current: bool = False
    takes_ring_token: bool = False
    admin_permission: str | None = None
    takes_key: bool = False
    rings: bool = False
    deprecated: Deprecation | None = None
    for_services: ForServices = service_access.CALLS

    @property
    def is_about_a_call(self) -> bool:
        """Whether its URL names a call."""
        return "{call_id}" in self.path

    @property
    def reads(self) -> bool:
        """Whether it only reads."""
        return self.method == "GET"


def perform(
    verb: str,
    *,
    actor: Actor,
    call_id: str | None,
    body: object,
    now: datetime,
    attempt: object = None,
    idempotency_key: object = None,
    permit: Permit | None = None,
) -> Answer:
    """Do what a request asks.

    Args:
        verb: a name in `VERBS`.
        actor: the person who asks; a `device_id` in the body replaces the actor's own.
        call_id: the call that the verb is about; `current` with accept and reject; for `send` the id of the new
            call, as in the body.
        body: the JSON value that was sent; None stands for an empty object.
        now: the moment of the request.
        attempt: which of the calls under that id, a whole number from 1; None for the open one or else the latest.
        idempotency_key: by which a verb that takes one (`Verb.takes_key`) is known when it is repeated, 1 to 128
            printable ASCII characters; None for none.
        permit: what the ring hook answered (`ring_hook.ask`); None if it was not asked.

    Returns:
        HTTP status and JSON body; for a refusal a problem document.

    Raises:
        Unasked: the ring hook must be asked, outside of any transaction. Nothing was done.
    """
    asked = VERBS.get(verb)
    if asked is None:
        return _refusal(problem(Code.INVALID, errors={"verb": [say("invalid.no_such_verb")]}))
    try:
        service_access.refuse_in(body)
        values = asked.input.checked({} if body is None else body)
        device_id = values.pop("device_id", None)
        if device_id is not None and device_id != actor.device_id:
            # Not the device that asks: its label is unknown, and this is no sign of its life.
            actor = replace(actor, device_id=device_id, device_label=None, lives=False)
        name = _in_its_place(asked, _named(asked, call_id, attempt), values)
        if asked.takes_key and idempotency_key is not None:
            values["request"] = _request_key(idempotency_key, actor, asked, name, values)
        if asked.rings:
            values["permit"] = permit
        return asked.run(actor, name, values, now)
    except InvalidInput as error:
        return _refusal(invalid_problem(error))
    except CallError as error:
        if error.code == Code.NOT_FOUND and asked.is_about_a_call and (since := calls.id_since(call_id)) is not None:
            known: JSON = {"attempt": attempt, "idempotency_key": idempotency_key, "permit": permit}
            return perform(verb, actor=actor, call_id=since, body=body, now=now, **known)
        return _refusal(call_problem(error, actor.user_id, now))


def _refusal(body: JSON) -> Answer:
    return body["status"], body


def _named(asked: Verb, call_id: str | None, attempt: object) -> Named:
    """The name of a call.

    Raises:
        InvalidInput: the attempt is not a whole number from 1, or is given where nothing has one.
    """
    if attempt is None:
        return call_id
    if not asked.is_about_a_call:
        raise InvalidInput({"attempt": [say("invalid.no_such_parameter")]})
    if asked.takes_current and call_id == calls.CURRENT:
        raise InvalidInput({"attempt": [say("invalid.attempt_of_current")]})
    if call_id is None:
        return None
    try:
        return calls.Attempt(call_id, inputs.ATTEMPT.checked(attempt))
    except Refused as refused:
        raise InvalidInput({"attempt": [str(refused)]}) from None


def _in_its_place(asked: Verb, name: Named, values: JSON) -> Named:
    """The name of the call, unless it belongs into the body: then it goes there, if the body has none.

    Raises:
        InvalidInput: it is no valid id for a new call.
    """
    if name is None or "call_id" not in asked.input.fields:
        return name
    if values["call_id"] is None:
        values["call_id"] = inputs.chosen_call_id(name.call_id if isinstance(name, calls.Attempt) else name)
    return None


def _request_key(key: object, actor: Actor, verb: Verb, name: Named, values: JSON) -> calls.RequestKey:
    """How a request is known when it is repeated, whichever way it comes, on whichever device, and however it names its
    call. The keys that a service chooses are its own: they do not meet those of the user for whom it acts.

    Raises:
        InvalidInput: the key is not valid.
    """
    try:
        known_by = inputs.IDEMPOTENCY_KEY.checked(key)
    except Refused as refused:
        raise InvalidInput({"idempotency_key": [str(refused)]}) from None
    if actor.service is not None:
        # No key of a user's can be this one: it is not ASCII.
        known_by = f"§{hashlib.sha256(f'{actor.service}/{known_by}'.encode()).hexdigest()}"
    call_id, attempt = name if isinstance(name, calls.Attempt) else (name, None)
    asked = json.dumps([verb.name, call_id, values], sort_keys=True)
    return calls.RequestKey(known_by, hashlib.sha256(asked.encode()).hexdigest(), attempt)


_OVER = {Code.INVITATION_CANCELLED, Code.INVITATION_TIMED_OUT, Code.CALL_ENDED}
_NO_RING = {Code.NOT_FOUND, Code.NOT_ALLOWED, Code.ANSWERED_ELSEWHERE, Code.REJECTED_ELSEWHERE, Code.ALREADY_ANSWERED}
_NO_CURRENT = {Code.NO_CURRENT_CALL, Code.AMBIGUOUS_CURRENT_CALL}

_DECLARED = (
    Verb(
        "send",
        acts.send,
        inputs.SEND,
        "calls",
        "Send a call invitation",
        frozenset(
            {
                Code.NO_VALID_INVITEE,
                Code.ALREADY_IN_CALL,
                Code.CALL_ID_IN_USE,
                Code.IDEMPOTENCY_KEY_IN_USE,
                Code.THROTTLED,
            }
        ),
        shapes.calls.SentAnswer,
        {
            201: "A new call; it has already ended if everybody was busy.",
            200: "A repeat, a merge or a rejoin.",
        },
        description="Rings everybody in `invitees` on all their devices. While the call is open, the same `call_id` "
        "and body give the same call; after its end, another attempt under that id. If the one invitee is "
        "calling you at this moment, you are connected (`merged`).",
        examples={
            "A video call": {"invitees": ["bob"], "is_video_call": True},
            "A group, with a text": {
                "invitees": ["bob", "carol"],
                "is_video_call": False,
                "custom_data": "About lunch",
                "timeout_seconds": 30,
                "call_id": "lunch-2026-11-23",
                "notification_title": "Alice",
                "notification_message": "Lunch?",
            },
        },
        takes_key=True,
        rings=True,
    ),
    Verb(
        "invite",
        acts.invite,
        inputs.INVITE,
        "calls/{call_id}/invite",
        "Add people to a live call",
        frozenset(
            {
                Code.NOT_FOUND,
                Code.NOT_ALLOWED,
                Code.NO_VALID_INVITEE,
                Code.IDEMPOTENCY_KEY_IN_USE,
                Code.THROTTLED,
                *_OVER,
            }
        ),
        shapes.calls.SentAnswer,
        {201: "They are being rung.", 200: "A repeat."},
        description="For those who are in it.",
        examples={"One more": {"invitees": ["carol"]}},
        takes_key=True,
        rings=True,
    ),
    Verb(
        "cancel",
        acts.cancel,
        inputs.CANCEL,
        "calls/{call_id}/cancel",
        "Stop rings that you sent",
        frozenset({Code.NOT_FOUND, Code.NOT_ALLOWED, Code.ALREADY_ANSWERED, Code.CALL_ENDED}),
        shapes.calls.CancelAnswer,
        description="Those of some `callees`, or all of them. A call in which nobody is left ends.",
        examples={"All of them": {}},
    ),
    Verb(
        "accept",
        acts.on_call(calls.accept),
        inputs.ACCEPT,
        "calls/{call_id}/accept",
        "Accept an invitation",
        frozenset({*_NO_RING, *_NO_CURRENT, *_OVER}),
        description="The first device to answer wins. You leave any call that you are in, or put it on hold by `hold`.",
        examples={"On a device": {"device_id": "bobs-laptop"}},
        takes_current=True,
    ),
    Verb(
        "reject",
        acts.reject,
        inputs.REJECT,
        "calls/{call_id}/reject",
        "Reject an invitation",
        frozenset({*_NO_RING, *_NO_CURRENT, *_OVER}),
        description="Stops the ring on all your devices and tells the caller why, by `reason`: `declined`, `busy` or "
        "`later`. With `block`, whoever rang you never does again, and is not told; not with a ring's token.",
        examples={
            "Later": {"reason": "later", "custom_data": "In a meeting"},
            "Never again": {"block": True},
        },
        takes_current=True,
        takes_ring_token=True,
    ),
    Verb(
        "join",
        acts.on_call(calls.join),
        inputs.ON_DEVICE,
        "calls/{call_id}/join",
        "Join a live call, or move it to this device",
        frozenset({Code.NOT_FOUND, Code.NOT_ALLOWED, Code.CALL_FULL, *_OVER}),
        description="A call that you were invited to and missed or left, or are in on another device. After rejecting "
        "it, or having been removed, you need a new invitation.",
    ),
    Verb(
        "leave",
        acts.on_call(calls.leave),
        inputs.ON_DEVICE,
        "calls/{call_id}/leave",
        "Leave a call",
        frozenset({Code.NOT_FOUND, Code.NOT_ALLOWED, *_OVER}),
        description="It ends when nobody is left to talk to.",
    ),
    Verb(
        "end",
        acts.on_call(calls.end),
        inputs.ON_DEVICE,
        "calls/{call_id}/end",
        "End a call for everybody",
        frozenset({Code.NOT_FOUND, Code.NOT_ALLOWED, Code.CALL_ENDED}),
        description="For its caller, and for services by themselves (`ended_by_admin`).",
        for_services=service_access.CALLS_ITSELF,
    ),
    Verb(
        "remove",
        acts.on_call(calls.remove),
        inputs.REMOVE,
        "calls/{call_id}/remove",
        "Take somebody out of a call",
        frozenset({Code.NOT_FOUND, Code.NOT_ALLOWED, Code.SELF, Code.NOT_INVITED, Code.CALL_ENDED}),
        description="For its caller, and for services by themselves. It takes back the ring of a person who is being "
        "rung. They need a new invitation to come back.",
        examples={"Carol": {"user": "carol"}},
        for_services=service_access.CALLS_ITSELF,
    ),
    Verb(
        "ringing",
        acts.on_call(calls.ringing),
        inputs.RINGING,
        "calls/{call_id}/ringing",
        "Say that this device alerts",
        frozenset({*_NO_RING, *_OVER}),
        description="The caller sees it. Such a ring is not repeated.",
        examples={"It can be heard": {"audible": True, "device_id": "bobs-laptop"}},
        takes_ring_token=True,
    ),
    Verb(
        "connected",
        acts.on_call(calls.connected),
        inputs.ON_DEVICE,
        "calls/{call_id}/connected",
        "Say that sound and picture arrived",
        frozenset({Code.NOT_FOUND, Code.NOT_ALLOWED, *_OVER}),
        description="For those who are in the call, within 20 s of the answer. A call in which nobody ever says so "
        "ends as `media_failed` if its devices give signs of life.",
    ),
    Verb(
        "heartbeat",
        acts.on_call(calls.heartbeat),
        inputs.ON_DEVICE,
        "calls/{call_id}/heartbeat",
        "Prove that you are still there",
        frozenset({Code.NOT_FOUND, Code.NOT_ALLOWED, *_OVER}),
        description="Every 5 s, or by the socket's `sync`. From the first proof on, the next ones are expected.",
    ),
    Verb(
        "open",
        acts.look,
        inputs.ON_DEVICE,
        "calls/open",
        "See everything that is going on for you now",
        answer=shapes.calls.Snapshot,
        statuses={200: "All open calls."},
        description="The calls that you are in, and those that are ringing for you.",
        method="GET",
        operation="list_open_calls",
        for_services=service_access.CALLS_READ,
    ),
    Verb(
        "get",
        acts.get,
        inputs.ON_DEVICE,
        "calls/{call_id}",
        "See one call",
        frozenset({Code.NOT_FOUND}),
        shapes.calls.CallObject,
        {200: "The call."},
        method="GET",
        operation="get_call",
        for_services=service_access.CALLS_READ_ITSELF,
    ),
    Verb(
        "timeline",
        acts.timeline,
        inputs.ON_DEVICE,
        "calls/{call_id}/timeline",
        "See what happened in a call, and why",
        frozenset({Code.NOT_FOUND}),
        shapes.calls.Timeline,
        {200: "The events, in order."},
        description="Admins see it of every call, with everybody's devices.",
        method="GET",
        operation="get_timeline",
        for_services=service_access.CALLS_READ_ITSELF,
        admin_permission="invitations.view_call",
    ),
    Verb(
        "ice_servers",
        acts.ice_servers,
        inputs.ON_DEVICE,
        "ice-servers",
        "Get STUN and TURN servers for sound and picture",
        answer=shapes.media.IceServers,
        statuses={200: "What you may use now."},
        description="For the browser's `RTCPeerConnection` as they are. TURN servers are given only to those who are "
        "in an open call or are being rung, under a name that is good until `expires_at`: ask anew for each call. "
        "Empty if this instance has none.",
        method="GET",
        operation="list_ice_servers",
    ),
    Verb(
        "history_seen",
        acts.history_seen,
        inputs.ON_DEVICE,
        "history/seen",
        "Clear the missed badge on all your devices",
        answer=shapes.calls.Seen,
        statuses={200: "Cleared."},
        operation="mark_history_seen",
    ),
)

VERBS: Mapping[str, Verb] = {each.name: each for each in _DECLARED}
"""The verbs by name. If a URL matches two of them, the first one gets it."""

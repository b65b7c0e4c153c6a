"""The live socket in the AsyncAPI document: every frame, both ways, and the codes with which it is closed.

One message for each verb's request and one for its result, so that both are told to the last member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from invitations.api.openapi.components import problem_name
from invitations.api.openapi.schemas import Schema, ref, told_of
from invitations.errors import Code
from invitations.requests.problems import STATUS
from invitations.requests.verbs import VERBS, Verb
from invitations.shapes import frames

JSON = dict[str, Any]
CHANNEL = "live"
ADDRESS = "ws/v1/live"
"""Below the server's root."""
SAID: Mapping[str, type] = {"hello": frames.HelloFrame, "sync": frames.SyncFrame, "signal": frames.SignalFrame}
"""What a client sends besides requests, by the name of its message."""
HEARD: Mapping[str, type] = {
    "snapshot": frames.SnapshotFrame,
    "call": frames.CallFrame,
    "synced": frames.SyncedFrame,
    "relayed": frames.RelayedFrame,
    "history": frames.HistoryFrame,
    "contact": frames.ContactFrame,
    "block": frames.BlockFrame,
    "me": frames.MeFrame,
    "error": frames.ErrorFrame,
}
"""What the server sends besides results."""
ALWAYS = frozenset({Code.INVALID, Code.NOT_AUTHENTICATED, Code.UNAVAILABLE})
"""With which any verb can fail."""
_ANSWERS = {"hello": ["snapshot"], "sync": ["synced", "snapshot"]}
_BY_ID = {"location": "$message.payload#/id", "description": "The `id` of the request."}


def request_of(verb: str) -> str:
    """The name of the message that asks for a verb."""
    return f"{verb}_request"


def result_of(verb: str) -> str:
    """The name of the message that answers it."""
    return f"{verb}_result"


def channel(prefix: str) -> JSON:
    """The channel.

    Args:
        prefix: under which the socket lies, with slashes at both ends.
    """
    return {
        "address": f"{prefix}{ADDRESS}",
        "title": "The live socket",
        "description": "One for each page or app: JSON in text frames, both ways. Say `hello` first. What is told of a "
        "call is its whole state with a revision, so that a frame which is lost, doubled or late does no harm; `sync` "
        "brings what was lost.",
        "messages": messages(),
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {"ticket": {"type": "string", "description": "Of `POST /live/ticket`, good once."}},
                },
            }
        },
        "x-close-codes": {str(code): said for code, said in frames.CLOSES.items()},
    }


def messages() -> JSON:
    """All messages of the channel, by name."""
    made = {name: _message(name, told_of(shape), ref(shape.__name__)) for name, shape in {**SAID, **HEARD}.items()}
    for verb in VERBS.values():
        asks, answers = request_of(verb.name), result_of(verb.name)
        made[asks] = _message(asks, verb.summary + ".", _request(verb)) | {"correlationId": _BY_ID}
        made[answers] = _message(answers, f"What came of `{verb.name}`.", _result(verb)) | {"correlationId": _BY_ID}
    return made


def operations() -> Iterator[tuple[str, JSON]]:
    """What the server does there, by name."""
    for name, shape in SAID.items():
        answers = _ANSWERS.get(name, [])
        yield f"take_{name}", _taken(told_of(shape), name, answers)
    for verb in VERBS.values():
        yield f"do_{verb.name}", _taken(verb.summary + ".", request_of(verb.name), [result_of(verb.name)])
    for name, shape in HEARD.items():
        if name != "synced":
            yield f"tell_{name}", {"action": "send", "channel": _CHANNEL, **_about(told_of(shape), [name])}


def _message(name: str, said: str | None, payload: Schema) -> JSON:
    return {"name": name, "summary": said, "contentType": "application/json", "payload": payload}


def _request(verb: Verb) -> Schema:
    """A request for this verb. Its body may be left out if nothing in it is required."""
    required = ["body"] if any(each.required for each in verb.input.fields.values()) else []
    body = ref(verb.input.component)
    properties: Schema = {
        "verb": {"const": verb.name},
        "body": body if required else {"anyOf": [body, {"type": "null"}]},
    }
    if verb.is_about_a_call:
        required.append("call_id")
        properties["call_id"] = {"type": "string"}
    return {
        "allOf": [ref(frames.RequestFrame.__name__)],
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
    }


def _result(verb: Verb) -> Schema:
    """A result of this verb: its answer, or one of the problems with which it can fail."""
    codes = sorted(verb.refuses | ALWAYS)
    bodies = [ref(verb.answer.__name__), *(ref(problem_name(each)) for each in codes)]
    statuses = sorted({*verb.statuses, *(STATUS[each] for each in codes)})
    return {
        "allOf": [ref(frames.ResultFrame.__name__)],
        "type": "object",
        "properties": {"status": {"enum": statuses}, "body": {"anyOf": bodies}},
    }


def _taken(said: str | None, name: str, answers: list[str]) -> JSON:
    reply = {"reply": {"channel": _CHANNEL, "messages": [_in_channel(each) for each in answers]}} if answers else {}
    return {"action": "receive", "channel": _CHANNEL, **_about(said, [name]), **reply}


def _about(said: str | None, names: list[str]) -> JSON:
    return {"summary": said, "messages": [_in_channel(each) for each in names]}


def _in_channel(name: str) -> JSON:
    return {"$ref": f"#/channels/{CHANNEL}/messages/{name}"}


_CHANNEL = {"$ref": f"#/channels/{CHANNEL}"}

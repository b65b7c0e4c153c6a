"""The components of the OpenAPI document: shapes, words and problems, under names that generated clients can use.

Built from `invitations.shapes`, the request bodies and the list of errors; adds nothing about them except examples."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import is_typeddict

from invitations import shapes
from invitations.api.openapi.schemas import Schema, of_shape, of_words, ref
from invitations.errors import Code
from invitations.models import ServiceScope
from invitations.requests import hook_inputs, inputs, queries
from invitations.requests.fields import Word
from invitations.requests.inputs import Body
from invitations.requests.problems import STATUS
from invitations.requests.service_access import AS_USER, AS_USER_FIELD
from invitations.requests.verbs import OVER_BY_TOKEN, VERBS

AS_USER_BODY = "AsUserRequest"
"""What a service sends to an address that takes no other body."""


def problem_name(code: Code) -> str:
    """The name of a code's component."""
    return "Problem" + "".join(part.capitalize() for part in str(code).split("_"))


def components(codes: Iterable[Code], by_services: Container[str]) -> dict[str, Schema]:
    """All components, by name.

    Args:
        codes: those with which any operation can fail.
        by_services: the bodies that services send for users, by name.
    """
    made: dict[str, Schema] = {}
    for subject in shapes.__all__:
        for shape in vars(getattr(shapes, subject)).values():
            if is_typeddict(shape) and shape is not shapes.parts.Page:
                made[shape.__name__] = of_shape(shape, made)
    for body in (*vars(inputs).values(), *vars(hook_inputs).values()):
        if isinstance(body, Body):
            made[body.component] = _body(body, names_user=body.component in by_services)
            made |= {each.component: of_words(each.words) for each in body.fields.values() if isinstance(each, Word)}
    for query in vars(queries).values():
        if isinstance(query, queries.Query):
            made |= {each.component: of_words(each.words) for each in query.fields.values() if isinstance(each, Word)}
    made["ServiceScope"] = of_words(ServiceScope.values)
    made[AS_USER_BODY] = {"type": "object", "properties": {AS_USER: AS_USER_FIELD.described(or_null=True)}}
    known = sorted(codes)
    made |= {problem_name(code): _problem(code) for code in known}
    made["ProblemCode"] = of_words(known)
    made["Problem"] = _any_problem()
    return dict(sorted(made.items()))


def _body(body: Body, *, names_user: bool) -> Schema:
    """A body, and for whom a service sends it."""
    made = body.described()
    if names_user:
        made["properties"][AS_USER] = AS_USER_FIELD.described(or_null=True)
    return made


def _any_problem() -> Schema:
    """The problem for clients that look only at the code."""
    common = _problem(Code.UNAVAILABLE)
    properties = {
        **common["properties"],
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {**ref("ProblemCode"), "description": "What to decide by."},
    }
    return {
        "type": "object",
        "description": "Any failure; most have further members, by their code.",
        "properties": properties,
        "required": common["required"],
    }


def _problem(code: Code) -> Schema:
    statuses = sorted({STATUS[code], *_statuses_by_token(code)})
    status: Schema = {"type": "integer", "description": "The HTTP status."}
    status |= {"const": statuses[0]} if len(statuses) == 1 else {"enum": statuses}
    properties: dict[str, Schema] = {
        "type": {"type": "string", "format": "uri-reference", "description": "Where the code is explained."},
        "title": {"type": "string", "description": "The code's own sentence."},
        "status": status,
        "code": {"type": "string", "const": str(code), "description": "What to decide by."},
        "detail": {"type": "string", "description": "A sentence on this very case."},
    }
    required = list(properties)
    if code == Code.INVALID:
        properties["errors"] = {
            "type": "object",
            "description": "What is wrong, by field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        }
    if code == Code.NO_VALID_INVITEE:
        properties["errors"] = {
            "type": "array",
            "items": ref("InviteeError"),
            "description": "Why each of them could not be invited.",
        }
    if code == Code.AMBIGUOUS_CURRENT_CALL:
        properties["call_ids"] = {
            "type": "array",
            "items": {"type": "string"},
            "description": "The calls that are ringing for you.",
        }
    if code == Code.ALREADY_ANSWERED:
        properties["errors"] = {
            "type": "array",
            "items": ref("CalleeError"),
            "description": "Of a cancel: why each of them was not stopped.",
        }
    if code == Code.NOT_ALLOWED:
        properties["reauthenticate"] = {
            "type": "boolean",
            "description": "It would be allowed to somebody who had just signed in.",
        }
        properties["scope"] = {**ref("ServiceScope"), "description": "It would be allowed to a service with this."}
    if code == Code.THROTTLED:
        properties["retry_after_seconds"] = {"type": "integer", "minimum": 0, "description": "When to come again."}
    if STATUS[code] in {403, 404, 409, 410} or code in {Code.NO_VALID_INVITEE, Code.SELF, Code.NOT_INVITED}:
        properties["call"] = {**ref("CallObject"), "description": "The call, where you may see it."}
    return {
        "type": "object",
        "description": code.sentence,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _statuses_by_token(code: Code) -> Iterator[int]:
    """The statuses other than its own that the code has when a push message's token is used."""
    for verb in VERBS.values():
        if verb.takes_ring_token and code in verb.refuses and STATUS[code] in OVER_BY_TOKEN:
            yield OVER_BY_TOKEN[STATUS[code]]

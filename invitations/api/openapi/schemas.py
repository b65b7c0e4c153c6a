"""Shapes in JSON Schema, under names that generated clients can use; adds nothing about them except examples."""

from __future__ import annotations

import re
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from invitations import shapes
from invitations.api.openapi import examples
from invitations.shapes import frames, webhooks
from invitations.shapes.parts import Said, Words

Schema = dict[str, Any]

_PRIMITIVES: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    dict[str, Any]: {"type": "object", "additionalProperties": True},
    dict[str, int]: {"type": "object", "additionalProperties": {"type": "integer"}},
    Any: {},
}
_REFERENCE = re.compile(r"#/components/schemas/(\w+)")
_TAKEN = (
    shapes.devices.PushKeys,
    shapes.devices.PushAddress,
    shapes.account.QuietHours,
    frames.HelloFrame,
    frames.SyncFrame,
    frames.RequestFrame,
    frames.SignalFrame,
    frames.Endpoint,
    webhooks.RingAnswer,
    webhooks.RingAnswerAboutOne,
)
"""What comes in. Members that are not listed here are ignored."""


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def needed(by: Any, among: dict[str, Schema]) -> dict[str, Schema]:
    """The components that something refers to, directly or by others, sorted by name.

    Args:
        by: a part of the document.
        among: all there are, by name.
    """
    found: dict[str, Schema] = {}
    waiting = [by]
    while waiting:
        for name in set(_REFERENCE.findall(repr(waiting.pop()))) - set(found):
            found[name] = among[name]
            waiting.append(among[name])
    return dict(sorted(found.items()))


def told_of(shape: type) -> str:
    """What a shape's own words say of it, indented alike by every Python."""
    return cleandoc(shape.__doc__ or "")


def of_shape(shape: Any, made: dict[str, Schema]) -> Schema:
    """An object with exactly these members. Adds what they refer to by name to the components made so far."""
    hints = get_type_hints(shape, include_extras=True)
    schema: Schema = {
        "type": "object",
        "description": told_of(shape),
        "properties": {name: _member(hint, made) for name, hint in hints.items()},
        # Not `__required_keys__`, which takes annotations written as text for required.
        "required": [name for name, hint in hints.items() if get_origin(hint) is not NotRequired],
        **({} if shape in _TAKEN else {"additionalProperties": False}),
    }
    example = examples.OF.get(shape.__name__)
    return schema if example is None else {**schema, "examples": [example]}


def _member(hint: Any, made: dict[str, Schema]) -> Schema:
    """A type in JSON Schema. Adds its words to the components."""
    said: list[Said] = []
    words: Words | None = None
    while get_origin(hint) in (Annotated, NotRequired):
        for each in getattr(hint, "__metadata__", ()):
            if isinstance(each, Said):
                said.append(each)
            if isinstance(each, Words):
                words = each
        hint = get_args(hint)[0]
    schema, is_nullable = _plain(hint, made)
    if words is not None:
        made[words.name] = of_words(words.values)
        schema = ref(words.name)
    for each in reversed(said):
        schema = {**schema, **each.bounds}
    # A member's own description takes precedence over that of its type.
    description = next((each.description for each in reversed(said) if each.description), "")
    if description:
        schema = {**schema, "description": description}
    return _or_null(schema) if is_nullable else schema


def _plain(hint: Any, made: dict[str, Schema]) -> tuple[Schema, bool]:
    """A type without its annotations, and whether null is one of its values."""
    if get_origin(hint) in (Union, UnionType):
        inner = [_member(each, made) for each in get_args(hint) if each is not NoneType]
        return (inner[0] if len(inner) == 1 else {"anyOf": inner}), NoneType in get_args(hint)
    if is_typeddict(hint):
        return ref(hint.__name__), False
    if get_origin(hint) is dict and is_typeddict(get_args(hint)[1]):
        return {"type": "object", "additionalProperties": ref(get_args(hint)[1].__name__)}, False
    if get_origin(hint) is list:
        return {"type": "array", "items": _member(get_args(hint)[0], made)}, False
    return dict(_PRIMITIVES[hint]), False


def _or_null(schema: Schema) -> Schema:
    if "$ref" in schema:
        reference = {"$ref": schema["$ref"]}
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        return {"anyOf": [reference, {"type": "null"}], **rest}
    return {**schema, "type": [schema["type"], "null"]}


def of_words(values: Any) -> Schema:
    """A string that is one of these."""
    return {"type": "string", "enum": [str(each) for each in values]}

"""The reference pages of the documentation site, written from the documents in docs/contract/: REST, frames, shapes.

They exist on the site alone: what they say stands in the code, and the contract's own tests hold it there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

JSON = dict[str, Any]
PAGES = ("rest.md", "frames.md", "shapes.md")
_METHODS = ("get", "post", "put", "patch", "delete")
_BOUNDS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", ""),
)
"""The words of a schema for the least and the most of something, and of what."""


def pages(contract: Path) -> dict[str, str]:
    """The text of each page.

    Args:
        contract: the folder of `openapi.json` and `asyncapi.json`.
    """
    asked: JSON = json.loads((contract / "openapi.json").read_text())
    told: JSON = json.loads((contract / "asyncapi.json").read_text())
    shapes = {**told["components"]["schemas"], **asked["components"]["schemas"]}
    texts = (_rest(asked), _frames(told), _shapes(shapes))
    return {name: "\n".join(text) + "\n" for name, text in zip(PAGES, texts, strict=True)}


def _rest(document: JSON) -> Iterator[str]:
    yield "# Addresses"
    yield ""
    yield (
        "Every address, from the [OpenAPI document](contract/openapi.json), which an instance also serves at"
        " `/api/v1/schema`. [REST](api.md) explains how they fit together,"
        " [errors](errors.md) what to do about each code."
    )
    tags = {each["name"]: each.get("description", "") for each in document["tags"]}
    operations = [
        (path, method, ways[method])
        for path, ways in document["paths"].items()
        for method in _METHODS
        if method in ways
    ]
    for tag, description in tags.items():
        yield from ("", f"## {tag.capitalize()}", "", description)
        for path, method, operation in operations:
            if tag in operation["tags"]:
                yield from _operation(path, method, operation)


def _operation(path: str, method: str, operation: JSON) -> Iterator[str]:
    yield from ("", f"### {method.upper()} {path}", "")
    yield f"**{operation['summary']}.** {_line(operation.get('description', ''))}".strip()
    if operation.get("deprecated"):
        yield from ("", "Deprecated: [how something ends](compatibility.md#how-something-ends).")
    parameters = operation.get("parameters", [])
    if parameters:
        yield from ("", "| parameter | in | what |", "| --- | --- | --- |")
        for each in parameters:
            needed = " Required." if each.get("required") and each["in"] != "path" else ""
            yield f"| `{each['name']}` | {each['in']} | {_said(each['schema'], each.get('description', ''))}{needed} |"
    if body := operation.get("requestBody"):
        yield from ("", f"Takes {_kind(_schema(body))}.")
    yield from ("", "| answer | body | when |", "| --- | --- | --- |")
    for status, answer in operation["responses"].items():
        kinds = ", ".join(_kind(each["schema"]) for each in answer.get("content", {}).values()) if status < "4" else ""
        yield f"| {status} | {kinds} | {_line(answer['description'])} |"


def _frames(document: JSON) -> Iterator[str]:
    yield "# Frames"
    yield ""
    yield (
        "What is told without being asked for, from the [AsyncAPI document](contract/asyncapi.json)."
        " [The live socket](live.md) explains how to use it."
    )
    for channel in document["channels"].values():
        name = channel.get("title") or channel["address"]
        yield from ("", f"## {name}", "", _line(channel.get("description", "")), "")
        yield from ("| message | is | when |", "| --- | --- | --- |")
        for message in channel["messages"].values():
            whole = document["components"].get("messages", {}).get(_name(message.get("$ref", "")), message)
            yield f"| `{whole['name']}` | {_kind(whole['payload'])} | {_line(whole.get('summary', ''))} |"


def _shapes(shapes: JSON) -> Iterator[str]:
    yield "# Shapes"
    yield ""
    yield "Everything that goes in and out, by name. A member that is not required may be left out."
    for name, shape in sorted(shapes.items()):
        yield from ("", f"## {name}", "", *_shape(shape))


def _shape(shape: JSON) -> Iterator[str]:
    if description := shape.get("description"):
        yield from (_line(description), "")
    if "properties" not in shape:
        yield _said(shape, "")
        return
    yield from ("| member | what |", "| --- | --- |")
    for name, member in shape["properties"].items():
        needed = "" if name in shape.get("required", ()) else " *May be left out.*"
        yield f"| `{name}` | {_said(member, member.get('description', ''))}{needed} |"


def _said(schema: JSON, description: str) -> str:
    """What a value is, within which bounds, and what it says."""
    kind = ", ".join([_kind(schema), *_bounds(schema)])
    return f"{kind}. {_line(description)}".strip().rstrip(".") + "."


def _bounds(schema: JSON) -> Iterator[str]:
    for least, most, what in _BOUNDS:
        if least in schema and most in schema:
            yield f"{schema[least]} to {schema[most]}{what}"
        elif least in schema:
            yield f"at least {schema[least]}{what}"
        elif most in schema:
            yield f"up to {schema[most]}{what}"


def _kind(schema: JSON) -> str:
    if "$ref" in schema:
        name = _name(schema["$ref"])
        return f"[{name}](shapes.md#{name.lower()})"
    if "const" in schema:
        return f"`{_line(json.dumps(schema['const']))}`"
    if "enum" in schema:
        return " or ".join(f"`{_line(json.dumps(each))}`" for each in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_kind(each) for each in schema[key]))
    if "allOf" in schema:
        return " and ".join(_kind(each) for each in schema["allOf"])
    return " or ".join(_plain(each, schema) for each in _listed(schema.get("type", "anything")))


def _plain(kind: str, schema: JSON) -> str:
    if kind == "array":
        return f"a list of {_kind(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"an object of {_kind(schema['additionalProperties'])} by name"
    if kind == "string" and schema.get("format") == "date-time":
        return "a moment"
    words = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
    return {**words, "object": "an object"}.get(kind, kind)


def _schema(body: JSON) -> JSON:
    content: JSON = next(iter(body["content"].values()))
    found: JSON = content["schema"]
    return found


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _line(text: str) -> str:
    """One line, which may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _listed(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)

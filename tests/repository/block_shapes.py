"""JSON and exchanges by HTTP in the documentation, held against the OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from tests.repository.tracked import ROOT

JSON = dict[str, Any]
LEFT_OUT = "…"
"""In a text, stands for what does not matter here; an empty object does for one that is shown elsewhere."""


@cache
def document() -> JSON:
    """The OpenAPI document, with addresses below the API's own."""
    from invitations.api.openapi.document import document as made
    from invitations.api.urls import urlpatterns

    made_now: JSON = json.loads(json.dumps(made(urlpatterns, "/")))
    return made_now


@cache
def frames() -> JSON:
    """The AsyncAPI document."""
    told: JSON = json.loads((ROOT / "docs" / "contract" / "asyncapi.json").read_text())
    return told


def check_shape(value: Any, name: str) -> None:
    """Fails if a value is not what the component of that name says."""
    if name == "frames":
        _check(value, _frame(value))
        return
    assert name in _shapes(), f"there is no shape {name}"
    _check(value, {"$ref": f"#/components/schemas/{name}"})


def _frame(value: JSON) -> JSON:
    """The shapes that a frame of this type may have, up or down."""
    shapes = {
        name: shape
        for name, shape in frames()["components"]["schemas"].items()
        if shape.get("properties", {}).get("type", {}).get("const") == value["type"]
    }
    assert shapes, f"there is no frame {value['type']}"
    return {"anyOf": list(shapes.values())}


def check_exchange(text: str) -> None:
    """Requests and answers, as `METHOD /path`, a body, and, after an empty line, `STATUS` and a body.

    Each must be one of an operation that there is: bodies by their schemas, statuses among those that it declares.
    """
    operation: JSON = {}
    for part in re.split(r"\n\s*\n", text.strip()):
        first, _, body = part.partition("\n")
        if request := re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)", first):
            operation = _operation(request[1].lower(), request[2])
            if body.strip():
                _check(json.loads(body), operation["requestBody"]["content"]["application/json"]["schema"])
            continue
        answer = re.fullmatch(r"(\d{3})\s*(.*)", part, re.DOTALL)
        assert answer, f"neither a request nor an answer: {first}"
        assert answer[1] in operation["responses"], f"{answer[1]} is no answer of it"
        if answer[2]:
            (content,) = operation["responses"][answer[1]]["content"].values()
            _check(json.loads(answer[2]), content["schema"])


def _operation(method: str, address: str) -> JSON:
    path = address.partition("?")[0].removeprefix("/api/v1")
    for template, methods in document()["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method in methods:
            found: JSON = methods[method]
            return found
    raise AssertionError(f"there is no {method.upper()} {path}")


@cache
def _shapes() -> JSON:
    return {**frames()["components"]["schemas"], **document()["components"]["schemas"]}


def _check(value: Any, schema: JSON) -> None:
    validator = Draft202012Validator({**schema, "components": {"schemas": _shapes()}})
    faults = [fault for error in validator.iter_errors(value) for fault in _deepest(error)]
    assert faults == []


def _deepest(error: ValidationError) -> Iterator[str]:
    """What is really wrong, without what is left out on purpose."""
    if error.instance == {} or (isinstance(error.instance, str) and LEFT_OUT in error.instance):
        return
    if not error.context:
        yield f"{error.json_path}: {error.message}"
        return
    # Of several possible shapes, whichever fits best.
    ways: dict[Any, list[str]] = {}
    for each in error.context:
        ways.setdefault(each.schema_path[0], []).extend(_deepest(each))
    if all(ways.values()):
        yield from min(ways.values(), key=len)

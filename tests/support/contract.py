"""The contract of what is told unasked (docs/contract/asyncapi.json), by which tests look at what they see of it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.repository.contract import FOLDER


def faults(channel: str, message: str, said: Any) -> list[str]:
    """In what something breaks the contract.

    Args:
        channel: where it was said.
        message: as what.
        said: it.
    """
    found = _validator(channel, message).iter_errors(said)
    return [f"{message} {each.json_path}: {each.message[:300]}" for each in found]


@cache
def _validator(channel: str, message: str) -> Draft202012Validator:
    payload = _told()["channels"][channel]["messages"][message]["payload"]
    return Draft202012Validator({**payload, "components": _told()["components"]})


@cache
def _told() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "asyncapi.json").read_text(encoding="utf-8")))

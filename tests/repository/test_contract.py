"""The committed contract is what the code does, and valid by the standards' own schemas."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from drf_spectacular.validation import validate_schema
from jsonschema import Draft7Validator

from invitations.api.asyncapi import live
from invitations.requests.verbs import VERBS
from invitations.shapes import frames
from tests.repository.contract import FOLDER, documents
from tests.repository.tracked import ROOT

JSON = dict[str, Any]
ASYNCAPI = ROOT / ".venv/js/node_modules/@asyncapi/specs/schemas/3.0.0.json"


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json"])
def test_what_is_committed_is_what_the_code_says(name: str) -> None:
    said = (FOLDER / name).read_text(encoding="utf-8")
    assert said == documents()[name], "the contract has changed: look whether it may, then `make contract`"


@pytest.fixture(scope="module")
def told() -> JSON:
    return json.loads((FOLDER / "asyncapi.json").read_text(encoding="utf-8"))


def _faults(document: JSON) -> list[str]:
    schema = json.loads(ASYNCAPI.read_text(encoding="utf-8"))
    return [f"{each.json_path}: {each.message}" for each in Draft7Validator(schema).iter_errors(document)]


def test_both_are_valid(told: JSON) -> None:
    validate_schema(json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8")))
    assert _faults(told) == []
    wrong = copy.deepcopy(told)
    wrong["operations"]["take_hello"]["action"] = "subscribe"
    assert _faults(wrong)


def test_every_reference_leads_somewhere(told: JSON) -> None:
    """Which a schema cannot say."""
    for reference in set(re.findall(r'"#/([^"]+)"', json.dumps(told))):
        found = told
        for step in reference.split("/"):
            assert step in found, reference
            found = found[step]


def test_every_message_has_an_operation_and_every_verb_two_messages(told: JSON) -> None:
    for name, channel in told["channels"].items():
        used = set(re.findall(rf"#/channels/{name}/messages/(\w+)", json.dumps(told["operations"])))
        assert used == set(channel["messages"])
    assert {*map(live.request_of, VERBS), *map(live.result_of, VERBS)} <= set(told["channels"]["live"]["messages"])


def test_the_page_names_every_code_with_which_a_socket_is_closed() -> None:
    page = (ROOT / "docs" / "live.md").read_text(encoding="utf-8")
    said = re.search(r"^Close codes: .*?\n\n", page, re.M | re.S)
    assert said is not None
    assert {int(each) for each in re.findall(r"\b4\d{3}\b", said[0])} == set(frames.CLOSES)

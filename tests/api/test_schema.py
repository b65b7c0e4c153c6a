"""The OpenAPI document: complete, valid, and true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from invitations.api.openapi.components import problem_name
from invitations.api.openapi.document import document as made
from invitations.api.urls import urlpatterns
from invitations.errors import Code
from invitations.models import User
from invitations.requests.verbs import VERBS
from tests.api.conftest import API, JSON, Rest, RestOf


@pytest.fixture(scope="module")
def document() -> JSON:
    return json.loads(json.dumps(made(urlpatterns, API)))


def _operations(document: JSON) -> Iterator[tuple[str, str, JSON]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_valid(document: JSON) -> None:
    validate_schema(document)


def test_it_is_openapi_3_1_and_served_to_anybody(nobody: Rest, document: JSON) -> None:
    response = nobody.get("schema")
    assert response["Content-Type"] == "application/json"
    assert response.json() == document
    assert document["openapi"].startswith("3.1")


def test_verbs_are_operations_of_their_name(document: JSON) -> None:
    operations = {operation["operationId"] for _, _, operation in _operations(document)}
    assert {verb.operation or verb.name for verb in VERBS.values()} <= operations
    assert len(operations) == len(list(_operations(document)))


def test_every_address_is_described(document: JSON) -> None:
    hidden = {"schema", "docs", "problem", "unknown"}
    assert len(document["paths"]) == len([each for each in urlpatterns if each.name not in hidden])


def test_every_code_that_comes_has_a_problem_and_no_other(document: JSON) -> None:
    schemas = document["components"]["schemas"]
    codes = set(schemas["ProblemCode"]["enum"])
    assert {name for name in schemas if name.startswith("Problem")} == {
        "Problem", "ProblemCode", *(problem_name(Code(code)) for code in codes)
    }  # fmt: skip
    for code in codes:
        assert schemas[problem_name(Code(code))]["properties"]["code"]["const"] == code


def test_every_operation_says_how_it_fails(document: JSON) -> None:
    for path, method, operation in _operations(document):
        problems = {
            status: response["content"]
            for status, response in operation["responses"].items()
            if status.startswith(("4", "5", "default"))
        }
        assert {"401", "406", "503", "default"} <= set(problems), (method, path)
        assert all(list(content) == ["application/problem+json"] for content in problems.values())
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(problems), (method, path)
            assert list(operation["requestBody"]["content"]) == ["application/json"]


def test_bounds_are_those_of_the_settings(document: JSON) -> None:
    send = document["components"]["schemas"]["SendRequest"]
    assert send["required"] == ["invitees", "is_video_call"]
    properties = send["properties"]
    assert (properties["invitees"]["minItems"], properties["invitees"]["maxItems"]) == (1, 9)
    assert (properties["timeout_seconds"]["minimum"], properties["timeout_seconds"]["maximum"]) == (1, 600)
    assert "`60` where left out" in properties["timeout_seconds"]["description"]
    assert properties["custom_data"]["maxLength"] == 4096
    assert (properties["notification_title"]["maxLength"], properties["notification_message"]["maxLength"]) == (
        128,
        512,
    )
    assert properties["call_id"]["maxLength"] == 128


def test_who_may_ask_is_said(document: JSON) -> None:
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["components"]["securitySchemes"]["session"]["in"] == "cookie"
    paths = document["paths"]
    assert paths[API + "calls"]["post"]["security"] == [{"bearer": []}, {"session": []}, {"service": []}]
    assert paths[API + "auth/pairing"]["post"]["security"] == [{"session": []}]
    assert not paths[API + "auth/token"]["post"].get("security")
    assert paths[API + "auth/token"]["delete"]["security"] == [{"bearer": []}]


def test_examples_are_given(document: JSON) -> None:
    body = document["paths"][API + "calls"]["post"]["requestBody"]["content"]["application/json"]
    assert body["examples"]
    assert document["components"]["schemas"]["CallObject"]["examples"]


def test_the_pages_bring_nothing_from_elsewhere(nobody: Rest) -> None:
    response = nobody.client.get(API + "docs", HTTP_ACCEPT="text/html")
    page = response.content.decode()
    assert response.status_code == 200
    assert "://" not in page
    assert "<style" not in page
    assert page.count("<script src=") == page.count("<script") == 2
    assert f'data-schema="{API}schema"' in page


def _faults(document: JSON, shape: str, value: object) -> list[str]:
    schema = {"$ref": f"#/components/schemas/{shape}", "components": document["components"]}
    return [f"{each.json_path}: {each.message}" for each in Draft202012Validator(schema).iter_errors(value)]


def test_what_goes_out_has_the_shape_that_is_said(
    document: JSON, rest: RestOf, app_of: RestOf, alice: User, bob: User, carol: User
) -> None:
    caller, invitee = rest(alice), app_of(bob)
    sent = caller.send("bob", "carol", "nobody", resource_id="nope", call_id="ring").json()
    assert _faults(document, "SentAnswer", sent) == []
    assert _faults(document, "CallAnswer", invitee.verb("ring", "accept").json()) == []
    assert _faults(document, "ProblemAlreadyInCall", caller.send("carol").json()) == []
    assert _faults(document, "CancelAnswer", caller.verb("ring", "cancel", callees=["carol", "bob"]).json()) == []
    assert _faults(document, "CallAnswer", caller.verb("ring", "end").json()) == []
    assert _faults(document, "ProblemCallEnded", invitee.verb("ring", "invite", invitees=["dave"]).json()) == []
    assert _faults(document, "Timeline", invitee.get("calls/ring/timeline").json()) == []
    for shape, path in {
        "CallObject": "calls/ring", "CallPage": "calls", "Snapshot": "calls/open", "UserPage": "users", "Me": "me",
        "DevicePage": "devices", "RingResourcePage": "resources", "IceServers": "ice-servers",
    }.items():  # fmt: skip
        assert _faults(document, shape, invitee.get(path).json()) == []


# --- what generators of clients stumble over --------------------------------------------------------------------------

TAKEN_NAMES = {
    "Call", "Callback", "Client", "Error", "Exception", "Headers", "Request", "Response", "Result", "Success", "Type",
    "URL", "Warning", "ApiClient", "ApiResponse", "ClientError", "ServerError", "RequestConfig", "Configuration",
}  # fmt: skip
"""What HTTP libraries and standard libraries of the usual languages call things of their own."""


def _schemas_within(value: Any, place: str = "") -> Iterator[tuple[str, JSON]]:
    """Every schema of the document with the place where it stands, components and those inside them."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _schemas_within(each, f"{place}/{number}")
    if isinstance(value, dict):
        if {"type", "const", "enum", "$ref", "anyOf", "oneOf"} & set(value):
            yield place, value
        for name, each in value.items():
            if name not in {"examples", "required", "enum", "mapping"}:
                yield from _schemas_within(each, f"{place}/{name}")


def test_no_component_is_called_like_a_thing_of_a_library(document: JSON) -> None:
    names = list(document["components"]["schemas"])
    assert TAKEN_NAMES & set(names) == set()
    assert len({name.lower() for name in names}) == len(names)


def test_a_constant_has_a_type(document: JSON) -> None:
    assert [place for place, each in _schemas_within(document) if "const" in each and "type" not in each] == []


def test_words_have_a_name_wherever_they_stand(document: JSON) -> None:
    inline = [
        place
        for place, each in _schemas_within(document)
        if "enum" in each and not re.fullmatch(r"/components/schemas/\w+(/properties/status)?", place)
    ]
    assert inline == []


def test_null_stands_beside_a_name_not_in_its_words(document: JSON) -> None:
    assert [place for place, each in _schemas_within(document) if None in each.get("enum", [])] == []


def test_what_may_be_left_out_has_no_default(document: JSON) -> None:
    assert [place for place, each in _schemas_within(document) if "default" in each] == []


def test_every_member_and_parameter_says_what_it_means(document: JSON) -> None:
    schemas = document["components"]["schemas"]
    silent = [
        f"{name}.{member}"
        for name, schema in schemas.items()
        for member, each in schema.get("properties", {}).items()
        if "description" not in each
    ]
    parameters = [
        f"{operation['operationId']}.{each['name']}"
        for _, _, operation in _operations(document)
        for each in operation.get("parameters", ())
        if "description" not in each
    ]
    assert silent + parameters == []


def test_every_component_is_referred_to(document: JSON) -> None:
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert named == set(document["components"]["schemas"])


def test_lists_can_be_paged_through(document: JSON) -> None:
    lists = [each for _, _, each in _operations(document) if each["operationId"].startswith("list_")]
    paged = [each for each in lists if "page_size" in {one["name"] for one in each.get("parameters", [])}]
    assert len(paged) == 10
    assert all("cursor" in {each["name"] for each in one["parameters"]} for one in paged)


def test_every_operation_says_who_may_ask_and_what_it_is_about(document: JSON) -> None:
    tags = {each["name"] for each in document["tags"]}
    for _, _, operation in _operations(document):
        assert set(operation["tags"]) <= tags
        assert "security" in operation
    assert document["paths"][API + "devices/{device_id}/test-ring/ringing"]["post"]["security"] == [{"invitation": []}]


def test_when_to_come_again_is_a_header(document: JSON) -> None:
    for _, _, operation in _operations(document):
        for status in {"429", "503"} & set(operation["responses"]):
            assert "Retry-After" in operation["responses"][status]["headers"]


def test_a_rings_token_has_its_own_statuses(document: JSON) -> None:
    reject = document["paths"][API + "calls/{call_id}/reject"]["post"]["responses"]
    dead = reject["410"]["content"]["application/problem+json"]["schema"]["discriminator"]["mapping"]
    assert {"answered_elsewhere", "already_answered", "call_ended"} <= set(dead)
    assert document["components"]["schemas"]["ProblemAnsweredElsewhere"]["properties"]["status"]["enum"] == [409, 410]

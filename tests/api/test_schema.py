"""The OpenAPI document: complete, valid, and true."""

from __future__ import annotations

import json

import pytest
from drf_spectacular.validation import validate_schema

from invitations.api.openapi.components import problem_name
from invitations.api.openapi.document import document as made
from invitations.api.urls import urlpatterns
from invitations.errors import Code
from invitations.requests.verbs import VERBS
from tests.api.conftest import API


@pytest.fixture(scope="module")
def document():
    return json.loads(json.dumps(made(urlpatterns, API)))


def _operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_valid(document):
    validate_schema(document)


def test_it_is_openapi_3_1_and_served_to_anybody(nobody, document):
    response = nobody.get("schema")
    assert response["Content-Type"] == "application/json"
    assert response.json() == document
    assert document["openapi"].startswith("3.1")


def test_verbs_are_operations_of_their_name(document):
    operations = {operation["operationId"] for _, _, operation in _operations(document)}
    assert {verb.operation or verb.name for verb in VERBS.values()} <= operations
    assert len(operations) == len(list(_operations(document)))


def test_every_address_is_described(document):
    hidden = {"schema", "docs", "problem", "unknown"}
    assert len(document["paths"]) == len([each for each in urlpatterns if each.name not in hidden])


def test_every_error_is_a_component(document):
    schemas = document["components"]["schemas"]
    for code in Code:
        if (problem := schemas.get(problem_name(code))) is not None:
            assert problem["properties"]["code"]["const"] == code


def test_every_operation_says_how_it_fails(document):
    for path, method, operation in _operations(document):
        problems = {
            status: response["content"]
            for status, response in operation["responses"].items()
            if status.startswith(("4", "5"))
        }
        assert {"401", "406", "503"} <= set(problems), (method, path)
        assert all(list(content) == ["application/problem+json"] for content in problems.values())
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(problems), (method, path)
            assert list(operation["requestBody"]["content"]) == ["application/json"]


def test_bounds_are_those_of_the_settings(document):
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


def test_who_may_ask_is_said(document):
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["components"]["securitySchemes"]["session"]["in"] == "cookie"
    paths = document["paths"]
    assert paths[API + "calls"]["post"]["security"] == [{"bearer": []}, {"session": []}]
    assert not paths[API + "auth/token"]["post"].get("security")
    assert paths[API + "auth/token"]["delete"]["security"] == [{"bearer": []}]


def test_examples_are_given(document):
    body = document["paths"][API + "calls"]["post"]["requestBody"]["content"]["application/json"]
    assert body["examples"]
    assert document["components"]["schemas"]["CallObject"]["examples"]


def test_the_pages_bring_nothing_from_elsewhere(nobody):
    response = nobody.client.get(API + "docs", HTTP_ACCEPT="text/html")
    page = response.content.decode()
    assert response.status_code == 200
    assert "://" not in page
    assert "<style" not in page
    assert page.count("<script src=") == page.count("<script") == 3
    script = nobody.client.get(API + "docs?script=", HTTP_ACCEPT="*/*")
    assert script["Content-Type"].startswith("application/javascript")
    assert API + "schema" in script.content.decode()

"""Failures of HTTP itself: always one problem document, never a page, never a traceback."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import override_script_prefix
from django.utils import timezone

from invitations import calls
from invitations.api.endpoint import Endpoint
from invitations.calls.transaction import Overdue
from invitations.errors import Code
from invitations.models import User
from invitations.requests.problems import STATUS, TooLarge, problem
from tests.api.conftest import API, Rest, RestOf, problem_of
from tests.support.server import ROOT

JSON = "application/json"


def test_every_code_has_a_status_and_a_sentence() -> None:
    assert set(STATUS) == set(Code)


def test_the_documents_say_what_to_do_in_the_same_words() -> None:
    page = (ROOT / "docs" / "errors.md").read_text()
    said = dict(re.findall(r"^\| [^|]* \| `([a-z_]+)` \|(?: [^|]* \|)? (.*) \|$", page, re.MULTILINE))
    for code in Code:
        assert code.advice.removeprefix("This person ") == said[code] or code.advice in page


def test_every_type_leads_to_an_explanation(nobody: Rest) -> None:
    for code in Code:
        body = nobody.get(f"problems/{code}").json()
        assert body == {"code": str(code), "status": STATUS[code], "title": code.sentence, "detail": code.advice}


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v2/calls", "/api/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_unknown_addresses_beside_the_api(rest: RestOf, alice: User, path: str, method: str) -> None:
    assert problem_of(getattr(rest(alice).client, method)(path)) == (404, "not_found")


def test_a_strange_host_gets_a_problem_too(rest: RestOf, alice: User) -> None:
    assert problem_of(rest(alice).client.get(API + "me", HTTP_HOST="evil.example")) == (400, "invalid")


def test_a_verb_that_does_not_get_through_says_when_to_come_again(
    rest: RestOf, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Overdue(1, now=timezone.now())

    client = rest(alice)
    call_id = client.send("bob").json()["call"]["call_id"]
    monkeypatch.setattr("invitations.calls.taking_part.lock_for", fail)
    response = client.verb(call_id, "end")
    assert problem_of(response) == (503, "unavailable")
    assert response["Retry-After"] == "1"


def test_answers_are_kept_by_nobody(rest: RestOf, alice: User) -> None:
    assert rest(alice).get("me")["Cache-Control"] == "no-store"
    assert rest(alice).get("calls/x")["Cache-Control"] == "no-store"


def test_a_type_of_no_code_is_not_found(nobody: Rest) -> None:
    assert problem_of(nobody.get("problems/no-such")) == (404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "", "nothing", "calls/", "calls/x/y/z", "calls/x/accept/", "me/", "devices/a b", "devices/" + "x" * 65,
        "calls/ä", "<script>", "calls//accept",
    ],
)  # fmt: skip
def test_unknown_addresses(rest: RestOf, alice: User, path: str) -> None:
    client = rest(alice).client
    for method in (client.get, client.post, client.delete, client.patch, client.options):
        assert problem_of(method(API + path)) == (404, "not_found"), method.__name__


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("delete", "calls", {"GET", "POST"}),
        ("put", "calls", {"GET", "POST"}),
        ("get", "calls/x/accept", {"POST"}),
        ("post", "calls/open", {"GET"}),
        ("post", "me", {"GET", "PATCH", "DELETE"}),
        ("options", "me", {"GET", "PATCH", "DELETE"}),
        ("trace", "me", {"GET", "PATCH", "DELETE"}),
        ("get", "live/ticket", {"POST"}),
    ],
)
def test_wrong_methods_say_which_are_right(
    rest: RestOf, alice: User, method: str, path: str, allowed: set[str]
) -> None:
    response = getattr(rest(alice).client, method)(API + path)
    assert problem_of(response) == (405, "method_not_allowed")
    assert {each.strip() for each in response["Allow"].split(",")} - {"HEAD", "OPTIONS"} == allowed


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0", "image/*, text/html;q=0.5"])
def test_answers_are_json_only(rest: RestOf, alice: User, accept: str) -> None:
    assert problem_of(rest(alice).client.get(API + "me", HTTP_ACCEPT=accept)) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/*",
        "text/html, application/json;q=0.1",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
    ],
)
def test_whoever_takes_json_gets_it(rest: RestOf, alice: User, accept: str) -> None:
    assert rest(alice).client.get(API + "me", HTTP_ACCEPT=accept).status_code == 200


def test_a_format_in_the_address_means_nothing(rest: RestOf, alice: User) -> None:
    assert rest(alice).get("me", format="xml").status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_bodies_are_json_only(rest: RestOf, alice: User, content_type: str) -> None:
    response = rest(alice).client.post(API + "calls", b"a=b", content_type=content_type)
    assert problem_of(response) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_may_name_its_charset(rest: RestOf, alice: User, bob: User, content_type: str) -> None:
    body = json.dumps({"invitees": ["bob"], "is_video_call": False}).encode()
    assert rest(alice).client.post(API + "calls", body, content_type=content_type).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"nothing", b"[]", b"null", b"5", b'"text"', b"\xff\xfe", b'{"invitees": NaN}', b"[" * 20_000,
        b'{"a":' * 9_000, b'{"timeout_seconds": ' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_broken_bodies_are_invalid(rest: RestOf, alice: User, body: bytes) -> None:
    assert problem_of(rest(alice).client.post(API + "calls", body, content_type=JSON)) == (400, "invalid")


def test_a_large_body_is_refused(rest: RestOf, alice: User) -> None:
    body = json.dumps({"invitees": ["bob"], "is_video_call": True, "unknown": "x" * 65_536}).encode()
    assert problem_of(rest(alice).client.post(API + "calls", body, content_type=JSON)) == (413, "too_large")


def test_a_body_of_just_the_limit_is_read(rest: RestOf, alice: User, bob: User) -> None:
    frame = json.dumps({"invitees": ["bob"], "is_video_call": True, "unknown": ""}).encode()
    body = frame.replace(b'""', b'"' + b"x" * (65_536 - len(frame)) + b'"')
    assert len(body) == 65_536
    assert rest(alice).client.post(API + "calls", body, content_type=JSON).status_code == 201


def _read(request: HttpRequest) -> Any:
    return Endpoint().initialize_request(request).data


def test_a_body_in_chunks_is_bounded_whatever_it_declares() -> None:
    request = RequestFactory().post("/", b"", content_type=JSON)
    request.META.update(HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="5", CONTENT_TYPE=JSON)
    request._stream = BytesIO(b'{"a": "' + b"x" * 70_000 + b'"}')
    with pytest.raises(TooLarge):
        _read(request)


@pytest.mark.parametrize("terminated", [True, False])
def test_a_body_in_chunks_is_read(terminated: bool) -> None:
    request = RequestFactory().post("/", b"", content_type=JSON)
    request.META.pop("CONTENT_LENGTH", None)
    request.META.update(HTTP_TRANSFER_ENCODING="chunked", CONTENT_TYPE=JSON)
    body = BytesIO(b'{"a": 1}')
    if terminated:
        request.META.update({"wsgi.input_terminated": True, "wsgi.input": body})
    else:
        request._stream = body
    assert _read(request) == {"a": 1}


@pytest.mark.parametrize(
    "path", ["calls", "calls/open", "calls/x", "calls/x/timeline", "me", "users", "devices", "devices/x"]
)
def test_nobody_reads_nothing(nobody: Rest, path: str) -> None:
    response = nobody.get(path)
    assert problem_of(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["calls", "calls/x/accept", "calls/current/reject", "history/seen", "live/ticket"])
def test_nobody_does_nothing(nobody: Rest, path: str) -> None:
    assert problem_of(nobody.post(path)) == (401, "not_authenticated")


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("a secret in a message")])
def test_a_crash_is_a_problem_without_a_word_about_its_cause(
    rest: RestOf, alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(calls, "open_calls", fail)
    response = rest(alice).get("calls/open")
    assert problem_of(response) == (503, "unavailable")
    assert str(error) not in response.content.decode()
    assert response["Retry-After"] == "1"
    assert "GET /api/v1/calls/open" in caplog.text


def test_the_address_of_a_problem_has_the_prefix_of_its_own_request_and_of_no_other() -> None:
    address = API + "problems/call_ended"

    # As set for a request that Daphne receives with the header Daphne-Root-Path.
    with override_script_prefix("http://evil.example/x/"):
        assert problem(Code.CALL_ENDED)["type"] == f"http://evil.example/x{address}"

    assert problem(Code.CALL_ENDED)["type"] == address

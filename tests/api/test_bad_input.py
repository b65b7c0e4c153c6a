"""What must be refused, with the exact code, and with nothing changed by it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from invitations.models import Call, CallEvent, Invitation, Participant, User
from tests.api.conftest import API, RestOf, problem_of

VERBS = (
    "accept", "reject", "cancel", "invite", "join", "leave", "end", "ringing", "connected", "heartbeat"
)  # fmt: skip
GOOD = {"invitees": ["bob"], "is_video_call": True}


def _written() -> list:
    return [
        list(Call.objects.values()),
        list(Invitation.objects.values()),
        list(Participant.objects.values()),
        CallEvent.objects.count(),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("invitees", None),
        ("invitees", "bob"),
        ("invitees", {}),
        ("invitees", []),
        ("invitees", [1]),
        ("invitees", [None]),
        ("invitees", [["bob"]]),
        ("invitees", [True]),
        ("invitees", ["b\0b"]),
        ("invitees", [f"user{each}" for each in range(10)]),
        ("is_video_call", None),
        ("is_video_call", "true"),
        ("is_video_call", 1),
        ("is_video_call", 0),
        ("is_video_call", []),
        ("custom_data", 5),
        ("custom_data", {"a": 1}),
        ("custom_data", "x" * 4097),
        ("custom_data", "é" * 2049),
        ("custom_data", "a\0b"),
        ("call_id", ""),
        ("call_id", 5),
        ("call_id", "a b"),
        ("call_id", "a/b"),
        ("call_id", "ä"),
        ("call_id", "x" * 129),
        ("call_id", "current"),
        ("call_id", "open"),
        ("call_id", "."),
        ("call_id", ".."),
        ("call_id", "ring\n"),
        ("timeout_seconds", 0),
        ("timeout_seconds", 601),
        ("timeout_seconds", -1),
        ("timeout_seconds", 1.5),
        ("timeout_seconds", "60"),
        ("timeout_seconds", True),
        ("timeout_seconds", 10**30),
        ("notification_title", "x" * 129),
        ("notification_title", 1),
        ("notification_message", "x" * 513),
        ("notification_message", ["x"]),
        ("resource_id", 7),
        ("resource_id", "x" * 129),
        ("end_when_caller_leaves", "no"),
        ("device_id", ""),
        ("device_id", "a b"),
        ("device_id", "x" * 65),
        ("device_id", 5),
    ],
)
def test_send_refuses_a_field(rest: RestOf, alice: User, bob: User, field: str, value: object) -> None:
    response = rest(alice).post("calls", {**GOOD, field: value})
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]
    assert all(isinstance(each, str) for each in response.json()["errors"][field])
    assert not Call.objects.exists()


def test_a_lone_surrogate_is_refused(rest: RestOf, alice: User, bob: User) -> None:
    body = b'{"invitees": ["bob"], "is_video_call": true, "custom_data": "\\ud800"}'
    response = rest(alice).client.post(API + "calls", body, content_type="application/json")
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == ["custom_data"]


def test_every_wrong_field_is_named(rest: RestOf, alice: User) -> None:
    errors = rest(alice).post("calls", {"timeout_seconds": "x", "custom_data": 1}).json()["errors"]
    assert set(errors) == {"invitees", "is_video_call", "timeout_seconds", "custom_data"}


@pytest.mark.parametrize(
    "fields",
    [
        {"custom_data": "x" * 4096},
        {"custom_data": "é" * 2048},
        {"custom_data": ' \t{"a": "😀"}\n '},
        {"timeout_seconds": 1},
        {"timeout_seconds": 600},
        {"timeout_seconds": 60.0},
        {"notification_title": "ü" * 128, "notification_message": "ü" * 512},
        {"notification_title": None, "notification_message": None, "resource_id": None, "call_id": None},
        {"custom_data": None, "timeout_seconds": None, "end_when_caller_leaves": None, "device_id": None},
        {"call_id": "a" * 128},
        {"call_id": "A-z.0_9~:@"},
        {"device_id": "~._-" + "x" * 60},
        {"unknown": {"is": "ignored"}},
    ],
)
def test_send_takes_what_is_within_bounds(rest: RestOf, alice: User, bob: User, fields: dict[str, object]) -> None:
    response = rest(alice).post("calls", {**GOOD, **fields})
    assert response.status_code == 201
    if "custom_data" in fields:
        assert response.json()["call"]["custom_data"] == (fields["custom_data"] or "")


@pytest.mark.parametrize(
    ("verb", "field", "value"),
    [
        ("accept", "custom_data", 1),
        ("accept", "custom_data", "é" * 2049),
        ("accept", "device_id", "no spaces"),
        ("reject", "reason", "because"),
        ("reject", "reason", 1),
        ("cancel", "callees", "bob"),
        ("cancel", "callees", []),
        ("cancel", "callees", [1]),
        ("cancel", "custom_data", []),
        ("invite", "invitees", []),
        ("invite", "invitees", ["x"] * 10),
        ("invite", "timeout_seconds", 0),
        ("ringing", "audible", "yes"),
        ("join", "device_id", 1),
        ("heartbeat", "device_id", "ä"),
    ],
)
def test_a_verb_refuses_a_field_and_changes_nothing(
    rest: RestOf, alice: User, bob: User, verb: str, field: str, value: object
) -> None:
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    before = _written()
    asker = alice if verb in {"cancel", "invite"} else bob
    response = rest(asker).post(f"calls/{call_id}/{verb}", {"invitees": ["carol"], field: value})
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]
    assert _written() == before


@pytest.mark.parametrize("verb", VERBS)
def test_strangers_get_not_found_and_change_nothing(
    rest: RestOf, alice: User, bob: User, mallory: User, verb: str
) -> None:
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    before = _written()
    response = rest(mallory).verb(call_id, verb, invitees=["mallory"])
    assert problem_of(response) == (404, "not_found")
    assert "call" not in response.json()
    assert _written() == before


@pytest.mark.parametrize("verb", VERBS)
def test_unknown_calls_are_not_found(rest: RestOf, alice: User, verb: str) -> None:
    assert problem_of(rest(alice).verb("no-such-call", verb, invitees=["bob"])) == (404, "not_found")


@pytest.mark.parametrize("call_id", ["x" * 129, "a b", "ä", "%00", "a%2Fb", "..", "open", "(1)"])
@pytest.mark.parametrize("verb", ["accept", "cancel"])
def test_odd_call_ids_are_not_found(rest: RestOf, alice: User, call_id: str, verb: str) -> None:
    assert problem_of(rest(alice).verb(call_id, verb)) == (404, "not_found")


def test_strangers_see_nothing(rest: RestOf, alice: User, bob: User, mallory: User) -> None:
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    assert problem_of(rest(mallory).get(f"calls/{call_id}")) == (404, "not_found")
    assert problem_of(rest(mallory).get(f"calls/{call_id}/timeline")) == (404, "not_found")
    assert rest(mallory).get("calls").json()["results"] == []
    assert rest(mallory).get("calls/open").json()["calls"] == []


@pytest.mark.parametrize(
    ("verb", "asker", "expected"),
    [
        ("accept", "bob", (410, "invitation_cancelled")),
        ("reject", "bob", (410, "invitation_cancelled")),
        ("ringing", "bob", (410, "invitation_cancelled")),
        ("join", "bob", (410, "invitation_cancelled")),
        ("invite", "alice", (410, "call_ended")),
        ("connected", "alice", (410, "call_ended")),
        ("heartbeat", "alice", (410, "call_ended")),
    ],
)
def test_verbs_on_an_ended_call(
    rest: RestOf, alice: User, bob: User, carol: User, verb: str, asker: str, expected: tuple[int, str]
) -> None:
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    rest(bob).verb(call_id, "ringing")
    rest(alice).verb(call_id, "cancel")
    before = _written()
    response = rest({"alice": alice, "bob": bob}[asker]).verb(call_id, verb, invitees=["carol"])
    assert problem_of(response) == expected
    assert response.json()["call"]["state"] == "ended"
    assert _written() == before


def test_a_byte_order_mark_is_ignored(api_as: Callable[[User], APIClient], alice: User) -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"name": "Alice B."}).encode()
    answer = api_as(alice).patch("/api/v1/me", body, content_type="application/json")
    assert (answer.status_code, answer.json()["name"]) == (200, "Alice B.")


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("br", 415), ("identity", 200), ("", 200)])
def test_a_compressed_body_is_refused_in_words(
    api_as: Callable[[User], APIClient], alice: User, coding: str, status: int
) -> None:
    plain = json.dumps({"name": "Alice B."}).encode()
    body = gzip.compress(plain) if status == 415 else plain
    answer = api_as(alice).patch(
        "/api/v1/me", body, content_type="application/json", headers={"Content-Encoding": coding}
    )
    assert answer.status_code == status
    if status == 415:
        assert answer.json()["code"] == "unsupported_media_type"
        assert answer.json()["detail"] == "The body is compressed. Send it as it is, without Content-Encoding."

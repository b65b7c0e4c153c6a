"""Every verb by its address: status, exact members, and what the other side then sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from invitations.models import User
from tests.api.conftest import RestOf, problem_of

CALL_MEMBERS = {
    "attempt",
    "call_id", "revision", "state", "end_reason", "is_video_call", "caller", "custom_data", "resource_id",
    "ringtone_url", "silent", "vibration", "accent", "notification_title", "notification_message",
    "sender_title", "sender_message",
    "timeout_seconds", "created_at", "ring_expires_at", "remaining_ms",
    "server_time", "answered_at", "ended_at", "duration_seconds", "invitations", "participants", "you",
}  # fmt: skip
SENT_MEMBERS = {"call", "errors", "warnings", "merged", "rejoin"}


@pytest.fixture
def ring(rest: RestOf, alice: User, bob: User) -> str:
    """Alice rings Bob; gives the call's id."""
    return rest(alice).send("bob", call_id="ring").json()["call"]["call_id"]


def test_send_answers_with_the_call(rest: RestOf, alice: User, bob: User) -> None:
    response = rest(alice).send("bob", custom_data=" {not parsed} ", timeout_seconds=30)
    body = response.json()
    assert response.status_code == 201
    assert response["Content-Type"] == "application/json"
    assert set(body) == SENT_MEMBERS
    assert body["errors"] == body["warnings"] == []
    assert (body["merged"], body["rejoin"]) == (False, False)
    call = body["call"]
    assert set(call) == CALL_MEMBERS
    assert call["call_id"].startswith("call_alice_")
    assert (call["state"], call["is_video_call"], call["custom_data"]) == ("ringing", True, " {not parsed} ")
    assert (call["timeout_seconds"], call["caller"]) == (30, {"id": "alice", "name": "Alice"})
    assert 0 < call["remaining_ms"] <= 30_000
    assert call["you"]["role"] == "caller"


def test_send_names_who_could_not_be_invited(rest: RestOf, alice: User, bob: User) -> None:
    body = rest(alice).send("bob", "alice", "bob", "nobody").json()
    assert {(each["invitee"], each["code"]) for each in body["errors"]} == {
        ("alice", "self"), ("bob", "duplicate"), ("nobody", "unknown_user")
    }  # fmt: skip
    assert all(each["detail"] for each in body["errors"])


def test_send_to_nobody_who_exists_is_refused_with_the_errors(rest: RestOf, alice: User) -> None:
    response = rest(alice).send("nobody", "alice")
    assert problem_of(response) == (400, "no_valid_invitee")
    assert {each["code"] for each in response.json()["errors"]} == {"unknown_user", "self"}


def test_the_same_send_again_is_the_same_call(rest: RestOf, alice: User, bob: User) -> None:
    first = rest(alice).send("bob", call_id="twice")
    again = rest(alice).send("bob", call_id="twice")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["call"]["revision"] == first.json()["call"]["revision"]


def test_an_id_is_called_again_after_the_end(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    rest(bob).verb(ring, "reject")
    again = rest(alice).send("bob", call_id=ring)
    assert (again.status_code, again.json()["call"]["attempt"]) == (201, 2)
    ended, live = (rest(bob).get(f"calls/{ring}", attempt=number).json() for number in (1, 2))
    assert (ended["attempt"], ended["state"], live["attempt"], live["state"]) == (1, "ended", 2, "ringing")
    assert rest(bob).get(f"calls/{ring}").json()["attempt"] == 2
    assert live["revision"] > ended["revision"]
    assert problem_of(rest(bob).post(f"calls/{ring}/accept?attempt=1", {})) == (409, "rejected_elsewhere")
    assert rest(bob).post(f"calls/{ring}/accept?attempt=2", {}).status_code == 200
    assert [each["attempt"] for each in rest(alice).get("calls").json()["results"]] == [2, 1]


def test_a_send_whose_answer_was_lost_is_repeated_by_its_key(rest: RestOf, alice: User, bob: User) -> None:
    body = {"invitees": ["bob", "nobody"], "is_video_call": True}
    first, again = (rest(alice).post("calls", body, HTTP_IDEMPOTENCY_KEY="k 1") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["call"]["call_id"] == first.json()["call"]["call_id"]
    assert again.json()["errors"] == first.json()["errors"]
    other = rest(alice).post("calls", {**body, "timeout_seconds": 5}, HTTP_IDEMPOTENCY_KEY="k 1")
    assert problem_of(other) == (409, "idempotency_key_in_use")


def test_an_invite_whose_answer_was_lost_is_repeated_by_its_key(
    rest: RestOf, alice: User, bob: User, carol: User, ring: str
) -> None:
    answers = [
        rest(alice).post(f"calls/{ring}/invite", {"invitees": ["carol"]}, HTTP_IDEMPOTENCY_KEY="k") for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [201, 200]
    assert len(answers[1].json()["call"]["invitations"]) == 2
    other = rest(alice).post("calls", {"invitees": ["carol"], "is_video_call": True}, HTTP_IDEMPOTENCY_KEY="k")
    assert problem_of(other) == (409, "idempotency_key_in_use")


@pytest.mark.parametrize("key", ["", "k" * 129, "ü", "a\tb"])
def test_a_key_is_printable_ascii(rest: RestOf, alice: User, bob: User, key: str) -> None:
    response = rest(alice).post("calls", {"invitees": ["bob"], "is_video_call": True}, HTTP_IDEMPOTENCY_KEY=key)
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == ["idempotency_key"]
    assert rest(alice).get("calls").json()["results"] == []


def test_somebody_rung_in_vain_too_often_is_an_error_with_the_wait(rest: RestOf, alice: User, bob: User) -> None:
    for _ in range(3):
        rest(bob).verb(rest(alice).send("bob").json()["call"]["call_id"], "reject")
    response = rest(alice).send("bob")
    assert problem_of(response) == (400, "no_valid_invitee")
    (error,) = response.json()["errors"]
    assert (error["invitee"], error["code"]) == ("bob", "cooling_down")
    assert 0 < error["retry_after_seconds"] <= 60


@pytest.mark.parametrize("attempt", ["0", "-1", "first", "1000000000"])
def test_an_attempt_is_a_whole_number_from_one(rest: RestOf, alice: User, bob: User, ring: str, attempt: str) -> None:
    response = rest(alice).get(f"calls/{ring}", attempt=attempt)
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == ["attempt"]


@pytest.mark.parametrize("path", ["calls", "calls/current/accept", "calls/current/reject", "history/seen"])
def test_an_attempt_is_refused_where_nothing_has_one(
    rest: RestOf, alice: User, bob: User, ring: str, path: str
) -> None:
    body = {"invitees": ["alice"], "is_video_call": True} if path == "calls" else {}
    response = rest(bob).post(f"{path}?attempt=1", body)
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == ["attempt"]
    assert rest(bob).get(f"calls/{ring}").json()["you"]["state"] == "pending"
    assert len(rest(bob).get("calls").json()["results"]) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "calls/open"), ("get", "calls/{ring}"), ("get", "ice-servers"), ("post", "calls/{ring}/accept")],
)
def test_a_parameter_that_a_verb_does_not_have_is_refused(
    rest: RestOf, bob: User, ring: str, method: str, path: str
) -> None:
    at = f"{path.format(ring=ring)}?colour=red"
    response = rest(bob).get(at) if method == "get" else rest(bob).post(at, {})
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == ["colour"]


def test_the_same_id_with_another_body_is_a_conflict(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    assert problem_of(rest(alice).send("bob", call_id=ring, custom_data="other")) == (409, "call_id_in_use")


def test_somebody_elses_call_id_is_a_conflict_that_shows_nothing(
    rest: RestOf, bob: User, mallory: User, ring: str
) -> None:
    response = rest(mallory).send("bob", call_id=ring)
    assert problem_of(response) == (409, "call_id_in_use")
    assert "call" not in response.json()


def test_sending_while_in_a_call_gives_that_call(rest: RestOf, alice: User, carol: User, ring: str) -> None:
    response = rest(alice).send("carol")
    assert problem_of(response) == (409, "already_in_call")
    assert response.json()["call"]["call_id"] == ring


def test_calling_each_other_connects_both(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    response = rest(bob).send("alice")
    body = response.json()
    assert (response.status_code, body["merged"], body["call"]["call_id"]) == (200, True, ring)
    assert body["call"]["state"] == "active"


def test_calling_again_in_an_active_call_gives_it(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    rest(bob).verb(ring, "accept")
    body = rest(alice).send("bob").json()
    assert (body["rejoin"], body["call"]["call_id"]) == (True, ring)


def test_everybody_busy_is_an_ended_call(rest: RestOf, alice: User, bob: User, carol: User, ring: str) -> None:
    response = rest(carol).send("alice")
    assert response.status_code == 201
    assert (response.json()["call"]["state"], response.json()["call"]["end_reason"]) == ("ended", "busy")


def test_an_unknown_resource_is_a_warning(rest: RestOf, alice: User, bob: User) -> None:
    assert rest(alice).send("bob", resource_id="nope").json()["warnings"] == [{"code": "unknown_resource"}]


def test_accept_makes_the_call_active(rest: RestOf, bob: User, ring: str) -> None:
    response = rest(bob).verb(ring, "accept", custom_data="coming", device_id="bobs-laptop")
    call = response.json()["call"]
    assert (response.status_code, set(response.json()), call["state"]) == (200, {"call"}, "active")
    assert call["participants"][-1]["device_id"] == "bobs-laptop"
    assert (call["invitations"][0]["state"], call["invitations"][0]["custom_data"]) == ("accepted", "coming")


def test_accept_without_a_device_uses_the_sessions(rest: RestOf, bob: User, ring: str) -> None:
    device_id = rest(bob).verb(ring, "accept").json()["call"]["participants"][-1]["device_id"]
    assert device_id.startswith("session-")
    assert len(device_id) == 30


def test_accept_on_another_device_tells_where_it_was_answered(rest: RestOf, bob: User, ring: str) -> None:
    rest(bob).verb(ring, "accept", device_id="laptop")
    response = rest(bob).verb(ring, "accept", device_id="phone")
    assert problem_of(response) == (409, "answered_elsewhere")
    assert response.json()["call"]["state"] == "active"


def test_current_is_the_one_call_that_rings(rest: RestOf, bob: User, ring: str) -> None:
    assert rest(bob).verb("current", "accept").json()["call"]["call_id"] == ring


def test_current_without_a_ring(rest: RestOf, bob: User) -> None:
    assert problem_of(rest(bob).verb("current", "accept")) == (404, "no_current_call")
    assert problem_of(rest(bob).verb("current", "reject")) == (404, "no_current_call")


def test_current_with_two_rings(rest: RestOf, alice: User, carol: User, make_user: Callable[..., User]) -> None:
    waiting = make_user("wanda", call_waiting=True)
    rest(alice).send("wanda")
    rest(carol).send("wanda")
    assert problem_of(rest(waiting).verb("current", "accept")) == (409, "ambiguous_current_call")


def test_reject_with_a_reason(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    call = rest(bob).verb(ring, "reject", reason="later", custom_data="In a meeting").json()["call"]
    assert (call["state"], call["end_reason"]) == ("ended", "rejected")
    seen = rest(alice).get(f"calls/{ring}").json()["invitations"][0]
    assert (seen["state"], seen["reject_reason"], seen["custom_data"]) == ("rejected", "later", "In a meeting")


def test_cancel_names_whom_it_stopped(rest: RestOf, alice: User, bob: User, carol: User) -> None:
    call_id = rest(alice).send("bob", "carol").json()["call"]["call_id"]
    body = rest(alice).verb(call_id, "cancel", callees=["bob", "mallory"]).json()
    assert set(body) == {"call", "cancelled", "errors"}
    assert body["cancelled"] == ["bob"]
    assert [(each["invitee"], each["code"]) for each in body["errors"]] == [("mallory", "not_invited")]
    assert body["call"]["state"] == "ringing"


def test_cancel_of_all_ends_the_call(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    body = rest(alice).verb(ring, "cancel").json()
    assert (body["cancelled"], body["call"]["end_reason"]) == (["bob"], "cancelled")
    assert problem_of(rest(bob).verb(ring, "accept")) == (410, "invitation_cancelled")


def test_cancel_that_lost_changes_nothing(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    revision = rest(bob).verb(ring, "accept").json()["call"]["revision"]
    response = rest(alice).verb(ring, "cancel")
    assert problem_of(response) == (409, "already_answered")
    assert response.json()["call"]["revision"] == revision


def test_invite_adds_people(rest: RestOf, alice: User, bob: User, carol: User, ring: str) -> None:
    rest(bob).verb(ring, "accept")
    response = rest(bob).verb(ring, "invite", invitees=["carol"])
    assert (response.status_code, set(response.json())) == (201, SENT_MEMBERS)
    assert rest(carol).get("calls/open").json()["calls"][0]["call_id"] == ring


def test_ringing_is_seen_by_the_caller(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    rest(bob).verb(ring, "ringing", audible=True, device_id="laptop")
    assert rest(alice).get(f"calls/{ring}").json()["invitations"][0]["progress"] == "ringing"


def test_connected_heartbeat_leave(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    browser = rest(bob)
    browser.verb(ring, "accept")
    assert browser.verb(ring, "connected").json()["call"]["participants"][-1]["connected_at"]
    assert browser.verb(ring, "heartbeat").status_code == 200
    call = browser.verb(ring, "leave").json()["call"]
    assert (call["state"], call["end_reason"]) == ("ended", "completed")


def test_join_moves_to_another_device(rest: RestOf, bob: User, ring: str) -> None:
    rest(bob).verb(ring, "accept", device_id="laptop")
    call = rest(bob).verb(ring, "join", device_id="phone").json()["call"]
    assert [(each["device_id"], each["left_reason"]) for each in call["participants"][1:]] == [
        ("laptop", "moved"),
        ("phone", None),
    ]


def test_end_is_for_the_caller(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    rest(bob).verb(ring, "accept")
    assert problem_of(rest(bob).verb(ring, "end")) == (403, "not_allowed")
    assert rest(alice).verb(ring, "end").json()["call"]["end_reason"] == "completed"
    assert rest(alice).verb(ring, "end").status_code == 200


def test_the_caller_cannot_answer(rest: RestOf, alice: User, ring: str) -> None:
    assert problem_of(rest(alice).verb(ring, "accept")) == (403, "not_allowed")


def test_timeline_is_told_in_order(rest: RestOf, alice: User, bob: User, ring: str) -> None:
    rest(bob).verb(ring, "reject")
    body = rest(alice).get(f"calls/{ring}/timeline").json()
    assert set(body) == {"call_id", "entries"}
    assert set(body["entries"][0]) == {"at", "code", "text", "user", "device", "data"}
    assert body["entries"][0]["code"] == "call.sent"
    assert body["entries"][-1]["code"] == "call.ended"


@pytest.mark.usefixtures("known_looks")
def test_a_send_and_an_accept_stay_within_their_queries(
    app_of: RestOf, alice: User, bob: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    caller, invitee = app_of(alice), app_of(bob)
    # One more each than the verb's own: the token.
    with django_assert_max_num_queries(13):
        call_id = caller.send("bob").json()["call"]["call_id"]
    with django_assert_max_num_queries(11 + 2 * connection.features.has_select_for_update):
        invitee.verb(call_id, "accept")


@pytest.mark.usefixtures("known_looks")
def test_a_group_of_nine_stays_within_its_queries(
    app_of: RestOf, alice: User, make_user: Callable[..., User], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    names = [make_user(f"user{each}").username for each in range(9)]
    caller = app_of(alice)
    with django_assert_max_num_queries(17):
        assert len(caller.send(*names).json()["call"]["invitations"]) == 9


def test_too_many_sends_are_throttled(rest: RestOf, alice: User, bob: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "sends_per_minute": 2}
    for _ in range(2):
        call_id = rest(alice).send("bob").json()["call"]["call_id"]
        rest(alice).verb(call_id, "cancel")
    response = rest(alice).send("bob")
    assert problem_of(response) == (429, "throttled")
    assert 1 <= int(response["Retry-After"]) <= 60

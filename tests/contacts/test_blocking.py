"""Blocks: their list, what they come to, and that nobody but their owner hears of them."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from pytest_django import Settings

from invitations import calls
from invitations.models import Block, Call, Contact, User
from invitations.push import action_tokens
from invitations.store.sheets import Actor
from tests.api.conftest import problem_of
from tests.contacts.conftest import At

if TYPE_CHECKING:
    from rest_framework.test import APIClient


def _actor(user: User) -> Actor:
    return Actor(user_id=user.pk, username=user.username, device_id="laptop")


def test_blocking_and_unblocking(at: At, alice: User, bob: User) -> None:
    made = at(bob).block("alice")
    assert (made.status_code, made.json()["user"]) == (201, {"id": "alice", "name": "Alice"})
    again = at(bob).block("alice")
    assert (again.status_code, again.content) == (200, made.content)
    assert at(bob).get("blocks/alice").content == made.content
    assert (at(bob).blocks(), at(alice).blocks()) == (["alice"], [])
    assert problem_of(at(alice).get("blocks/bob")) == (404, "not_found")

    assert at(bob).unblock("alice").status_code == 204
    assert at(bob).unblock("alice").status_code == 204
    assert at(bob).blocks() == []
    assert problem_of(at(bob).get("blocks/alice")) == (404, "not_found")


def test_what_cannot_be_blocked_is_refused(at: At, alice: User) -> None:
    answer = at(alice).block("alice")
    assert (*problem_of(answer), answer.json()["detail"]) == (400, "self", "You can't block yourself.")
    for name in ("nobody", "%00", "x" * 600, "a/b"):
        assert problem_of(at(alice).block(name)) == (404, "not_found"), name
        assert at(alice).unblock(name).status_code == 204


def test_who_is_blocked_is_no_contact_any_more_and_keeps_what_they_have(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob")
    at(bob).accept("alice")
    at(bob).patch("contacts/alice", {"favourite": True})
    before = at(alice).get("contacts").content
    at(bob).block("alice")
    assert at(bob).contacts() == []
    assert at(alice).get("contacts").content == before
    at(bob).unblock("alice")
    assert at(bob).contacts() == []


def test_a_request_of_somebody_blocked_is_gone_and_theirs_stays(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob")
    at(bob).block("alice")
    assert (at(bob).state_of("alice"), at(alice).state_of("bob")) == (None, "asked")
    assert problem_of(at(bob).accept("alice")) == (404, "not_found")


def test_accepting_somebody_who_has_blocked_me_meanwhile_lets_in_on_my_side_alone(
    at: At, alice: User, bob: User
) -> None:
    at(alice).ask("bob")
    at(alice).block("bob")
    assert at(bob).accept("alice").json()["state"] == "contact"
    assert at(alice).state_of("bob") is None
    assert Block.objects.filter(user=alice, other=bob).exists()


def test_whoever_has_blocked_somebody_cannot_ask_them(at: At, alice: User, bob: User) -> None:
    at(alice).block("bob")
    assert problem_of(at(alice).ask("bob")) == (400, "you_blocked")
    assert not Contact.objects.exists()


def test_disabled_accounts_stay_blocked_and_can_be_unblocked(at: At, alice: User, bob: User) -> None:
    at(alice).block("bob")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert at(alice).blocks() == ["bob"]
    at(alice).unblock("bob")
    assert at(alice).blocks() == []
    assert at(alice).block("bob").status_code == 201


def test_the_list_is_newest_first_in_pages_and_can_be_searched(
    at: At, alice: User, bob: User, carol: User, mallory: User
) -> None:
    for name in ("bob", "carol", "mallory"):
        at(alice).block(name)
    first = at(alice).get("blocks", page_size=2).json()
    assert [each["user"]["id"] for each in first["results"]] == ["mallory", "carol"]
    rest = at(alice).client.get(first["next"]).json()
    assert [each["user"]["id"] for each in rest["results"]] == ["bob"]
    found = at(alice).get("blocks", search="ob").json()["results"]
    assert [each["user"]["id"] for each in found] == ["bob"]
    assert problem_of(at(alice).get("blocks", state="contact")) == (400, "invalid")


def test_who_is_here_is_not_found_out_by_blocking(at: At, alice: User, bob: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "searches_per_minute": 2}
    assert at(alice).block("nobody").status_code == 404
    assert at(alice).block("bob").status_code == 201
    assert problem_of(at(alice).block("carol")) == (429, "throttled")
    assert at(alice).unblock("bob").status_code == 204


def test_blocks_are_bounded(at: At, alice: User, bob: User, carol: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "blocks_per_user": 1}
    assert at(alice).block("bob").status_code == 201
    refused = at(alice).block("carol")
    assert problem_of(refused) == (400, "invalid")
    assert "1" in refused.json()["detail"]
    assert at(alice).block("bob").status_code == 200


def test_decline_and_block_is_an_ordinary_rejection_to_the_caller(
    at: At, alice: User, bob: User, carol: User, now: datetime
) -> None:
    seen = []
    for call_id, who, blocks in (("one", bob, True), ("two", carol, False)):
        calls.send(by=_actor(alice), invitees=[who.username], is_video_call=True, call_id=call_id, now=now)
        answer = at(who).post(f"calls/{call_id}/reject", {"block": blocks, "custom_data": "no"})
        assert (answer.status_code, answer.json()["call"]["you"]["state"]) == (200, "rejected")
        told = at(alice).get(f"calls/{call_id}").json()
        [invitation] = told["invitations"]
        seen.append(
            (told["state"], told["end_reason"], invitation["state"], invitation["reject_reason"], set(invitation))
        )
    assert seen[0] == seen[1]
    assert (at(bob).blocks(), at(carol).blocks()) == (["alice"], [])


def test_in_a_group_whoever_rang_is_blocked(at: At, alice: User, bob: User, carol: User, now: datetime) -> None:
    calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, call_id="group", now=now)
    calls.accept("group", by=_actor(bob), now=now)
    calls.invite("group", by=_actor(bob), invitees=["carol"], now=now)
    assert at(carol).post("calls/group/reject", {"block": True}).status_code == 200
    assert at(carol).blocks() == ["bob"]


def test_a_rejection_that_fails_blocks_nobody(at: At, alice: User, bob: User, now: datetime) -> None:
    calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, call_id="gone", now=now)
    calls.cancel("gone", by=_actor(alice), now=now)
    assert at(bob).post("calls/gone/reject", {"block": True}).status_code == 410
    assert problem_of(at(bob).post("calls/current/reject", {"block": True})) == (404, "no_current_call")
    assert at(bob).blocks() == []


def test_a_block_that_fails_rejects_nothing(
    at: At, alice: User, bob: User, carol: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "blocks_per_user": 1}
    at(bob).block("carol")
    calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, call_id="still", now=now)
    assert problem_of(at(bob).post("calls/still/reject", {"block": True})) == (400, "invalid")
    assert Call.objects.get(call_id="still").state == "ringing"


def test_current_can_be_declined_and_blocked(at: At, alice: User, bob: User, now: datetime) -> None:
    calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, call_id="now", now=now)
    assert at(bob).post("calls/current/reject", {"block": True}).status_code == 200
    assert at(bob).blocks() == ["alice"]


def test_a_rings_token_does_not_block(at: At, alice: User, bob: User, now: datetime, anonymous_api: APIClient) -> None:
    calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, call_id="rings", now=now)
    ring = Call.objects.get(call_id="rings").invitations.get()
    token = action_tokens.issue(action_tokens.RING, ring.pk, "laptop")
    anonymous_api.credentials(HTTP_AUTHORIZATION=f"Invitation {token}")
    address = "/api/v1/calls/rings/reject"
    refused = anonymous_api.post(address, {"block": True}, format="json")
    assert problem_of(refused) == (400, "invalid")
    assert at(bob).blocks() == []
    assert anonymous_api.post(address, {}, format="json").status_code == 200


def test_every_act_is_a_line_in_the_log(
    at: At, alice: User, bob: User, caplog: pytest.LogCaptureFixture, now: datetime
) -> None:
    person = at(alice)
    other = at(bob)
    with caplog.at_level(logging.INFO, "invitations.audit"):
        caplog.clear()
        person.ask("bob", "a secret")
        person.ask("bob", "a secret")
        other.accept("alice")
        person.remove("bob")
        person.remove("bob")
        person.block("bob")
        person.block("bob")
        person.unblock("bob")
        person.unblock("bob")
        person.patch(
            "me", {"quiet_hours": {"days": ["mon"], "from": "22:00", "to": "07:00"}, "time_zone": "Asia/Tokyo"}
        )
        person.patch("me", {"name": "Other"})
    lines = [each.getMessage() for each in caplog.records if each.name == "invitations.audit"]
    acts = [
        (line.split()[0], [each for each in line.split() if each.startswith(("user=", "other=", "what="))])
        for line in lines
    ]
    a, b = alice.pk, bob.pk
    assert acts == [
        ("contact-asked", [f"user={a}", f"other={b}"]),
        ("contact-accepted", [f"user={b}", f"other={a}"]),
        ("contact-removed", [f"user={a}", f"other={b}"]),
        ("blocked", [f"user={a}", f"other={b}"]),
        ("unblocked", [f"user={a}", f"other={b}"]),
        ("rules-changed", [f"user={a}", "what=quiet_hours%2Ctime_zone"]),
    ]
    assert "secret" not in " ".join(lines)
    assert "Tokyo" not in " ".join(lines)


def test_calls_of_people_who_are_blocked_are_a_line_in_a_list(at: At, alice: User, bob: User) -> None:
    at(bob).block("alice")
    now = timezone.now()
    made = calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, now=now)
    [line] = at(bob).get("blocked-calls").json()["results"]
    assert (line["user"], line["is_video_call"]) == ({"id": "alice", "name": "Alice"}, True)
    assert set(line) == {"user", "is_video_call", "created_at"}
    assert at(alice).get("blocked-calls").json()["results"] == []
    # What is over stays there; what is not rings when the block goes.
    calls.expire(made.sheet.call.pk, now=now + timedelta(seconds=60))
    calls.send(by=_actor(alice), invitees=["bob"], is_video_call=True, now=now + timedelta(seconds=61))
    assert len(at(bob).get("blocked-calls").json()["results"]) == 2
    at(bob).unblock("alice")
    assert at(bob).get("blocked-calls").json()["results"] == [line]
    assert len(calls.open_calls(bob.pk, now=now + timedelta(seconds=62))) == 1

"""What goes out to open pages after a commit: one frame per person and change, with the whole state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import transaction

from invitations import calls
from invitations.errors import Code
from invitations.live import presence
from invitations.models import User
from tests.calls.conftest import acting, refused, seconds
from tests.calls.pages import Pages, events

Ring = Callable[..., calls.CallSheet]

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_call_reaches_those_whom_it_concerns_once(pages: Pages, ring: Ring, alice: User, bob: User) -> None:
    ring(alice, bob)
    assert events(pages.frames()) == {"alice": ["call.sent"], "bob": ["call.sent"], "carol": [], "mallory": []}


def test_a_frame_carries_the_whole_state_as_its_reader_sees_it(
    pages: Pages, ring: Ring, alice: User, bob: User
) -> None:
    ring(alice, bob)
    frames = pages.frames()
    assert frames["bob"][0]["call"]["you"] == {
        "role": "invitee",
        "state": "pending",
        "can": ["accept", "reject"],
        "missed": False,
        "duration_seconds": None,
        "verdict": "rings",
        "from_contact": False,
        "urgent": False,
    }
    assert frames["alice"][0]["call"]["you"]["role"] == "caller"
    assert [each["state"] for each in frames["alice"][0]["call"]["invitations"]] == ["pending"]


def test_an_accept_is_one_change_with_several_facts(
    pages: Pages, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    pages.frames()
    calls.accept(call_id, by=acting(bob), now=now)
    frame = pages.frames()["alice"][0]
    assert frame["event"] == "invitation.accepted"
    assert frame["events"] == ["invitation.accepted", "participant.joined", "call.active"]
    assert (frame["actor"], frame["call"]["revision"]) == ("bob", 4)


def test_whoever_asked_is_named_so_that_only_its_result_reaches_it(
    pages: Pages, ring: Ring, alice: User, bob: User
) -> None:
    ring(acting(alice, origin="specific.socket!1"), bob)
    assert {each["origin"] for got in pages.messages().values() for each in got} == {"specific.socket!1"}


def test_a_repeated_verb_publishes_nothing(pages: Pages, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    pages.frames()
    calls.accept(call_id, by=acting(bob), now=now)
    assert not any(pages.frames().values())


def test_a_refused_verb_publishes_nothing(pages: Pages, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    pages.frames()
    with refused(Code.NOT_ALLOWED):
        calls.accept(call_id, by=acting(alice), now=now)
    assert not any(pages.frames().values())


def test_what_is_rolled_back_is_not_published(pages: Pages, ring: Ring, alice: User, bob: User) -> None:
    with transaction.atomic():
        ring(alice, bob)
        transaction.set_rollback(True)
    assert not any(pages.frames().values())


def test_a_change_of_two_calls_is_told_once_for_each(
    pages: Pages, ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    ring(alice, bob, call_id="in")
    ring(bob, carol, call_id="out")
    pages.frames()
    calls.accept("in", by=acting(bob), now=now)
    told = [(each["call"]["call_id"], each["call"]["state"]) for each in pages.frames()["bob"]]
    assert told == [("out", "ended"), ("in", "active")]


def test_a_busy_invitee_is_told_of_the_missed_call(
    pages: Pages, ring: Ring, alice: User, bob: User, carol: User
) -> None:
    ring(bob, alice)
    pages.frames()
    ring(carol, bob)
    assert [each["call"]["you"]["missed"] for each in pages.frames()["bob"]] == [True]


def test_expiry_has_no_actor(pages: Pages, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    key = ring(alice, bob).call.pk
    pages.frames()
    calls.expire(key, now=now + seconds(60))
    assert [(each["event"], each["actor"]) for each in pages.frames()["bob"]] == [("invitation.timed_out", None)]


def test_the_end_of_a_call_is_called_so(pages: Pages, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    pages.frames()
    calls.end(call_id, by=acting(alice), now=now)
    assert events(pages.frames())["bob"] == ["call.ended"]


def test_an_unheard_ring_is_published_to_the_invitee_alone(
    pages: Pages, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    key = ring(alice, bob).call.pk
    presence.mark_online(bob.pk)
    pages.frames()
    calls.expire(key, now=now + seconds(2))
    assert events(pages.frames()) == {"alice": [], "bob": ["call.sent"], "carol": [], "mallory": []}


def test_what_a_push_service_says_later_of_an_earlier_attempt_reaches_no_page(
    pages: Pages, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    first = ring(alice, bob, call_id="room")
    calls.cancel("room", by=acting(alice), now=now)
    ring(alice, bob, call_id="room")
    pages.frames()
    calls.notified([calls.Taken(first.call.pk, first.invitations[0].pk, now)])
    assert pages.frames() == {name: [] for name in ("alice", "bob", "carol", "mallory")}
    assert calls.view(calls.Attempt("room", 1), viewer_id=bob.pk, now=now).invitations[0].missed

"""Taking rings back: all or some, once, and never after an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from invitations import calls
from invitations.errors import Code
from invitations.models import User
from tests.calls.conftest import acting, invitation_states, refused, seconds

Ring = Callable[..., calls.CallSheet]


@pytest.fixture
def group_id(ring: Ring, alice: User, bob: User, carol: User) -> str:
    return ring(alice, bob, carol).call.call_id


def test_cancelling_every_ring_ends_the_call_cancelled(group_id: str, alice: User, now: datetime) -> None:
    done = calls.cancel(group_id, by=acting(alice), now=now)
    assert (done.sheet.call.end_reason, done.cancelled) == ("cancelled", ["bob", "carol"])


def test_cancelling_some_leaves_the_others_ringing(group_id: str, alice: User, now: datetime) -> None:
    done = calls.cancel(group_id, by=acting(alice), callees=["bob"], now=now)
    assert done.sheet.call.state == "ringing"
    assert invitation_states(done.sheet) == {"bob": "cancelled", "carol": "pending"}


def test_cancelling_the_last_ring_after_rejections_ends_cancelled(
    group_id: str, alice: User, bob: User, now: datetime
) -> None:
    calls.reject(group_id, by=acting(bob), now=now)
    assert calls.cancel(group_id, by=acting(alice), now=now).sheet.call.end_reason == "cancelled"


def test_a_rejection_after_a_partial_cancel_ends_rejected(
    group_id: str, alice: User, carol: User, now: datetime
) -> None:
    calls.cancel(group_id, by=acting(alice), callees=["bob"], now=now)
    assert calls.reject(group_id, by=acting(carol), now=now).call.end_reason == "rejected"


def test_cancelling_in_a_live_call_stops_only_what_rings(group_id: str, alice: User, bob: User, now: datetime) -> None:
    calls.accept(group_id, by=acting(bob), now=now)
    done = calls.cancel(group_id, by=acting(alice), now=now)
    assert (done.sheet.call.state, done.cancelled) == ("active", ["carol"])


def test_a_cancel_that_lost_says_so(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    with refused(Code.ALREADY_ANSWERED):
        calls.cancel(call_id, by=acting(alice), now=now)


def test_a_cancel_that_lost_changes_nothing(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    revision = calls.accept(call_id, by=acting(bob), now=now).call.revision
    with refused(Code.ALREADY_ANSWERED):
        calls.cancel(call_id, by=acting(alice), now=now)
    assert calls.view(call_id, viewer_id=alice.pk, now=now).call.revision == revision


def test_an_accept_that_lost_to_a_cancel_says_so(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.cancel(call_id, by=acting(alice), now=now)
    with refused(Code.INVITATION_CANCELLED):
        calls.accept(call_id, by=acting(bob), now=now)


def test_a_repeated_cancel_succeeds_and_changes_nothing(group_id: str, alice: User, now: datetime) -> None:
    first = calls.cancel(group_id, by=acting(alice), now=now)
    again = calls.cancel(group_id, by=acting(alice), now=now)
    assert (again.cancelled, again.sheet.call.revision) == ([], first.sheet.call.revision)


def test_a_repeated_cancel_in_a_live_call_succeeds(group_id: str, alice: User, bob: User, now: datetime) -> None:
    calls.accept(group_id, by=acting(bob), now=now)
    calls.cancel(group_id, by=acting(alice), now=now + seconds(1))
    assert calls.cancel(group_id, by=acting(alice), now=now + seconds(2)).cancelled == []


def test_a_repeated_partial_cancel_names_the_same_errors(group_id: str, alice: User, bob: User, now: datetime) -> None:
    calls.accept(group_id, by=acting(bob), now=now)
    first = calls.cancel(group_id, by=acting(alice), callees=["bob", "carol"], now=now)
    again = calls.cancel(group_id, by=acting(alice), callees=["bob", "carol"], now=now)
    assert [each["code"] for each in first.errors] == ["already_answered"]
    assert again.errors == first.errors


def test_cancelling_somebody_never_asked_is_an_error_of_that_one(group_id: str, alice: User, now: datetime) -> None:
    done = calls.cancel(group_id, by=acting(alice), callees=["bob", "zoe"], now=now)
    assert [(each["invitee"], each["code"]) for each in done.errors] == [("zoe", "not_invited")]


def test_cancelling_only_people_never_asked_changes_nothing(group_id: str, alice: User, now: datetime) -> None:
    done = calls.cancel(group_id, by=acting(alice), callees=["zoe"], now=now)
    assert (done.cancelled, done.sheet.call.state) == ([], "ringing")


def test_an_invitee_cannot_cancel(group_id: str, bob: User, now: datetime) -> None:
    with refused(Code.NOT_ALLOWED):
        calls.cancel(group_id, by=acting(bob), now=now)


def test_a_participant_cancels_the_rings_they_gave(group_id: str, bob: User, mallory: User, now: datetime) -> None:
    calls.accept(group_id, by=acting(bob), now=now)
    calls.invite(group_id, by=acting(bob), invitees=["mallory"], now=now)
    done = calls.cancel(group_id, by=acting(bob), now=now)
    assert invitation_states(done.sheet) == {"bob": "accepted", "carol": "pending", "mallory": "cancelled"}


def test_a_call_over_for_another_reason_cannot_be_cancelled(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.reject(call_id, by=acting(bob), now=now)
    with refused(Code.CALL_ENDED):
        calls.cancel(call_id, by=acting(alice), now=now)


def test_the_custom_data_of_a_cancel_reaches_the_invitee(group_id: str, alice: User, now: datetime) -> None:
    done = calls.cancel(group_id, by=acting(alice), custom_data="wrong number", now=now)
    assert {each.custom_data for each in done.sheet.invitations} == {"wrong number"}


def test_a_cancel_before_anything_was_notified_is_not_missed(group_id: str, alice: User, now: datetime) -> None:
    done = calls.cancel(group_id, by=acting(alice), now=now)
    assert not any(each.missed for each in done.sheet.invitations)


def test_a_cancel_after_it_rang_is_missed(group_id: str, alice: User, bob: User, now: datetime) -> None:
    calls.ringing(group_id, by=acting(bob), now=now)
    done = calls.cancel(group_id, by=acting(alice), now=now)
    assert [each.missed for each in done.sheet.invitations] == [True, False]


def test_an_admin_cancels_what_rings(group_id: str, mallory: User, now: datetime) -> None:
    done = calls.cancel(group_id, by=acting(mallory, is_admin=True), now=now)
    assert (done.cancelled, done.sheet.call.end_reason) == (["bob", "carol"], "ended_by_admin")


def test_somebody_named_twice_is_cancelled_once(group_id: str, alice: User, now: datetime) -> None:
    done = calls.cancel(group_id, by=acting(alice), callees=["bob", "bob"], now=now)
    assert (done.cancelled, done.errors) == (["bob"], [])


def test_a_cancel_of_everything_after_an_answer_that_came_later_than_a_cancel_is_no_repeat(
    group_id: str, alice: User, carol: User, now: datetime
) -> None:
    calls.cancel(group_id, by=acting(alice), callees=["bob"], now=now)
    calls.accept(group_id, by=acting(carol), now=now + seconds(1))
    with refused(Code.ALREADY_ANSWERED):
        calls.cancel(group_id, by=acting(alice), now=now + seconds(2))

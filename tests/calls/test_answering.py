"""One ring, one answer: accept, reject and letting know that it rings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from invitations import calls
from invitations.errors import Code
from invitations.models import Device, Invitation, User
from tests.calls.conftest import acting, invitation_states, names_inside, refused, seconds

Ring = Callable[..., calls.CallSheet]


@pytest.fixture
def call_id(ring: Ring, alice: User, bob: User) -> str:
    return ring(alice, bob).call.call_id


def test_accepting_makes_the_call_active(call_id: str, bob: User, now: datetime) -> None:
    sheet = calls.accept(call_id, by=acting(bob), now=now)
    assert (sheet.call.state, sheet.call.answered_at) == ("active", now)


def test_accepting_brings_the_invitee_in(call_id: str, bob: User, now: datetime) -> None:
    assert names_inside(calls.accept(call_id, by=acting(bob), now=now)) == {"alice", "bob"}


def test_the_custom_data_of_an_accept_is_kept_exactly(call_id: str, bob: User, now: datetime) -> None:
    sheet = calls.accept(call_id, by=acting(bob), custom_data=' {"a": "ü"}\n', now=now)
    assert sheet.invitations[0].custom_data == ' {"a": "ü"}\n'


def test_the_same_device_may_accept_twice(call_id: str, bob: User, now: datetime) -> None:
    first = calls.accept(call_id, by=acting(bob), now=now)
    again = calls.accept(call_id, by=acting(bob), now=now + seconds(1))
    assert again.call.revision == first.call.revision


def test_the_same_device_may_repeat_its_accept_after_the_end(
    call_id: str, alice: User, bob: User, now: datetime
) -> None:
    calls.accept(call_id, by=acting(bob), now=now)
    calls.leave(call_id, by=acting(alice), now=now)
    assert calls.accept(call_id, by=acting(bob), now=now).call.state == "ended"


def test_the_same_device_may_reject_twice(call_id: str, bob: User, now: datetime) -> None:
    first = calls.reject(call_id, by=acting(bob), now=now)
    again = calls.reject(call_id, by=acting(bob), now=now)
    assert again.call.revision == first.call.revision


@pytest.mark.parametrize(
    ("answer", "code"), [(calls.accept, Code.ANSWERED_ELSEWHERE), (calls.reject, Code.REJECTED_ELSEWHERE)]
)
def test_another_device_learns_where_it_was_answered(
    answer: Any, code: Code, call_id: str, bob: User, now: datetime
) -> None:
    Device.objects.create(user=bob, device_id="phone", label="Bob's phone", created_at=now)
    answer(call_id, by=acting(bob, "phone"), now=now)
    with refused(code) as caught:
        calls.accept(call_id, by=acting(bob, "laptop"), now=now)
    assert "Bob's phone" in caught.value.detail


def test_the_label_that_a_face_knows_is_not_looked_up(call_id: str, bob: User, now: datetime) -> None:
    sheet = calls.accept(call_id, by=acting(bob, device_label="Firefox on Linux"), now=now)
    assert sheet.invitations[0].answered_label == "Firefox on Linux"


def test_a_late_reject_never_hurts_an_answered_call(call_id: str, bob: User, now: datetime) -> None:
    calls.accept(call_id, by=acting(bob, "phone"), now=now)
    with refused(Code.ANSWERED_ELSEWHERE):
        calls.reject(call_id, by=acting(bob, "laptop"), now=now)
    assert calls.view(call_id, viewer_id=bob.pk, now=now).call.state == "active"


def test_a_reject_after_the_own_accept_is_too_late(call_id: str, bob: User, now: datetime) -> None:
    calls.accept(call_id, by=acting(bob), now=now)
    with refused(Code.ALREADY_ANSWERED):
        calls.reject(call_id, by=acting(bob), now=now)


def test_a_rejected_call_to_one_ends_rejected(call_id: str, bob: User, now: datetime) -> None:
    assert calls.reject(call_id, by=acting(bob), now=now).call.end_reason == "rejected"


@pytest.mark.parametrize("reason", ["declined", "busy", "later"])
def test_whatever_the_reason_the_call_ends_rejected(reason: str, call_id: str, bob: User, now: datetime) -> None:
    sheet = calls.reject(call_id, by=acting(bob), reason=reason, now=now)
    assert (sheet.call.end_reason, sheet.invitations[0].reject_reason) == ("rejected", reason)


def test_the_caller_cannot_accept_their_own_call(call_id: str, alice: User, now: datetime) -> None:
    with refused(Code.NOT_ALLOWED):
        calls.accept(call_id, by=acting(alice), now=now)


def test_the_caller_cannot_reject_their_own_call(call_id: str, alice: User, now: datetime) -> None:
    with refused(Code.NOT_ALLOWED):
        calls.reject(call_id, by=acting(alice), now=now)


@pytest.mark.parametrize("verb", [calls.accept, calls.reject, calls.join, calls.leave, calls.ringing, calls.end])
def test_a_stranger_does_not_learn_that_the_call_exists(verb: Any, call_id: str, mallory: User, now: datetime) -> None:
    with refused(Code.NOT_FOUND) as caught:
        verb(call_id, by=acting(mallory), now=now)
    assert caught.value.sheet is None


def test_an_unknown_call_is_not_found(bob: User, now: datetime) -> None:
    with refused(Code.NOT_FOUND):
        calls.accept("no-such-call", by=acting(bob), now=now)


def test_current_stands_for_the_one_ring(call_id: str, bob: User, now: datetime) -> None:
    assert calls.accept("current", by=acting(bob), now=now).call.call_id == call_id


def test_there_is_no_current_call_when_nobody_rings(bob: User, now: datetime) -> None:
    with refused(Code.NO_CURRENT_CALL):
        calls.reject("current", by=acting(bob), now=now)


def test_a_ring_that_ran_out_is_not_current(call_id: str, bob: User, now: datetime) -> None:
    with refused(Code.NO_CURRENT_CALL):
        calls.accept("current", by=acting(bob), now=now + seconds(60))


def test_two_rings_make_current_ambiguous(
    ring: Ring, make_user: Callable[..., User], alice: User, carol: User, now: datetime
) -> None:
    dora = make_user("dora", call_waiting=True)
    ring(alice, dora)
    ring(carol, dora)
    with refused(Code.AMBIGUOUS_CURRENT_CALL):
        calls.accept("current", by=acting(dora), now=now)


def test_the_first_device_that_alerts_makes_the_ring_true(call_id: str, bob: User, now: datetime) -> None:
    own = calls.ringing(call_id, by=acting(bob, device_label="Tablet"), now=now).invitations[0]
    assert (own.progress, own.ringing_label) == ("ringing", "Tablet")


def test_an_alerting_device_implies_that_the_ring_was_taken(call_id: str, bob: User, now: datetime) -> None:
    assert calls.ringing(call_id, by=acting(bob), now=now).invitations[0].notified_at == now


def test_each_device_that_rings_is_remembered_with_the_moment(
    call_id: str, alice: User, bob: User, now: datetime
) -> None:
    for owner, device_id in ((bob, "phone"), (bob, "tablet"), (bob, "laptop"), (alice, "phone")):
        Device.objects.create(user=owner, device_id=device_id, created_at=now, last_seen_at=now)
    calls.ringing(call_id, by=acting(bob, "phone"), now=now)
    calls.ringing(call_id, by=acting(bob, "tablet"), now=now + seconds(1))
    assert dict(bob.devices.values_list("device_id", "last_ringing_at")) == {
        "phone": now,
        "tablet": now + seconds(1),
        "laptop": None,
    }
    assert alice.devices.get().last_ringing_at is None


def test_the_devices_that_alert_are_counted(call_id: str, bob: User, now: datetime) -> None:
    seen = []
    for device, audible in (("phone", False), ("phone", False), ("tablet", False), ("phone", True), ("phone", False)):
        own = calls.ringing(call_id, by=acting(bob, device), audible=audible, now=now).invitations[0]
        seen.append((own.standing, len(own.ringing_devices or ())))
    assert seen == [("ringing_silently", 1)] * 2 + [("ringing_silently", 2)] + [("ringing", 2)] * 2


def test_a_device_that_repeats_that_it_alerts_changes_nothing(call_id: str, bob: User, now: datetime) -> None:
    first = calls.ringing(call_id, by=acting(bob, "phone"), now=now)
    assert calls.ringing(call_id, by=acting(bob, "phone"), now=now).call.revision == first.call.revision


def test_made_up_devices_are_counted_up_to_a_bound(call_id: str, bob: User, now: datetime) -> None:
    for number in range(35):
        sheet = calls.ringing(call_id, by=acting(bob, f"device-{number}"), now=now)
    assert len(sheet.invitations[0].ringing_devices or ()) == 30


def test_a_device_that_alerts_late_learns_where_it_was_answered(call_id: str, bob: User, now: datetime) -> None:
    calls.accept(call_id, by=acting(bob, "phone"), now=now)
    with refused(Code.ANSWERED_ELSEWHERE):
        calls.ringing(call_id, by=acting(bob, "laptop"), now=now)


def test_a_ring_is_repeated_until_a_device_alerts(call_id: str, bob: User, now: datetime) -> None:
    sheet = calls.ringing(call_id, by=acting(bob), now=now)
    assert sheet.invitations[0].next_ring_at is None
    assert sheet.due_at(now) == sheet.invitations[0].expires_at


@pytest.mark.parametrize(("after", "next_after"), [(2, 10), (10, 25), (25, None)])
def test_an_unheard_ring_is_published_again(
    after: int, next_after: int | None, call_id: str, bob: User, now: datetime
) -> None:
    sheet = calls.view(call_id, viewer_id=bob.pk, now=now)
    own = sheet.invitations[0]
    calls.expire(sheet.call.pk, now=own.created_at + seconds(after))
    own.refresh_from_db()
    assert own.next_ring_at == (None if next_after is None else own.created_at + seconds(next_after))


def test_a_group_goes_on_after_one_rejects(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    assert calls.reject(call_id, by=acting(bob), now=now).call.state == "ringing"


def test_the_first_accept_of_a_group_makes_it_active(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    sheet = calls.accept(call_id, by=acting(carol), now=now)
    assert sheet.call.state == "active"
    assert invitation_states(sheet) == {"bob": "pending", "carol": "accepted"}


def test_a_group_that_everybody_rejects_ends_rejected(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now)
    assert calls.reject(call_id, by=acting(carol), reason="later", now=now).call.end_reason == "rejected"


def test_a_caller_who_was_asked_back_may_reject(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    calls.leave(call_id, by=acting(alice), now=now)
    calls.invite(call_id, by=acting(bob), invitees=["alice"], now=now)
    assert invitation_states(calls.reject(call_id, by=acting(alice), now=now))["alice"] == "rejected"


def test_an_acknowledgement_leaves_the_moment_at_which_a_push_service_took_the_ring(
    call_id: str, bob: User, now: datetime
) -> None:
    own = Invitation.objects.get()
    calls.notified([calls.Taken(own.call_id, own.pk, now + seconds(1))])
    answered = calls.ringing(call_id, by=acting(bob), now=now + seconds(3)).invitations[0]
    assert (answered.notified_at, answered.ringing_at) == (now + seconds(1), now + seconds(3))


def test_another_device_that_declines_too_learns_where_it_was_declined(call_id: str, bob: User, now: datetime) -> None:
    calls.reject(call_id, by=acting(bob, "phone", device_label="Phone"), now=now)
    with refused(Code.REJECTED_ELSEWHERE):
        calls.reject(call_id, by=acting(bob, "tablet"), now=now)


@pytest.mark.parametrize("verb", [calls.accept, calls.join])
def test_nobody_answers_a_caller_who_may_no_longer_sign_in(
    verb: Callable[..., calls.CallSheet], ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with refused(Code.INVITATION_CANCELLED):
        verb(call_id, by=acting(bob), now=now + seconds(5))
    call = calls.view(call_id, viewer_id=bob.pk, now=now + seconds(5)).call
    assert (call.state, call.end_reason) == ("ended", "cancelled")


def test_a_ring_is_answered_for_those_who_are_left_when_its_caller_may_no_longer_sign_in(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = live_call(alice, bob).call.call_id
    calls.invite(call_id, by=acting(bob), invitees=["carol"], now=now)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    sheet = calls.accept(call_id, by=acting(carol), now=now + seconds(5))
    assert (sheet.call.state, names_inside(sheet)) == ("active", {"bob", "carol"})

"""What time does: rings run out, leases lapse, and whoever looks next sees it, with or without a dispatcher."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from invitations import calls
from invitations.errors import Code
from invitations.models import Call, CallEvent, User
from tests.calls.conftest import acting, invitation_states, names_inside, refused, seconds

Ring = Callable[..., calls.CallSheet]


def test_an_unanswered_ring_times_out_at_its_deadline(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = calls.expire(ring(alice, bob).call.pk, now=now + seconds(60))
    assert sheet is not None
    assert (sheet.call.end_reason, invitation_states(sheet)) == ("timed_out", {"bob": "timed_out"})


def test_nothing_runs_out_before_its_deadline(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    assert calls.expire(ring(alice, bob).call.pk, now=now + seconds(59.999)) is None


def test_what_ran_out_once_does_not_run_out_again(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    key = ring(alice, bob).call.pk
    calls.expire(key, now=now + seconds(60))
    assert calls.expire(key, now=now + seconds(61)) is None


def test_a_call_that_is_gone_does_not_run_out(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    key = ring(alice, bob).call.pk
    Call.objects.all().delete()
    assert calls.expire(key, now=now + seconds(60)) is None


def test_a_timed_out_ring_is_missed(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(alice, bob)
    calls.expire(sheet.call.pk, now=now + seconds(60))
    assert calls.missed_unseen(bob.pk) == 1


READS: dict[str, Any] = {
    "view": lambda call_id, alice, bob, late: calls.view(call_id, viewer_id=alice.pk, now=late),
    "open_calls": lambda call_id, alice, bob, late: calls.open_calls(bob.pk, now=late),
    "sync": lambda call_id, alice, bob, late: calls.sync(alice.pk, {call_id: 1}, now=late),
    "timeline": lambda call_id, alice, bob, late: calls.timeline(call_id, viewer_id=bob.pk, now=late),
    "send to the invitee": lambda call_id, alice, bob, late: calls.send(
        by=acting(alice), invitees=["bob"], is_video_call=True, now=late
    ),
    "send by the invitee": lambda call_id, alice, bob, late: calls.send(
        by=acting(bob), invitees=["alice"], is_video_call=True, now=late
    ),
}


@pytest.mark.parametrize("look", READS.values(), ids=READS)
def test_whoever_meets_an_overdue_ring_ends_it(look: Any, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    look(call_id, alice, bob, now + seconds(61))
    assert Call.objects.get(call_id=call_id).end_reason == "timed_out"


@pytest.mark.parametrize("verb", [calls.accept, calls.reject, calls.ringing])
def test_an_answer_after_the_deadline_is_too_late(verb: Any, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    with refused(Code.INVITATION_TIMED_OUT) as caught:
        verb(call_id, by=acting(bob), now=now + seconds(60))
    assert caught.value.sheet.call.state == "ended"


def test_a_cancel_after_the_deadline_is_too_late(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    with refused(Code.CALL_ENDED):
        calls.cancel(call_id, by=acting(alice), now=now + seconds(60))


def test_the_persons_own_invitation_is_the_reason_before_the_calls_end(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    with refused(Code.INVITATION_TIMED_OUT):
        calls.join(call_id, by=acting(bob), now=now + seconds(60))


def test_each_ring_of_a_group_has_its_own_deadline(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = ring(alice, bob, timeout_seconds=10)
    calls.invite(sheet.call.call_id, by=acting(alice), invitees=["carol"], now=now)
    left = calls.expire(sheet.call.pk, now=now + seconds(10))
    assert left is not None
    assert (left.call.state, invitation_states(left)) == ("ringing", {"bob": "timed_out", "carol": "pending"})


def test_one_timeout_among_rejections_ends_timed_out(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = ring(alice, bob, carol)
    calls.reject(sheet.call.call_id, by=acting(bob), now=now)
    assert calls.expire(sheet.call.pk, now=now + seconds(60)).call.end_reason == "timed_out"


def test_a_ring_that_runs_out_leaves_the_live_call_alone(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = ring(alice, bob, carol)
    calls.accept(sheet.call.call_id, by=acting(bob), now=now)
    assert calls.expire(sheet.call.pk, now=now + seconds(60)).call.state == "active"


def test_a_caller_who_vanishes_while_it_rings_ends_it(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    assert calls.expire(sheet.call.pk, now=now + seconds(19.9)) is None
    assert calls.expire(sheet.call.pk, now=now + seconds(20)).call.end_reason == "caller_lost"


def test_a_vanished_caller_is_found_the_same_however_late(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    assert calls.expire(sheet.call.pk, now=now + seconds(3600)).call.end_reason == "caller_lost"


def test_who_is_rung_by_a_vanished_caller_is_not_busy(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    ring(acting(alice, lives=True), bob)
    assert invitation_states(ring(carol, bob, at=now + seconds(21))) == {"bob": "pending"}


def test_who_is_left_by_a_vanished_partner_is_not_busy(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob, lives=True), now=now)
    assert invitation_states(ring(carol, alice, at=now + seconds(31))) == {"alice": "pending"}


def test_a_caller_who_never_proved_life_keeps_the_ring(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(alice, bob, timeout_seconds=600)
    assert calls.expire(sheet.call.pk, now=now + seconds(599)) is None


def test_a_heartbeat_keeps_the_ring(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(alice, bob)
    calls.heartbeat(sheet.call.call_id, by=acting(alice), now=now + seconds(15))
    assert calls.expire(sheet.call.pk, now=now + seconds(34)) is None


def test_a_heartbeat_is_no_news(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(alice, bob)
    after = calls.heartbeat(sheet.call.call_id, by=acting(alice), now=now)
    assert after.call.revision == sheet.call.revision


def test_a_device_that_vanishes_from_a_live_call_is_out_after_thirty_seconds(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(alice, bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    assert calls.expire(sheet.call.pk, now=now + seconds(29.9)) is None
    assert calls.expire(sheet.call.pk, now=now + seconds(30)).call.end_reason == "connection_lost"


def test_a_lost_device_leaves_the_others_talking(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = ring(alice, bob, carol)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    calls.accept(sheet.call.call_id, by=acting(carol), now=now)
    left = calls.expire(sheet.call.pk, now=now + seconds(30))
    assert left is not None
    assert (left.call.state, names_inside(left)) == ("active", {"alice", "carol"})


def test_a_script_keeps_its_place_for_five_minutes(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = live_call(alice, bob)
    assert calls.expire(sheet.call.pk, now=now + seconds(299)) is None
    assert calls.expire(sheet.call.pk, now=now + seconds(300)).call.end_reason == "connection_lost"


def test_the_five_minutes_of_a_caller_count_from_the_answer(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(alice, bob, timeout_seconds=600)
    calls.accept(sheet.call.call_id, by=acting(bob), now=now + seconds(200))
    assert calls.expire(sheet.call.pk, now=now + seconds(499)) is None


def test_a_sign_of_life_by_the_socket_holds_the_lease(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    assert calls.prove_life(alice.pk, "phone", now=now + seconds(15))
    assert calls.expire(sheet.call.pk, now=now + seconds(34)) is None


def test_another_devices_sign_of_life_holds_nothing(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    assert not calls.prove_life(alice.pk, "laptop", now=now + seconds(15))
    assert calls.expire(sheet.call.pk, now=now + seconds(20)) is not None


def test_no_call_lasts_longer_than_allowed(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = live_call(alice, bob)
    Call.objects.update(created_at=now - seconds(12 * 3600 - 25))
    assert calls.expire(sheet.call.pk, now=now + seconds(25)).call.end_reason == "max_duration"


def test_what_time_does_has_no_actor(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    calls.expire(ring(alice, bob).call.pk, now=now + seconds(60))
    assert CallEvent.objects.get(kind="invitation.timed_out").actor_id is None

"""Being in calls: one slot per user, leaving, joining, moving, ending."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.errors import Code
from invitations.models import User
from tests.calls.conftest import acting, invitation_states, names_inside, refused, seconds

Ring = Callable[..., calls.CallSheet]


def ended_as(call_id: str, viewer: User, now: datetime) -> str | None:
    return calls.view(call_id, viewer_id=viewer.pk, now=now).call.end_reason


# --- one slot per user ------------------------------------------------------------------------------------------------


def test_who_is_in_a_call_is_busy(live_call: Ring, ring: Ring, alice: User, bob: User, carol: User) -> None:
    live_call(alice, bob)
    assert ring(carol, bob).call.end_reason == "busy"


def test_who_is_being_rung_is_rung_by_others_too(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    first = ring(alice, bob).call.call_id
    second = ring(carol, bob)
    assert invitation_states(second) == {"bob": "pending"}
    calls.accept(second.call.call_id, by=acting(bob), now=now)
    assert invitation_states(calls.view(first, viewer_id=bob.pk, now=now)) == {"bob": "pending"}
    assert names_inside(calls.accept(first, by=acting(bob), now=now)) == {"alice", "bob"}
    assert ended_as(second.call.call_id, carol, now) == "completed"


def test_who_calls_somebody_is_busy(ring: Ring, alice: User, bob: User, carol: User) -> None:
    ring(alice, bob)
    assert invitation_states(ring(carol, alice)) == {"alice": "busy"}


def test_a_call_to_somebody_busy_is_missed(ring: Ring, alice: User, bob: User, carol: User) -> None:
    ring(bob, alice)
    ring(carol, bob)
    assert calls.missed_unseen(bob.pk) == 1


def test_a_group_rings_those_who_are_free(ring: Ring, alice: User, bob: User, carol: User, mallory: User) -> None:
    ring(bob, alice)
    assert invitation_states(ring(carol, bob, mallory)) == {"bob": "busy", "mallory": "pending"}


def test_busy_and_rejected_together_end_rejected(
    ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    ring(bob, alice)
    call_id = ring(carol, bob, mallory).call.call_id
    assert calls.reject(call_id, by=acting(mallory), now=now).call.end_reason == "rejected"


def test_nobody_is_busy_after_the_end(live_call: Ring, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    calls.leave(live_call(alice, bob).call.call_id, by=acting(bob), now=now)
    assert ring(bob, alice, at=now + seconds(1)).call.state == "ringing"


def test_call_waiting_lets_it_ring(
    live_call: Ring, ring: Ring, make_user: Callable[..., User], alice: User, carol: User
) -> None:
    dora = make_user("dora", call_waiting=True)
    live_call(alice, dora)
    assert invitation_states(ring(carol, dora)) == {"dora": "pending"}


def test_accepting_leaves_the_other_call_first(
    live_call: Ring, ring: Ring, make_user: Callable[..., User], alice: User, carol: User, now: datetime
) -> None:
    dora = make_user("dora", call_waiting=True)
    first = live_call(alice, dora).call.call_id
    second = ring(carol, dora).call.call_id
    assert names_inside(calls.accept(second, by=acting(dora), now=now)) == {"carol", "dora"}
    assert ended_as(first, alice, now) == "completed"


def test_accepting_can_keep_the_other_call_on_hold(
    live_call: Ring, ring: Ring, make_user: Callable[..., User], alice: User, carol: User, now: datetime
) -> None:
    dora = make_user("dora", call_waiting=True)
    first = live_call(alice, dora).call.call_id
    second = ring(carol, dora).call.call_id
    assert names_inside(calls.accept(second, by=acting(dora), hold=True, now=now)) == {"carol", "dora"}
    assert names_inside(calls.view(first, viewer_id=dora.pk, now=now)) == {"alice", "dora"}
    # One sign of life keeps both.
    later = now + seconds(20)
    calls.prove_life(dora.pk, acting(dora).device_id, now=later)
    for call_id in (first, second):
        stay = calls.view(call_id, viewer_id=dora.pk, now=later).participant_of(dora.pk)
        assert stay is not None
        assert stay.proved_at == later


def test_a_call_is_kept_on_hold_only_by_the_device_that_is_in_it_and_only_once_answered(
    live_call: Ring, ring: Ring, make_user: Callable[..., User], alice: User, bob: User, carol: User, now: datetime
) -> None:
    dora = make_user("dora", call_waiting=True)
    first = live_call(alice, dora).call.call_id
    calls.accept(ring(carol, dora).call.call_id, by=acting(dora, "another"), hold=True, now=now)
    assert ended_as(first, alice, now) == "completed"
    erin = make_user("erin", call_waiting=True)
    outgoing = ring(erin, alice).call.call_id
    calls.accept(ring(bob, erin).call.call_id, by=acting(erin), hold=True, now=now)
    assert ended_as(outgoing, erin, now) == "cancelled"


def test_a_device_holds_no_more_than_three_calls(
    live_call: Ring, ring: Ring, make_user: Callable[..., User], now: datetime
) -> None:
    dora = make_user("dora", call_waiting=True)
    taken = []
    for n in range(5):
        at = now + seconds(n)
        call_id = ring(make_user(f"caller-{n}"), dora, at=at).call.call_id
        taken.append(call_id)
        calls.accept(call_id, by=acting(dora), hold=True, now=at)
    inside = [dora.username in names_inside(calls.view(each, viewer_id=dora.pk, now=at)) for each in taken]
    assert inside == [False, True, True, True, True]


def test_accepting_cancels_the_own_unanswered_call(
    ring: Ring, make_user: Callable[..., User], alice: User, carol: User, now: datetime
) -> None:
    dora = make_user("dora", call_waiting=True)
    outgoing = ring(dora, alice).call.call_id
    calls.accept(ring(carol, dora).call.call_id, by=acting(dora), now=now)
    assert ended_as(outgoing, dora, now) == "cancelled"


def test_leaving_the_own_unanswered_call_for_another_cancels_it_though_somebody_declined(
    ring: Ring, make_user: Callable[..., User], alice: User, bob: User, carol: User, now: datetime
) -> None:
    dora = make_user("dora", call_waiting=True)
    outgoing = ring(dora, alice, bob).call.call_id
    calls.reject(outgoing, by=acting(alice), now=now)
    calls.accept(ring(carol, dora).call.call_id, by=acting(dora), now=now)
    assert ended_as(outgoing, dora, now) == "cancelled"


def test_who_is_asked_into_a_second_call_is_busy(
    live_call: Ring, ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    live_call(alice, bob)
    call_id = ring(carol, mallory).call.call_id
    sheet = calls.invite(call_id, by=acting(carol), invitees=["bob"], now=now).sheet
    assert invitation_states(sheet) == {"bob": "busy", "mallory": "pending"}


# --- leaving and ending -----------------------------------------------------------------------------------------------


def test_the_last_but_one_who_leaves_ends_the_call(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = calls.leave(live_call(alice, bob).call.call_id, by=acting(bob), now=now + seconds(65))
    assert (sheet.call.end_reason, sheet.call.duration_seconds) == ("completed", 65)


def test_others_go_on_when_one_leaves(live_call: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    sheet = calls.leave(live_call(alice, bob, carol).call.call_id, by=acting(alice), now=now)
    assert names_inside(sheet) == {"bob", "carol"}


def test_one_waits_while_somebody_is_being_rung(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    assert calls.leave(call_id, by=acting(bob), now=now).call.state == "active"


def test_who_waited_in_vain_is_let_go(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    calls.leave(call_id, by=acting(bob), now=now)
    assert calls.reject(call_id, by=acting(carol), now=now).call.end_reason == "completed"


def test_when_none_remains_the_last_ring_stops(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    calls.leave(call_id, by=acting(bob), now=now)
    sheet = calls.leave(call_id, by=acting(alice), now=now)
    assert (sheet.call.end_reason, invitation_states(sheet)["carol"]) == ("completed", "cancelled")


def test_a_caller_who_leaves_before_any_answer_cancels(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = calls.leave(ring(alice, bob).call.call_id, by=acting(alice), now=now)
    assert (sheet.call.end_reason, invitation_states(sheet)) == ("cancelled", {"bob": "cancelled"})


def test_a_call_may_end_with_its_caller(live_call: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = live_call(alice, bob, carol, end_when_caller_leaves=True).call.call_id
    assert calls.leave(call_id, by=acting(alice), now=now).call.end_reason == "completed"


def test_such_a_call_goes_on_without_others(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = live_call(alice, bob, carol, end_when_caller_leaves=True).call.call_id
    assert calls.leave(call_id, by=acting(bob), now=now).call.state == "active"


def test_leaving_twice_is_leaving_once(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    first = calls.leave(call_id, by=acting(bob), now=now)
    assert calls.leave(call_id, by=acting(bob), now=now).call.revision == first.call.revision


def test_who_never_came_cannot_leave(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    with refused(Code.NOT_ALLOWED):
        calls.leave(ring(alice, bob).call.call_id, by=acting(bob), now=now)


def test_the_caller_ends_it_for_everyone(live_call: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    sheet = calls.end(live_call(alice, bob, carol).call.call_id, by=acting(alice), now=now)
    assert {each.left_reason for each in sheet.participants} == {"call_ended"}
    assert sheet.call.end_reason == "completed"


def test_ending_before_any_answer_cancels(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    assert calls.end(ring(alice, bob).call.call_id, by=acting(alice), now=now).call.end_reason == "cancelled"


def test_an_invitee_cannot_end_it_for_everyone(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    with refused(Code.NOT_ALLOWED):
        calls.end(live_call(alice, bob).call.call_id, by=acting(bob), now=now)


def test_ending_twice_is_ending_once(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    first = calls.end(call_id, by=acting(alice), now=now)
    assert calls.end(call_id, by=acting(alice), now=now).call.revision == first.call.revision


def test_what_somebody_else_ended_cannot_be_ended(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    calls.leave(call_id, by=acting(bob), now=now)
    with refused(Code.CALL_ENDED):
        calls.end(call_id, by=acting(alice), now=now)


def test_an_admin_ends_any_call(live_call: Ring, alice: User, bob: User, mallory: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    sheet = calls.end(call_id, by=acting(mallory, is_admin=True), now=now)
    assert sheet.call.end_reason == "ended_by_admin"


def test_a_server_whose_clock_is_behind_can_still_end_a_call(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = calls.end(ring(alice, bob).call.call_id, by=acting(alice), now=now - seconds(0.5))
    assert sheet.call.ended_at == sheet.call.created_at


# --- joining and moving -----------------------------------------------------------------------------------------------


def test_who_missed_the_ring_may_still_join(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, timeout_seconds=10).call.call_id
    calls.invite(call_id, by=acting(alice), invitees=["carol"], now=now)
    sheet = calls.join(call_id, by=acting(bob), now=now + seconds(11))
    assert (sheet.call.state, names_inside(sheet)) == ("active", {"alice", "bob"})


def test_who_left_may_come_back(live_call: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    calls.leave(call_id, by=acting(bob), now=now)
    assert names_inside(calls.join(call_id, by=acting(bob), now=now)) == {"alice", "bob", "carol"}


def test_joining_answers_a_ring(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    assert invitation_states(calls.join(call_id, by=acting(bob), now=now)) == {"bob": "accepted"}


def test_who_was_uninvited_cannot_join(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.cancel(call_id, by=acting(alice), callees=["bob"], now=now)
    with refused(Code.INVITATION_CANCELLED):
        calls.join(call_id, by=acting(bob), now=now)


def test_nobody_joins_an_ended_call(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    calls.leave(call_id, by=acting(bob), now=now)
    with refused(Code.CALL_ENDED):
        calls.join(call_id, by=acting(bob), now=now)


def test_a_call_moves_to_another_own_device(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    sheet = calls.join(call_id, by=acting(bob, "laptop"), now=now)
    stays = [(each.device_id, each.left_reason) for each in sheet.participants if each.user_id == bob.pk]
    assert stays == [("phone", "moved"), ("laptop", None)]


def test_joining_from_the_device_inside_changes_nothing(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = live_call(alice, bob)
    assert calls.join(sheet.call.call_id, by=acting(bob), now=now).call.revision == sheet.call.revision


def test_a_late_leave_from_the_old_device_leaves_nothing(
    live_call: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = live_call(alice, bob).call.call_id
    calls.join(call_id, by=acting(bob, "laptop"), now=now)
    sheet = calls.leave(call_id, by=acting(bob, "phone"), now=now)
    assert (sheet.call.state, names_inside(sheet)) == ("active", {"alice", "bob"})


def test_a_call_that_moved_back_is_left_from_there(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    calls.join(call_id, by=acting(bob, "laptop"), now=now)
    calls.join(call_id, by=acting(bob, "phone"), now=now)
    assert calls.leave(call_id, by=acting(bob, "phone"), now=now).call.state == "ended"


def test_a_caller_may_move_a_ringing_call(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = calls.join(ring(alice, bob).call.call_id, by=acting(alice, "laptop"), now=now)
    assert (sheet.call.state, names_inside(sheet)) == ("ringing", {"alice"})


def test_a_seat_that_a_ring_holds_is_not_taken_by_a_latecomer(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"people_per_call": 2}
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    settings.CALLINVITE = {"people_per_call": 3}
    calls.invite(call_id, by=acting(alice), invitees=["carol"], now=now)
    calls.leave(call_id, by=acting(bob), now=now)
    settings.CALLINVITE = {"people_per_call": 2}
    with refused(Code.CALL_FULL):
        calls.join(call_id, by=acting(bob), now=now)


# --- media ------------------------------------------------------------------------------------------------------------


def test_a_device_reports_its_media_once(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    first = calls.connected(call_id, by=acting(bob), now=now + seconds(1))
    again = calls.connected(call_id, by=acting(bob), now=now + seconds(2))
    participant = first.participant_of(bob.pk)
    assert participant is not None
    assert participant.connected_at == now + seconds(1)
    assert again.call.revision == first.call.revision


@pytest.mark.parametrize("verb", [calls.connected, calls.heartbeat])
def test_a_device_outside_the_call_speaks_for_nobody(
    verb: Callable[..., calls.CallSheet], live_call: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = live_call(alice, bob).call.call_id
    with refused(Code.NOT_ALLOWED):
        verb(call_id, by=acting(bob, "laptop"), now=now)


@pytest.mark.parametrize("verb", [calls.connected, calls.heartbeat])
def test_nothing_lives_in_an_ended_call(
    verb: Callable[..., calls.CallSheet], live_call: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = live_call(alice, bob).call.call_id
    calls.leave(call_id, by=acting(bob), now=now)
    with refused(Code.CALL_ENDED):
        verb(call_id, by=acting(alice), now=now)


def test_what_a_device_has_done_may_be_repeated_after_the_end(
    live_call: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = live_call(alice, bob).call.call_id
    calls.join(call_id, by=acting(alice, "laptop"), now=now)
    calls.connected(call_id, by=acting(alice, "laptop"), now=now)
    calls.connected(call_id, by=acting(bob), now=now)
    calls.leave(call_id, by=acting(bob), now=now)
    revision = calls.view(call_id, viewer_id=alice.pk, now=now).call.revision
    for verb in (calls.join, calls.connected):
        assert verb(call_id, by=acting(alice, "laptop"), now=now).call.revision == revision
        with refused(Code.CALL_ENDED):
            verb(call_id, by=acting(alice, "phone"), now=now)
    assert calls.connected(call_id, by=acting(bob), now=now).call.revision == revision
    with refused(Code.CALL_ENDED):
        calls.join(call_id, by=acting(bob), now=now)

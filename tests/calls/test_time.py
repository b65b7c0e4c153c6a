"""What time does: rings run out, leases lapse, and the next read shows it, with or without a dispatcher."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.errors import Code
from invitations.models import Call, CallEvent, Participant, User
from tests.calls.conftest import acting, invitation_states, names_inside, refused, seconds

Ring = Callable[..., calls.CallSheet]


def expired(sheet: calls.CallSheet, at: datetime) -> calls.CallSheet:
    """What time makes of a call by that moment; it must make something of it."""
    changed = calls.expire(sheet.call.pk, now=at)
    assert changed is not None
    return changed


def test_an_unanswered_ring_times_out_at_its_deadline(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = expired(ring(alice, bob), now + seconds(60))
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
    assert caught.value.sheet is not None
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
    left = expired(sheet, now + seconds(10))
    assert (left.call.state, invitation_states(left)) == ("ringing", {"bob": "timed_out", "carol": "pending"})


def test_one_timeout_among_rejections_ends_timed_out(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = ring(alice, bob, carol)
    calls.reject(sheet.call.call_id, by=acting(bob), now=now)
    assert expired(sheet, now + seconds(60)).call.end_reason == "timed_out"


def test_a_ring_that_runs_out_leaves_the_live_call_alone(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = ring(alice, bob, carol)
    calls.accept(sheet.call.call_id, by=acting(bob), now=now)
    assert expired(sheet, now + seconds(60)).call.state == "active"


def test_a_caller_who_vanishes_while_it_rings_ends_it(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    assert calls.expire(sheet.call.pk, now=now + seconds(19.9)) is None
    assert expired(sheet, now + seconds(20)).call.end_reason == "caller_lost"


def test_a_vanished_caller_is_found_the_same_however_late(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    assert expired(sheet, now + seconds(3600)).call.end_reason == "caller_lost"


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
    assert expired(sheet, now + seconds(30)).call.end_reason == "connection_lost"


def test_a_lost_device_leaves_the_others_talking(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = ring(alice, bob, carol)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    calls.accept(sheet.call.call_id, by=acting(carol), now=now)
    left = expired(sheet, now + seconds(30))
    assert (left.call.state, names_inside(left)) == ("active", {"alice", "carol"})


def test_a_script_keeps_its_place_for_five_minutes(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = live_call(alice, bob)
    assert calls.expire(sheet.call.pk, now=now + seconds(299)) is None
    assert expired(sheet, now + seconds(300)).call.end_reason == "connection_lost"


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
    assert expired(sheet, now + seconds(25)).call.end_reason == "max_duration"


def test_what_time_does_has_no_actor(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    calls.expire(ring(alice, bob).call.pk, now=now + seconds(60))
    assert CallEvent.objects.get(kind="invitation.timed_out").actor_id is None


# --- media that never comes up ----------------------------------------------------------------------------------------


STEADILY = (5, 10, 15)
"""When a client gives signs of life in the time in which media must come up."""


def beat(call_id: str, now: datetime, moments: Iterable[float], *actors: Any) -> None:
    """These devices give signs of life, so many seconds from now."""
    for later in moments:
        for each in actors:
            calls.heartbeat(call_id, by=each, now=now + seconds(later))


@pytest.fixture
def mute_call(ring: Ring, alice: User, bob: User, now: datetime) -> calls.CallSheet:
    """An answered call of two devices that both spoke to us 15 s after the answer, and never said `connected`."""
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, STEADILY, acting(alice), acting(bob))
    return sheet


def test_a_call_whose_media_never_comes_up_ends_after_twenty_seconds(mute_call: calls.CallSheet, now: datetime) -> None:
    assert calls.expire(mute_call.call.pk, now=now + seconds(19.9)) is None
    ended = expired(mute_call, now + seconds(20))
    assert (ended.call.state, ended.call.end_reason) == ("ended", "media_failed")
    assert [each.left_reason for each in ended.participants] == ["media_failed", "media_failed"]
    assert Call.objects.get().media_due_at is None


def test_failed_media_is_found_the_same_however_late(mute_call: calls.CallSheet, now: datetime) -> None:
    assert expired(mute_call, now + seconds(3600)).call.end_reason == "media_failed"


def test_both_learn_that_media_failed(mute_call: calls.CallSheet, alice: User, bob: User, now: datetime) -> None:
    from invitations.serializers import call_view

    late = now + seconds(21)
    for each in (alice, bob):
        shown = call_view(calls.view(mute_call.call.call_id, viewer_id=each.pk, now=late), each.pk, late)
        assert (shown["end_reason"], {stay["left_reason"] for stay in shown["participants"]}) == (
            "media_failed",
            {"media_failed"},
        )
    facts = CallEvent.objects.order_by("revision").values_list("kind", "data__reason", "actor")
    assert list(facts)[-3:] == [
        ("participant.left", "media_failed", None),
        ("participant.left", "media_failed", None),
        ("call.ended", "media_failed", None),
    ]


def test_the_timeline_says_that_media_failed(mute_call: calls.CallSheet, alice: User, now: datetime) -> None:
    told = [each["text"] for each in calls.timeline(mute_call.call.call_id, viewer_id=alice.pk, now=now + seconds(20))]
    assert told[-3:] == [
        "Alice's audio and video couldn't be connected.",
        "Bob's audio and video couldn't be connected.",
        "The call ended because audio and video couldn't be connected.",
    ]


@pytest.mark.parametrize("look", READS.values(), ids=READS)
def test_whoever_meets_a_call_without_media_ends_it(
    look: Any, mute_call: calls.CallSheet, alice: User, bob: User, now: datetime
) -> None:
    look(mute_call.call.call_id, alice, bob, now + seconds(20))
    assert Call.objects.get(pk=mute_call.call.pk).end_reason == "media_failed"


def test_who_sits_in_a_call_without_media_is_not_busy(
    mute_call: calls.CallSheet, ring: Ring, bob: User, carol: User, now: datetime
) -> None:
    assert invitation_states(ring(carol, bob, at=now + seconds(19))) == {"bob": "busy"}
    assert invitation_states(ring(carol, bob, at=now + seconds(20))) == {"bob": "pending"}


def test_media_that_comes_too_late_finds_the_call_over(mute_call: calls.CallSheet, alice: User, now: datetime) -> None:
    with refused(Code.CALL_ENDED):
        calls.connected(mute_call.call.call_id, by=acting(alice), now=now + seconds(20))


def test_media_of_one_device_is_enough(mute_call: calls.CallSheet, alice: User, bob: User, now: datetime) -> None:
    calls.connected(mute_call.call.call_id, by=acting(bob), now=now + seconds(19))
    assert Call.objects.get().media_due_at is None
    beat(mute_call.call.call_id, now, range(20, 60, 5), acting(alice), acting(bob))
    assert calls.expire(mute_call.call.pk, now=now + seconds(60)) is None


def test_media_of_somebody_who_left_was_media(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob, carol)
    for each in (bob, carol):
        calls.accept(sheet.call.call_id, by=acting(each, lives=True), now=now)
    calls.connected(sheet.call.call_id, by=acting(carol), now=now + seconds(1))
    calls.leave(sheet.call.call_id, by=acting(carol), now=now + seconds(2))
    beat(sheet.call.call_id, now, STEADILY, acting(alice), acting(bob))
    assert calls.expire(sheet.call.pk, now=now + seconds(44)) is None


def test_a_silent_device_is_lost_at_its_lease_and_not_for_want_of_media(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, [9.9], acting(bob))
    beat(sheet.call.call_id, now, range(5, 40, 5), acting(alice))
    assert calls.expire(sheet.call.pk, now=now + seconds(39.8)) is None
    assert expired(sheet, now + seconds(39.9)).call.end_reason == "connection_lost"


def test_a_last_sign_of_life_ten_seconds_before_is_one(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, [5, 10], acting(alice), acting(bob))
    assert expired(sheet, now + seconds(20)).call.end_reason == "media_failed"


def test_a_script_needs_no_media(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob), now=now)
    beat(sheet.call.call_id, now, STEADILY, acting(alice))
    assert calls.expire(sheet.call.pk, now=now + seconds(44)) is None


def test_who_waits_alone_for_others_needs_no_media(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = ring(acting(alice, lives=True), bob, carol)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, STEADILY, acting(alice), acting(bob))
    calls.leave(sheet.call.call_id, by=acting(bob), now=now + seconds(16))
    assert calls.expire(sheet.call.pk, now=now + seconds(44)) is None


def test_who_is_left_alone_by_a_lost_device_waits_on(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    """Nobody looks in between: the deadline for media was set while there were two."""
    sheet = ring(acting(alice, lives=True), bob, carol)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, STEADILY, acting(alice))
    left = expired(sheet, now + seconds(30))
    assert (left.call.state, names_inside(left)) == ("active", {"alice"})


def test_who_joins_late_has_the_full_time_too(
    mute_call: calls.CallSheet, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = mute_call.call.call_id
    calls.invite(call_id, by=acting(alice), invitees=["carol"], now=now + seconds(16))
    calls.accept(call_id, by=acting(carol, lives=True), now=now + seconds(18))
    beat(call_id, now, range(20, 35, 5), acting(alice), acting(bob), acting(carol))
    assert calls.expire(mute_call.call.pk, now=now + seconds(37.9)) is None
    assert expired(mute_call, now + seconds(38)).call.end_reason == "media_failed"


def test_who_comes_back_has_the_full_time_too(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, range(5, 30, 5), acting(alice))
    calls.prove_life(bob.pk, "phone", now=now + seconds(25))
    beat(sheet.call.call_id, now, range(30, 45, 5), acting(alice), acting(bob))
    assert calls.expire(sheet.call.pk, now=now + seconds(44.9)) is None
    assert expired(sheet, now + seconds(45)).call.end_reason == "media_failed"


def test_media_can_be_reported_once_a_server_that_was_down_is_back(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, [25], acting(alice), acting(bob))
    assert calls.expire(sheet.call.pk, now=now + seconds(26)) is None
    after = calls.connected(sheet.call.call_id, by=acting(bob), now=now + seconds(26))
    assert (after.call.state, after.call.media_due_at) == ("active", None)


def test_steady_signs_of_life_put_nothing_off(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    for later in (5, 10, 15):
        for each in (alice, bob):
            calls.prove_life(each.pk, "phone", now=now + seconds(later))
    assert expired(sheet, now + seconds(20)).call.end_reason == "media_failed"


def test_who_moves_the_call_has_the_full_time_too(
    mute_call: calls.CallSheet, alice: User, bob: User, now: datetime
) -> None:
    call_id = mute_call.call.call_id
    calls.join(call_id, by=acting(bob, "laptop", lives=True), now=now + seconds(18))
    beat(call_id, now, range(20, 35, 5), acting(alice), acting(bob, "laptop"))
    assert calls.expire(mute_call.call.pk, now=now + seconds(37.9)) is None
    assert expired(mute_call, now + seconds(38)).call.end_reason == "media_failed"


def test_rings_still_open_end_with_a_call_without_media(
    mute_call: calls.CallSheet, alice: User, carol: User, now: datetime
) -> None:
    calls.invite(mute_call.call.call_id, by=acting(alice), invitees=["carol"], now=now + seconds(16))
    ended = expired(mute_call, now + seconds(20))
    assert invitation_states(ended) == {"bob": "accepted", "carol": "cancelled"}


def test_the_wait_for_media_can_be_longer(
    settings: Settings, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    settings.CALLINVITE = {"media_seconds": 40}
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, range(5, 40, 5), acting(alice), acting(bob))
    assert calls.expire(sheet.call.pk, now=now + seconds(39.9)) is None
    assert expired(sheet, now + seconds(40)).call.end_reason == "media_failed"


def test_apps_that_carry_media_themselves_switch_the_rule_off(
    settings: Settings, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    settings.CALLINVITE = {"media_seconds": 0}
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, STEADILY, acting(alice), acting(bob))
    assert calls.expire(sheet.call.pk, now=now + seconds(44)) is None


def test_a_rule_switched_off_meanwhile_ends_nothing(
    mute_call: calls.CallSheet, ring: Ring, settings: Settings, bob: User, carol: User, now: datetime
) -> None:
    settings.CALLINVITE = {"media_seconds": 0}
    assert invitation_states(ring(carol, bob, at=now + seconds(20))) == {"bob": "busy"}
    assert Call.objects.get(pk=mute_call.call.pk).state == "active"


def on_the_air(call_id: str, *people: User, now: datetime) -> None:
    """Everybody's device proves life and reports media."""
    for each in people:
        calls.heartbeat(call_id, by=acting(each), now=now)
        calls.connected(call_id, by=acting(each), now=now)


@pytest.mark.parametrize(("away", "goes_on"), [(29, True), (120, True), (899, True), (901, False)])
def test_a_call_outlives_an_outage_of_the_server(
    away: int, goes_on: bool, live_call: Ring, alice: User, bob: User, now: datetime
) -> None:
    call = live_call(alice, bob).call
    on_the_air(call.call_id, alice, bob, now=now)
    back = now + seconds(away)
    calls.forgive_outage(now=back)
    # Bob is back first: his looking at the call must not end it for alice, who is still on her way.
    calls.prove_life(bob.pk, "phone", now=back + seconds(1))
    sheet = calls.view(call.call_id, viewer_id=bob.pk, now=back + seconds(1))
    assert (sheet.call.state == "active") is goes_on
    if goes_on:
        # A device that does not come back at all is gone one lease later.
        sheet = calls.view(call.call_id, viewer_id=bob.pk, now=back + seconds(30))
        assert (sheet.call.state, sheet.call.end_reason) == ("ended", "connection_lost")


def test_an_outage_is_forgiven_to_those_alone_whose_media_was_up(
    live_call: Ring, ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    silent = live_call(alice, bob).call
    calls.heartbeat(silent.call_id, by=acting(alice), now=now)
    ringing = ring(carol, mallory).call
    calls.heartbeat(ringing.call_id, by=acting(carol), now=now)
    assert calls.forgive_outage(now=now + seconds(40)) == 0
    assert calls.view(silent.call_id, viewer_id=bob.pk, now=now + seconds(40)).call.end_reason == "connection_lost"
    assert calls.view(ringing.call_id, viewer_id=mallory.pk, now=now + seconds(40)).call.end_reason == "caller_lost"


def test_a_start_beside_others_takes_nothing_back(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call = live_call(alice, bob).call
    on_the_air(call.call_id, alice, bob, now=now)
    assert calls.forgive_outage(now=now + seconds(9)) == 0


def looked_at(call: Call, now: datetime) -> float:
    """How many seconds from now the dispatcher looks at the call next."""
    due_at = Call.objects.get(pk=call.pk).due_at
    assert due_at is not None
    return (due_at - now).total_seconds()


def heard(live_call: Ring, alice: User, bob: User, now: datetime) -> Call:
    """A call answered now by two scripts, one of which reports media: nothing but their leases counts."""
    call = live_call(alice, bob).call
    calls.connected(call.call_id, by=acting(bob), now=now)
    return call


BY_EITHER_SIGN_OF_LIFE = pytest.mark.parametrize(
    "speak",
    [
        lambda call, user, at: calls.heartbeat(call.call_id, by=acting(user), now=at),
        lambda call, user, at: calls.prove_life(user.pk, "phone", now=at),
    ],
    ids=["heartbeat", "prove_life"],
)


@BY_EITHER_SIGN_OF_LIFE
def test_the_first_sign_of_life_brings_the_next_look_nearer(
    speak: Any, live_call: Ring, ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    active = heard(live_call, alice, bob, now)
    assert looked_at(active, now) == 300
    speak(active, alice, now + seconds(100))
    assert looked_at(active, now) == 130
    ringing = ring(carol, mallory).call
    calls.ringing(ringing.call_id, by=acting(mallory), now=now)
    assert looked_at(ringing, now) == 60
    speak(ringing, carol, now + seconds(5))
    assert looked_at(ringing, now) == 25


@BY_EITHER_SIGN_OF_LIFE
def test_media_fails_in_time_though_a_sign_of_life_from_before_is_committed_after_the_look(
    speak: Any, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    beat(sheet.call.call_id, now, [9.98], acting(bob))
    beat(sheet.call.call_id, now, [9.5, 19], acting(alice))
    assert calls.expire(sheet.call.pk, now=now + seconds(20)) is None
    assert looked_at(sheet.call, now) == 39.98
    speak(sheet.call, bob, now + seconds(19.95))
    assert looked_at(sheet.call, now) == 20
    assert expired(sheet, now + seconds(21)).call.end_reason == "media_failed"


def test_later_signs_of_life_leave_the_next_look_where_it_is(
    live_call: Ring, alice: User, bob: User, now: datetime
) -> None:
    call = heard(live_call, alice, bob, now)
    calls.heartbeat(call.call_id, by=acting(alice), now=now)
    beat(call.call_id, now, [5, 16], acting(alice))
    calls.prove_life(alice.pk, "phone", now=now + seconds(29))
    assert looked_at(call, now) == 30
    assert calls.expire(call.pk, now=now + seconds(30)) is None
    assert looked_at(call, now) == 59


def test_a_wait_for_media_is_looked_at_though_nobody_has_spoken_since_it_began(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    """They may yet, and then it is due."""
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    assert looked_at(sheet.call, now) == 20


@pytest.mark.parametrize("by_socket", [True, False])
def test_media_that_is_waited_for_anew_is_looked_at_before_a_long_lease(
    by_socket: bool, ring: Ring, settings: Settings, alice: User, bob: User, now: datetime
) -> None:
    settings.CALLINVITE = {"lease_active_seconds": 90}
    sheet = ring(acting(alice, lives=True), bob)
    calls.accept(sheet.call.call_id, by=acting(bob, lives=True), now=now)
    calls.expire(sheet.call.pk, now=now + seconds(25))
    assert looked_at(sheet.call, now) == 90
    if by_socket:
        calls.prove_life(alice.pk, "phone", now=now + seconds(30))
    else:
        calls.heartbeat(sheet.call.call_id, by=acting(alice), now=now + seconds(30))
    assert looked_at(sheet.call, now) == 50


def test_the_caller_of_a_call_that_only_rings_again_is_busy(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call = ring(bob, alice).call
    assert looked_at(call, now) == 2
    assert invitation_states(ring(carol, bob, at=now + seconds(3))) == {"bob": "busy"}
    assert looked_at(call, now) == 10


def test_a_server_that_starts_looks_at_every_open_call_for_a_tunable_may_be_shorter(
    live_call: Ring, ring: Ring, settings: Settings, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    active, ended = heard(live_call, alice, bob, now), ring(carol, mallory).call
    calls.end(ended.call_id, by=acting(carol), now=now)
    settings.CALLINVITE = {"max_duration_seconds": 60}
    assert calls.expect_changes(now=now + seconds(30)) == 1
    assert calls.expire(active.pk, now=now + seconds(30)) is None
    assert looked_at(active, now) == 60


def test_a_call_that_an_older_version_made_meanwhile_is_found_as_well(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call = ring(alice, bob).call
    Call.objects.update(due_at=None)
    assert calls.expect_changes(now=now) == 1
    assert looked_at(call, now) == 0


def test_nobody_stays_busy_in_a_call_that_an_older_version_made(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    ring(bob, alice, timeout_seconds=5)
    Call.objects.update(due_at=None)
    assert invitation_states(ring(carol, bob, at=now + seconds(4))) == {"bob": "busy"}
    Call.objects.update(due_at=None)
    assert invitation_states(ring(carol, bob, at=now + seconds(5))) == {"bob": "pending"}


def test_the_current_call_is_none_that_an_older_version_made_and_that_has_run_out(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call = ring(alice, bob, timeout_seconds=5).call
    Call.objects.update(due_at=None)
    with refused(Code.NO_CURRENT_CALL):
        calls.accept("current", by=acting(bob), now=now + seconds(5))
    assert Call.objects.get(pk=call.pk).end_reason == "timed_out"


def test_a_call_that_is_over_is_not_looked_at(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call = ring(alice, bob).call
    calls.end(call.call_id, by=acting(alice), now=now)
    assert not Call.objects.due(now + seconds(10**6)).exists()
    # An older version, which knows nothing of `due_at`, ended it.
    Call.objects.update(due_at=now)
    assert calls.expire(call.pk, now=now) is None
    assert not Call.objects.due(now + seconds(10**6)).exists()


def test_a_sign_of_life_soon_after_the_last_one_is_not_written_again(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    ring(alice, bob)
    written = []
    for later in (0, 1, 3):
        calls.prove_life(alice.pk, acting(alice).device_id, now=now + seconds(later))
        written.append(Participant.objects.get().proved_at)
    assert written == [now, now, now + seconds(3)]

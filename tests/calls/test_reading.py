"""What people see of calls: one, the open ones, the history, the missed ones, and what a page must catch up on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from invitations import calls
from invitations.errors import Code
from invitations.models import User
from invitations.serializers import call_view, moment
from tests.calls.conftest import acting, refused, seconds

Ring = Callable[..., calls.CallSheet]


def ids(user: User, **filters: Any) -> list[str]:
    return [each.call_id for each in calls.history(user.pk, **filters)]


@pytest.fixture
def a_few_calls(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    """Missed by bob, rejected by bob, from bob to carol (missed by her), and one that bob talks in."""
    ring(alice, bob, call_id="missed", at=now, timeout_seconds=1)
    ring(alice, bob, call_id="rejected", at=now + seconds(2), is_video_call=False)
    calls.reject("rejected", by=acting(bob), now=now + seconds(2))
    ring(bob, carol, call_id="outgoing", at=now + seconds(3), timeout_seconds=1)
    ring(carol, bob, call_id="live", at=now + seconds(5))
    calls.accept("live", by=acting(bob), now=now + seconds(5))


def test_a_person_sees_the_calls_that_concern_them(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(alice, bob)
    assert calls.view(sheet.call.call_id, viewer_id=bob.pk, now=now).call.pk == sheet.call.pk


def test_a_stranger_sees_nothing(ring: Ring, alice: User, bob: User, mallory: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    with refused(Code.NOT_FOUND):
        calls.view(call_id, viewer_id=mallory.pk, now=now)


def test_a_stranger_has_no_timeline(ring: Ring, alice: User, bob: User, mallory: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    with refused(Code.NOT_FOUND):
        calls.timeline(call_id, viewer_id=mallory.pk, now=now)


def test_open_are_the_calls_one_is_in_or_rung_by(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    ring(alice, bob, call_id="first")
    ring(bob, carol, call_id="second", at=now + seconds(1))
    assert [each.call.call_id for each in calls.open_calls(bob.pk, now=now + seconds(1))] == ["second", "first"]


def test_a_call_that_is_over_is_not_open(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    calls.end(ring(alice, bob).call.call_id, by=acting(alice), now=now)
    assert calls.open_calls(bob.pk, now=now) == []


def test_the_history_is_newest_first(a_few_calls: None, bob: User) -> None:
    assert ids(bob) == ["live", "outgoing", "rejected", "missed"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"state": "active"}, ["live"]),
        ({"state": "ended"}, ["outgoing", "rejected", "missed"]),
        ({"direction": "incoming"}, ["live", "rejected", "missed"]),
        ({"direction": "outgoing"}, ["outgoing"]),
        ({"missed": True}, ["missed"]),
        ({"missed": False}, ["live", "outgoing", "rejected"]),
        ({"with_user": "alice"}, ["rejected", "missed"]),
        ({"with_user": "carol"}, ["live", "outgoing"]),
        ({"with_user": "nobody"}, []),
        ({"is_video_call": False}, ["rejected"]),
        ({"with_user": "alice", "missed": True}, ["missed"]),
    ],
)
def test_the_history_is_filtered(filters: dict[str, Any], expected: list[str], a_few_calls: None, bob: User) -> None:
    assert ids(bob, **filters) == expected


def test_a_call_cancelled_before_it_was_notified_leaves_no_trace(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    calls.cancel(ring(alice, bob).call.call_id, by=acting(alice), now=now)
    assert (ids(bob), calls.missed_unseen(bob.pk)) == ([], 0)


def test_the_caller_keeps_it_in_the_history(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    calls.cancel(ring(alice, bob, call_id="mine").call.call_id, by=acting(alice), now=now)
    assert ids(alice) == ["mine"]


def test_a_call_cancelled_after_it_rang_is_missed(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    ring(alice, bob, call_id="rang")
    calls.ringing("rang", by=acting(bob), now=now)
    calls.cancel("rang", by=acting(alice), now=now)
    assert (ids(bob, missed=True), calls.missed_unseen(bob.pk)) == (["rang"], 1)


@pytest.mark.parametrize("answer", [calls.accept, calls.reject])
def test_an_answered_call_is_never_missed(answer: Any, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    ring(alice, bob, call_id="answered")
    calls.ringing("answered", by=acting(bob, "phone"), now=now)
    answer("answered", by=acting(bob, "laptop"), now=now)
    assert (ids(bob, missed=True), calls.missed_unseen(bob.pk)) == ([], 0)


def test_a_call_answered_at_the_second_asking_is_not_missed(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    ring(alice, bob, call_id="again", timeout_seconds=1)
    calls.invite("again", by=acting(alice), invitees=["carol"], now=now)
    calls.invite("again", by=acting(alice), invitees=["bob"], now=now + seconds(2))
    calls.accept("again", by=acting(bob), now=now + seconds(3))
    assert (ids(bob, missed=True), calls.missed_unseen(bob.pk)) == ([], 0)


def test_looking_at_the_history_clears_the_badge(a_few_calls: None, bob: User, now: datetime) -> None:
    calls.mark_history_seen(bob.pk, now=now + seconds(10))
    assert calls.missed_unseen(bob.pk) == 0


def test_what_is_missed_after_a_look_counts_again(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    calls.mark_history_seen(bob.pk, now=now)
    ring(bob, alice, at=now + seconds(1))
    ring(carol, bob, at=now + seconds(2))
    assert calls.missed_unseen(bob.pk) == 1


def test_an_account_without_preferences_has_a_badge_too(ring: Ring, alice: User, bob: User, carol: User) -> None:
    bob.calling_preferences.delete()
    ring(bob, alice)
    ring(carol, bob)
    assert calls.missed_unseen(bob.pk) == 1


def test_a_page_of_the_history_keeps_its_order(a_few_calls: None, bob: User) -> None:
    page = list(calls.history(bob.pk))
    assert [each.call.call_id for each in calls.sheets(page)] == ids(bob)


def test_a_page_that_is_up_to_date_learns_nothing(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call = ring(alice, bob).call
    synced = calls.sync(bob.pk, {call.call_id: call.revision}, now=now)
    assert (synced.sheets, synced.gone) == ([], [])


def test_a_page_learns_what_is_newer(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call = ring(alice, bob).call
    calls.ringing(call.call_id, by=acting(bob), now=now)
    synced = calls.sync(alice.pk, {call.call_id: call.revision}, now=now)
    assert [each.call.revision for each in synced.sheets] == [call.revision + 1]


def test_a_page_learns_of_calls_it_does_not_know(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    assert [each.call.call_id for each in calls.sync(bob.pk, {}, now=now).sheets] == [call_id]


def test_a_page_learns_how_its_call_ended(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call = ring(alice, bob).call
    calls.end(call.call_id, by=acting(alice), now=now + seconds(4))
    synced = calls.sync(bob.pk, {call.call_id: 1}, now=now)
    assert synced.gone == [call.call_id]
    assert [each.call.state for each in synced.sheets] == ["ended"]


def test_unknown_and_foreign_calls_are_gone(ring: Ring, alice: User, bob: User, mallory: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    synced = calls.sync(mallory.pk, {call_id: 1, "never-was": 3}, now=now)
    assert (synced.sheets, sorted(synced.gone)) == ([], sorted([call_id, "never-was"]))


def can(call_id: str, user: User, now: datetime) -> list[str]:
    """The verbs that a person may use."""
    you = call_view(calls.view(call_id, viewer_id=user.pk, now=now), user.pk, now)["you"]
    assert you is not None
    return list(you["can"])


def test_the_verbs_that_are_open_while_it_rings(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    assert can(call_id, alice, now) == ["cancel", "invite", "leave", "end"]
    assert can(call_id, bob, now) == ["accept", "reject"]
    calls.reject(call_id, by=acting(bob), now=now)
    assert can(call_id, bob, now) == []
    assert can(call_id, alice, now) == ["cancel", "invite", "leave", "end"]


def test_the_verbs_that_are_open_in_a_live_call(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = live_call(alice, bob).call.call_id
    assert (can(call_id, alice, now), can(call_id, bob, now)) == (
        ["invite", "leave", "end", "remove"],
        ["invite", "leave"],
    )
    calls.invite(call_id, by=acting(bob), invitees=["carol"], now=now)
    assert can(call_id, bob, now) == ["cancel", "invite", "leave"]
    calls.cancel(call_id, by=acting(bob), now=now + seconds(4))
    assert can(call_id, carol, now) == []


def test_nothing_is_open_in_a_call_that_is_over(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    calls.end(call_id, by=acting(alice), now=now)
    assert (can(call_id, alice, now), can(call_id, bob, now)) == ([], [])


@pytest.mark.parametrize("hours", [-5, 0, 2])
def test_moments_go_out_in_utc_whatever_zone_they_came_in(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    assert moment(datetime(2026, 11, 29, 12, tzinfo=UTC).astimezone(zone)) == "2026-11-29T12:00:00.000Z"

"""Who learns what of a call: frames, reads, history and timeline, while people are in it and after they have gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from invitations import calls
from invitations.errors import Code
from invitations.live import presence
from invitations.models import CallEvent, Delivery, Device, Invitation, User
from invitations.push import devices
from invitations.serializers import call_view
from tests.calls.conftest import acting, refused, seconds
from tests.calls.pages import Pages, events

Ring = Callable[..., calls.CallSheet]
pytestmark = pytest.mark.django_db(transaction=True)


def seen(call_id: str, viewer: User, now: datetime) -> Any:
    return call_view(calls.view(call_id, viewer_id=viewer.pk, now=now), viewer.pk, now)


def of(view: Any, name: str) -> Any:
    """What a view says of one person's invitation."""
    return next(each for each in view["invitations"] if each["invitee"]["id"] == name)


# --- missed, or never heard of ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "is_missed"), [(0, False), (3, False), (3.001, True), (30, True)])
def test_a_ring_that_is_cancelled_late_was_missed_though_nothing_was_notified(
    after: float, is_missed: bool, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.cancel(call_id, by=acting(alice), now=now + seconds(after))
    assert (calls.missed_unseen(bob.pk), len(calls.history(bob.pk))) == (int(is_missed), int(is_missed))


def test_a_ring_that_is_taken_back_at_once_leaves_no_trace(
    pages: Pages, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.cancel(call_id, by=acting(alice), now=now + seconds(1))
    assert [each["event"] for each in pages.frames()["bob"]] == ["call.sent", "invitation.cancelled"]
    later = now + seconds(2)
    for read in (calls.view, calls.timeline):
        with refused(Code.NOT_FOUND):
            read(call_id, viewer_id=bob.pk, now=later)
    assert list(calls.history(bob.pk)) == calls.open_calls(bob.pk, now=later) == []
    assert calls.missed_unseen(bob.pk) == 0
    synced = calls.sync(bob.pk, {call_id: 1}, now=later)
    assert (synced.sheets, synced.gone) == ([], [call_id])
    # An answer that crossed the cancel is told what happened to it.
    with refused(Code.INVITATION_CANCELLED):
        calls.accept(call_id, by=acting(bob), now=later)


def test_a_push_service_that_takes_it_afterwards_makes_it_missed(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(alice, bob)
    calls.cancel(sheet.call.call_id, by=acting(alice), now=now + seconds(1))
    calls.notified([calls.Taken(sheet.call.pk, sheet.invitations[0].pk, now + seconds(1.5))])
    assert calls.missed_unseen(bob.pk) == 1
    assert seen(sheet.call.call_id, bob, now)["you"]["missed"]


def test_a_ring_that_leaves_no_trace_takes_nothing_of_an_earlier_one_away(
    ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    sheet = ring(alice, bob, carol, mallory)
    call_id = sheet.call.call_id
    calls.accept(call_id, by=acting(carol), now=now + seconds(1))
    calls.expire(sheet.call.pk, now=now + seconds(61))
    later = now + seconds(70)
    before, told = seen(call_id, bob, later), calls.timeline(call_id, viewer_id=bob.pk, now=later)
    assert (before["you"]["state"], before["you"]["can"]) == ("timed_out", ["join"])
    calls.invite(call_id, by=acting(carol), invitees=["mallory"], now=now + seconds(62))
    calls.accept(call_id, by=acting(mallory), now=now + seconds(63))
    calls.invite(call_id, by=acting(alice), invitees=["bob"], now=now + seconds(64))
    assert calls.missed_unseen(bob.pk) == 0
    calls.cancel(call_id, by=acting(alice), now=now + seconds(65))
    assert calls.missed_unseen(bob.pk) == 1
    after = seen(call_id, bob, later)
    assert [after[each] for each in ("you", "invitations", "participants")] == [
        before[each] for each in ("you", "invitations", "participants")
    ]
    assert calls.timeline(call_id, viewer_id=bob.pk, now=later) == told
    assert of(seen(call_id, alice, later), "bob")["state"] == "cancelled"
    with refused(Code.INVITATION_CANCELLED):
        calls.accept(call_id, by=acting(bob), now=later)
    calls.join(call_id, by=acting(bob), now=later)
    inside = seen(call_id, bob, later)
    assert (inside["you"]["state"], of(inside, "bob")["state"]) == ("timed_out", "timed_out")
    codes = [each["code"] for each in calls.timeline(call_id, viewer_id=bob.pk, now=later) if each["user"] == "bob"]
    assert codes == ["invitation.timed_out", "ring.unheard", "participant.joined"]


def test_a_caller_who_left_may_join_again_although_a_ring_back_was_cancelled_at_once(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    for each in (bob, carol):
        calls.accept(call_id, by=acting(each), now=now + seconds(1))
    calls.leave(call_id, by=acting(alice), now=now + seconds(2))
    calls.invite(call_id, by=acting(bob), invitees=["alice"], now=now + seconds(3))
    calls.cancel(call_id, by=acting(bob), now=now + seconds(4))
    you = seen(call_id, alice, now + seconds(5))["you"]
    assert (you["state"], you["can"]) == ("left", ["join"])
    calls.join(call_id, by=acting(alice), now=now + seconds(5))


def test_taking_out_twice_succeeds_although_the_ring_left_no_trace(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = ring(alice, bob, carol)
    call_id = sheet.call.call_id
    calls.accept(call_id, by=acting(carol), now=now + seconds(1))
    calls.expire(sheet.call.pk, now=now + seconds(61))
    calls.invite(call_id, by=acting(alice), invitees=["bob"], now=now + seconds(62))
    for _ in range(2):
        sheet = calls.remove(call_id, by=acting(alice), user="bob", now=now + seconds(63))
    assert not sheet.pending()


# --- who is told ------------------------------------------------------------------------------------------------------


def test_whoever_goes_gets_one_last_frame(
    pages: Pages, ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol, mallory).call.call_id
    pages.frames()
    told: list[dict[str, list[str]]] = []

    def tell(act: Callable[..., Any], by: User, **more: Any) -> None:
        act(call_id, by=acting(by), now=now + seconds(len(told) + 1), **more)
        told.append({name: kinds for name, kinds in events(pages.frames()).items() if kinds})

    tell(calls.reject, bob)
    tell(calls.accept, carol)
    tell(calls.accept, mallory)
    tell(calls.leave, carol)
    tell(calls.end, alice)
    assert [set(each) for each in told] == [
        {"alice", "bob", "carol", "mallory"},
        {"alice", "carol", "mallory"},
        {"alice", "carol", "mallory"},
        {"alice", "carol", "mallory"},
        {"alice", "mallory"},
    ]


def test_somebody_busy_is_told_once(
    pages: Pages, ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    ring(bob, mallory)
    pages.frames()
    call_id = ring(alice, bob, carol).call.call_id
    assert [each["call"]["you"]["missed"] for each in pages.frames()["bob"]] == [True]
    calls.accept(call_id, by=acting(carol), now=now + seconds(1))
    assert events(pages.frames())["bob"] == []


def test_an_answers_words_and_device_are_for_the_caller_the_inviter_and_themself(
    ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    calls.invite(call_id, by=acting(bob), invitees=["mallory"], now=now)
    label = {"device_label": "Mallory's phone"}
    calls.ringing(call_id, by=acting(mallory, **label), now=now)
    calls.accept(call_id, by=acting(mallory, **label), custom_data="in a meeting", now=now)
    calls.accept(call_id, by=acting(carol), custom_data="hi", now=now)
    views = {each.username: of(seen(call_id, each, now), "mallory") for each in (alice, bob, carol, mallory)}
    for name in ("alice", "bob", "mallory"):
        said = views[name]
        assert (said["custom_data"], said["answered_on"], said["ringing_devices"]) == (
            "in a meeting",
            "Mallory's phone",
            1,
        )
    said = views["carol"]
    assert (said["state"], said["standing"]) == ("accepted", "accepted")
    assert (said["custom_data"], said["answered_on"], said["ringing_on"], said["ringing_devices"]) == (
        "",
        None,
        None,
        0,
    )
    timeline = str(calls.timeline(call_id, viewer_id=carol.pk, now=now))
    assert "Mallory answered" in timeline
    assert "Mallory's phone" not in timeline
    assert "Mallory's phone" in str(calls.timeline(call_id, viewer_id=bob.pk, now=now))


def test_a_call_stays_for_whoever_has_gone_as_it_was_when_they_went(
    ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now + seconds(1))
    when_he_went = seen(call_id, bob, now + seconds(1))
    calls.accept(call_id, by=acting(carol), custom_data="hi", now=now + seconds(2))
    calls.invite(call_id, by=acting(alice), invitees=["mallory"], now=now + seconds(3))
    calls.accept(call_id, by=acting(mallory), now=now + seconds(4))
    live = seen(call_id, bob, now + seconds(5))
    assert (live["state"], live["you"]["state"]) == ("active", "rejected")
    assert (live["invitations"], live["participants"]) == (when_he_went["invitations"], when_he_went["participants"])
    calls.end(call_id, by=acting(alice), now=now + seconds(62))
    ended = seen(call_id, bob, now + seconds(63))
    assert (ended["state"], ended["end_reason"], ended["duration_seconds"]) == ("ended", "completed", 60)
    assert (ended["invitations"], ended["participants"]) == (when_he_went["invitations"], when_he_went["participants"])
    told = [each["code"] for each in calls.timeline(call_id, viewer_id=bob.pk, now=now + seconds(63))]
    assert told == ["call.sent", "invitation.rejected", "call.active", "call.ended"]
    synced = calls.sync(bob.pk, {call_id: 1}, now=now + seconds(63))
    assert (len(synced.sheets), synced.gone) == (1, [call_id])


def test_whoever_has_gone_does_not_hear_whose_doing_it_was(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now + seconds(1))
    calls.accept(call_id, by=acting(carol), now=now + seconds(2))
    calls.end(call_id, by=acting(alice), now=now + seconds(3))
    told = calls.timeline(call_id, viewer_id=bob.pk, now=now + seconds(4))
    assert [(each["code"], each["user"], each["device"]) for each in told if each["code"].startswith("call.")] == [
        ("call.sent", "alice", None),
        ("call.active", None, None),
        ("call.ended", None, None),
    ]


def test_history_does_not_tell_whoever_has_gone_who_was_invited_later(
    ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now)
    calls.accept(call_id, by=acting(carol), now=now)
    calls.invite(call_id, by=acting(alice), invitees=["mallory"], now=now)

    def found(viewer: User, other: str) -> list[str]:
        return [each.call_id for each in calls.history(viewer.pk, with_user=other)]

    assert (found(bob, "carol"), found(bob, "alice"), found(bob, "mallory")) == ([call_id], [call_id], [])
    assert found(alice, "mallory") == found(carol, "mallory") == [call_id]
    calls.leave(call_id, by=acting(carol), now=now + seconds(1))
    assert found(carol, "mallory") == [call_id]
    calls.invite(call_id, by=acting(alice), invitees=["bob"], now=now + seconds(2))
    assert found(bob, "mallory") == [call_id]


def test_what_comes_in_the_same_moment_comes_after_whoever_went(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now + seconds(1))
    calls.accept(call_id, by=acting(carol), now=now + seconds(1))
    assert of(seen(call_id, bob, now + seconds(1)), "carol")["state"] == "pending"
    told = [each["code"] for each in calls.timeline(call_id, viewer_id=bob.pk, now=now + seconds(1))]
    assert told == ["call.sent", "invitation.rejected", "call.active"]


def test_on_which_devices_somebody_rings_is_not_in_the_timelines_of_other_invitees(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    for device in ("phone", "laptop"):
        calls.ringing(call_id, by=acting(bob, device), now=now)
    rang = {
        each.username: [entry["code"] for entry in calls.timeline(call_id, viewer_id=each.pk, now=now)].count(
            "invitation.ringing"
        )
        for each in (alice, bob, carol)
    }
    assert rang == {"alice": 2, "bob": 2, "carol": 0}


def test_a_ring_that_turns_out_to_reach_nothing_stays_as_it_was_for_whoever_has_gone(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now + seconds(1))
    Invitation.objects.filter(invitee=carol).update(unreachable=True)
    standing = {each.username: of(seen(call_id, each, now), "carol")["standing"] for each in (alice, bob)}
    assert standing == {"alice": "unreachable", "bob": "calling"}


def test_a_timeline_that_is_read_while_its_reader_goes_is_of_one_moment(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    acted: list[str] = []

    def meanwhile(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
        if sql.startswith("SELECT") and CallEvent._meta.db_table in sql and not acted:
            acted.append(calls.reject(call_id, by=acting(bob), now=now).call.state)
            acted.append(calls.accept(call_id, by=acting(carol), now=now).call.state)
        return execute(sql, *more)

    with connection.execute_wrapper(meanwhile):
        told = calls.timeline(call_id, viewer_id=bob.pk, now=now)
    assert acted == ["ringing", "active"]
    assert [each["code"] for each in told] == ["call.sent"]


def test_whoever_has_gone_hears_nothing_by_sync_until_the_end(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now)
    calls.accept(call_id, by=acting(carol), now=now)
    synced = calls.sync(bob.pk, {call_id: 1}, now=now)
    assert (synced.sheets, synced.gone) == ([], [])


def test_somebody_invited_again_hears_of_everything_again(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now + seconds(1))
    calls.accept(call_id, by=acting(carol), now=now + seconds(2))
    calls.invite(call_id, by=acting(alice), invitees=["bob"], now=now + seconds(3))
    view = seen(call_id, bob, now + seconds(3))
    assert {each["invitee"]["id"]: each["state"] for each in view["invitations"]} == {
        "carol": "accepted",
        "bob": "pending",
    }
    assert len(view["participants"]) == 2


# --- what the caller is told ------------------------------------------------------------------------------------------


def test_before_an_answer_the_caller_learns_kinds_of_devices_and_no_names(
    pages: Pages, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.ringing(call_id, by=acting(bob, "a", device_label="Bob's iPhone, work"), audible=False, now=now)
    calls.ringing(call_id, by=acting(bob, "b", device_label="Chrome on Linux"), audible=True, now=now)
    assert "work" not in str(pages.frames()["alice"])
    said = of(seen(call_id, alice, now), "bob")
    assert (said["ringing_on"], said["ringing_devices"], said["ringing_audibly"]) == ("iPhone", 2, True)
    assert "work" not in str(calls.timeline(call_id, viewer_id=alice.pk, now=now))
    calls.accept(call_id, by=acting(bob, "a", device_label="Bob's iPhone, work"), now=now)
    assert of(seen(call_id, alice, now), "bob")["answered_on"] == "Bob's iPhone, work"


@pytest.mark.parametrize(
    ("label", "kind", "said"),
    [
        ("Chrome on Linux", "browser", "Chrome on Linux"),
        ("Firefox für Windows", "browser", "Firefox on Windows"),
        ("Work", "browser", "a browser"),
        ("Bob's Pixel", "android", "Android phone"),
        ("Bob", "ios", "iPhone"),
        ("Fridge", "other", "a device"),
    ],
)
def test_the_kind_of_a_device_is_told_by_known_names_alone(
    label: str, kind: str, said: str, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    devices.describe(bob.pk, "thing", label=label, kind=kind, now=now)
    call_id = ring(alice, bob).call.call_id
    calls.ringing(call_id, by=acting(bob, "thing"), now=now)
    assert of(seen(call_id, alice, now), "bob")["ringing_on"] == said


def test_the_name_that_its_owner_gave_a_device_wins_over_what_it_calls_itself(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    devices.describe(bob.pk, "laptop", label="Kitchen", kind="browser", now=now)
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob, "laptop", device_label="Chrome on Linux"), now=now)
    assert of(seen(call_id, alice, now), "bob")["answered_on"] == "Kitchen"
    assert "Kitchen" in str(calls.timeline(call_id, viewer_id=alice.pk, now=now))
    with refused(Code.ANSWERED_ELSEWHERE) as caught:
        calls.accept(call_id, by=acting(bob, "phone"), now=now)
    assert "Kitchen" in caught.value.detail


def standing(call_id: str, viewer: User, now: datetime) -> str:
    code: str = of(seen(call_id, viewer, now), "bob")["standing"]
    return code


def test_the_caller_is_told_where_a_ring_stands(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    assert standing(call_id, alice, now) == "calling"
    calls.ringing(call_id, by=acting(bob, "a"), audible=False, now=now)
    assert standing(call_id, alice, now) == "ringing_silently"
    calls.ringing(call_id, by=acting(bob, "b"), audible=True, now=now)
    assert standing(call_id, alice, now) == "ringing"
    assert standing(call_id, alice, now + seconds(60)) == "no_answer"


@pytest.mark.parametrize(
    ("act", "by", "code"),
    [
        (calls.reject, "bob", "declined"),
        (calls.accept, "bob", "accepted"),
        (calls.cancel, "alice", "cancelled_before_ring"),
    ],
)
def test_the_caller_is_told_what_became_of_it(
    act: Callable[..., Any], by: str, code: str, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    act(call_id, by=acting({"alice": alice, "bob": bob}[by]), now=now)
    assert standing(call_id, alice, now) == code


def test_a_ring_that_reaches_nothing_says_so(pages: Pages, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(alice, bob)
    pages.frames()
    calls.expire(sheet.call.pk, now=now + seconds(2))
    told = pages.frames()["alice"]
    assert [(each["event"], of(each["call"], "bob")["standing"]) for each in told] == [
        ("invitation.unreachable", "unreachable")
    ]
    assert "Bob's devices couldn't be reached." in [
        each["text"] for each in calls.timeline(sheet.call.call_id, viewer_id=alice.pk, now=now + seconds(3))
    ]
    calls.expire(sheet.call.pk, now=now + seconds(10))
    assert events(pages.frames())["alice"] == []
    assert standing(sheet.call.call_id, alice, now + seconds(60)) == "never_reached"


def test_an_unreachable_device_that_wakes_up_rings_after_all(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(alice, bob)
    calls.expire(sheet.call.pk, now=now + seconds(2))
    calls.ringing(sheet.call.call_id, by=acting(bob), now=now + seconds(5))
    assert standing(sheet.call.call_id, alice, now + seconds(5)) == "ringing"
    calls.cancel(sheet.call.call_id, by=acting(alice), now=now + seconds(6))
    assert standing(sheet.call.call_id, alice, now + seconds(6)) == "cancelled"


@pytest.mark.parametrize("state", ["pending", "sent", "withheld"])
def test_a_push_on_its_way_is_no_failure(state: str, ring: Ring, alice: User, bob: User, now: datetime) -> None:
    device = Device.objects.create(user=bob, device_id="phone", created_at=now, push_digest="a" * 64)
    sheet = ring(alice, bob)
    Delivery.objects.filter(device=device).update(state=state, settled_at=None if state == "pending" else now)
    calls.expire(sheet.call.pk, now=now + seconds(2))
    assert standing(sheet.call.call_id, alice, now + seconds(2)) == "calling"


def test_an_open_page_that_has_not_said_yet_that_it_rings_is_no_failure(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    presence.mark_online(bob.pk)
    sheet = ring(alice, bob)
    calls.expire(sheet.call.pk, now=now + seconds(2))
    assert standing(sheet.call.call_id, alice, now + seconds(2)) == "calling"


# --- one's own time, and the order of moments -------------------------------------------------------------------------


def test_everybody_reads_how_long_they_were_in_the_call_themselves(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(bob), now=now + seconds(10))
    calls.accept(call_id, by=acting(carol), now=now + seconds(20))
    calls.leave(call_id, by=acting(bob), now=now + seconds(30))
    calls.join(call_id, by=acting(bob, "laptop"), now=now + seconds(40))
    assert seen(call_id, bob, now + seconds(41))["you"]["duration_seconds"] is None
    calls.end(call_id, by=acting(alice), now=now + seconds(45))
    views = [seen(call_id, each, now + seconds(46)) for each in (alice, bob, carol)]
    assert [each["you"]["duration_seconds"] for each in views] == [35, 25, 25]
    assert {each["duration_seconds"] for each in views} == {35}


def test_who_was_never_in_the_call_has_no_time_in_it(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.reject(call_id, by=acting(bob), now=now)
    assert [seen(call_id, each, now)["you"]["duration_seconds"] for each in (alice, bob)] == [None, None]


def test_no_moment_precedes_what_was_there(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    """A verb's moment is taken before the call is locked: another one may have come first, with a later one."""
    early = now - timedelta(milliseconds=40)
    call_id = ring(alice, bob).call.call_id
    calls.ringing(call_id, by=acting(bob), now=early)
    calls.invite(call_id, by=acting(alice), invitees=["carol"], now=early)
    calls.accept(call_id, by=acting(bob), now=early)
    calls.connected(call_id, by=acting(bob), now=early)
    calls.reject(call_id, by=acting(carol), now=early)
    sheet = calls.leave(call_id, by=acting(bob), now=early)
    moments = [
        *(sheet.call.answered_at, sheet.call.ended_at),
        *(each for ring in sheet.invitations for each in (ring.created_at, ring.ringing_at, ring.closed_at)),
        *(each for stay in sheet.participants for each in (stay.joined_at, stay.connected_at, stay.left_at)),
    ]
    assert all(each >= now for each in moments if each is not None)
    entries = calls.timeline(call_id, viewer_id=alice.pk, now=now)
    assert next(each["code"] for each in entries) == "call.sent"
    assert Invitation.objects.filter(created_at__lt=now).count() == 0

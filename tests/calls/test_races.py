"""Two things at once, many times over, by real threads with their own connections: one wins, nothing is left behind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from invitations import calls
from invitations.errors import CallError
from invitations.models import Call, Invitation, Participant, User
from tests.calls.conftest import acting, called, invitation_states, names_inside, over, seconds
from tests.calls.track import PROCESS_ROUNDS, ROUNDS, Track, process, said

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def one_won(outcomes: list[Any], *lost: str) -> bool:
    """Whether exactly one of two has the call and the other one of these refusals."""
    refusals = [each for each in outcomes if isinstance(each, str)]
    return len(refusals) == 1 and refusals[0] in lost


def test_one_of_two_devices_accepts(track: Track, alice: User, bob: User, nobody_stuck: None) -> None:
    for number in range(ROUNDS):
        now = track.now(number)
        call_id = called(alice, bob, now).call.call_id
        outcomes = track.run(
            number, *(partial(calls.accept, call_id, by=acting(bob, d), now=now) for d in ("phone", "laptop"))
        )
        assert one_won(outcomes, "answered_elsewhere")
        over(call_id, alice, now)
    assert Participant.objects.filter(user=bob).count() == ROUNDS


def test_accept_and_reject_have_one_winner(track: Track, alice: User, bob: User, nobody_stuck: None) -> None:
    for number in range(ROUNDS):
        now = track.now(number)
        call_id = called(alice, bob, now).call.call_id
        accepted, rejected = track.run(
            number,
            partial(calls.accept, call_id, by=acting(bob, "phone"), now=now),
            partial(calls.reject, call_id, by=acting(bob, "laptop"), now=now),
        )
        state = Invitation.objects.get(call__call_id=call_id).state
        assert (rejected == "answered_elsewhere") == (state == "accepted")
        assert (accepted == "rejected_elsewhere") == (state == "rejected")
        over(call_id, alice, now)


def test_accept_and_cancel_have_one_winner(track: Track, alice: User, bob: User, nobody_stuck: None) -> None:
    for number in range(ROUNDS):
        now = track.now(number)
        call_id = called(alice, bob, now).call.call_id
        accepted, cancelled = track.run(
            number,
            partial(calls.accept, call_id, by=acting(bob), now=now),
            partial(calls.cancel, call_id, by=acting(alice), now=now),
        )
        state = Invitation.objects.get(call__call_id=call_id).state
        assert (cancelled == "already_answered") == (state == "accepted")
        assert (accepted == "invitation_cancelled") == (state == "cancelled")
        over(call_id, alice, now)


def test_accept_and_expiry_have_one_winner(track: Track, alice: User, bob: User, nobody_stuck: None) -> None:
    for number in range(ROUNDS):
        now = track.now(number * 20)
        sheet = called(alice, bob, now, timeout_seconds=10)
        call_id = sheet.call.call_id
        accepted, expired = track.run(
            number,
            partial(calls.accept, call_id, by=acting(bob), now=now + seconds(9.999)),
            partial(calls.expire, sheet.call.pk, now=now + seconds(10)),
        )
        state = Invitation.objects.get(call__call_id=call_id).state
        assert (expired is None) == (state == "accepted")
        assert (accepted == "invitation_timed_out") == (state == "timed_out")
        over(call_id, alice, now + seconds(10))


def test_cancel_and_reject_have_one_winner(track: Track, alice: User, bob: User, nobody_stuck: None) -> None:
    for number in range(ROUNDS):
        now = track.now(number)
        call_id = called(alice, bob, now).call.call_id
        cancelled, rejected = track.run(
            number,
            partial(calls.cancel, call_id, by=acting(alice), now=now),
            partial(calls.reject, call_id, by=acting(bob), now=now),
        )
        call = Call.objects.get(call_id=call_id)
        assert (cancelled == "call_ended") == (call.end_reason == "rejected")
        assert (rejected == "invitation_cancelled") == (call.end_reason == "cancelled")


def test_two_who_call_each_other_are_connected(track: Track, alice: User, bob: User, nobody_stuck: None) -> None:
    for number in range(ROUNDS):
        now = track.now(number)

        def send(by: User, other: User, now: datetime = now) -> calls.Sent:
            return calls.send(by=acting(by), invitees=[other.username], is_video_call=True, now=now)

        outcomes = track.run(number, partial(send, alice, bob), partial(send, bob, alice))
        assert sorted(each.merged for each in outcomes) == [False, True]
        first, second = (each.sheet.call for each in outcomes)
        assert first.call_id == second.call_id
        sheet = calls.view(first.call_id, viewer_id=alice.pk, now=now)
        assert sheet.call.state == "active"
        assert names_inside(sheet) == {"alice", "bob"}
        over(first.call_id, alice if first.caller_id == alice.pk else bob, now)
    assert Call.objects.count() == ROUNDS


def test_both_of_two_callers_ring(track: Track, alice: User, bob: User, carol: User, nobody_stuck: None) -> None:
    for number in range(ROUNDS):
        now = track.now(number)
        outcomes = track.run(number, partial(called, alice, bob, now), partial(called, carol, bob, now))
        assert sorted(invitation_states(each)["bob"] for each in outcomes) == ["pending", "pending"]
        for sheet, caller in zip(outcomes, (alice, carol), strict=True):
            over(sheet.call.call_id, caller, now)


def test_who_accepts_two_calls_at_once_is_in_one(
    track: Track, alice: User, carol: User, bob: User, nobody_stuck: None
) -> None:
    for number in range(ROUNDS):
        now = track.now(number)
        ids = [called(each, bob, now).call.call_id for each in (alice, carol)]
        outcomes = track.run(number, *(partial(calls.accept, call_id, by=acting(bob), now=now) for call_id in ids))
        assert not any(isinstance(each, str) for each in outcomes)
        assert Participant.objects.open().filter(user=bob).count() == 1
        assert sorted(Call.objects.filter(call_id__in=ids).values_list("state", flat=True)) == ["active", "ended"]
        for call_id, caller in zip(ids, (alice, carol), strict=True):
            over(call_id, caller, now)


def test_a_call_that_moves_twice_at_once_is_on_one_device(
    track: Track, alice: User, bob: User, nobody_stuck: None
) -> None:
    for number in range(ROUNDS):
        now = track.now(number)
        call_id = called(alice, bob, now).call.call_id
        calls.accept(call_id, by=acting(bob), now=now)
        outcomes = track.run(
            number, *(partial(calls.join, call_id, by=acting(bob, d), now=now) for d in ("laptop", "tablet"))
        )
        assert not any(isinstance(each, str) for each in outcomes)
        stays = Participant.objects.filter(call__call_id=call_id, user=bob).values_list("left_reason", flat=True)
        assert list(stays) == ["moved", "moved", None]
        over(call_id, alice, now)


def test_a_send_that_is_doubled_makes_one_call(track: Track, alice: User, bob: User, nobody_stuck: None) -> None:
    for number in range(ROUNDS):
        now = track.now(number)

        def send(device: str, now: datetime = now, call_id: str = f"twice-{number}") -> calls.Sent:
            return calls.send(by=acting(alice, device), invitees=["bob"], is_video_call=True, call_id=call_id, now=now)

        outcomes = track.run(number, partial(send, "phone"), partial(send, "laptop"))
        assert sorted(each.created for each in outcomes) == [False, True]
        over(f"twice-{number}", alice, now)
    assert Call.objects.count() == ROUNDS


def test_two_who_call_again_under_one_id_talk_to_each_other(
    track: Track, alice: User, bob: User, nobody_stuck: None
) -> None:
    called(alice, bob, track.now(-1), call_id="room")
    calls.reject("room", by=acting(bob), now=track.now(-1))
    for number in range(ROUNDS):
        now = track.now(number)
        outcomes = track.run(
            number,
            partial(calls.send, by=acting(alice), invitees=["bob"], is_video_call=True, call_id="room", now=now),
            partial(calls.send, by=acting(bob), invitees=["alice"], is_video_call=True, call_id="room", now=now),
        )
        assert sorted((each.created, each.merged) for each in outcomes) == [(False, True), (True, False)]
        assert {each.sheet.call.attempt for each in outcomes} == {number + 2}
        sheet = calls.view("room", viewer_id=alice.pk, now=now)
        assert (sheet.call.attempt, sheet.call.state) == (number + 2, "active")
        assert names_inside(sheet) == {"alice", "bob"}
        over("room", alice if sheet.call.caller_id == alice.pk else bob, now)


def test_who_is_removed_while_coming_in_is_in_or_out(
    track: Track, alice: User, bob: User, carol: User, nobody_stuck: None
) -> None:
    for number in range(ROUNDS):
        now = track.now(number)
        call_id = calls.send(
            by=acting(alice), invitees=["bob", "carol"], is_video_call=True, now=now
        ).sheet.call.call_id
        for each in (bob, carol):
            calls.accept(call_id, by=acting(each), now=now)
        calls.leave(call_id, by=acting(bob), now=now)
        removed, joined = track.run(
            number,
            partial(calls.remove, call_id, by=acting(alice), user="bob", now=now),
            partial(calls.join, call_id, by=acting(bob), now=now),
        )
        # He was out already when it came first; otherwise he is out now.
        assert not isinstance(joined, str)
        is_in = "bob" in names_inside(calls.view(call_id, viewer_id=alice.pk, now=now))
        assert is_in == (removed == "not_invited")
        over(call_id, alice, now)


def test_a_request_that_is_doubled_takes_effect_once(track: Track, alice: User, bob: User, nobody_stuck: None) -> None:
    for number in range(ROUNDS):
        now = track.now(number)
        send = partial(called, alice, bob, now, request=calls.RequestKey(f"key-{number}", "what was asked"))
        outcomes = track.run(number, send, send)
        assert len({each.call.pk for each in outcomes}) == 1
        over(outcomes[0].call.call_id, alice, now)
    assert Call.objects.count() == ROUNDS


def test_twenty_at_once_give_exactly_as_many_invitations_as_allowed(
    alice: User, make_user: Callable[..., User], now: datetime, settings: Settings, nobody_stuck: None
) -> None:
    settings.CALLINVITE = {"sends_per_minute": 12, "people_per_call": 100}
    first = make_user("guest")
    call_id = called(alice, first, now).call.call_id
    calls.accept(call_id, by=acting(first), now=now)
    for number in range(20):
        make_user(f"guest{number}")

    def invites(number: int) -> Any:
        return calls.invite(call_id, by=acting(alice), invitees=[f"guest{number}"], now=now)

    assert Counter(_all_at_once(20, invites)) == {"done": 11, "throttled": 9}
    over(call_id, alice, now)


def test_twenty_at_once_ring_one_person_as_often_as_allowed(
    alice: User, bob: User, now: datetime, settings: Settings, nobody_stuck: None
) -> None:
    settings.CALLINVITE = {"rings_per_pair_minute": 3}

    def rings(number: int) -> None:
        # Each takes its ring back, so that none keeps the others out.
        call_id = f"loop-{number}"
        while True:
            try:
                called(alice, bob, now, call_id=call_id)
            except CallError as error:
                if error.code == "already_in_call":
                    continue
                raise
            calls.cancel(call_id, by=acting(alice), now=now)
            return

    assert Counter(_all_at_once(20, rings)) == {"done": 3, "no_valid_invitee": 17}
    assert Invitation.objects.filter(invitee=bob).count() == 3


def test_what_is_read_while_a_call_changes_is_one_state(
    alice: User, bob: User, now: datetime, settings: Settings, nobody_stuck: None
) -> None:
    """Readers compare each call that they read with itself, while others ring, answer and leave."""
    settings.CALLINVITE = {"sends_per_minute": 0}
    over_at = ROUNDS // 2
    done = Event()

    def acts() -> None:
        for number in range(over_at):
            moment = now + seconds(number)
            called(alice, bob, moment, call_id="room")
            calls.accept("room", by=acting(bob), now=moment)
            calls.leave("room", by=acting(bob), now=moment)

    def reads() -> Counter[bool]:
        whole: Counter[bool] = Counter()
        while not done.is_set():
            late = now - seconds(1)
            with suppress(CallError):
                whole[_is_one_state(calls.view("room", viewer_id=alice.pk, now=late))] += 1
            for sheet in calls.open_calls(bob.pk, now=late):
                whole[_is_one_state(sheet) and bob.pk in sheet.seats()] += 1
        return whole

    def quietly(act: Callable[[], Any]) -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        readers = [threads.submit(quietly, reads) for _ in range(3)]
        try:
            threads.submit(quietly, acts).result(timeout=120)
        finally:
            done.set()
        seen: Counter[bool] = sum((each.result(timeout=30) for each in readers), Counter())
    assert seen[True] > over_at
    assert seen[False] == 0


def _is_one_state(sheet: calls.CallSheet) -> bool:
    """Whether the parts of a call that was read fit each other, as they do after each of the three acts."""
    [invitation] = sheet.invitations
    expected = {
        "ringing": ("pending", {"alice"}),
        "active": ("accepted", {"alice", "bob"}),
        "ended": ("accepted", set[str]()),
    }
    return (invitation.state, names_inside(sheet)) == expected[sheet.call.state]


def _all_at_once(count: int, act: Callable[[int], Any]) -> list[str]:
    """What came of the act in so many threads that begin at the same moment: done, or the code of the refusal."""
    barrier = Barrier(count)

    def one(number: int) -> str:
        try:
            barrier.wait(timeout=30)
            act(number)
        except CallError as error:
            return error.code.value
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_one_of_two_callers_gets_the_call_id(
    track: Track, alice: User, bob: User, carol: User, mallory: User, nobody_stuck: None
) -> None:
    for number in range(ROUNDS):
        now, call_id = track.now(number), f"mine-{number}"
        outcomes = track.run(
            number,
            partial(called, alice, bob, now, call_id=call_id),
            partial(called, carol, mallory, now, call_id=call_id),
        )
        assert one_won(outcomes, "call_id_in_use")
        over(call_id, carol if outcomes[0] == "call_id_in_use" else alice, now)


def test_people_who_invite_each_others_partners_never_wait_for_each_other(
    track: Track, alice: User, bob: User, carol: User, mallory: User, nobody_stuck: None
) -> None:
    """Everybody's locks are taken in one order: two calls that reach for each other's people cannot block."""
    for number in range(ROUNDS // 4):
        now = track.now(number)
        ids = [called(alice, bob, now).call.call_id, called(mallory, carol, now).call.call_id]
        calls.accept(ids[0], by=acting(bob), now=now)
        calls.accept(ids[1], by=acting(carol), now=now)
        outcomes = track.run(
            number,
            partial(calls.invite, ids[0], by=acting(bob), invitees=["mallory", "carol"], now=now),
            partial(calls.invite, ids[1], by=acting(carol), invitees=["bob", "alice"], now=now),
        )
        assert all(set(invitation_states(each.sheet).values()) == {"accepted", "busy"} for each in outcomes)
        over(ids[0], alice, now)
        over(ids[1], mallory, now)


@pytest.mark.sqlite_only
def test_two_processes_on_one_file_have_one_winner(
    alice: User, bob: User, now: datetime, settings: Settings, nobody_stuck: None
) -> None:
    settings.CALLINVITE = {"sends_per_minute": 0}
    with ExitStack() as stack:
        racers = [stack.enter_context(process()) for _ in range(2)]
        assert [said(racer) for racer in racers] == ["ready", "ready"]
        seen: Counter[tuple[str, str]] = Counter()
        for number in range(PROCESS_ROUNDS):
            moment = now + seconds(number * 3)
            call_id = called(alice, bob, moment).call.call_id
            acts = [("accept", bob), ("cancel", alice)]
            for racer, (verb, user) in zip(racers, acts, strict=True):
                asked = {"verb": verb, "call_id": call_id, "user_id": user.pk, "username": user.username}
                print(json.dumps({**asked, "device": "phone", "now": moment.isoformat()}), file=racer.stdin, flush=True)
            accepted, cancelled = (said(racer) for racer in racers)
            seen[accepted, cancelled] += 1
            over(call_id, alice, moment)
        for racer in racers:
            if racer.stdin is not None:
                racer.stdin.close()
    assert set(seen) <= {("ok", "already_answered"), ("invitation_cancelled", "ok")}

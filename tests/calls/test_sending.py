"""Starting calls and adding people: who can be asked, under which id, how often, and what a call may really mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pytest_django import Settings

from invitations import calls
from invitations.errors import Code
from invitations.models import Call, User
from invitations.serializers import call_view
from tests.calls.conftest import acting, invitation_states, names_inside, refused, seconds

Ring = Callable[..., calls.CallSheet]


def sent(by: User, *names: str, now: datetime, **more: Any) -> calls.Sent:
    return calls.send(by=acting(by), invitees=list(names), is_video_call=True, now=now, **more)


def codes(problems: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(each["invitee"], each["code"]) for each in problems]


def test_a_call_rings_and_its_caller_is_in_it(alice: User, bob: User, now: datetime) -> None:
    sheet = sent(alice, "bob", now=now).sheet
    assert (sheet.call.state, invitation_states(sheet), names_inside(sheet)) == (
        "ringing",
        {"bob": "pending"},
        {"alice"},
    )


def test_the_deadline_counts_from_the_invitation(alice: User, bob: User, now: datetime) -> None:
    sheet = sent(alice, "bob", timeout_seconds=30, now=now).sheet
    assert sheet.call.ring_expires_at == sheet.invitations[0].expires_at == now + seconds(30)


def test_no_ring_is_repeated_if_there_are_no_repeats(
    alice: User, bob: User, carol: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"repeat_after_seconds": ()}
    call_id = sent(alice, "bob", now=now).sheet.call.call_id
    sheet = calls.invite(call_id, by=acting(alice), invitees=["carol"], now=now).sheet
    assert [each.next_ring_at for each in sheet.invitations] == [None, None]


def test_a_generated_id_names_the_caller_and_the_millisecond(alice: User, bob: User, now: datetime) -> None:
    assert sent(alice, "bob", now=now).sheet.call.call_id == f"call_alice_{int(now.timestamp() * 1000)}"


def test_two_calls_of_one_millisecond_have_different_ids(alice: User, bob: User, now: datetime) -> None:
    first = sent(alice, "bob", now=now).sheet.call.call_id
    calls.end(first, by=acting(alice), now=now)
    assert sent(alice, "bob", now=now).sheet.call.call_id != first


def test_a_plus_in_the_name_is_replaced_in_the_id(make_user: Callable[..., User], bob: User, now: datetime) -> None:
    caller = make_user("dora+work")
    assert sent(caller, "bob", now=now).sheet.call.call_id.startswith("call_dora~work_")


def test_a_doubled_send_gets_the_same_call(alice: User, bob: User, now: datetime) -> None:
    first = sent(alice, "bob", call_id="mine", now=now)
    again = sent(alice, "bob", call_id="mine", now=now + seconds(1))
    assert (first.created, again.created) == (True, False)
    assert again.sheet.call.pk == first.sheet.call.pk


def test_after_the_end_the_same_send_is_another_attempt(alice: User, bob: User, now: datetime) -> None:
    first = sent(alice, "bob", call_id="mine", now=now).sheet.call
    again = sent(alice, "bob", call_id="mine", now=now + seconds(61))
    assert (again.created, again.sheet.call.attempt, again.sheet.call.state) == (True, 2, "ringing")
    first.refresh_from_db()
    assert (first.attempt, first.end_reason) == (1, "timed_out")
    assert again.sheet.call.revision == first.revision + 1


def test_an_invitee_may_call_back_under_the_same_id(alice: User, bob: User, carol: User, now: datetime) -> None:
    sent(alice, "bob", call_id="room", now=now)
    calls.reject("room", by=acting(bob), now=now)
    assert sent(bob, "carol", call_id="room", now=now).sheet.call.attempt == 2
    calls.end("room", by=acting(bob), now=now + seconds(4))
    assert sent(alice, "carol", call_id="room", now=now + seconds(4)).sheet.call.attempt == 3


def test_an_id_belongs_to_the_people_of_its_calls(alice: User, bob: User, carol: User, now: datetime) -> None:
    calls.end(sent(alice, "bob", call_id="room", now=now).sheet.call.call_id, by=acting(alice), now=now)
    with refused(Code.CALL_ID_IN_USE) as caught:
        sent(carol, "bob", call_id="room", now=now)
    assert caught.value.sheet is None
    # Nothing ever told bob of it.
    with refused(Code.CALL_ID_IN_USE):
        sent(bob, "carol", call_id="room", now=now)


def test_people_read_the_attempts_that_they_were_in(alice: User, bob: User, carol: User, now: datetime) -> None:
    sent(alice, "bob", call_id="room", now=now)
    calls.accept("room", by=acting(bob), now=now)
    calls.leave("room", by=acting(bob), now=now)
    sent(bob, "carol", call_id="room", now=now + seconds(1))

    def attempt_of(user: User, name: calls.CallName) -> int:
        return calls.view(name, viewer_id=user.pk, now=now + seconds(2)).call.attempt

    assert [attempt_of(each, "room") for each in (alice, bob, carol)] == [1, 2, 2]
    assert [attempt_of(bob, calls.Attempt("room", number)) for number in (1, 2)] == [1, 2]
    for user, number in ((alice, 2), (carol, 1), (bob, 3)):
        with refused(Code.NOT_FOUND):
            attempt_of(user, calls.Attempt("room", number))


def test_a_verb_without_an_attempt_means_the_open_one(alice: User, bob: User, now: datetime) -> None:
    sent(alice, "bob", call_id="room", now=now)
    calls.reject("room", by=acting(bob), now=now)
    sent(alice, "bob", call_id="room", now=now)
    with refused(Code.REJECTED_ELSEWHERE):
        calls.accept(calls.Attempt("room", 1), by=acting(bob, "laptop"), now=now)
    assert calls.accept("room", by=acting(bob), now=now).call.attempt == 2


def test_both_calling_again_under_one_id_are_merged(alice: User, bob: User, now: datetime) -> None:
    sent(alice, "bob", call_id="room", now=now)
    calls.reject("room", by=acting(bob), now=now)
    sent(alice, "bob", call_id="room", now=now)
    merged = sent(bob, "alice", call_id="room", now=now)
    assert (merged.merged, merged.sheet.call.attempt) == (True, 2)


def test_a_page_that_holds_an_earlier_attempt_gets_the_open_one(alice: User, bob: User, now: datetime) -> None:
    sent(alice, "bob", call_id="room", now=now)
    calls.reject("room", by=acting(bob), now=now)
    held = calls.view("room", viewer_id=bob.pk, now=now).call.revision
    sent(alice, "bob", call_id="room", now=now)
    for user in (alice, bob):
        synced = calls.sync(user.pk, {"room": held}, now=now)
        assert [(each.call.attempt, each.call.revision > held) for each in synced.sheets] == [(2, True)]
        assert synced.gone == []


def test_another_body_under_the_same_id_is_refused(alice: User, bob: User, now: datetime) -> None:
    sent(alice, "bob", call_id="mine", now=now)
    with refused(Code.CALL_ID_IN_USE):
        sent(alice, "bob", call_id="mine", custom_data="changed", now=now)


def test_another_callers_id_is_refused_without_its_call(alice: User, bob: User, carol: User, now: datetime) -> None:
    sent(alice, "bob", call_id="mine", now=now)
    with refused(Code.CALL_ID_IN_USE) as caught:
        sent(carol, "bob", call_id="mine", now=now)
    assert caught.value.sheet is None


def test_calling_whom_one_talks_to_or_is_called_by_means_that_call_under_any_id(
    alice: User, bob: User, carol: User, now: datetime
) -> None:
    sent(alice, "carol", call_id="theirs", now=now)
    calls.end("theirs", by=acting(alice), now=now)
    sent(alice, "bob", now=now)
    assert sent(bob, "alice", call_id="theirs", now=now).merged
    assert sent(bob, "alice", call_id="theirs", now=now).rejoin


def test_everyone_who_cannot_be_called_is_named_with_the_reason(alice: User, bob: User, now: datetime) -> None:
    answer = sent(alice, "bob", "bob", "alice", "nobody", now=now)
    assert codes(answer.errors) == [("bob", "duplicate"), ("alice", "self"), ("nobody", "unknown_user")]


def test_an_account_that_is_switched_off_is_unknown(alice: User, bob: User, now: datetime) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with refused(Code.NO_VALID_INVITEE) as caught:
        sent(alice, "bob", now=now)
    assert codes(caught.value.extra["errors"]) == [("bob", "unknown_user")]


def test_a_call_to_nobody_is_not_made(alice: User, now: datetime) -> None:
    with refused(Code.NO_VALID_INVITEE):
        sent(alice, "nobody", now=now)
    assert not Call.objects.exists()


def test_a_call_holds_only_so_many(alice: User, bob: User, carol: User, now: datetime, settings: Settings) -> None:
    settings.CALLINVITE = {"people_per_call": 2}
    assert codes(sent(alice, "bob", "carol", now=now).errors) == [("carol", "call_full")]


def test_an_unknown_resource_is_a_warning_and_loses_no_ring(alice: User, bob: User, now: datetime) -> None:
    answer = sent(alice, "bob", resource_id="bells", now=now)
    assert answer.warnings == [{"code": "unknown_resource"}]
    assert answer.sheet.call.state == "ringing"


def test_a_call_to_who_calls_me_answers_theirs(alice: User, bob: User, now: datetime) -> None:
    first = sent(alice, "bob", now=now)
    second = sent(bob, "alice", now=now)
    assert (second.merged, second.created) == (True, False)
    assert second.sheet.call.pk == first.sheet.call.pk
    assert names_inside(second.sheet) == {"alice", "bob"}


def test_a_group_call_to_me_is_not_answered_by_calling_back(alice: User, bob: User, carol: User, now: datetime) -> None:
    sent(alice, "bob", "carol", now=now)
    assert invitation_states(sent(bob, "alice", now=now).sheet) == {"alice": "busy"}


def test_calling_whom_one_talks_to_returns_that_call(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = live_call(alice, bob)
    answer = sent(bob, "alice", now=now)
    assert (answer.rejoin, answer.created, answer.sheet.call.pk) == (True, False, sheet.call.pk)


def test_calling_somebody_on_hold_returns_their_call_and_others_are_told_of_the_one_entered_last(
    live_call: Ring, alice: User, bob: User, carol: User, mallory: User, make_user: Callable[..., User], now: datetime
) -> None:
    dora = make_user("dora", call_waiting=True)
    for number, each in enumerate((alice, bob, carol)):
        call_id = sent(each, "dora", call_id=each.username, now=now).sheet.call.call_id
        calls.accept(call_id, by=acting(dora), hold=True, now=now + seconds(number + 1))
    at = now + seconds(5)
    for each in (alice, bob, carol):
        answer = sent(dora, each.username, now=at)
        assert (answer.rejoin, answer.sheet.call.call_id) == (True, each.username)
    with refused(Code.ALREADY_IN_CALL) as caught:
        sent(dora, "mallory", now=at)
    assert caught.value.sheet is not None
    assert caught.value.sheet.call.call_id == "carol"


def test_who_is_in_a_call_cannot_start_another(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    sheet = live_call(alice, bob)
    with refused(Code.ALREADY_IN_CALL) as caught:
        sent(alice, "carol", now=now)
    assert caught.value.sheet is not None
    assert caught.value.sheet.call.pk == sheet.call.pk


def test_a_ring_for_me_does_not_keep_me_from_calling_others(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    ring(alice, bob)
    assert invitation_states(sent(bob, "carol", now=now).sheet) == {"carol": "pending"}


def test_people_are_added_by_those_in_the_call(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = live_call(alice, bob).call.call_id
    answer = calls.invite(call_id, by=acting(bob), invitees=["carol"], now=now)
    assert invitation_states(answer.sheet) == {"bob": "accepted", "carol": "pending"}


def test_a_later_invitation_has_its_own_deadline(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, timeout_seconds=30).call.call_id
    answer = calls.invite(call_id, by=acting(alice), invitees=["carol"], timeout_seconds=30, now=now + seconds(20))
    assert answer.sheet.call.ring_expires_at == now + seconds(50)


def test_who_only_rings_cannot_add_people(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    with refused(Code.NOT_ALLOWED):
        calls.invite(call_id, by=acting(bob), invitees=["carol"], now=now)


def test_nobody_is_added_to_an_ended_call(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.end(call_id, by=acting(alice), now=now)
    with refused(Code.CALL_ENDED):
        calls.invite(call_id, by=acting(alice), invitees=["carol"], now=now)


def test_inviting_says_why_each_could_not_be_asked(
    ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    names = ["bob", "carol", "alice", "nobody", "mallory"]
    answer = calls.invite(call_id, by=acting(alice), invitees=names, now=now)
    assert codes(answer.errors) == [
        ("bob", "already_in_call"),
        ("carol", "already_ringing"),
        ("alice", "self"),
        ("nobody", "unknown_user"),
    ]


def test_inviting_only_people_who_cannot_be_asked_is_refused(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    with refused(Code.NO_VALID_INVITEE):
        calls.invite(call_id, by=acting(alice), invitees=["bob"], now=now)


def test_who_rejected_can_be_asked_again(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now)
    sheet = calls.invite(call_id, by=acting(alice), invitees=["bob"], now=now).sheet
    assert [each.state for each in sheet.invitations] == ["rejected", "pending", "pending"]


def test_a_full_call_takes_nobody_more(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"people_per_call": 2}
    call_id = ring(alice, bob).call.call_id
    with refused(Code.NO_VALID_INVITEE) as caught:
        calls.invite(call_id, by=acting(alice), invitees=["carol"], now=now)
    assert codes(caught.value.extra["errors"]) == [("carol", "call_full")]


def test_calling_one_of_several_whom_one_talks_to_is_no_rejoin(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    live_call(alice, bob, carol)
    with refused(Code.ALREADY_IN_CALL):
        sent(alice, "bob", now=now)


def test_people_asked_later_are_told_their_own_custom_data(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = live_call(alice, bob, custom_data="the call's").call.call_id
    sheet = calls.invite(call_id, by=acting(bob), invitees=["carol"], custom_data="for carol", now=now).sheet
    seen_by_carol, seen_by_alice = (call_view(sheet, each.pk, now) for each in (carol, alice))
    assert (seen_by_carol["custom_data"], seen_by_alice["custom_data"]) == ("for carol", "the call's")

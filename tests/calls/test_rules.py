"""Rules, as those who ring and those who are rung meet them in the verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.errors import Code
from invitations.models import Invitation, User, Verdict
from tests.calls.conftest import acting, invitation_states, refused, seconds
from tests.calls.pages import Pages
from tests.calls.settled import block, disturb_not, let_in, prefer

Ring = Callable[..., calls.CallSheet]
pytestmark = [pytest.mark.django_db(transaction=True)]


def sent(by: User, *names: str, now: datetime, **more: Any) -> calls.Sent:
    return calls.send(by=acting(by), invitees=list(names), is_video_call=True, now=now, **more)


def why_not(by: User, other: User, now: datetime) -> dict[str, Any]:
    with refused(Code.NO_VALID_INVITEE) as caught:
        sent(by, other.username, now=now)
    [problem] = caught.value.extra["errors"]
    return problem


def verdict_on(sheet: calls.CallSheet, number: int = 0) -> str:
    return Invitation.objects.filter(call=sheet.call).order_by("pk")[number].verdict


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_whom_one_has_blocked_one_does_not_ring(alice: User, bob: User, now: datetime) -> None:
    block(alice, bob, now)
    assert why_not(alice, bob, now)["code"] == "you_blocked"
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("rings_from", ["known", "contacts", "nobody"])
def test_who_takes_no_calls_from_strangers_is_not_rung_by_one(
    alice: User, bob: User, now: datetime, rings_from: str
) -> None:
    prefer(bob, rings_from=rings_from)
    problem = why_not(alice, bob, now)
    assert (problem["code"], problem["can_ask"]) == ("not_allowed", True)
    assert "Bob" in problem["detail"] or "bob" in problem["detail"]


@pytest.mark.parametrize(("rings_from", "rings"), [("known", True), ("contacts", True), ("nobody", False)])
def test_a_contact_is_let_in(alice: User, bob: User, now: datetime, rings_from: str, rings: bool) -> None:
    prefer(bob, rings_from=rings_from)
    let_in(bob, alice, now)
    if rings:
        made = sent(alice, "bob", now=now)
        [invitation] = made.sheet.invitations
        assert (invitation.verdict, invitation.from_contact) == ("rings", True)
    else:
        assert why_not(alice, bob, now)["code"] == "not_allowed"


def test_that_one_has_let_others_in_says_nothing_about_them(alice: User, bob: User, now: datetime) -> None:
    prefer(bob, rings_from="contacts")
    let_in(alice, bob, now)
    assert why_not(alice, bob, now)["code"] == "not_allowed"


@pytest.mark.parametrize("how", ["called", "called back", "talked in a group"])
def test_whom_somebody_called_or_talked_with_they_know(
    ring: Ring, live_call: Ring, alice: User, bob: User, carol: User, now: datetime, how: str
) -> None:
    if how == "called":
        calls.cancel(ring(bob, alice).call.call_id, by=acting(bob), now=now)
    elif how == "called back":
        calls.end(live_call(alice, bob).call.call_id, by=acting(alice), now=now)
    else:
        calls.end(live_call(carol, alice, bob).call.call_id, by=acting(carol), now=now)
    prefer(bob, rings_from="known")
    assert sent(alice, "bob", now=now + timedelta(days=400)).created


def test_who_came_when_somebody_had_left_has_not_talked_with_them(
    live_call: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    call_id = live_call(carol, bob, mallory).call.call_id
    calls.invite(call_id, by=acting(carol), invitees=["alice"], now=now + seconds(1))
    calls.leave(call_id, by=acting(bob), now=now + seconds(2))
    calls.accept(call_id, by=acting(alice), now=now + seconds(3))
    calls.end(call_id, by=acting(carol), now=now + seconds(4))
    prefer(bob, rings_from="known")
    assert why_not(alice, bob, now + seconds(5))["code"] == "not_allowed"
    prefer(mallory, rings_from="known")
    assert sent(alice, "mallory", now=now + seconds(5)).created


def test_that_one_was_called_in_vain_is_no_acquaintance(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    calls.cancel(ring(alice, bob).call.call_id, by=acting(alice), now=now)
    prefer(bob, rings_from="known")
    assert why_not(alice, bob, now)["code"] == "not_allowed"


def test_a_server_says_whose_calls_ring_for_those_who_do_not(
    alice: User, bob: User, carol: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"rings_from": "contacts"}
    prefer(carol, rings_from="everyone")
    assert why_not(alice, bob, now)["code"] == "not_allowed"
    assert sent(alice, "carol", now=now).created


def test_rings_in_a_row_that_nobody_answers_cool_down_for_ten_minutes(
    alice: User, bob: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"rings_per_pair_minute": 0, "rings_per_pair_ten_minutes": 0}
    for number in range(3):
        made = sent(alice, "bob", now=now + seconds(100 * number))
        calls.cancel(made.sheet.call.call_id, by=acting(alice), now=now + seconds(100 * number + 50))
    problem = why_not(alice, bob, now + seconds(260))
    assert (problem["code"], problem["retry_after_seconds"]) == ("cooling_down", 590)
    assert why_not(alice, bob, now + seconds(849))["retry_after_seconds"] == 1
    assert sent(alice, "bob", now=now + seconds(850)).created


@pytest.mark.parametrize("answer", [calls.accept, calls.reject])
def test_an_answer_begins_a_new_row(
    alice: User, bob: User, now: datetime, settings: Settings, answer: Callable[..., calls.CallSheet]
) -> None:
    settings.CALLINVITE = {"rings_per_pair_minute": 0, "rings_per_pair_ten_minutes": 0}
    for number in range(5):
        at = now + seconds(100 * number)
        call_id = sent(alice, "bob", now=at).sheet.call.call_id
        if number == 2:
            answer(call_id, by=acting(bob), now=at)
            if answer is calls.accept:
                calls.end(call_id, by=acting(alice), now=at)
        else:
            calls.cancel(call_id, by=acting(alice), now=at + seconds(50))
    assert sent(alice, "bob", now=now + seconds(500)).created


def test_a_ring_taken_back_at_once_is_none_in_a_row(alice: User, bob: User, now: datetime, settings: Settings) -> None:
    settings.CALLINVITE = {"rings_per_pair_minute": 0, "rings_per_pair_ten_minutes": 0}
    for number in range(5):
        made = sent(alice, "bob", now=now + seconds(10 * number))
        calls.cancel(made.sheet.call.call_id, by=acting(alice), now=now + seconds(10 * number + 2))
    assert sent(alice, "bob", now=now + seconds(60)).created


# --- a ring that nobody answers ---------------------------------------------------------------------------------------


def test_a_ring_of_somebody_who_was_blocked_is_never_heard_of(
    ring: Ring, pages: Pages, alice: User, bob: User, now: datetime
) -> None:
    block(bob, alice, now)
    sheet = ring(alice, bob)
    assert invitation_states(sheet) == {"bob": "pending"}
    assert pages.frames()["bob"] == []
    assert calls.open_calls(bob.pk, now=now) == []
    for act in (calls.accept, calls.reject, calls.ringing, calls.join):
        with refused(Code.NOT_FOUND):
            act(sheet.call.call_id, by=acting(bob), now=now)
    with refused(Code.NO_CURRENT_CALL):
        calls.accept(calls.CURRENT, by=acting(bob), now=now)
    calls.expire(sheet.call.pk, now=now + seconds(60))
    assert pages.frames()["bob"] == []
    assert not calls.history(bob.pk).exists()
    assert calls.missed_unseen(bob.pk) == 0
    with refused(Code.NOT_FOUND):
        calls.view(sheet.call.call_id, viewer_id=bob.pk, now=now + seconds(61))
    assert calls.view(sheet.call.call_id, viewer_id=alice.pk, now=now + seconds(61)).call.end_reason == "timed_out"


def test_a_silenced_ring_is_a_missed_call_once_it_is_over(
    ring: Ring, pages: Pages, alice: User, bob: User, now: datetime
) -> None:
    disturb_not(bob, now)
    sheet = ring(alice, bob)
    assert pages.frames()["bob"] == []
    assert calls.open_calls(bob.pk, now=now) == []
    assert not calls.history(bob.pk).exists()
    with refused(Code.NOT_FOUND):
        calls.accept(sheet.call.call_id, by=acting(bob), now=now)
    calls.expire(sheet.call.pk, now=now + seconds(60))
    [frame] = pages.frames()["bob"]
    assert frame["call"]["you"]["missed"]
    assert frame["call"]["you"]["verdict"] == "silenced"
    assert calls.history(bob.pk).count() == calls.missed_unseen(bob.pk) == 1


@pytest.mark.parametrize(
    "keep_out", [block, lambda bob, alice, now: disturb_not(bob, now)], ids=["blocked", "silenced"]
)
def test_a_ring_that_is_kept_from_somebody_occupies_nobody(
    ring: Ring, live_call: Ring, alice: User, bob: User, carol: User, now: datetime, keep_out: Callable[..., None]
) -> None:
    live_call(bob, carol)
    keep_out(bob, alice, now)
    # Busy would tell that they are there.
    assert invitation_states(ring(alice, bob)) == {"bob": "pending"}


def test_others_in_a_group_learn_nothing_either(
    ring: Ring, pages: Pages, alice: User, bob: User, carol: User, now: datetime
) -> None:
    block(bob, alice, now)
    sheet = ring(alice, bob, carol)
    [frame] = pages.frames()["carol"]
    assert {each["invitee"]["id"]: each["state"] for each in frame["call"]["invitations"]} == {
        "bob": "pending",
        "carol": "pending",
    }
    assert all("verdict" not in each for each in frame["call"]["invitations"])
    calls.accept(sheet.call.call_id, by=acting(carol), now=now)
    assert pages.frames()["bob"] == []


def test_an_inviter_who_is_blocked_rings_nobody_in_somebody_elses_call(
    live_call: Ring, pages: Pages, alice: User, bob: User, carol: User, now: datetime
) -> None:
    block(carol, bob, now)
    sheet = live_call(alice, bob)
    pages.frames()
    added = calls.invite(sheet.call.call_id, by=acting(bob), invitees=["carol"], now=now)
    assert [each.state for each in added.sheet.invitations if each.invitee_id == carol.pk] == ["pending"]
    assert pages.frames()["carol"] == []
    # Another person in the call may ring her.
    calls.cancel(sheet.call.call_id, by=acting(bob), callees=["carol"], now=now)
    calls.invite(sheet.call.call_id, by=acting(alice), invitees=["carol"], now=now)
    assert len(pages.frames()["carol"]) == 1


def test_a_blocked_persons_call_at_the_same_time_does_not_merge(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    theirs = ring(bob, alice)
    block(bob, alice, now)
    made = sent(alice, "bob", now=now)
    assert not made.merged
    assert verdict_on(made.sheet) == "blocked"
    assert calls.view(theirs.call.call_id, viewer_id=bob.pk, now=now).call.state == "ringing"


def test_whom_one_calls_oneself_is_not_silenced(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    disturb_not(alice, now)
    ring(bob, alice)
    made = sent(alice, "bob", now=now)
    assert made.merged
    assert made.sheet.call.state == "active"


def test_two_who_talk_go_on_talking(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    live_call(alice, bob)
    block(bob, alice, now)
    assert sent(alice, "bob", now=now).rejoin


# --- do not disturb ---------------------------------------------------------------------------------------------------


def test_favourites_are_let_through_if_wished(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    disturb_not(bob, now, let_through=["favourites"])
    let_in(bob, alice, now, favourite=True)
    let_in(bob, carol, now)
    assert verdict_on(ring(alice, bob)) == "rings"
    assert verdict_on(ring(carol, bob)) == "silenced"


def test_a_contacts_second_call_within_three_minutes_is_let_through_if_wished(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    disturb_not(bob, now, let_through=["repeat"])
    let_in(bob, alice, now)
    for caller, second in ((alice, "rings"), (carol, "silenced")):
        first = ring(caller, bob)
        assert verdict_on(first) == "silenced"
        calls.cancel(first.call.call_id, by=acting(caller), now=now + seconds(30))
        assert verdict_on(ring(caller, bob, at=now + seconds(179))) == second


def test_a_second_call_later_is_not(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    disturb_not(bob, now, let_through=["repeat"])
    let_in(bob, alice, now)
    calls.cancel(ring(alice, bob).call.call_id, by=acting(alice), now=now + seconds(30))
    assert verdict_on(ring(alice, bob, at=now + seconds(180))) == "silenced"


def test_an_urgent_call_of_a_contact_is_let_through_three_times_a_day(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    prefer(bob, do_not_disturb_until=now + timedelta(days=3), let_through=["urgent"])
    let_in(bob, alice, now)
    found = []
    for hours in (0, 2, 4, 6, 25):
        sheet = ring(alice, bob, at=now + timedelta(hours=hours), urgent=True)
        [invitation] = sheet.invitations
        found.append((invitation.verdict, invitation.urgent))
        calls.cancel(sheet.call.call_id, by=acting(alice), now=now + timedelta(hours=hours))
    assert found == [("rings", True)] * 3 + [("silenced", False), ("rings", True)]
    [stranger] = ring(carol, bob, urgent=True).invitations
    assert (stranger.verdict, stranger.urgent) == ("silenced", False)


def test_urgent_is_shown_to_whom_it_concerns_alone(
    ring: Ring, pages: Pages, alice: User, bob: User, carol: User, now: datetime
) -> None:
    let_in(bob, alice, now)
    ring(alice, bob, carol, urgent=True)
    frames = pages.frames()
    assert frames["bob"][0]["call"]["you"]["urgent"] is True
    assert frames["carol"][0]["call"]["you"]["urgent"] is False
    assert frames["alice"][0]["call"]["you"]["urgent"] is False


# --- changes while it rings -------------------------------------------------------------------------------------------


def test_a_block_stops_the_ring_and_the_caller_notices_nothing(
    ring: Ring, pages: Pages, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(alice, bob)
    calls.ringing(sheet.call.call_id, by=acting(bob), now=now)
    pages.frames()
    before = calls.view(sheet.call.call_id, viewer_id=alice.pk, now=now).call.revision

    calls.change_rules(bob.pk, lambda: block(bob, alice, now), now=now + seconds(5))

    assert pages.frames() == {"alice": [], "bob": [{"type": "snapshot"}], "carol": [], "mallory": []}
    assert calls.open_calls(bob.pk, now=now) == []
    after = calls.view(sheet.call.call_id, viewer_id=alice.pk, now=now)
    assert after.call.revision == before
    assert after.invitations[0].standing == "ringing"
    assert verdict_on(sheet) == "blocked"


def test_do_not_disturb_silences_what_rings_and_its_end_lets_it_ring(
    ring: Ring, pages: Pages, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(alice, bob)
    pages.frames()
    calls.change_rules(bob.pk, lambda: disturb_not(bob, now), now=now + seconds(1))
    assert calls.open_calls(bob.pk, now=now) == []
    calls.change_rules(bob.pk, lambda: prefer(bob, do_not_disturb_until=None), now=now + seconds(3))
    assert pages.frames()["bob"] == [{"type": "snapshot"}] * 2
    [back] = calls.open_calls(bob.pk, now=now)
    assert back.call.pk == sheet.call.pk
    assert calls.accept(sheet.call.call_id, by=acting(bob), now=now + seconds(4)).call.state == "active"


def test_what_changes_nothing_for_a_ring_leaves_it_alone(
    ring: Ring, pages: Pages, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(alice, bob)
    pages.frames()
    calls.change_rules(bob.pk, lambda: let_in(bob, alice, now), now=now)
    assert pages.frames()["bob"] == []
    assert verdict_on(sheet) == "rings"
    assert Invitation.objects.get().judged_at is None


def test_who_wants_no_strangers_any_more_silences_the_one_who_rings(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(alice, bob)
    calls.change_rules(bob.pk, lambda: prefer(bob, rings_from="contacts"), now=now)
    assert verdict_on(sheet) == "not_from_you"
    assert calls.open_calls(bob.pk, now=now) == []
    calls.expire(sheet.call.pk, now=now + seconds(60))
    assert calls.missed_unseen(bob.pk) == 1


def test_a_block_by_the_caller_changes_nothing_for_their_own_ring(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(alice, bob)
    calls.change_rules(alice.pk, lambda: block(alice, bob, now), now=now)
    assert calls.accept(sheet.call.call_id, by=acting(bob), now=now).call.state == "active"


# --- explained --------------------------------------------------------------------------------------------------------


def texts(sheet: calls.CallSheet, viewer: User | None, now: datetime) -> list[str]:
    sees_all = viewer is None
    entries = calls.timeline(
        sheet.call.call_id, viewer_id=None if viewer is None else viewer.pk, now=now, sees_all=sees_all
    )
    return [each["code"] for each in entries]


@pytest.mark.parametrize("verdict", [Verdict.BLOCKED, Verdict.SILENCED])
def test_a_verdict_is_explained_to_those_it_protects_and_to_admins(
    ring: Ring, alice: User, bob: User, now: datetime, verdict: Verdict
) -> None:
    block(bob, alice, now) if verdict == Verdict.BLOCKED else disturb_not(bob, now)
    sheet = ring(alice, bob)
    calls.expire(sheet.call.pk, now=now + seconds(60))
    later = now + seconds(61)
    code = f"verdict.{verdict}"
    assert code in texts(sheet, None, later)
    assert not any(each.startswith("verdict.") for each in texts(sheet, alice, later))
    if verdict == Verdict.SILENCED:
        assert code in texts(sheet, bob, later)
    else:
        with refused(Code.NOT_FOUND):
            texts(sheet, bob, later)

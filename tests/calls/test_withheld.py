"""Rings that are kept from their invitees: neither side can tell by what happens around them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.errors import CallError
from invitations.models import Contact, ContactState, Invitation, User
from invitations.serializers import call_view
from tests.calls.conftest import acting, seconds
from tests.calls.pages import Pages
from tests.calls.settled import block, disturb_not, let_in, prefer

Ring = Callable[..., calls.CallSheet]
pytestmark = [pytest.mark.django_db(transaction=True)]


def keep_out(how: str, user: User, other: User, now: datetime) -> None:
    """Have the rings of one person kept from another, or from nobody."""
    if how == "blocked":
        block(user, other, now)
    if how == "silenced":
        disturb_not(user, now)


def outcome(act: Callable[[], Any]) -> str:
    try:
        act()
    except CallError as error:
        return error.code.value
    return "done"


HOW: Any = pytest.mark.parametrize("how", ["unreachable", "blocked", "silenced"])


@pytest.fixture
def invited_again(live_call: Ring, alice: User, bob: User, carol: User, now: datetime) -> Callable[[str], str]:
    """A call of three that bob has left, and into which alice rings him again."""

    def make(how: str) -> str:
        call_id = live_call(alice, bob, carol).call.call_id
        calls.leave(call_id, by=acting(bob), now=now + seconds(10))
        keep_out(how, bob, alice, now)
        calls.invite(call_id, by=acting(alice), invitees=["bob"], now=now + seconds(20))
        return call_id

    return make


# --- what the one who rings sees --------------------------------------------------------------------------------------


@HOW
def test_who_comes_back_by_themselves_has_answered_the_ring(
    invited_again: Callable[[str], str], bob: User, alice: User, now: datetime, how: str
) -> None:
    call_id = invited_again(how)
    calls.join(call_id, by=acting(bob), now=now + seconds(30))
    shown = call_view(calls.view(call_id, viewer_id=alice.pk, now=now + seconds(31)), alice.pk, now)
    assert [each["state"] for each in shown["invitations"] if each["invitee"]["id"] == "bob"] == ["accepted"]


@HOW
def test_who_comes_back_by_themselves_has_a_place_in_a_full_call(
    invited_again: Callable[[str], str], bob: User, now: datetime, settings: Settings, how: str
) -> None:
    settings.CALLINVITE = {"people_per_call": 3}
    call_id = invited_again(how)
    assert outcome(lambda: calls.join(call_id, by=acting(bob), now=now + seconds(30))) == "done"


@HOW
def test_a_removal_of_somebody_who_was_rung_can_be_repeated(
    invited_again: Callable[[str], str], alice: User, now: datetime, how: str
) -> None:
    call_id = invited_again(how)
    calls.remove(call_id, by=acting(alice), user="bob", now=now + seconds(30))
    assert outcome(lambda: calls.remove(call_id, by=acting(alice), user="bob", now=now + seconds(31))) == "done"


@HOW
def test_who_was_removed_rung_again_and_did_not_answer_is_not_in_the_call(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime, how: str
) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    calls.remove(call_id, by=acting(alice), user="bob", now=now + seconds(10))
    keep_out(how, bob, alice, now)
    calls.invite(call_id, by=acting(alice), invitees=["bob"], timeout_seconds=5, now=now + seconds(20))
    assert outcome(lambda: calls.remove(call_id, by=acting(alice), user="bob", now=now + seconds(30))) == "not_invited"


# --- what the one who is rung sees ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["blocked", "silenced"])
def test_a_caller_who_is_rung_back_into_their_own_call_does_not_hear_of_it(
    live_call: Ring, pages: Pages, alice: User, bob: User, carol: User, now: datetime, how: str
) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    calls.leave(call_id, by=acting(alice), now=now + seconds(10))
    keep_out(how, alice, bob, now)
    pages.frames()
    calls.invite(call_id, by=acting(bob), invitees=["alice"], now=now + seconds(20))
    frames = pages.frames()
    assert frames["alice"] == []
    assert [each["event"] for each in frames["carol"]] == ["invitation.sent"]
    later = now + seconds(21)
    shown = call_view(calls.view(call_id, viewer_id=alice.pk, now=later), alice.pk, later)
    assert [each["invitee"]["id"] for each in shown["invitations"]] == ["bob", "carol"]
    entries = calls.timeline(call_id, viewer_id=alice.pk, now=later)
    assert "invitation.sent" not in [each["code"] for each in entries]
    assert "invitation.sent" in [each["code"] for each in calls.timeline(call_id, viewer_id=bob.pk, now=later)]


# --- changes while it rings -------------------------------------------------------------------------------------------


def test_a_block_stops_the_ring_of_somebody_who_has_blocked_one_too(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    ring(alice, bob)
    calls.change_rules(alice.pk, lambda: block(alice, bob, now), now=now)
    calls.change_rules(bob.pk, lambda: block(bob, alice, now), now=now)
    assert Invitation.objects.get().verdict == "blocked"


def test_what_was_let_through_as_repeated_rings_on_when_something_else_is_settled(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    disturb_not(bob, now, let_through=["repeat"])
    let_in(bob, alice, now)
    calls.cancel(ring(alice, bob).call.call_id, by=acting(alice), now=now + seconds(30))
    again = ring(alice, bob, at=now + seconds(60))
    calls.change_rules(bob.pk, lambda: block(bob, carol, now), now=now + seconds(70))
    assert Invitation.objects.get(call=again.call).verdict == "rings"
    calls.change_rules(bob.pk, lambda: disturb_not(bob, now), now=now + seconds(80))
    assert Invitation.objects.get(call=again.call).verdict == "silenced"


def test_a_first_call_is_no_repeated_one_when_it_is_judged_anew(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    let_in(bob, alice, now)
    ring(alice, bob)
    calls.change_rules(bob.pk, lambda: disturb_not(bob, now, let_through=["repeat"]), now=now + seconds(10))
    assert Invitation.objects.get().verdict == "silenced"


def test_a_second_call_is_let_through_where_invitations_are_not_counted(
    ring: Ring, alice: User, bob: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"sends_per_minute": 0}
    disturb_not(bob, now, let_through=["repeat"])
    let_in(bob, alice, now)
    calls.cancel(ring(alice, bob).call.call_id, by=acting(alice), now=now + seconds(30))
    again = ring(alice, bob, at=now + seconds(60))
    assert Invitation.objects.get(call=again.call).verdict == "rings"


def test_what_was_let_through_as_urgent_rings_on_when_something_else_is_settled(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    disturb_not(bob, now, let_through=["urgent"])
    let_in(bob, alice, now)
    ring(alice, bob, urgent=True)
    calls.change_rules(bob.pk, lambda: block(bob, carol, now), now=now + seconds(10))
    assert Invitation.objects.get().verdict == "rings"


def test_whom_somebody_knows_rings_on_when_they_want_no_strangers(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    calls.cancel(ring(bob, alice).call.call_id, by=acting(bob), now=now)
    sheet = ring(alice, bob, at=now + seconds(10))
    calls.change_rules(bob.pk, lambda: prefer(bob, rings_from="known"), now=now + seconds(20))
    assert Invitation.objects.get(call=sheet.call).verdict == "rings"


def test_what_was_taken_back_at_once_makes_no_call_a_repeated_one(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    disturb_not(bob, now, let_through=["repeat"])
    let_in(bob, alice, now)
    calls.cancel(ring(alice, bob).call.call_id, by=acting(alice), now=now + seconds(2))
    again = ring(alice, bob, at=now + seconds(60))
    assert Invitation.objects.get(call=again.call).verdict == "silenced"


def test_urgent_calls_of_one_contact_use_up_nobody_elses(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    for each in (alice, carol):
        let_in(bob, each, now)
    for number in range(3):
        at = now + seconds(3600 * number)
        calls.cancel(ring(carol, bob, at=at, urgent=True).call.call_id, by=acting(carol), now=at)
    sheet = ring(alice, bob, at=now + seconds(3 * 3600), urgent=True)
    assert Invitation.objects.get(call=sheet.call).urgent


def test_what_was_heard_of_is_one_in_a_row_though_taken_back_at_once(
    ring: Ring, alice: User, bob: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"rings_per_pair_minute": 0, "rings_per_pair_ten_minutes": 0}
    for number in range(3):
        at = now + seconds(100 * number)
        call_id = ring(alice, bob, at=at).call.call_id
        calls.ringing(call_id, by=acting(bob), now=at)
        calls.cancel(call_id, by=acting(alice), now=at + seconds(1))
    assert outcome(lambda: ring(alice, bob, at=now + seconds(300))) == "no_valid_invitee"


def test_who_came_in_hears_of_the_call_in_spite_of_an_earlier_ring_that_was_kept_from_them(
    invited_again: Callable[[str], str], bob: User, now: datetime
) -> None:
    call_id = invited_again("blocked")
    calls.expire(Invitation.objects.latest("pk").call_id, now=now + seconds(81))
    calls.join(call_id, by=acting(bob), now=now + seconds(82))
    assert [each.call.call_id for each in calls.open_calls(bob.pk, now=now + seconds(83))] == [call_id]


def test_who_only_asks_is_no_contact(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    Contact.objects.create(user=bob, other=alice, state=ContactState.ASKS_YOU, changed_at=now)
    prefer(bob, rings_from="contacts")
    assert outcome(lambda: ring(alice, bob)) == "no_valid_invitee"

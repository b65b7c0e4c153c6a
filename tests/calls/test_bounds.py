"""How often people may be rung: by one person, by one person one other, and in one call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.errors import Code
from invitations.models import User
from tests.calls.conftest import acting, refused, seconds

Answer = Callable[[str, User, datetime], Any]


def sent(by: User, *names: str, now: datetime) -> calls.Sent:
    return calls.send(by=acting(by), invitees=list(names), is_video_call=True, now=now)


def taken_back(by: User, *names: str, now: datetime) -> calls.Sent:
    """A call that its caller cancels at once."""
    made = sent(by, *names, now=now)
    calls.cancel(made.sheet.call.call_id, by=acting(by), now=now)
    return made


def problems(made: calls.Sent) -> list[tuple[str, str, int | None]]:
    return [(each["invitee"], each["code"], each.get("retry_after_seconds")) for each in made.errors]


@pytest.fixture
def crowd(make_user: Callable[..., User]) -> list[str]:
    return [make_user(f"guest{number}").username for number in range(9)]


# --- one person's invitations -----------------------------------------------------------------------------------------


def test_invitations_are_counted_and_not_calls(
    alice: User, crowd: list[str], now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"sends_per_minute": 9}
    taken_back(alice, *crowd[:5], now=now)
    taken_back(alice, *crowd[:3], now=now + seconds(10))
    with refused(Code.THROTTLED) as caught:
        sent(alice, *crowd[3:5], now=now + seconds(20))
    assert caught.value.extra["retry_after_seconds"] == 40
    assert sent(alice, crowd[8], now=now + seconds(20)).created


def test_a_request_that_passes_the_bound_is_refused_whole(
    alice: User, crowd: list[str], now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"sends_per_minute": 3}
    with refused(Code.THROTTLED) as caught:
        sent(alice, *crowd[:4], now=now)
    assert caught.value.extra["retry_after_seconds"] == 60
    assert calls.open_calls(alice.pk, now=now) == []


def test_inviting_into_a_call_counts_too(alice: User, crowd: list[str], now: datetime, settings: Settings) -> None:
    settings.CALLINVITE = {"sends_per_minute": 3}
    call_id = sent(alice, crowd[0], now=now).sheet.call.call_id
    calls.accept(call_id, by=acting(User.objects.get(username=crowd[0])), now=now)
    calls.invite(call_id, by=acting(alice), invitees=crowd[1:3], now=now)
    with refused(Code.THROTTLED):
        calls.invite(call_id, by=acting(alice), invitees=[crowd[3]], now=now + seconds(59))
    assert calls.invite(call_id, by=acting(alice), invitees=[crowd[3]], now=now + seconds(60)).errors == []


def test_one_caller_does_not_use_up_anothers_invitations(
    alice: User, bob: User, carol: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"sends_per_minute": 1}
    taken_back(alice, "bob", now=now)
    assert sent(carol, "bob", now=now).created


def test_zero_lifts_every_bound_on_invitations(alice: User, bob: User, now: datetime, settings: Settings) -> None:
    settings.CALLINVITE = {"sends_per_minute": 0, "rings_per_pair_minute": 1}
    for _ in range(3):
        taken_back(alice, "bob", now=now)


# --- one person by one other ------------------------------------------------------------------------------------------


def _cancelled(call_id: str, bob: User, now: datetime) -> None:
    calls.cancel(call_id, by=acting(User.objects.get(username="alice")), now=now)


def _rejected(call_id: str, bob: User, now: datetime) -> None:
    calls.reject(call_id, by=acting(bob), now=now)


def _answered(call_id: str, bob: User, now: datetime) -> None:
    calls.accept(call_id, by=acting(bob), now=now)
    calls.leave(call_id, by=acting(bob), now=now)


@pytest.mark.parametrize("answer", [_cancelled, _rejected])
def test_one_person_is_rung_three_times_a_minute_in_vain(
    answer: Answer, alice: User, bob: User, carol: User, now: datetime
) -> None:
    for number in range(3):
        moment = now + seconds(number * 10)
        answer(sent(alice, "bob", now=moment).sheet.call.call_id, bob, moment)
    with refused(Code.NO_VALID_INVITEE) as caught:
        sent(alice, "bob", now=now + seconds(30))
    assert [(each["code"], each["retry_after_seconds"]) for each in caught.value.extra["errors"]] == [
        ("cooling_down", 30)
    ]
    assert sent(carol, "bob", now=now + seconds(30)).created


def test_after_the_minute_they_may_be_rung_again(alice: User, bob: User, now: datetime) -> None:
    for _ in range(3):
        taken_back(alice, "bob", now=now)
    assert sent(alice, "bob", now=now + seconds(60)).created


def test_an_answered_ring_does_not_count(alice: User, bob: User, now: datetime) -> None:
    for number in range(5):
        moment = now + seconds(number)
        _answered(sent(alice, "bob", now=moment).sheet.call.call_id, bob, moment)
    assert sent(alice, "bob", now=now + seconds(6)).created


def test_one_person_is_rung_ten_times_in_ten_minutes_in_vain(alice: User, bob: User, now: datetime) -> None:
    for number in range(10):
        taken_back(alice, "bob", now=now + seconds(number * 50))
    with refused(Code.NO_VALID_INVITEE) as caught:
        sent(alice, "bob", now=now + seconds(520))
    assert caught.value.extra["errors"][0]["retry_after_seconds"] == 80
    assert sent(alice, "bob", now=now + seconds(600)).created


def test_inviting_and_cancelling_in_a_loop_cools_down(alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = sent(alice, "carol", now=now).sheet.call.call_id
    for _ in range(3):
        calls.invite(call_id, by=acting(alice), invitees=["bob"], now=now)
        calls.cancel(call_id, by=acting(alice), callees=["bob"], now=now)
    with refused(Code.NO_VALID_INVITEE) as caught:
        calls.invite(call_id, by=acting(alice), invitees=["bob"], now=now)
    assert [each["code"] for each in caught.value.extra["errors"]] == ["cooling_down"]


def test_somebody_who_cools_down_keeps_nobody_else_from_being_rung(
    alice: User, bob: User, carol: User, now: datetime
) -> None:
    for _ in range(3):
        taken_back(alice, "bob", now=now)
    made = sent(alice, "bob", "carol", now=now + seconds(1))
    assert problems(made) == [("bob", "cooling_down", 59)]
    assert [each.invitee_id for each in made.sheet.invitations] == [carol.pk]


@pytest.mark.parametrize(
    "terms", [{"rings_per_pair_minute": 0}, {"rings_per_pair_minute": 0, "rings_per_pair_ten_minutes": 0}]
)
def test_each_pair_bound_can_be_lifted(
    terms: dict[str, int], alice: User, bob: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = terms
    for number in range(10):
        taken_back(alice, "bob", now=now + seconds(number / 100))
    now += seconds(1)
    if "rings_per_pair_ten_minutes" in terms:
        assert sent(alice, "bob", now=now).created
    else:
        with refused(Code.NO_VALID_INVITEE):
            sent(alice, "bob", now=now)


# --- one call ---------------------------------------------------------------------------------------------------------


def test_a_call_has_so_many_invitations_in_all(
    alice: User, crowd: list[str], now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"invitations_per_call": 3, "sends_per_minute": 0}
    call_id = sent(alice, crowd[0], crowd[1], now=now).sheet.call.call_id
    calls.cancel(call_id, by=acting(alice), callees=[crowd[1]], now=now)
    made = calls.invite(call_id, by=acting(alice), invitees=crowd[2:4], now=now)
    assert problems(made) == [(crowd[3], "call_full", None)]
    with refused(Code.NO_VALID_INVITEE) as caught:
        calls.invite(call_id, by=acting(alice), invitees=[crowd[4]], now=now)
    assert [each["code"] for each in caught.value.extra["errors"]] == ["call_full"]

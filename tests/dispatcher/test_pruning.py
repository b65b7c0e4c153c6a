"""What is past its time is deleted, and nothing else; whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.models import Session
from knox.models import AuthToken

from invitations import calls
from invitations.calls.transaction import write
from invitations.dispatcher import Dispatcher, prune, pruning
from invitations.dispatcher.upkeep import Upkeep
from invitations.models import Call, CallEvent, Contact, Delivery, Device, IdempotencyKey, Invitation, Participant
from invitations.push import deliveries
from tests.dispatcher.conftest import Clock

if TYPE_CHECKING:
    from invitations.models import User

Ring = Callable[..., calls.CallSheet]
OF_CALLS: tuple[Any, ...] = (Call, CallEvent, Invitation, Participant, Delivery, IdempotencyKey)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def acting(user: User) -> calls.Actor:
    return calls.Actor(user.pk, user.username, "phone")


@pytest.fixture
def over(ring: Ring, alice: User, bob: User, phone: Device) -> Callable[[datetime], str]:
    """Gives the id of a call by alice, begun at this moment, whose ring bob's phone was sent and that she cancelled."""

    def make(at: datetime) -> str:
        call_id = ring(alice, bob, at=at, call_id=f"at-{at.timestamp():.0f}").call.call_id
        with write():
            assert deliveries.claim(now=at, size=10)
        calls.cancel(call_id, by=acting(alice), now=at + timedelta(seconds=5))
        Delivery.objects.filter(created_at__gte=at, created_at__lt=at + days(1)).update(state="sent", settled_at=at)
        return call_id

    return make


def told(call_id: str, viewer: User, now: datetime) -> list[str]:
    return [each["code"] for each in calls.timeline(call_id, viewer_id=viewer.pk, now=now)]


def test_sessions_and_tokens_that_ran_out_are_forgotten(alice: User, now: datetime) -> None:
    for key, later in (("old", -1), ("young", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + days(later))
        token, _ = AuthToken.objects.create(alice)
        AuthToken.objects.filter(pk=token.pk).update(expiry=now + days(later))
    counts = prune(now).counts
    assert (counts["sessions"], counts["sign-in tokens"]) == (1, 1)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["young"]
    assert AuthToken.objects.get().expiry > now


def test_requests_that_were_turned_down_are_forgotten_once_they_are_heard_again(
    alice: User, bob: User, make_user: Callable[..., User], now: datetime
) -> None:
    for name, state, age in (("old", "turned_down", 31), ("young", "turned_down", 29), ("kept", "contact", 90)):
        Contact.objects.create(user=alice, other=make_user(name), state=state, changed_at=now - days(age))
    assert prune(now).counts["requests turned down"] == 1
    assert sorted(Contact.objects.values_list("other__username", flat=True)) == ["kept", "young"]


def test_pruning_is_done_an_hour_apart(clock: Clock, db: None) -> None:
    upkeep = Upkeep(clock=clock)

    def forgets() -> bool:
        Session.objects.create(session_key="old", session_data="", expire_date=clock.now - days(1))
        upkeep.step()
        return not Session.objects.filter(session_key="old").delete()[0]

    assert not forgets()
    clock.advance(60)
    assert forgets()
    clock.advance(3599)
    assert not forgets()
    clock.advance(1)
    assert forgets()


def test_what_is_known_of_push_messages_goes_after_thirty_days_and_the_call_stays(
    over: Callable[[datetime], str], alice: User, bob: User, now: datetime
) -> None:
    old, young = over(now - days(100)), over(now - days(20))
    assert "delivery.sent" in told(old, bob, now)
    before = told(young, bob, now)

    assert prune(now).counts["push messages"] == 2

    assert told(old, alice, now)[0] == "call.sent"
    assert "delivery.sent" not in told(old, bob, now)
    assert told(young, bob, now) == before
    assert prune(now).counts["push messages"] == 0


def test_they_are_kept_for_ever_if_that_is_wanted(
    over: Callable[[datetime], str], bob: User, now: datetime, settings: Any
) -> None:
    settings.CALLINVITE = {"keep_deliveries_days": 0}
    old = over(now - days(400))
    prune(now)
    assert "delivery.sent" in told(old, bob, now)


def test_calls_are_kept_for_ever_unless_it_is_said_for_how_long(
    over: Callable[[datetime], str], alice: User, now: datetime
) -> None:
    old = over(now - days(4000))
    assert "calls" not in prune(now).counts
    assert told(old, alice, now)[0] == "call.sent"


def test_an_old_call_goes_with_all_that_is_known_of_it(
    over: Callable[[datetime], str], alice: User, now: datetime, settings: Any
) -> None:
    settings.CALLINVITE = {"keep_calls_days": 90, "keep_deliveries_days": 0}
    young = over(now - days(20))
    kept = {model: set(model.objects.values_list("pk", flat=True)) for model in OF_CALLS}
    over(now - days(200))
    over(now - days(150))

    assert prune(now).counts["calls"] == 2

    assert {model: set(model.objects.values_list("pk", flat=True)) for model in OF_CALLS} == kept
    assert [each.call_id for each in calls.history(alice.pk)] == [young]


def test_a_call_that_is_open_stays_however_old_it_is(
    ring: Ring, alice: User, bob: User, now: datetime, settings: Any
) -> None:
    settings.CALLINVITE = {"keep_calls_days": 90}
    call_id = ring(alice, bob, at=now - days(200)).call.call_id

    assert prune(now).counts["calls"] == 0
    assert Call.objects.filter(call_id=call_id).exists()
    assert Dispatcher().step(now) == 1
    assert prune(now).counts["calls"] == 1


def test_a_message_that_no_post_took_for_days_is_given_up(
    ring: Ring, alice: User, bob: User, phone: Device, now: datetime
) -> None:
    ring(alice, bob, at=now - days(3))
    ring(bob, alice, at=now)
    owed = Delivery.objects.get()
    assert (owed.state, deliveries.next_moment(now)) == ("pending", None)

    assert prune(now).counts["push messages given up"] == 1

    owed.refresh_from_db()
    assert (owed.state, owed.code, owed.settled_at) == ("dropped", "too_late", now)


def test_it_may_be_stopped_after_any_batch_and_goes_on_the_next_time(
    over: Callable[[datetime], str], now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CALLINVITE = {"keep_calls_days": 90}
    monkeypatch.setattr(pruning, "CALLS_BATCH", 1)
    monkeypatch.setattr(pruning, "PRUNE_BATCH", 1)
    for number in range(3):
        over(now - days(200 + number))

    assert prune(now, stopping=lambda: Call.objects.count() < 3).counts["calls"] == 1
    assert prune(now).counts["calls"] == 2
    assert not CallEvent.objects.exists()

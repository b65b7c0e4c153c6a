"""What the tests of the verbs share: people on devices, and questions to the tables."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import Count, Max

from invitations import calls
from invitations.errors import CallError, Code
from invitations.models import Call, CallEvent, Invitation, Participant
from invitations.store.sheets import Actor
from tests.calls.pages import Pages
from tests.calls.track import Track

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from invitations.models import User

pytest.register_assert_rewrite("tests.calls.storytelling")


def acting(user: User, device: str = "phone", **more: Any) -> Actor:
    """This user on this device; the label is looked up from the device list unless given."""
    return Actor(user.pk, user.username, device, **more)


def seconds(count: float) -> timedelta:
    """So many seconds, for moments relative to the test's `now`."""
    return timedelta(seconds=count)


@contextmanager
def refused(code: Code) -> Iterator[pytest.ExceptionInfo[CallError]]:
    """The verb inside must refuse with exactly this code."""
    with pytest.raises(CallError) as caught:
        yield caught
    assert caught.value.code == code


@pytest.fixture
def ring(now: Any) -> Callable[..., calls.CallSheet]:
    """A call sent now (or at `at`) by one user to others, as its sheet."""

    def send(by: User | Actor, *invitees: User, at: Any = None, **more: Any) -> calls.CallSheet:
        actor = by if isinstance(by, Actor) else acting(by)
        names = [each.username for each in invitees]
        return calls.send(by=actor, invitees=names, **{"is_video_call": True, "now": at or now, **more}).sheet

    return send


@pytest.fixture
def live_call(ring: Callable[..., calls.CallSheet], now: Any) -> Callable[..., calls.CallSheet]:
    """A call that all invitees have accepted on their phones."""

    def make(by: User | Actor, *invitees: User, at: Any = None, **more: Any) -> calls.CallSheet:
        sheet = ring(by, *invitees, at=at, **more)
        for each in invitees:
            sheet = calls.accept(sheet.call.call_id, by=acting(each), now=at or now)
        return sheet

    return make


def invitation_states(sheet: calls.CallSheet) -> dict[str, str]:
    """The state of each person's latest invitation, by public id."""
    return {sheet.people[each.invitee_id].username: each.state for each in sheet.invitations}


def names_inside(sheet: calls.CallSheet) -> set[str]:
    """Public ids of those who are in the call."""
    return {sheet.people[each.user_id].username for each in sheet.inside()}


@pytest.fixture
def pages(alice: User, bob: User, carol: User, mallory: User) -> Iterator[Pages]:
    opened = Pages(alice, bob, carol, mallory)
    yield opened
    opened.close()


def called(by: User, other: User, at: datetime, **more: Any) -> calls.CallSheet:
    """A call from one person to another."""
    return calls.send(by=acting(by), invitees=[other.username], is_video_call=True, now=at, **more).sheet


def over(call_id: str, by: User, at: datetime) -> None:
    """End what is left of a call."""
    with suppress(CallError):
        calls.end(call_id, by=acting(by), now=at)
    assert not Call.objects.filter(call_id=call_id).exclude(state="ended").exists()


@pytest.fixture
def track(now: datetime, settings: Settings) -> Iterator[Track]:
    settings.CALLINVITE = {"sends_per_minute": 0}
    lanes = Track(now)
    yield lanes
    lanes.close()


@pytest.fixture
def nobody_stuck(alice: User, bob: User, carol: User, now: datetime) -> Iterator[None]:
    """Afterwards every log is whole, and everybody can start a call and end it."""
    yield
    late = now + timedelta(days=1)
    numbered = CallEvent.objects.values("call_id").annotate(last=Max("revision"), count=Count("pk"))
    ids = CallEvent.objects.values("call__call_id").annotate(last=Max("revision"), count=Count("pk"))
    assert all(each["last"] == each["count"] for each in ids)
    assert set(Call.objects.values_list("pk", "revision")) == {(each["call_id"], each["last"]) for each in numbered}
    assert not Invitation.objects.pending().exists()
    assert not Participant.objects.open().exists()
    for caller, other in ((alice, bob), (bob, carol), (carol, alice)):
        sheet = calls.send(by=acting(caller), invitees=[other.username], is_video_call=False, now=late).sheet
        assert invitation_states(sheet) == {other.username: "pending"}
        calls.end(sheet.call.call_id, by=acting(caller), now=late)

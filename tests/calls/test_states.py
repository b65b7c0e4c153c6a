"""Each arrow of the state diagrams is gone by the verbs, and leads where it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from pytest_django import Settings

from invitations import calls
from invitations.conf import limits
from invitations.models import (
    Call,
    CallState,
    EndReason,
    Invitation,
    InvitationState,
    LeftReason,
    Participant,
    User,
)
from tests.calls.conftest import acting, seconds
from tests.calls.states import CALL, INVITATION, PARTICIPANT, Arrow


@dataclass
class Scene:
    """Who there is, and when."""

    alice: User
    bob: User
    carol: User
    now: datetime
    settings: Settings

    def send(self, *others: User, by: User | None = None) -> calls.CallSheet:
        names = [each.username for each in others or (self.bob,)]
        return calls.send(by=acting(by or self.alice), invitees=names, is_video_call=True, now=self.now).sheet

    def proved(self, call_id: str, *people: User) -> None:
        for each in people:
            calls.heartbeat(call_id, by=acting(each), now=self.now)

    def accepted(self) -> str:
        """The id of a call that Bob has accepted."""
        call_id = self.send().call.call_id
        calls.accept(call_id, by=acting(self.bob), now=self.now)
        return call_id

    def later(self, call_id: str, wait: float) -> None:
        calls.expire(Call.objects.get(call_id=call_id).pk, now=self.now + seconds(wait))


def _busy(scene: Scene) -> None:
    scene.send(scene.carol, by=scene.bob)
    scene.send(scene.bob)


def _vanish(scene: Scene, call_id: str) -> None:
    scene.proved(call_id, scene.alice, scene.bob)
    for each in (scene.alice, scene.bob):
        calls.connected(call_id, by=acting(each), now=scene.now)
    scene.later(call_id, 31)


def _lose_caller(scene: Scene) -> None:
    call_id = scene.send().call.call_id
    scene.proved(call_id, scene.alice)
    scene.later(call_id, 21)


def _live(scene: Scene, call_id: str, *moments: float) -> None:
    """Both devices give signs of life, so many seconds from now."""
    for later in moments:
        replace(scene, now=scene.now + seconds(later)).proved(call_id, scene.alice, scene.bob)


def _silence(scene: Scene, call_id: str) -> None:
    _live(scene, call_id, 0, 5, 10, 15)
    scene.later(call_id, 20)


def _end(scene: Scene, call_id: str, **more: Any) -> None:
    calls.end(call_id, by=acting(scene.alice, **more), now=scene.now)


def _last(scene: Scene, call_id: str) -> None:
    scene.settings.CALLINVITE = {"max_duration_seconds": 50}
    for each in (scene.alice, scene.bob):
        calls.connected(call_id, by=acting(each), now=scene.now)
    _live(scene, call_id, 0, 25, 49)
    scene.later(call_id, 50)


def _remove(scene: Scene) -> None:
    calls.remove(scene.accepted(), by=acting(scene.alice), user="bob", now=scene.now)


Act = Callable[[Scene], Any]
ACTS: dict[tuple[Arrow, ...], dict[tuple[str, str], Act]] = {
    CALL: {
        ("", "ringing"): lambda scene: scene.send(),
        ("", "busy"): _busy,
        ("ringing", "active"): lambda scene: scene.accepted(),
        ("ringing", "cancelled"): lambda scene: calls.cancel(
            scene.send().call.call_id, by=acting(scene.alice), now=scene.now
        ),
        ("ringing", "rejected"): lambda scene: calls.reject(
            scene.send().call.call_id, by=acting(scene.bob), now=scene.now
        ),
        ("ringing", "timed_out"): lambda scene: scene.later(scene.send().call.call_id, 60),
        ("ringing", "caller_lost"): _lose_caller,
        ("ringing", "ended_by_admin"): lambda scene: _end(scene, scene.send().call.call_id, is_admin=True),
        ("active", "completed"): lambda scene: calls.leave(scene.accepted(), by=acting(scene.bob), now=scene.now),
        ("active", "connection_lost"): lambda scene: _vanish(scene, scene.accepted()),
        ("active", "media_failed"): lambda scene: _silence(scene, scene.accepted()),
        ("active", "max_duration"): lambda scene: _last(scene, scene.accepted()),
        ("active", "ended_by_admin"): lambda scene: _end(scene, scene.accepted(), is_admin=True),
    },
    INVITATION: {
        ("", "pending"): lambda scene: scene.send(),
        ("", "busy"): _busy,
        ("pending", "accepted"): lambda scene: scene.accepted(),
        ("pending", "rejected"): lambda scene: calls.reject(
            scene.send().call.call_id, by=acting(scene.bob), now=scene.now
        ),
        ("pending", "cancelled"): lambda scene: calls.leave(
            scene.send().call.call_id, by=acting(scene.alice), now=scene.now
        ),
        ("pending", "timed_out"): lambda scene: scene.later(scene.send().call.call_id, 60),
    },
    PARTICIPANT: {
        ("", "inside"): lambda scene: scene.send(),
        ("inside", "left"): lambda scene: calls.leave(scene.accepted(), by=acting(scene.bob), now=scene.now),
        ("inside", "moved"): lambda scene: calls.join(scene.accepted(), by=acting(scene.bob, "laptop"), now=scene.now),
        ("inside", "removed"): _remove,
        ("inside", "connection_lost"): lambda scene: _vanish(scene, scene.accepted()),
        ("inside", "media_failed"): lambda scene: _silence(scene, scene.accepted()),
        ("inside", "call_ended"): lambda scene: _end(scene, scene.accepted()),
    },
}
GOALS: dict[tuple[Arrow, ...], Callable[[], set[tuple[str, str]]]] = {
    CALL: lambda: {(each.state, each.end_reason or "") for each in Call.objects.all()},
    INVITATION: lambda: {(each.state, "") for each in Invitation.objects.all()},
    PARTICIPANT: lambda: {
        ("outside" if each.left_at else "inside", each.left_reason or "") for each in Participant.objects.all()
    },
}
CASES = [(arrows, arrow) for arrows in ACTS for arrow in arrows]


@pytest.fixture
def scene(alice: User, bob: User, carol: User, now: datetime, settings: Settings) -> Scene:
    return Scene(alice, bob, carol, now, settings)


@pytest.mark.django_db
@pytest.mark.parametrize(("arrows", "arrow"), CASES, ids=lambda each: getattr(each, "goal", None))
def test_an_arrow_leads_where_it_says(arrows: tuple[Arrow, ...], arrow: Arrow, scene: Scene) -> None:
    ACTS[arrows][arrow.start, arrow.reason or arrow.end](scene)

    assert (arrow.end, arrow.reason) in GOALS[arrows]()


def test_every_state_and_reason_is_drawn() -> None:
    assert {each.end for each in CALL} == set(CallState)
    assert {each.reason for each in CALL if each.reason} == set(EndReason)
    assert {each.end for each in INVITATION} == set(InvitationState)
    assert {each.reason for each in PARTICIPANT if each.reason} == set(LeftReason)


def test_the_longest_call_is_as_long_as_drawn() -> None:
    assert limits().max_duration_seconds == 12 * 3600

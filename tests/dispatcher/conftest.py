"""Calls with deadlines, and a dispatcher whose clock the test moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from invitations import calls
from invitations.dispatcher import Dispatcher
from invitations.models import Device

if TYPE_CHECKING:
    from invitations.models import User

LIMIT_SECONDS = 20


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def dispatcher(clock: Clock) -> Dispatcher:
    return Dispatcher(clock=clock)


@pytest.fixture
def ring(now: datetime) -> Callable[..., calls.CallSheet]:
    """A call sent now (or at `at`) by one user to others."""

    def send(
        by: User, *invitees: User, at: datetime | None = None, lives: bool = False, **more: Any
    ) -> calls.CallSheet:
        actor = calls.Actor(by.pk, by.username, "phone", lives=lives)
        names = [each.username for each in invitees]
        return calls.send(by=actor, invitees=names, **{"is_video_call": True, "now": at or now, **more}).sheet

    return send


@pytest.fixture
def phone(bob: User, now: datetime) -> Device:
    """A phone that bob has had for years, to which rings are pushed."""
    return Device.objects.create(
        user=bob,
        device_id="phone",
        label="Pixel",
        created_at=now - timedelta(days=1000),
        push_digest="a" * 64,
        push_transport="webpush",
        push_endpoint="https://fcm.googleapis.com/bob",
    )


def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so.

    Raises:
        AssertionError: that took too long.
    """
    deadline = time.monotonic() + LIMIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)

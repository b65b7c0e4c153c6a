"""A service with a hook, a receiver that it leads to, and a post whose clock the test moves."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from pytest_django import Settings

from invitations import calls, sealing
from invitations.dispatcher.hook_post import HookPost
from invitations.hooks import keys, registering
from invitations.models import Hook, HookKind, HookMessage, Service, User
from tests.calls.conftest import acting
from tests.dispatcher.conftest import Clock
from tests.support.hook_receiver import HookReceiver, trusted

LIMIT_SECONDS = 20.0


@pytest.fixture
def service(db: None, now: datetime) -> Service:
    return Service.objects.create(name="clinic", scopes=["hooks"], created_at=now)


@pytest.fixture(scope="session")
def trusted_receiver() -> Iterator[HookReceiver]:
    with HookReceiver() as receiver, trusted(receiver):
        yield receiver


@pytest.fixture
def receiver(trusted_receiver: HookReceiver, settings: Settings) -> HookReceiver:
    """A receiver whose network is allowed, which has taken nothing yet and takes everything."""
    settings.CALLINVITE = {"hook_networks": ("127.0.0.1",), "sends_per_minute": 0}
    trusted_receiver.arrived.clear()
    trusted_receiver.forged.clear()
    trusted_receiver.forget_answers()
    trusted_receiver.is_in_time = True
    return trusted_receiver


@pytest.fixture
def hook(service: Service, receiver: HookReceiver, now: datetime) -> Hook:
    """A hook that is told everything, and leads to the receiver."""
    made = registering.add(service.pk, receiver.url, HookKind.EVENTS, [], now=now)
    receiver.secret = made.secret
    return made.hook


@pytest.fixture
def clock(now: datetime) -> Clock:
    # What follows another's going is a moment later than the act itself.
    return Clock(now + timedelta(seconds=1))


@contextmanager
def running(post: HookPost) -> Iterator[HookPost]:
    """The post at work in a thread of its own."""
    thread = threading.Thread(target=lambda: asyncio.run(post.run()), daemon=True)
    thread.start()
    try:
        yield post
    finally:
        post.stop()
        thread.join(LIMIT_SECONDS)
        assert not thread.is_alive()


@pytest.fixture
def post(transactional_db: None, clock: Clock) -> Iterator[HookPost]:
    with running(HookPost(clock=clock)) as started:
        yield started


def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so.

    Raises:
        AssertionError: that took too long.
    """
    deadline = time.monotonic() + LIMIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, list(HookMessage.objects.values_list("type", "state", "attempts", "code"))
        connection.close()
        time.sleep(0.01)


def send(by: User, *others: User, now: datetime, **more: Any) -> str:
    """A call; returns its id."""
    names = [each.username for each in others]
    return calls.send(by=acting(by), invitees=names, is_video_call=True, now=now, **more).sheet.call.call_id


def lose_key(hook: Hook) -> None:
    """Leave a hook with a secret that was stored while SECRET_KEY was another one."""
    with override_settings(SECRET_KEY="the key of the server before this one"):
        Hook.objects.filter(pk=hook.pk).update(secret=sealing.seal("whsec_of_then", purpose=keys.PURPOSE))


def log(hook: Hook) -> list[tuple[str, str, int, int | None]]:
    """What the hook was owed: type, state, attempts, status."""
    found = HookMessage.objects.filter(hook=hook).order_by("pk")
    return list(found.values_list("type", "state", "attempts", "status"))

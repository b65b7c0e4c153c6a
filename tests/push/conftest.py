"""Devices with push addresses and questions about what is owed to them; and for tests with real servers a push service,
a server that is allowed to send there, and people with phones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from invitations import calls
from invitations.calls.transaction import write
from invitations.live import presence
from invitations.models import Delivery, DeliveryState
from invitations.push import deliveries, devices
from invitations.push.deliveries import Claimed, Outcome
from invitations.store.sheets import Actor
from invitations.transports import Address
from tests.push.phone import Phone
from tests.support import layout
from tests.support.push_service import PushService
from tests.support.server import RunningServer

if TYPE_CHECKING:
    from invitations.models import Device, User

Ring = Callable[..., calls.CallSheet]
MakeDevice = Callable[..., "Device"]
Owed = list[tuple[str, str, str, str]]
HOST = "fcm.googleapis.com"
# The point of RFC 8291's appendix A: any good one would do, for nothing is encrypted here.
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


def acting(user: User, device: str = "phone", **more: Any) -> Actor:
    """This user on this device."""
    return Actor(user.pk, user.username, device, **more)


def seconds(count: float) -> timedelta:
    """So many seconds, for moments relative to the test's `now`."""
    return timedelta(seconds=count)


def address_at(place: str) -> Address:
    """A push address that only its place tells from others."""
    return Address("webpush", f"https://{HOST}/{place}", POINT, AUTH)


@pytest.fixture
def device(now: datetime) -> MakeDevice:
    """A device of a user, with a push address unless that is not wanted."""

    def make(user: User, device_id: str = "phone", *, push: bool = True) -> Device:
        made = devices.describe(user.pk, device_id, label=device_id.capitalize(), kind="android", now=now)
        if push:
            devices.set_address(
                made,
                address_at(f"{user.username}/{device_id}"),
                origin="https://calls.example.org",
                credential=f"session-{user.username}",
                now=now,
            )
        return made

    return make


@pytest.fixture
def ring(now: datetime) -> Ring:
    """A call sent now (or at `at`) by one user to others."""

    def send(by: User | Actor, *invitees: User, at: datetime | None = None, **more: Any) -> calls.CallSheet:
        actor = by if isinstance(by, Actor) else acting(by, "desk")
        names = [each.username for each in invitees]
        return calls.send(by=actor, invitees=names, **{"is_video_call": True, "now": at or now, **more}).sheet

    return send


def owed(kind: str | None = None) -> Owed:
    """What is owed or was: kind, user, device and reason, in the order in which it was planned."""
    found = Delivery.objects.select_related("user").order_by("id")
    return [
        (each.kind, each.user.username, each.device_key, each.reason)
        for each in found
        if kind is None or each.kind == kind
    ]


def rung(user: User, *device_ids: str) -> list[tuple[str, str, str, str]]:
    """What `owed` says of a ring on these devices."""
    return [("ring", user.username, each, "") for each in device_ids]


def stopped(user: User, reason: str, *device_ids: str) -> list[tuple[str, str, str, str]]:
    """What `owed` says of a stop on these devices."""
    return [("stop", user.username, each, reason) for each in device_ids]


def claim(now: datetime, size: int = 100) -> list[Claimed]:
    """Take what is due, as one dispatcher does."""
    with write():
        return deliveries.claim(now=now, size=size)


def outcome(claimed: Claimed, at: datetime, state: DeliveryState = DeliveryState.SENT, **more: Any) -> Outcome:
    """What became of a delivery; taken by the push service unless told otherwise."""
    values = {"status": 201, "code": "", "host": HOST, **more}
    return Outcome(claimed, state, at=at, **values)


def settle(taken: Iterable[Claimed], at: datetime, state: DeliveryState = DeliveryState.SENT, **more: Any) -> None:
    """Write down that all of these came out so."""
    with write():
        deliveries.settle([outcome(each, at, state, **more) for each in taken])


def deliver(now: datetime) -> list[str]:
    """Send what is due now to a push service that takes everything. Gives `kind device`, in the order of leaving."""
    taken = claim(now)
    settle(taken, now)
    for each in taken:
        if each.kind == "ring" and each.call_pk is not None:
            calls.notified([calls.Taken(each.call_pk, each.invitation_pk or 0, now)])
    return [f"{each.kind} {each.device_key}" for each in taken]


def states() -> dict[str, str]:
    """The state of each delivery, by kind, device and number."""
    return {f"{each.kind} {each.device_key} {each.number}": each.state for each in Delivery.objects.order_by("id")}


def open_page(user: User, device_id: str) -> None:
    """That device's page gave a proof of life just now."""
    presence.mark_online(user.pk, device_id)


@pytest.fixture
def service() -> Iterator[PushService]:
    """The suite's push service; a test of good behaviour must leave no violation."""
    with PushService() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path, service: PushService) -> Iterator[RunningServer]:
    """The product, allowed by its explicit setting to send to that service."""
    with layout.running(tmp_path / "data", env={"CALLINVITE_PUSH_HOSTS": service.origin}) as running:
        yield running


@pytest.fixture
def phone(server: RunningServer, service: PushService) -> Iterator[Callable[..., Phone]]:
    """A person's phone, signed in and registered."""
    made: list[Phone] = []

    def make(username: str, **more: Any) -> Phone:
        made.append(Phone.of(username, server, service, **more))
        return made[-1]

    yield make
    for each in made:
        each.rest.close()

"""What hooks are owed by what happens: by the verbs, in the transaction of the change, and never for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from invitations import calls, contacts, hooks, words
from invitations.dispatcher import Dispatcher
from invitations.errors import CallError
from invitations.hooks import registering
from invitations.models import (
    CallEvent,
    CallingPreferences,
    Device,
    DisabledReason,
    Hook,
    HookKind,
    HookMessage,
    Service,
    User,
)
from invitations.push import devices
from invitations.serializers import call_view
from tests.calls.conftest import acting, seconds
from tests.hooks.conftest import send

pytestmark = pytest.mark.django_db(transaction=True)


def bodies(hook: Hook) -> list[Any]:
    return [json.loads(each.body) for each in HookMessage.objects.filter(hook=hook).order_by("pk")]


def types(hook: Hook) -> list[str]:
    return [each["type"] for each in bodies(hook)]


@pytest.fixture
def other_hook(service: Service, now: datetime) -> Callable[..., Hook]:
    """Another hook, told of these kinds alone, which nobody listens at."""

    def make(*events: str) -> Hook:
        return registering.add(service.pk, "https://example.org/in", HookKind.EVENTS, events, now=now).hook

    return make


def test_a_message_says_what_happened_and_shows_the_call_as_its_caller_sees_it(
    alice: User, bob: User, hook: Hook, now: datetime
) -> None:
    call_id = send(alice, bob, now=now, custom_data="room 7")
    sheet = calls.accept(call_id, by=acting(bob), now=now + seconds(1), custom_data="coming")
    sent, accepted = bodies(hook)
    assert sent.keys() == accepted.keys() == {"type", "timestamp", "data"}
    assert (sent["type"], sent["data"]["actor"]) == ("call.sent", "alice")
    assert accepted["type"] == accepted["data"]["event"] == "invitation.accepted"
    assert accepted["data"]["events"] == ["invitation.accepted", "participant.joined", "call.active"]
    assert accepted["data"]["actor"] == "bob"
    assert accepted["data"]["call"] == call_view(sheet, alice.pk, now + seconds(1))
    assert accepted["data"]["call"]["invitations"][0]["custom_data"] == "coming"
    assert accepted["timestamp"] == accepted["data"]["call"]["server_time"]


def test_every_change_that_pages_hear_of_is_told_once(
    alice: User, bob: User, carol: User, hook: Hook, now: datetime
) -> None:
    call_id = send(alice, bob, now=now)
    steps: list[Callable[[], Any]] = [
        lambda: calls.ringing(call_id, by=acting(bob), now=now),
        lambda: calls.accept(call_id, by=acting(bob), now=now),
        lambda: calls.connected(call_id, by=acting(bob), now=now),
        lambda: calls.invite(call_id, by=acting(bob), invitees=["carol"], now=now),
        lambda: calls.reject(call_id, by=acting(carol), now=now),
        lambda: calls.leave(call_id, by=acting(bob), now=now),
    ]
    for step in steps:
        step()
        with suppress(CallError):
            step()
    told = [kind for each in bodies(hook) for kind in each["data"]["events"]]
    assert told == list(CallEvent.objects.order_by("revision").values_list("kind", flat=True))
    revisions = [each["data"]["call"]["revision"] for each in bodies(hook)]
    assert revisions == sorted(set(revisions))


def test_a_hook_is_told_of_the_kinds_that_it_chose(
    alice: User, bob: User, hook: Hook, other_hook: Callable[..., Hook], now: datetime
) -> None:
    ends, misses = other_hook("call.ended"), other_hook("user.missed", "device.disabled")
    call_id = send(alice, bob, now=now)
    calls.reject(call_id, by=acting(bob), now=now)
    assert types(hook) == ["call.sent", "invitation.rejected"]
    # The act is what it is called after; that the call ended by it stands in `events`.
    assert types(ends) == ["invitation.rejected"]
    assert types(misses) == []


def test_what_is_rolled_back_was_never_owed(alice: User, bob: User, hook: Hook, now: datetime) -> None:
    with transaction.atomic():
        send(alice, bob, now=now)
        assert HookMessage.objects.exists()
        transaction.set_rollback(True)
    assert not HookMessage.objects.exists()


def test_who_missed_a_ring_is_told_once_with_the_call(alice: User, bob: User, hook: Hook, now: datetime) -> None:
    call_id = send(alice, bob, now=now, timeout_seconds=10)
    Dispatcher().step(now + seconds(11))
    Dispatcher().step(now + seconds(12))
    assert types(hook) == ["call.sent", "invitation.timed_out", "user.missed"]
    missed = bodies(hook)[2]["data"]
    assert (missed["user"], missed["call"]["call_id"], missed["call"]["state"]) == ("bob", call_id, "ended")


def test_who_was_busy_missed_it_too(alice: User, bob: User, carol: User, hook: Hook, now: datetime) -> None:
    calls.accept(send(alice, bob, now=now), by=acting(bob), now=now)
    HookMessage.objects.all().delete()
    send(carol, bob, now=now)
    assert types(hook) == ["call.sent", "user.missed"]


def test_a_ring_taken_back_at_once_is_no_missed_call(alice: User, bob: User, hook: Hook, now: datetime) -> None:
    call_id = send(alice, bob, now=now)
    calls.cancel(call_id, by=acting(alice), now=now + seconds(1))
    assert types(hook) == ["call.sent", "invitation.cancelled"]


def test_a_block_shows_in_no_message(alice: User, bob: User, hook: Hook, now: datetime) -> None:
    """Its caller sees a ring that nobody answers, and so does whoever is told of it."""
    contacts.block(bob.pk, alice, now=now)
    send(alice, bob, now=now, timeout_seconds=10)
    Dispatcher().step(now + seconds(11))
    assert types(hook) == ["call.sent", "invitation.timed_out"]


def test_a_device_that_can_no_longer_be_reached_is_told_once(bob: User, hook: Hook, now: datetime) -> None:
    phone = Device.objects.create(
        user=bob, device_id="phone", created_at=now, push_digest="a" * 64, push_transport="webpush"
    )
    for _ in range(2):
        if devices.disable(phone.pk, "a" * 64, DisabledReason.GONE, now=now):
            hooks.plan_disabled(bob.pk, "phone", DisabledReason.GONE.value, now=now)
    [told] = bodies(hook)
    assert told["data"] == {
        "event": "device.disabled",
        "events": ["device.disabled"],
        "actor": None,
        "user": "bob",
        "device": "phone",
        "reason": "gone",
        "call": None,
    }


@pytest.mark.usefixtures("known_looks")
@pytest.mark.parametrize("is_there", [False, True])
def test_a_hook_costs_a_send_one_statement_and_none_costs_nothing(
    alice: User, bob: User, service: Service, now: datetime, is_there: bool
) -> None:
    def counted(at: datetime) -> int:
        with CaptureQueriesContext(connection) as ran:
            call_id = send(alice, bob, now=at)
        calls.cancel(call_id, by=acting(alice), now=at)
        return len(ran)

    counted(now)
    without = counted(now + seconds(100))
    if is_there:
        registering.add(service.pk, "https://example.org/in", HookKind.EVENTS, [], now=now)
    with_one = counted(now + seconds(200))
    assert with_one - without == int(is_there)


def test_a_hook_that_is_switched_off_is_owed_nothing(alice: User, bob: User, hook: Hook, now: datetime) -> None:
    registering.change(hook.service_id, hook.hook_id, now=now, is_active=False)
    send(alice, bob, now=now)
    assert types(hook) == []


def test_the_language_of_whoever_acts_is_not_the_messages(alice: User, bob: User, hook: Hook, now: datetime) -> None:
    CallingPreferences.objects.update_or_create(user=alice, defaults={"display_name": "Älice"})
    with words.in_language("xx"):
        send(alice, bob, now=now)
    [told] = HookMessage.objects.all()
    assert "Älice" in told.body
    assert json.loads(told.body)["data"]["call"]["notification_message"] == "Incoming video call"

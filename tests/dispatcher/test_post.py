"""The post with a stub for a transport: what leaves, when, with how much time left, and what each answer turns into."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connections

from invitations import calls, transports
from invitations.dispatcher.post import Post
from invitations.models import Delivery, Device, Invitation
from invitations.push import deliveries, devices, messages
from invitations.transports import Address, FailureCode, Gone, Refused, TryLater
from tests.dispatcher.conftest import Clock
from tests.dispatcher.stub_transport import StubTransport

if TYPE_CHECKING:
    from invitations.models import User

pytestmark = pytest.mark.django_db(transaction=True)
Ring = Callable[..., calls.CallSheet]
# The point of RFC 8291's appendix A; nothing is encrypted here.
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
HOST = "push.example.net"


@pytest.fixture
async def transport(monkeypatch: pytest.MonkeyPatch) -> StubTransport:
    """In the place of Web Push."""
    stub = StubTransport()
    monkeypatch.setitem(transports.registry.transports(), "webpush", stub)
    return stub


@pytest.fixture(autouse=True)
async def connections_closed() -> AsyncIterator[None]:
    """The thread in which async tests meet the database leaves no connection behind: PostgreSQL drops no database that
    somebody is connected to."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def phones(bob: User, now: datetime) -> Callable[..., list[Device]]:
    """Gives bob devices with push addresses, each at a place of its own name."""

    def make(*names: str) -> list[Device]:
        made = []
        for name in names:
            device = devices.describe(bob.pk, name, label=name.capitalize(), kind="android", now=now)
            address = Address("webpush", f"https://{HOST}/{name}", POINT, AUTH)
            devices.set_address(device, address, origin="https://calls.example.org", credential="session", now=now)
            made.append(device)
        return made

    return make


@asynccontextmanager
async def working(clock: Clock, **options: Any) -> AsyncIterator[Post]:
    """A post at work; whatever has left is settled when the block ends."""
    post = Post(clock=clock, **options)
    running = asyncio.create_task(post.run())
    try:
        yield post
    finally:
        post.stop()
        async with asyncio.timeout(20):
            await running


def settled() -> list[tuple[str, str, int | None, str, str]]:
    """Place, state, status, code and host of every delivery."""
    return [(d.device_key, d.state, d.status, d.code, d.host) for d in Delivery.objects.order_by("device_key", "id")]


async def outcome_of(place: str) -> Delivery:
    return await Delivery.objects.aget(device_key=place)


async def health_of(place: str) -> tuple[str, bool]:
    device = await Device.objects.aget(device_id=place)
    return device.push_disabled_reason, device.push_digest is not None


async def sent(ring: Ring, *people: User, **more: Any) -> calls.CallSheet:
    return await sync_to_async(ring)(*people, **more)


async def test_a_ring_leaves_at_once_with_the_seconds_that_are_left(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("phone")
    await sent(ring, alice, bob, timeout_seconds=30)
    clock.advance(10.4)
    async with working(clock):
        await transport.arrived(1)

    message = transport.sent[0].message
    payload = json.loads(message.payload)
    assert (message.ttl_seconds, message.urgency, len(message.topic)) == (19, "high", 32)
    assert (payload["kind"], payload["notification"]["title"]) == ("ring", "Alice (@alice)")
    assert await sync_to_async(settled)() == [("phone", "sent", 201, "", HOST)]
    assert transport.closed == 1


async def test_a_taken_ring_is_notified_at_the_moment_of_the_answer(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("phone")
    await sent(ring, alice, bob)
    answered_at = clock.now + timedelta(seconds=1.5)
    transport.on_send = lambda sent: setattr(clock, "now", answered_at)
    async with working(clock):
        await transport.arrived(1)

    assert (await Invitation.objects.aget()).notified_at == answered_at
    assert (await outcome_of("phone")).settled_at == answered_at


async def test_every_device_is_rung_and_one_bad_answer_harms_no_other(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("desk", "phone", "tablet")
    transport.answer("phone", RuntimeError("a fault of ours"))
    await sent(ring, alice, bob)
    async with working(clock):
        await transport.arrived(3)

    assert await sync_to_async(settled)() == [
        ("desk", "sent", 201, "", HOST),
        ("phone", "failed", None, "unsent", HOST),
        ("tablet", "sent", 201, "", HOST),
    ]


@pytest.mark.parametrize(
    ("answer", "disabled_reason"),
    [
        (Gone("gone", status=410), "gone"),
        (Refused(FailureCode.KEY_UNKNOWN, "the key is none of ours"), "vapid_key_changed"),
    ],
)
async def test_a_dead_address_is_switched_off_with_its_reason(
    transport: StubTransport,
    clock: Clock,
    ring: Ring,
    alice: User,
    bob: User,
    phones: Callable[..., list[Device]],
    answer: transports.Failure,
    disabled_reason: str,
) -> None:
    await sync_to_async(phones)("phone")
    transport.answer("phone", answer)
    await sent(ring, alice, bob)
    async with working(clock):
        await transport.arrived(1)

    assert (await health_of("phone"))[0] == disabled_reason
    delivery = await outcome_of("phone")
    assert (delivery.code, delivery.status) == (str(answer.code), answer.status)
    assert (await Invitation.objects.aget()).notified_at is None


async def test_what_the_service_refuses_is_logged_once_and_not_tried_again(
    transport: StubTransport,
    clock: Clock,
    ring: Ring,
    alice: User,
    bob: User,
    phones: Callable[..., list[Device]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await sync_to_async(phones)("phone", "tablet")
    transport.answer("phone", Refused(FailureCode.BAD_REQUEST, "no", status=400))
    await sent(ring, alice, bob)
    with caplog.at_level(logging.ERROR, "invitations.dispatcher.post"):
        async with working(clock):
            await transport.arrived(2)
        clock.advance(9)
        async with working(clock):
            pass

    assert transport.places().count("phone") == 1
    assert [each.getMessage() for each in caplog.records] == [
        f"A push to {HOST} was refused: bad_request (400)",
    ]
    assert await health_of("phone") == ("", True)
    assert (await outcome_of("phone")).state == "failed"


async def test_a_service_that_asks_to_wait_hears_nothing_sooner(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("phone")
    transport.answer("phone", TryLater(FailureCode.THROTTLED, "wait", status=429, after_seconds=20))
    await sent(ring, alice, bob)
    async with working(clock):
        await transport.arrived(1)
    waiting = await outcome_of("phone")
    assert (waiting.state, waiting.code, waiting.due_at) == ("pending", "throttled", clock.now + timedelta(seconds=20))

    clock.advance(19.9)
    async with working(clock):
        pass
    assert len(transport.sent) == 1

    clock.advance(0.1)
    async with working(clock):
        await transport.arrived(2)
    assert ((await outcome_of("phone")).state, (await outcome_of("phone")).attempts) == ("sent", 2)


async def test_a_retry_after_the_deadline_is_no_retry(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("phone")
    transport.answer("phone", TryLater(FailureCode.SERVICE_ERROR, "down", status=503, after_seconds=61))
    await sent(ring, alice, bob, timeout_seconds=60)
    async with working(clock):
        await transport.arrived(1)

    assert ((await outcome_of("phone")).state, (await outcome_of("phone")).status) == ("expired", 503)


async def test_a_ring_with_less_than_a_second_left_is_not_sent(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("phone")
    await sent(ring, alice, bob, timeout_seconds=30)
    clock.advance(28.9)
    post = Post(clock=clock)
    parcels, _ = await sync_to_async(post.exchange)([], 10)
    clock.advance(0.2)
    late = await post.sent(parcels[0])

    assert (late.state, late.code) == ("expired", deliveries.TOO_LATE)
    assert transport.sent == []


async def test_a_delivery_whose_lease_is_nearly_over_is_left_to_the_next(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("phone")
    await sent(ring, alice, bob)
    post = Post(clock=clock)
    parcels, _ = await sync_to_async(post.exchange)([], 10)
    clock.advance(deliveries.LEASE_SECONDS / 2 + 0.1)
    outcome = await post.sent(parcels[0])

    assert (outcome.state, outcome.code, outcome.retry_at) == ("pending", deliveries.TOO_LATE, clock.now)
    assert transport.sent == []


async def test_nothing_more_is_taken_than_may_be_on_its_way(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("a", "b", "c")
    await sent(ring, alice, bob)
    transport.hold()
    async with working(clock, in_flight=2):
        await transport.arrived(2)
        taken = await Delivery.objects.exclude(claim="").acount()
        assert (taken, len(transport.sent)) == (2, 2)
        transport.release()
        await transport.arrived(3)

    assert sorted(transport.places()) == ["a", "b", "c"]


async def test_a_stop_waits_for_what_is_on_its_way_and_writes_it_down(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("phone")
    await sent(ring, alice, bob)
    transport.hold()
    post = Post(clock=clock)
    running = asyncio.create_task(post.run())
    await transport.arrived(1)
    post.stop()
    assert not running.done()
    transport.release()
    async with asyncio.timeout(20):
        await running

    assert (await outcome_of("phone")).state == "sent"


async def test_a_delivery_that_cannot_be_made_into_a_message_holds_up_no_other(
    transport: StubTransport,
    clock: Clock,
    ring: Ring,
    alice: User,
    bob: User,
    phones: Callable[..., list[Device]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await sync_to_async(phones)("broken", "phone")
    await sent(ring, alice, bob)
    real = messages.ring

    def ring_or_fail(*args: Any, device_id: str, **more: Any) -> Any:
        if device_id == "broken":
            raise ValueError("nothing to say")
        return real(*args, device_id=device_id, **more)

    monkeypatch.setattr(messages, "ring", ring_or_fail)
    async with working(clock):
        await transport.arrived(1)

    assert "could not be made into a message" in caplog.text
    assert await sync_to_async(settled)() == [
        ("broken", "failed", None, "unsent", ""),
        ("phone", "sent", 201, "", HOST),
    ]


async def test_outcomes_are_kept_while_the_database_is_away(
    transport: StubTransport,
    clock: Clock,
    ring: Ring,
    alice: User,
    bob: User,
    phones: Callable[..., list[Device]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await sync_to_async(phones)("phone")
    await sent(ring, alice, bob)
    real, refusals = deliveries.settle, [OperationalError("away"), OperationalError("away")]

    def settle(outcomes: Any) -> None:
        if refusals:
            raise refusals.pop()
        real(outcomes)

    monkeypatch.setattr(deliveries, "settle", settle)
    monkeypatch.setattr("invitations.dispatcher.carrying.report", lambda *about: 0.0)
    async with working(clock) as post:
        await transport.arrived(1)
        async with asyncio.timeout(20):
            while await Delivery.objects.filter(state="pending").aexists():
                post.wake()
                await asyncio.sleep(0)

    assert (len(transport.sent), (await outcome_of("phone")).state) == (1, "sent")


async def test_one_outcome_that_cannot_be_written_does_not_lose_the_others(
    transport: StubTransport,
    clock: Clock,
    ring: Ring,
    alice: User,
    bob: User,
    phones: Callable[..., list[Device]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await sync_to_async(phones)("bad", "good")
    await sent(ring, alice, bob)
    real = deliveries.settle

    def settle(outcomes: Any) -> None:
        if any(each.claimed.device_key == "bad" for each in outcomes):
            raise ValueError("this one breaks it")
        real(outcomes)

    monkeypatch.setattr(deliveries, "settle", settle)
    async with working(clock):
        await transport.arrived(2)

    bad, good = await outcome_of("bad"), await outcome_of("good")
    assert (bad.state, good.state) == ("pending", "sent")
    assert bad.claimed_until == clock.now + timedelta(seconds=deliveries.LEASE_SECONDS)


async def test_the_end_of_a_ring_is_sent_to_who_was_rung_with_the_count_of_missed_calls(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("phone")
    sheet = await sent(ring, alice, bob)
    async with working(clock):
        await transport.arrived(1)
    by = calls.Actor(alice.pk, alice.username, "phone")
    await sync_to_async(calls.cancel)(sheet.call.call_id, by=by, now=clock.advance(5))
    async with working(clock):
        await transport.arrived(2)

    rung, stopped = (each.message for each in transport.sent)
    payload = json.loads(stopped.payload)
    assert (payload["kind"], payload["reason"], payload["missed_unseen"]) == ("stop", "cancelled", 1)
    assert stopped.topic == rung.topic


async def test_nothing_is_sent_for_a_call_that_ended_before_its_turn(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Callable[..., list[Device]]
) -> None:
    await sync_to_async(phones)("phone")
    sheet = await sent(ring, alice, bob)
    by = calls.Actor(alice.pk, alice.username, "phone")
    await sync_to_async(calls.cancel)(sheet.call.call_id, by=by, now=clock.advance(1))
    async with working(clock) as post:
        async with asyncio.timeout(20):
            while await Delivery.objects.filter(state="pending").aexists():
                post.wake()
                await asyncio.sleep(0)

    assert transport.sent == []
    assert [(state, code) for _, state, _, code, _ in await sync_to_async(settled)()] == [("dropped", "call_over")]

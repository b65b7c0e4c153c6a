"""The quiet notice that somebody asks to be let in: whom it reaches, what it says, and that no ring waits for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async

from invitations import calls, contacts
from invitations.models import Delivery, Device
from invitations.push import deliveries
from invitations.store import people
from invitations.transports import FailureCode, TryLater
from tests.dispatcher.conftest import Clock
from tests.dispatcher.stub_transport import StubTransport
from tests.dispatcher.test_post import connections_closed, phones, transport, working

if TYPE_CHECKING:
    from invitations.models import User

__all__ = ["connections_closed", "phones", "transport"]

pytestmark = pytest.mark.django_db(transaction=True)
Phones = Callable[..., list[Device]]
Ring = Callable[..., calls.CallSheet]


def _ask(who: User, whom: User, clock: Clock, message: str = "") -> None:
    asker, asked = people.named(who.username), people.named(whom.username)
    contacts.ask(asker, asked, message=message, now=clock.now)


asked = sync_to_async(_ask)


def _owed() -> list[tuple[str, str, str]]:
    return [(each.device_key, each.state, each.code) for each in Delivery.objects.filter(kind="contact").order_by("pk")]


owed = sync_to_async(_owed)


def _payload(transport: StubTransport, number: int = -1) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(transport.sent[number].message.payload)
    return payload


async def test_every_device_is_told_quietly(
    transport: StubTransport, clock: Clock, alice: User, bob: User, phones: Phones
) -> None:
    await sync_to_async(phones)("phone", "tablet")
    await asked(alice, bob, clock, "We met at the “fair”.")
    async with working(clock):
        await transport.arrived(2)
    assert await owed() == [("phone", "sent", ""), ("tablet", "sent", "")]
    message, payload = transport.sent[0].message, _payload(transport, 0)
    assert (message.urgency, message.ttl_seconds, len(message.topic)) == ("low", 24 * 3600, 32)
    assert payload["notification"] == {
        "title": "Contact request",
        "body": "Alice (@alice) would like to be in your contacts: “We met at the \u2018fair\u2019.”",
        "navigate": "https://calls.example.org/",
        "lang": "en",
        "silent": True,
    }
    assert (payload["kind"], payload["requests"], payload["missed_unseen"]) == ("contact", 1, 0)
    assert (payload["web_push"], payload["tag"], payload["action_token"]) == (8030, message.topic, None)


@pytest.mark.parametrize(
    ("shows", "body", "hidden"),
    [
        ("name", "Alice (@alice) would like to be in your contacts.", ["secret"]),
        ("nothing", "", ["secret", "alice", "Alice"]),
    ],
)
async def test_it_holds_no_more_than_notifications_may_show(
    transport: StubTransport,
    clock: Clock,
    alice: User,
    bob: User,
    phones: Phones,
    shows: str,
    body: str,
    hidden: list[str],
) -> None:
    await sync_to_async(phones)("phone")
    await sync_to_async(contacts.settle)(bob, {"push_shows": shows}, now=clock.now)
    await asked(alice, bob, clock, "secret")
    async with working(clock):
        await transport.arrived(1)
    assert _payload(transport)["notification"]["body"] == body
    text = transport.sent[0].message.payload.decode()
    assert [each for each in hidden if each in text] == []


async def test_many_requests_are_one_notice_in_ten_minutes(
    transport: StubTransport, clock: Clock, make_user: Callable[..., User], bob: User, phones: Phones
) -> None:
    await sync_to_async(phones)("phone")
    askers = [await sync_to_async(make_user)(f"asker{number}") for number in range(5)]
    await asked(askers[0], bob, clock)
    async with working(clock):
        await transport.arrived(1)
    for each in askers[1:]:
        clock.advance(1)
        await asked(each, bob, clock)
    assert await owed() == [("phone", "sent", ""), ("phone", "pending", "")]
    second = await Delivery.objects.aget(state="pending")
    assert second.due_at == clock.now - timedelta(seconds=4) + timedelta(minutes=10)

    clock.advance(600)
    async with working(clock):
        await transport.arrived(2)
    assert transport.sent[0].message.topic == transport.sent[1].message.topic
    assert (
        _payload(transport)["notification"]["body"]
        == "Asker4 (@asker4) and 4 other people would like to be in your contacts."
    )
    assert _payload(transport)["requests"] == 5


async def test_nobody_is_told_who_does_not_hear_of_it(
    transport: StubTransport, clock: Clock, alice: User, bob: User, carol: User, mallory: User, phones: Phones
) -> None:
    await sync_to_async(phones)("phone")
    await sync_to_async(contacts.block)(bob.pk, alice, now=clock.now)
    await asked(carol, bob, clock)
    await sync_to_async(contacts.remove)(bob, carol, now=clock.now)
    await sync_to_async(contacts.remove)(carol, bob, now=clock.now)
    await sync_to_async(Delivery.objects.all().delete)()
    for who in (alice, carol):
        await asked(who, bob, clock)
    assert await owed() == []
    until = clock.now + timedelta(hours=1)
    await sync_to_async(contacts.settle)(bob, {"do_not_disturb_until": until}, now=clock.now)
    await asked(mallory, bob, clock)
    assert await owed() == []


@pytest.mark.parametrize("meanwhile", ["taken back", "accepted", "quiet"])
async def test_what_is_moot_by_then_is_not_sent(
    transport: StubTransport, clock: Clock, alice: User, bob: User, phones: Phones, meanwhile: str
) -> None:
    await sync_to_async(phones)("phone")
    await asked(alice, bob, clock)
    if meanwhile == "taken back":
        await sync_to_async(contacts.remove)(alice, bob, now=clock.now)
    elif meanwhile == "accepted":
        await sync_to_async(contacts.accept)(bob, alice, now=clock.now)
    else:
        until = clock.now + timedelta(hours=1)
        await sync_to_async(contacts.settle)(bob, {"do_not_disturb_until": until}, now=clock.now)
    async with asyncio.timeout(20), working(clock):
        while (await owed())[0][1] == "pending":
            await asyncio.sleep(0.01)
    assert await owed() == [("phone", "dropped", "settled")]
    assert transport.sent == []


async def test_no_ring_waits_for_a_notice_that_gets_no_answer(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Phones
) -> None:
    await sync_to_async(phones)("phone")
    await asked(alice, bob, clock)
    transport.hold()
    async with working(clock) as post:
        await transport.arrived(1)
        await sync_to_async(ring)(alice, bob)
        post.wake()
        await transport.arrived(2)
        transport.release()
    assert [_payload(transport, number)["kind"] for number in (0, 1)] == ["contact", "ring"]


async def test_notices_take_no_place_of_a_ring(
    transport: StubTransport, clock: Clock, ring: Ring, alice: User, bob: User, phones: Phones, settings: Any
) -> None:
    settings.CALLINVITE = {"pushes_per_minute": 1}
    await sync_to_async(phones)("phone")
    await asked(alice, bob, clock)
    async with working(clock) as post:
        await transport.arrived(1)
        await sync_to_async(ring)(alice, bob)
        post.wake()
        await transport.arrived(2)
    assert _payload(transport)["kind"] == "ring"


async def test_a_push_service_that_is_away_is_tried_again(
    transport: StubTransport, clock: Clock, alice: User, bob: User, phones: Phones
) -> None:
    await sync_to_async(phones)("phone")
    transport.answer("phone", TryLater(FailureCode.SERVICE_ERROR, status=503))
    await asked(alice, bob, clock)
    async with working(clock):
        await transport.arrived(1)
    assert await owed() == [("phone", "pending", "service_error")]
    clock.advance(deliveries.LONGEST_STOP_BACKOFF_SECONDS)
    async with working(clock):
        await transport.arrived(2)
    assert await owed() == [("phone", "sent", "")]

"""What every transport keeps to, whichever it is; one that is added is tested by its line in `good_address`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from pytest_django import Settings

from invitations import transports
from invitations.transports import NAMES, Address, Effect, Failure, FailureCode, InvalidAddress, Refused, Transport
from tests.transports.conftest import address_of, message


@pytest.fixture(params=NAMES)
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    """Each of them in turn."""
    yield transports.transport_named(request.param)
    await transports.close()


@pytest.fixture
def good_address(request: pytest.FixtureRequest, transport: Transport, settings: Settings) -> Address:
    """An address of the transport with a listener behind it."""
    settings.DEBUG = True
    made: dict[str, Callable[[], Address]] = {
        "webpush": lambda: address_of(request.getfixturevalue("service").subscribe()),
        "console": lambda: Address("console"),
        "apns": lambda: transport.read(request.getfixturevalue("apple").phone().address()),
        "fcm": lambda: transport.read(request.getfixturevalue("google").phone().address()),
    }
    return transport.check(made[transport.name]())


def test_its_name_is_the_one_it_is_found_by(transport: Transport) -> None:
    assert transports.transport_named(transport.name) is transport


def test_an_address_has_one_spelling(transport: Transport, good_address: Address) -> None:
    assert transport.check(good_address) == good_address


def test_an_address_of_another_transport_is_refused(transport: Transport, good_address: Address) -> None:
    foreign = Address("pigeon", good_address.endpoint, good_address.p256dh, good_address.auth)

    with pytest.raises(InvalidAddress) as refused:
        transport.check(foreign)
    assert "transport" in refused.value.errors


async def test_a_message_is_taken(transport: Transport, good_address: Address) -> None:
    assert 200 <= await transport.send(good_address, message()) < 300


async def test_many_messages_at_once_are_taken(transport: Transport, good_address: Address) -> None:
    statuses = await asyncio.gather(*(transport.send(good_address, message()) for _ in range(20)))
    assert all(200 <= each < 300 for each in statuses)


async def test_it_can_be_closed_twice_and_used_again(transport: Transport, good_address: Address) -> None:
    await transport.send(good_address, message())
    await transport.close()
    await transport.close()
    assert 200 <= await transport.send(good_address, message()) < 300


def test_it_serves_one_loop_after_another(transport: Transport, good_address: Address) -> None:
    async def send_and_close() -> int:
        try:
            return await transport.send(good_address, message())
        finally:
            await transport.close()

    assert [200 <= asyncio.run(send_and_close()) < 300 for _ in range(2)] == [True, True]


async def test_as_much_is_taken_as_the_transport_says_and_not_a_byte_more(
    transport: Transport, good_address: Address
) -> None:
    for effect in Effect:
        room = transport.room(good_address, effect)
        filled = json.dumps({"kind": "ring", "filler": ""}).encode().replace(b'""', b'"%s"')
        payload = filled % (b"x" * (room - len(filled) + 2))
        assert len(payload) == room
        sent = replace(message(payload), effect=effect, stand_in="\N{BLACK TELEPHONE}" * 500)
        assert 200 <= await transport.send(good_address, sent) < 300
        if transport.name != "console":
            with pytest.raises(Refused) as refused:
                await transport.send(good_address, replace(sent, payload=payload + b" "))
            assert refused.value.code == FailureCode.TOO_LARGE


@pytest.mark.parametrize("payload", [b"", b"x" * 100_000])
async def test_a_message_that_cannot_be_sent_is_a_refusal(
    transport: Transport, good_address: Address, payload: bytes
) -> None:
    with pytest.raises(Refused) as refused:
        await transport.send(good_address, message(payload))
    assert refused.value.code in set(FailureCode)


@pytest.mark.parametrize(
    "address",
    [
        Address("pigeon"),
        Address("webpush"),
        Address("webpush", "https://127.0.0.1/x", "not base64", "\ud800"),
        Address("console", "https://127.0.0.1/x"),
        Address("apns", "no token", "A", "A"),
        Address("fcm", "token/" + "x" * 2000, "A", "A"),
        Address("", "\0" * 5000, "A" * 5000, "A" * 5000, "A" * 5000),
    ],
    ids=str,
)
async def test_an_address_that_is_none_is_a_failure_and_nothing_else(transport: Transport, address: Address) -> None:
    with pytest.raises(Failure):
        await transport.send(address, message())


async def test_being_cancelled_is_not_held_up(transport: Transport, good_address: Address) -> None:
    sending = asyncio.ensure_future(transport.send(good_address, message()))
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


def test_people_see_the_host_alone(transport: Transport, good_address: Address) -> None:
    shown = transports.host_of(good_address)

    assert shown in ("127.0.0.1", "console")
    for secret in (good_address.endpoint, good_address.p256dh, good_address.auth, good_address.alert_token):
        assert not secret or secret not in f"{good_address!r}{shown}"


def test_a_transport_that_does_not_exist_has_no_host_and_is_named() -> None:
    assert transports.host_of(Address("pigeon", "https://example.org/x")) == ""
    with pytest.raises(InvalidAddress, match="webpush, console, apns, fcm"):
        transports.transport_named("pigeon")


def test_a_message_shows_nothing_of_what_it_says() -> None:
    assert "Alice" not in repr(message())

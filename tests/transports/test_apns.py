"""Apple's push service: what is sent, for real, over HTTP/2, and what each of its answers and failings comes to."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import jwt
import pytest
from pytest_django import Settings

from invitations.transports import Address, Effect, Failure, FailureCode, Gone, InvalidAddress, Refused, TryLater
from invitations.transports.apns import Apns
from tests.support.apns_service import Answer, ApnsService, GoAway, HangUp, Scripted
from tests.transports.conftest import PAYLOAD, message

MANY = 1000


@pytest.fixture
async def apns(apple: ApnsService) -> AsyncIterator[Apns]:
    transport = Apns()
    yield transport
    await transport.close()


async def test_a_ring_is_a_voip_push_that_only_the_phone_can_read(apns: Apns, apple: ApnsService) -> None:
    phone, deadline, name = apple.phone(), datetime(2031, 5, 4, 3, 2, 1, 900_000, tzinfo=UTC), str(uuid4())

    sent = replace(message(), name=name, expires_at=deadline)
    assert await apns.send(apns.read(phone.address()), sent) == 200

    [request] = phone.accepted
    assert request.token == phone.token
    assert {each: request.headers[each] for each in request.headers if each.startswith("apns-")} == {
        "apns-push-type": "voip",
        "apns-topic": "org.example.calls.voip",
        "apns-priority": "10",
        "apns-expiration": str(int(deadline.timestamp())),
        "apns-id": name,
    }
    assert b"Alice" not in request.body
    assert phone.opened(request) == json.loads(PAYLOAD)
    assert apple.violations == []


@pytest.mark.parametrize(
    ("effect", "kind", "priority", "shown"),
    [
        (Effect.SHOW, "alert", "10", {"alert": {"body": "Missed call"}, "mutable-content": 1}),
        (Effect.SETTLE, "background", "5", {"content-available": 1}),
    ],
)
async def test_what_must_not_ring_goes_to_the_other_token_and_is_no_voip_push(
    apns: Apns, apple: ApnsService, effect: Effect, kind: str, priority: str, shown: dict[str, object]
) -> None:
    phone = apple.phone()

    await apns.send(apns.read(phone.address()), replace(message(), effect=effect, stand_in="Missed call"))

    [request] = phone.accepted
    assert (request.token, request.payload["aps"]) == (phone.alert_token, shown)
    assert (request.headers["apns-push-type"], request.headers["apns-priority"]) == (kind, priority)
    assert request.headers["apns-topic"] == "org.example.calls"
    assert request.headers["apns-collapse-id"] == "A" * 32
    assert apple.violations == []


async def test_without_the_other_token_there_is_room_for_rings_alone(apns: Apns, apple: ApnsService) -> None:
    address = apns.read(apple.phone().address(alerts=False))

    assert [apns.room(address, each) > 0 for each in (Effect.RING, Effect.SHOW, Effect.SETTLE)] == [True, False, False]
    with pytest.raises(Refused):
        await apns.send(address, replace(message(), effect=Effect.SETTLE))
    assert apple.messages == []


@pytest.mark.parametrize(
    ("answer", "failure", "code", "after_seconds"),
    [
        (Answer(410, "Unregistered"), Gone, FailureCode.GONE, None),
        (Answer(400, "BadDeviceToken"), Gone, FailureCode.GONE, None),
        (Answer(400, "DeviceTokenNotForTopic"), Refused, FailureCode.BAD_REQUEST, None),
        (Answer(403, "InvalidProviderToken"), Refused, FailureCode.CREDENTIALS_REFUSED, None),
        (Answer(413, "PayloadTooLarge"), Refused, FailureCode.TOO_LARGE, None),
        (Answer(405, "MethodNotAllowed"), Refused, FailureCode.REFUSED, None),
        (Answer(429, "TooManyRequests", retry_after="7"), TryLater, FailureCode.THROTTLED, 7.0),
        (Answer(429, "TooManyRequests", empty_data=True), TryLater, FailureCode.THROTTLED, None),
        (Answer(500, "InternalServerError"), TryLater, FailureCode.SERVICE_ERROR, None),
        (Answer(503, "Shutdown", retry_after="3"), TryLater, FailureCode.SERVICE_ERROR, 3.0),
    ],
    ids=lambda each: f"{each.status}-{each.reason}" if isinstance(each, Answer) else "",
)
async def test_each_refusal_has_its_meaning(
    apns: Apns,
    apple: ApnsService,
    answer: Answer,
    failure: type[Failure],
    code: FailureCode,
    after_seconds: float | None,
) -> None:
    phone = apple.phone()
    apple.answer(answer)

    with pytest.raises(failure) as failed:
        await apns.send(apns.read(phone.address()), message())

    assert (failed.value.code, failed.value.status) == (code, answer.status)
    assert getattr(failed.value, "after_seconds", None) == after_seconds
    assert phone.token not in str(failed.value)
    assert len(apple.messages) == 1


async def test_a_token_that_apple_finds_too_old_is_renewed_once(apns: Apns, apple: ApnsService) -> None:
    address = apns.read(apple.phone().address())
    apple.answer(Answer(403, "ExpiredProviderToken"))
    assert await apns.send(address, message()) == 200

    apple.answer(*[Answer(403, "ExpiredProviderToken")] * 2)
    with pytest.raises(TryLater):
        await apns.send(address, message())
    # Or Apple would find that there are too many.
    assert len({each.headers["authorization"] for each in apple.messages[2:]}) == 1


async def test_a_token_serves_for_20_to_60_minutes(apns: Apns, apple: ApnsService) -> None:
    address, start = apns.read(apple.phone().address()), time.time() - 41 * 60

    made = [apns._signer.authorization(now=start + minutes * 60) for minutes in (0, 20, 39, 41)]

    assert [made.index(each) for each in made] == [0, 0, 0, 3]
    assert jwt.get_unverified_header(made[0].removeprefix("bearer "))["kid"] == apple.key_id
    assert await apns.send(address, message()) == 200


@pytest.mark.parametrize(
    "trouble",
    [[HangUp()], [GoAway()], [Answer(empty_data=True)] * 3, [Answer(empty_data=True), GoAway(), HangUp()]],
    ids=["closed", "goaway", "empty data", "all"],
)
async def test_a_connection_that_breaks_costs_no_ring(apns: Apns, apple: ApnsService, trouble: list[Scripted]) -> None:
    address = apns.read(apple.phone().address())
    await apns.send(address, message())
    apple.answer(*trouble)

    assert [await apns.send(address, message()) for _ in range(4)] == [200] * 4
    assert apple.violations == []


async def test_of_a_thousand_rings_none_is_lost_whatever_breaks_in_the_middle(apns: Apns, apple: ApnsService) -> None:
    phones = [apple.phone() for _ in range(20)]
    gone = apple.phone()
    apple.forget(gone)
    addresses = [apns.read(each.address()) for each in phones]
    names = [str(uuid4()) for _ in range(MANY)]
    outcomes: list[str] = []
    busy = asyncio.Semaphore(256)

    async def ring(number: int) -> None:
        sent = replace(message(), name=names[number])
        # As the post does: what may get through later is sent again.
        for _ in range(20):
            async with busy:
                try:
                    await apns.send(addresses[number % len(addresses)], sent)
                except TryLater:
                    continue
                outcomes.append("sent")
                return

    async def trouble() -> None:
        troubles: list[Scripted] = [HangUp(), Answer(429, "TooManyRequests"), GoAway(), Answer(empty_data=True)]
        for count, answer in enumerate([*troubles, Answer(503, "Shutdown")], 1):
            while len(outcomes) < count * 150:
                await asyncio.sleep(0)
            apple.answer(answer)
        with pytest.raises(Gone):
            await apns.send(apns.read(gone.address()), message())

    await asyncio.gather(trouble(), *(ring(number) for number in range(MANY)))

    assert len(outcomes) == MANY
    taken = {each.headers["apns-id"] for each in apple.messages if each.status == 200}
    assert taken == set(names)
    assert apple.violations == []


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"token": ""}, "token"),
        ({"token": "xyz"}, "token"),
        ({"token": "ab" * 101}, "token"),
        ({"token": 7}, "token"),
        ({"alert_token": "not hex"}, "alert_token"),
        ({"keys": {}}, "p256dh"),
        ({"keys": None}, "keys"),
    ],
    ids=str,
)
def test_an_address_that_is_none_is_refused_by_its_field(
    apns: Apns, apple: ApnsService, changed: dict[str, object], wrong: str
) -> None:
    with pytest.raises(InvalidAddress) as refused:
        apns.read(apple.phone().address() | changed)
    assert wrong in refused.value.errors


def test_tokens_are_one_device_however_they_are_spelled(apns: Apns, apple: ApnsService) -> None:
    address = apple.phone().address()
    assert apns.read(address | {"token": address["token"].upper()}) == apns.read(address)


async def test_without_a_key_nobody_registers_and_nothing_is_sent(
    apns: Apns, apple: ApnsService, settings: Settings
) -> None:
    address = apns.read(apple.phone().address())
    settings.CALLINVITE_APNS_KEY_FILE = ""

    with pytest.raises(InvalidAddress, match="isn't set up to send by `apns`"):
        apns.read(apple.phone().address())
    fresh = Apns()
    with pytest.raises(Refused) as refused:
        await fresh.send(address, message())
    assert refused.value.code == FailureCode.CREDENTIALS_REFUSED
    assert apple.connections == 0


async def test_a_server_that_nobody_vouches_for_is_sent_nothing(
    apple: ApnsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    transport = Apns()
    with pytest.raises(TryLater) as failed:
        await transport.send(transport.read(apple.phone().address()), message())
    assert failed.value.code == FailureCode.TLS_FAILED
    await transport.close()
    assert apple.messages == []


async def test_a_token_of_the_other_kind_is_no_address(apns: Apns, apple: ApnsService) -> None:
    with pytest.raises(Refused):
        await apns.send(Address("apns", "../../etc", "A", "A"), message())
    assert apple.messages == []

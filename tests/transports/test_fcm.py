"""Google's push service: what is sent, for real, with access tokens, and what each of its answers comes to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pytest_django import Settings

from invitations.transports import Effect, Failure, FailureCode, Gone, InvalidAddress, Refused, TryLater
from invitations.transports.fcm import Fcm
from tests.support.fcm_service import Answer, FcmService
from tests.transports.conftest import PAYLOAD, message


@pytest.fixture
async def fcm(google: FcmService) -> AsyncIterator[Fcm]:
    transport = Fcm()
    yield transport
    await transport.close()


@pytest.mark.parametrize("by", ["token", "fid"])
async def test_a_ring_is_a_data_message_that_only_the_phone_can_read(fcm: Fcm, google: FcmService, by: str) -> None:
    phone = google.phone()

    assert await fcm.send(fcm.read(phone.address(by)), message(ttl_seconds=42)) == 200

    [request] = phone.accepted
    assert request.message[by] == getattr(phone, by)
    assert request.message["android"] == {"priority": "HIGH", "ttl": "42s"}
    assert b"Alice" not in json.dumps(request.message).encode()
    assert phone.opened(request) == json.loads(PAYLOAD)
    assert google.violations == []


async def test_a_quiet_message_may_wait_until_the_phone_wakes_up(fcm: Fcm, google: FcmService) -> None:
    phone = google.phone()
    await fcm.send(fcm.read(phone.address()), replace(message(urgency="low"), effect=Effect.SHOW))
    assert phone.accepted[0].message["android"]["priority"] == "NORMAL"


async def test_however_many_messages_ask_for_one_access_token(fcm: Fcm, google: FcmService) -> None:
    addresses = [fcm.read(google.phone().address()) for _ in range(50)]

    assert set(await asyncio.gather(*(fcm.send(each, message()) for each in addresses))) == {200}
    assert google.asked == 1

    google.forget_tokens()
    assert set(await asyncio.gather(*(fcm.send(each, message()) for each in addresses))) == {200}
    assert google.asked == 2
    assert google.violations == []


@pytest.mark.parametrize(
    ("answer", "failure", "code", "after_seconds"),
    [
        (Answer(404, "UNREGISTERED"), Gone, FailureCode.GONE, None),
        (Answer(400, "INVALID_ARGUMENT", field="message.token"), Gone, FailureCode.GONE, None),
        (Answer(400, "INVALID_ARGUMENT"), Refused, FailureCode.BAD_REQUEST, None),
        (Answer(403, "SENDER_ID_MISMATCH"), Gone, FailureCode.GONE, None),
        (Answer(404, "NOT_FOUND"), Refused, FailureCode.REFUSED, None),
        (Answer(429, "QUOTA_EXCEEDED", retry_after="9"), TryLater, FailureCode.THROTTLED, 9.0),
        (Answer(500, "INTERNAL"), TryLater, FailureCode.SERVICE_ERROR, None),
        (Answer(503, "UNAVAILABLE", retry_after="4"), TryLater, FailureCode.SERVICE_ERROR, 4.0),
    ],
    ids=lambda each: f"{each.status}-{each.code}" if isinstance(each, Answer) else "",
)
async def test_each_refusal_has_its_meaning(
    fcm: Fcm,
    google: FcmService,
    answer: Answer,
    failure: type[Failure],
    code: FailureCode,
    after_seconds: float | None,
) -> None:
    phone = google.phone()
    google.answer(answer)

    with pytest.raises(failure) as failed:
        await fcm.send(fcm.read(phone.address()), message())

    assert (failed.value.code, failed.value.status) == (code, answer.status)
    assert getattr(failed.value, "after_seconds", None) == after_seconds
    assert phone.token not in str(failed.value)


@pytest.mark.parametrize(
    ("status", "failure", "code"),
    [
        (400, Refused, FailureCode.CREDENTIALS_REFUSED),
        (401, Refused, FailureCode.CREDENTIALS_REFUSED),
        (429, TryLater, FailureCode.THROTTLED),
        (503, TryLater, FailureCode.SERVICE_ERROR),
    ],
)
async def test_an_access_token_that_is_not_given_is_asked_for_again_next_time(
    fcm: Fcm, google: FcmService, status: int, failure: type[Failure], code: FailureCode
) -> None:
    address = fcm.read(google.phone().address())
    google.answer_for_tokens(status)

    with pytest.raises(failure) as failed:
        await fcm.send(address, message())
    assert failed.value.code == code
    assert await fcm.send(address, message()) == 200


async def test_401_without_end_is_a_refusal(fcm: Fcm, google: FcmService) -> None:
    address = fcm.read(google.phone().address())
    google.answer(*[Answer(401, "THIRD_PARTY_AUTH_ERROR")] * 2)
    with pytest.raises(Refused) as refused:
        await fcm.send(address, message())
    assert refused.value.code == FailureCode.CREDENTIALS_REFUSED
    assert len(google.messages) == 2


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"token": ""}, "token"),
        ({"fid": "also-one-of-these"}, "token"),
        ({"token": "no spaces are in a token"}, "token"),
        ({"token": "x" * 1025}, "token"),
        ({"token": ["x"]}, "token"),
        ({"keys": {"p256dh": "AA", "auth": "AA"}}, "auth"),
    ],
    ids=str,
)
def test_an_address_that_is_none_is_refused_by_its_field(
    fcm: Fcm, google: FcmService, changed: dict[str, object], wrong: str
) -> None:
    with pytest.raises(InvalidAddress) as refused:
        fcm.read(google.phone().address() | changed)
    assert wrong in refused.value.errors


async def test_without_an_account_nobody_registers_and_nothing_is_sent(
    fcm: Fcm, google: FcmService, settings: Settings
) -> None:
    address = fcm.read(google.phone().address())
    settings.CALLINVITE_FCM_CREDENTIALS_FILE = ""

    with pytest.raises(InvalidAddress, match="isn't set up to send by `fcm`"):
        fcm.read(google.phone().address())
    with pytest.raises(Refused) as refused:
        await fcm.send(address, message())
    assert refused.value.code == FailureCode.CREDENTIALS_REFUSED
    assert google.messages == []

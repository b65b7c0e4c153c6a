"""Web Push against a push service: what arrives, and what each of its answers means."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
import traceback
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from pytest_django import Settings

from invitations.transports import Failure, Gone, Message, Refused, TryLater, outbound
from invitations.transports.base import MAX_PAYLOAD_BYTES
from invitations.transports.webpush import WebPush
from tests.support.push_answers import (
    DATE_SECONDS,
    HTTP_DATE,
    Answer,
    Endless,
    GzipBomb,
    HangUp,
    Redirect,
    ScriptedAnswer,
    Silence,
    Slow,
)
from tests.support.push_service import PushService
from tests.transports.conftest import PAYLOAD, TOPIC, address_of, message


@pytest.fixture
def refusal(service: PushService, webpush: WebPush) -> Any:
    """Sends one message to somebody, for the next answer; gives the failure that became of it."""

    async def send(*answers: int | ScriptedAnswer) -> Failure:
        service.answer(*answers)
        with pytest.raises(Failure) as failed:
            await webpush.send(address_of(service.subscribe()), message())
        return failed.value

    return send


async def test_a_message_arrives_as_it_was_given_and_breaks_no_rule(
    service: PushService, webpush: WebPush, signing_key: str
) -> None:
    phone = service.subscribe(signing_key)

    assert await webpush.send(address_of(phone), message()) == 201
    [arrived] = service.messages
    assert phone.decrypt_bytes(arrived) == PAYLOAD
    assert (arrived.ttl_seconds, arrived.urgency, arrived.topic) == (60, "high", TOPIC)
    assert arrived.headers["Content-Encoding"] == "aes128gcm"
    assert arrived.signing_key == signing_key
    assert arrived.claims["aud"] == service.origin
    assert arrived.claims["sub"] == "mailto:operator@example.org"
    assert service.violations == []


async def test_the_longest_payload_is_taken_and_one_byte_more_is_not_even_sent(
    service: PushService, webpush: WebPush
) -> None:
    phone = service.subscribe()
    assert await webpush.send(address_of(phone), message(b"x" * MAX_PAYLOAD_BYTES)) == 201
    assert len(service.messages[0].body) == 4096

    with pytest.raises(Refused) as refused:
        await webpush.send(address_of(phone), message(b"x" * (MAX_PAYLOAD_BYTES + 1)))
    assert refused.value.code == "too_large"
    assert len(service.messages) == 1


async def test_two_messages_are_never_encrypted_alike(service: PushService, webpush: WebPush) -> None:
    phone = service.subscribe()
    for _ in range(2):
        await webpush.send(address_of(phone), message())
    one, other = service.messages
    assert one.body[:16] != other.body[:16]
    assert one.body[21:86] != other.body[21:86]


async def test_a_message_without_a_topic_names_none(service: PushService, webpush: WebPush) -> None:
    await webpush.send(address_of(service.subscribe()), message(topic="", ttl_seconds=0))
    [arrived] = service.messages
    assert "Topic" not in arrived.headers
    assert arrived.ttl_seconds == 0
    assert service.violations == []


@pytest.mark.parametrize(
    "broken",
    [
        message(topic="x" * 33),
        message(topic="a b"),
        message(topic="a\r\nX: y"),
        message(urgency="urgent"),
        message(urgency="high\r\nX: y"),
    ],
    ids=lambda broken: f"{broken.urgency}-{broken.topic}",
)
async def test_a_message_that_would_break_a_header_is_not_sent(
    service: PushService, webpush: WebPush, broken: Message
) -> None:
    with pytest.raises(Refused) as refused:
        await webpush.send(address_of(service.subscribe()), broken)
    assert refused.value.code == "bad_request"
    assert service.messages == []


async def test_connections_are_used_again(service: PushService, webpush: WebPush) -> None:
    for answer in (201, 404, 500, Answer(429, body=b"x" * 60_000), 201):
        service.answer(answer)
        with suppress(Failure):
            await webpush.send(address_of(service.subscribe()), message())
    [session] = webpush._outbound._sessions.values()
    assert isinstance(session.connector, outbound.aiohttp.TCPConnector)
    assert sum(len(each) for each in session.connector._conns.values()) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_answer_of_200_to_299_is_good(service: PushService, webpush: WebPush, status: int) -> None:
    service.answer(status)
    assert await webpush.send(address_of(service.subscribe()), message()) == status


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (404, Gone, "gone"),
        (410, Gone, "gone"),
        (400, Refused, "bad_request"),
        (401, Refused, "vapid_refused"),
        (403, Refused, "vapid_refused"),
        (413, Refused, "too_large"),
        (402, Refused, "refused"),
        (405, Refused, "refused"),
        (451, Refused, "refused"),
        (300, Refused, "redirected"),
        (304, Refused, "redirected"),
        (429, TryLater, "throttled"),
        (500, TryLater, "service_error"),
        (502, TryLater, "service_error"),
        (503, TryLater, "service_error"),
        (599, TryLater, "service_error"),
    ],
)
async def test_each_answer_has_its_meaning(refusal: Any, status: int, kind: type[Failure], code: str) -> None:
    failure = await refusal(status)
    assert (type(failure), failure.code, failure.status) == (kind, code, status)
    assert failure.detail == f"127.0.0.1 answered {status}"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "expected"),
    [(None, None), (7, 7.0), (0, 0.0), ("soon", None), ("-5", None), ("1.5", None), (10**9, 3600.0), ("9" * 400, None)],
)
async def test_the_wait_that_a_service_asks_for_is_passed_on(
    refusal: Any, status: int, said: Any, expected: float | None
) -> None:
    assert (await refusal(Answer(status, retry_after=said))).after_seconds == expected


async def test_the_wait_may_be_a_date(refusal: Any) -> None:
    after_seconds = (await refusal(Answer(429, retry_after=HTTP_DATE))).after_seconds
    assert 0 < after_seconds <= DATE_SECONDS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirection_is_not_followed(service: PushService, refusal: Any, status: int) -> None:
    failure = await refusal(Redirect(status=status))
    assert (type(failure), failure.code) == (Refused, "redirected")
    assert service.strays == []
    assert len(service.messages) == 1


@pytest.mark.usefixtures("impatient")
async def test_silence_is_no_answer(refusal: Any) -> None:
    failure = await refusal(Silence())
    assert (type(failure), failure.code, failure.status) == (TryLater, "no_answer", None)


async def test_no_answer_is_waited_for_longer_than_five_seconds() -> None:
    assert outbound.SEND_SECONDS <= 5
    assert outbound.CONNECT_SECONDS <= 3
    assert outbound.CONNECTIONS >= 256


async def test_an_answer_within_the_deadline_counts(service: PushService, webpush: WebPush) -> None:
    slow = Slow()
    service.answer(slow)
    sending = asyncio.ensure_future(webpush.send(address_of(service.subscribe()), message()))
    await asyncio.to_thread(service.wait_for, 1)
    assert not sending.done()
    slow.release()
    assert await sending == 201


@pytest.mark.usefixtures("impatient")
async def test_one_slow_service_holds_up_no_other_message(service: PushService, webpush: WebPush) -> None:
    slow, quick = service.subscribe(), service.subscribe()
    slow.answer(*[Silence() for _ in range(20)])
    hanging = [asyncio.ensure_future(webpush.send(address_of(slow), message())) for _ in range(20)]

    assert await webpush.send(address_of(quick), message()) == 201
    failures = await asyncio.gather(*hanging, return_exceptions=True)
    assert {str(getattr(each, "code", each)) for each in failures} == {"no_answer"}


async def test_a_connection_that_is_closed_is_no_answer(refusal: Any) -> None:
    failure = await refusal(HangUp())
    assert (type(failure), failure.code) == (TryLater, "no_answer")


async def test_a_service_that_is_down_is_no_answer_until_it_is_up_again(service: PushService, webpush: WebPush) -> None:
    address = address_of(service.subscribe())
    assert await webpush.send(address, message()) == 201
    service.stop()
    with pytest.raises(TryLater) as failed:
        await webpush.send(address, message())
    assert failed.value.code == "no_answer"
    service.start()
    assert await webpush.send(address, message()) == 201


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(("status", "code"), [(400, "bad_request"), (500, "service_error"), (410, "gone")])
async def test_an_endless_answer_is_read_no_further_than_64_kib(refusal: Any, status: int, code: str) -> None:
    endless = Endless(status)
    before = time.monotonic()
    failure = await refusal(endless)

    assert (failure.code, failure.status) == (code, status)
    assert time.monotonic() - before < 4
    # What lies in the buffers of the kernel is not ours.
    assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024


async def test_an_endless_good_answer_is_good(service: PushService, webpush: WebPush) -> None:
    service.answer(Endless(201))
    assert await webpush.send(address_of(service.subscribe()), message()) == 201
    assert await webpush.send(address_of(service.subscribe()), message()) == 201


async def test_a_bomb_is_not_unpacked(refusal: Any) -> None:
    bomb = GzipBomb(500, expanded_mib=256)
    # Made once and kept: what it costs is the service's.
    await refusal(bomb)
    tracemalloc.start()
    try:
        failure = await refusal(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert failure.code == "service_error"
    assert peak < 8 * 1024 * 1024


async def test_cookies_are_neither_kept_nor_sent(service: PushService, webpush: WebPush) -> None:
    service.answer(Answer(201, headers={"Set-Cookie": "who=you; Path=/"}))
    for _ in range(2):
        await webpush.send(address_of(service.subscribe()), message())
    assert ["Cookie" in each.headers for each in service.messages] == [False, False]


@pytest.mark.parametrize("trouble", ["self-signed", "wrong-name", "expired"])
async def test_a_certificate_that_is_not_trusted_is_a_failure_of_tls(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, webpush: WebPush, trouble: Any
) -> None:
    with PushService(tls=trouble) as service:
        settings.CALLINVITE_PUSH_HOSTS = [service.origin]
        monkeypatch.setenv("SSL_CERT_FILE", str(service.ca_file))
        with pytest.raises(TryLater) as failed:
            await webpush.send(address_of(service.subscribe()), message())
        assert failed.value.code == "tls_failed"
        assert service.messages == []


async def test_a_certificate_of_the_operators_own_authority_is_trusted_when_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, webpush: WebPush
) -> None:
    with PushService(tls=True) as service:
        settings.CALLINVITE_PUSH_HOSTS = [service.origin]
        address = address_of(service.subscribe())
        with pytest.raises(TryLater) as failed:
            await webpush.send(address, message())
        assert failed.value.code == "tls_failed"

        await webpush.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(service.ca_file))
        assert await webpush.send(address, message()) == 201
        assert service.messages[0].claims["aud"] == service.origin
        assert service.violations == []
        await webpush.close()


async def test_a_service_without_tls_is_a_failure_of_tls(settings: Settings, webpush: WebPush) -> None:
    with PushService() as service:
        settings.CALLINVITE_PUSH_HOSTS = [service.origin.replace("http:", "https:")]
        phone = service.subscribe()
        phone.endpoint = phone.endpoint.replace("http:", "https:")
        with pytest.raises(TryLater) as failed:
            await webpush.send(address_of(phone), message())
        assert failed.value.code == "tls_failed"


async def test_an_address_that_is_not_allowed_any_more_is_not_asked(
    settings: Settings, service: PushService, webpush: WebPush
) -> None:
    address = webpush.check(address_of(service.subscribe()))
    settings.CALLINVITE_PUSH_HOSTS = ["fcm.googleapis.com"]
    with pytest.raises(Refused) as refused:
        await webpush.send(address, message())
    assert refused.value.code == "forbidden_address"
    assert service.messages == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "answer",
    [201, 404, 400, 403, 429, 500, Redirect(), Silence(), HangUp(), Answer(500, body=b"echo")],
    ids=lambda each: each if isinstance(each, int) else type(each).__name__,
)
async def test_neither_logs_nor_failures_show_address_keys_or_message(
    service: PushService, webpush: WebPush, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    phone = service.subscribe()
    address = address_of(phone)
    service.answer(answer)
    seen = ""
    try:
        await webpush.send(address, message())
    except Failure as failure:
        seen = f"{failure!r}{failure.detail}" + "".join(traceback.format_exception(failure))
    # What this process says for the push service is not ours.
    logged = [
        str(each.getMessage()) + str(each.exc_text) for each in caplog.records if "aiohttp.access" not in each.name
    ]
    for secret in (phone.endpoint.rsplit("/", 1)[1], address.p256dh, address.auth, "Alice", "vapid t="):
        assert secret not in "".join([seen, *logged])


async def test_trouble_that_nobody_expected_is_a_failure_too_and_is_logged_without_the_address(
    service: PushService, webpush: WebPush, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_sockets(*_: Any, **__: Any) -> Any:
        raise MemoryError(address.endpoint)

    address = address_of(service.subscribe())
    monkeypatch.setattr(socket, "socket", no_sockets)
    with pytest.raises(TryLater) as failed:
        await webpush.send(address, message())
    assert failed.value.code == "no_answer"
    assert [each.getMessage() for each in caplog.records] == [
        "Sending to 127.0.0.1 failed as nobody expected: MemoryError"
    ]

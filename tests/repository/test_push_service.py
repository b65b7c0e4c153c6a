"""The suite's own push service: as strict as the real ones, and it answers as it is told."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest

from tests.support.push_answers import (
    DATE_SECONDS,
    HTTP_DATE,
    MIB,
    Answer,
    Endless,
    GzipBomb,
    HangUp,
    Redirect,
    Silence,
    Slow,
)
from tests.support.push_receiver import Receiver
from tests.support.push_sender import Sender
from tests.support.push_service import PushService
from tests.support.push_subscription import Fate


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as running:
        yield running


@pytest.fixture(scope="module")
def sender() -> Sender:
    return Sender()


@pytest.fixture
def phone(service: PushService, sender: Sender) -> Receiver:
    return service.subscribe(sender.public_key)


def test_a_message_is_recorded_as_it_came_and_decrypted_by_its_receiver(
    service: PushService, sender: Sender, phone: Receiver
) -> None:
    answer = sender.send(phone.subscription, {"word": "é"}, ttl_seconds=30, topic="ring", urgency="high")
    (message,) = service.wait_for(1)

    assert answer.status_code == 201
    assert answer.headers["TTL"] == "30"
    assert (message.ttl_seconds, message.topic, message.urgency) == (30, "ring", "high")
    assert (message.status, message.fate) == (201, Fate.DELIVERED)
    assert message.signing_key == sender.public_key
    assert message.claims["aud"] == service.origin
    assert phone.decrypt(message) == {"word": "é"}
    assert phone.wait_for(1) == [{"word": "é"}]
    assert service.violations == []


def test_each_receiver_gets_its_own(service: PushService, sender: Sender) -> None:
    phones = [service.subscribe() for _ in range(3)]
    for number, each in enumerate(phones):
        sender.send(each.subscription, {"number": number})

    assert [each.inbox for each in phones] == [[{"number": 0}], [{"number": 1}], [{"number": 2}]]
    assert [message.endpoint for message in service.messages] == [each.endpoint for each in phones]


def test_a_message_for_other_keys_is_delivered_and_cannot_be_read(
    service: PushService, sender: Sender, phone: Receiver
) -> None:
    other = service.subscribe()
    sender.send({"endpoint": phone.endpoint, "keys": other.keys}, {"word": "secret"})

    assert phone.inbox == []
    assert phone.undecryptable == service.messages
    with pytest.raises(ValueError, match="message 1 is not for these keys"):
        phone.decrypt(service.messages[0])


@pytest.mark.parametrize(
    ("change", "status", "complaint"),
    [
        ({"headers": {"Authorization": None}}, 401, "Authorization is missing"),
        ({"headers": {"Authorization": "Bearer abc"}}, 401, "not `vapid"),
        ({"claims": {"aud": "https://elsewhere.invalid"}}, 403, "audience is 'https://elsewhere.invalid'"),
        ({"claims": {"exp": 1}}, 403, "has expired"),
        ({"claims": {"exp": 99999999999}}, 403, "more than 24 hours"),
        ({"claims": {"exp": "tomorrow"}}, 403, "not a whole number"),
        ({"claims": {"sub": None}}, 403, "subject is None"),
        ({"headers": {"TTL": None}}, 400, "TTL is None"),
        ({"headers": {"TTL": "soon"}}, 400, "TTL is 'soon'"),
        ({"headers": {"Urgency": "very"}}, 400, "Urgency is 'very'"),
        ({"headers": {"Topic": "a" * 33}}, 400, "Topic is"),
        ({"headers": {"Topic": "a+b"}}, 400, "Topic is 'a+b'"),
        ({"headers": {"Content-Encoding": "aesgcm"}}, 400, "Content-Encoding is 'aesgcm'"),
    ],
)
def test_a_broken_rule_is_refused_and_kept(
    service: PushService, sender: Sender, phone: Receiver, change: dict[str, Any], status: int, complaint: str
) -> None:
    answer = sender.send(phone.subscription, {}, **change)

    assert answer.status_code == status
    assert len(service.violations) == 1
    assert complaint in service.violations[0]
    assert service.messages[0].fate == Fate.REFUSED
    assert phone.inbox == []


def test_a_signature_by_another_key_than_the_named_one_is_refused(
    service: PushService, sender: Sender, phone: Receiver
) -> None:
    token = sender.authorization(phone.endpoint).partition(", k=")[0]
    answer = sender.send(phone.subscription, {}, headers={"Authorization": f"{token}, k={Sender().public_key}"})

    assert answer.status_code == 403
    assert "cannot be verified" in service.violations[0]


def test_another_key_than_the_subscription_was_made_with_is_refused(service: PushService, phone: Receiver) -> None:
    answer = Sender().send(phone.subscription, {})

    assert answer.status_code == 403
    assert service.violations == ["message 1: the VAPID key is not the one of the subscription"]


def test_4096_bytes_are_taken_and_one_more_is_too_large(service: PushService, sender: Sender, phone: Receiver) -> None:
    fits = sender.send(phone.subscription, b'"' + b"x" * 3991 + b'"')
    too_large = sender.send(phone.subscription, b'"' + b"x" * 3992 + b'"')

    assert [fits.status_code, too_large.status_code] == [201, 413]
    assert [len(each.body) for each in service.messages] == [4096, 4097]


def test_a_body_that_is_not_encrypted_is_refused(service: PushService, sender: Sender, phone: Receiver) -> None:
    headers = {
        "Authorization": sender.authorization(phone.endpoint),
        "Content-Encoding": "aes128gcm",
        "TTL": "1",
    }
    answer = httpx2.post(phone.endpoint, content=b'{"title": "plain"}', headers=headers)

    assert answer.status_code == 400
    assert "not an aes128gcm record" in service.violations[0]


def test_an_unknown_address_is_not_found_and_a_former_one_is_gone(
    service: PushService, sender: Sender, phone: Receiver
) -> None:
    unknown = sender.send({**phone.subscription, "endpoint": f"{service.origin}/push/unknown"}, {})
    phone.unsubscribe()
    gone = sender.send(phone.subscription, {})

    assert [unknown.status_code, gone.status_code] == [404, 410]
    assert service.violations == []


def test_scripted_answers_come_in_order_and_then_201(service: PushService, sender: Sender, phone: Receiver) -> None:
    service.answer(404, 500)
    phone.answer(410, Answer(413, body=b"too large"))

    answers = [sender.send(phone.subscription, {}) for _ in range(5)]
    assert [each.status_code for each in answers] == [410, 413, 404, 500, 201]
    assert answers[1].content == b"too large"
    assert len(phone.inbox) == 1
    assert len(service.accepted) == 1


def test_a_refused_message_uses_up_no_answer(service: PushService, sender: Sender, phone: Receiver) -> None:
    service.answer(500)
    refused = sender.send(phone.subscription, {}, headers={"TTL": None})
    answered = sender.send(phone.subscription, {})

    assert [refused.status_code, answered.status_code] == [400, 500]


def test_retry_after_is_given_in_seconds_as_a_date_or_as_nonsense(
    service: PushService, sender: Sender, phone: Receiver
) -> None:
    service.answer(*(Answer(429, retry_after=each) for each in (2, HTTP_DATE, "soon")))
    seconds, date, nonsense = (sender.send(phone.subscription, {}).headers["Retry-After"] for _ in range(3))

    assert (seconds, nonsense) == ("2", "soon")
    ahead_seconds = (parsedate_to_datetime(date) - service.now()).total_seconds()
    assert 0 < ahead_seconds <= DATE_SECONDS


def test_a_redirection_shows_who_follows_it(service: PushService, sender: Sender, phone: Receiver) -> None:
    service.answer(Redirect(), Redirect(status=302, location="http://elsewhere.invalid/"))
    near = sender.send(phone.subscription, {})
    far = sender.send(phone.subscription, {})

    assert (near.status_code, near.headers["Location"]) == (307, f"{service.origin}/elsewhere")
    assert (far.status_code, far.headers["Location"]) == (302, "http://elsewhere.invalid/")
    assert service.strays == []
    httpx2.post(near.headers["Location"])
    assert service.strays == ["POST /elsewhere"]


def test_silence_and_a_broken_connection_are_no_answers(service: PushService, sender: Sender, phone: Receiver) -> None:
    service.answer(Silence(), HangUp())

    with pytest.raises(httpx2.ReadTimeout):
        sender.send(phone.subscription, {}, timeout_seconds=0.2)
    with pytest.raises(httpx2.TransportError):
        sender.send(phone.subscription, {})
    assert [each.status for each in service.messages] == [None, None]
    assert phone.inbox == []


def test_a_slow_answer_comes_when_it_is_released(service: PushService, sender: Sender, phone: Receiver) -> None:
    slow = Slow()
    service.answer(slow)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(sender.send, phone.subscription, {"word": "late"})
        service.wait_for(1)
        assert not answer.done()
        assert phone.inbox == []
        slow.release()

        assert answer.result(10).status_code == 201
    assert phone.inbox == [{"word": "late"}]


def test_a_slow_answer_comes_by_itself_after_its_time(service: PushService, sender: Sender, phone: Receiver) -> None:
    service.answer(Slow(0.05, then=503))

    assert sender.send(phone.subscription, {}).status_code == 503


def test_an_endless_body_and_a_bomb_are_more_than_one_should_read(
    service: PushService, sender: Sender, phone: Receiver
) -> None:
    sender.send(phone.subscription, {})
    (message,) = service.messages
    headers = {name: message.headers[name] for name in ("Authorization", "Content-Encoding", "TTL")}
    endless = Endless()
    phone.answer(endless, GzipBomb(expanded_mib=8))

    with httpx2.stream("POST", phone.endpoint, headers=headers, content=message.body) as answer:
        assert answer.status_code == 400
        assert len(next(answer.iter_raw(MIB))) == MIB
    assert endless.sent_bytes >= MIB
    with httpx2.stream("POST", phone.endpoint, headers=headers, content=message.body) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert sum(len(each) for each in answer.iter_raw()) < 16 * 1024


def test_messages_wait_for_a_receiver_that_is_offline(service: PushService, sender: Sender, phone: Receiver) -> None:
    phone.go_offline()
    for number in range(3):
        sender.send(phone.subscription, number_of(number))
    assert phone.inbox == []
    assert phone.waiting == service.messages
    phone.come_online()

    assert phone.inbox == [number_of(each) for each in range(3)]
    assert phone.waiting == []


def test_a_later_message_with_the_same_topic_replaces_the_one_that_waits(
    service: PushService, sender: Sender, phone: Receiver
) -> None:
    phone.go_offline()
    for number, topic in enumerate(["call-a", "call-b", "call-a", "", ""]):
        sender.send(phone.subscription, number_of(number), topic=topic)
    phone.come_online()

    assert phone.inbox == [number_of(each) for each in (1, 2, 3, 4)]
    assert service.messages[0].fate == Fate.REPLACED


def test_a_topic_replaces_nothing_at_another_address(service: PushService, sender: Sender, phone: Receiver) -> None:
    other = service.subscribe()
    for each in (phone, other):
        each.go_offline()
        sender.send(each.subscription, {}, topic="call-a")

    assert len(phone.waiting) == len(other.waiting) == 1


def test_a_message_whose_time_is_over_is_not_delivered(service: PushService, sender: Sender, phone: Receiver) -> None:
    phone.go_offline()
    sender.send(phone.subscription, number_of(1), ttl_seconds=30)
    sender.send(phone.subscription, number_of(2), ttl_seconds=120)
    service.pass_time(31)
    phone.come_online()

    assert phone.inbox == [number_of(2)]
    assert [each.fate for each in service.messages] == [Fate.EXPIRED, Fate.DELIVERED]


def test_a_message_without_any_time_reaches_only_who_is_there(
    service: PushService, sender: Sender, phone: Receiver
) -> None:
    sender.send(phone.subscription, number_of(1), ttl_seconds=0)
    phone.go_offline()
    answer = sender.send(phone.subscription, number_of(2), ttl_seconds=0)
    phone.come_online()

    assert answer.status_code == 201
    assert phone.inbox == [number_of(1)]


def test_waiting_in_vain_says_what_there_is_instead(service: PushService, sender: Sender, phone: Receiver) -> None:
    sender.send(phone.subscription, {}, headers={"TTL": None})

    with pytest.raises(TimeoutError, match=r"1 of 2 messages arrived; messages \[\(400, 'refused'\)\].*TTL is None"):
        service.wait_for(2, timeout_seconds=0.05)
    with pytest.raises(TimeoutError, match="0 of 1 messages in the inbox"):
        phone.wait_for(1, timeout_seconds=0.05)


def test_many_senders_at_once_lose_nothing(service: PushService, sender: Sender) -> None:
    phones = [service.subscribe() for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for each in phones:
            for number in range(5):
                threads.submit(sender.send, each.subscription, number_of(number))
        service.wait_for(40)

    assert sorted(each.number for each in service.messages) == list(range(1, 41))
    assert [len(each.inbox) for each in phones] == [5] * 8


def test_a_stopped_service_refuses_connections_and_comes_back_with_all_it_knew(
    service: PushService, sender: Sender, phone: Receiver
) -> None:
    service.stop()
    with pytest.raises(httpx2.ConnectError):
        sender.send(phone.subscription, {})
    service.start()
    sender.send(phone.subscription, number_of(1))

    assert phone.inbox == [number_of(1)]


def test_nothing_is_left_of_a_service_that_was_closed(sender: Sender) -> None:
    with PushService(tls=True) as service:
        folder = service.ca_file.parent
        phone = service.subscribe()
        service.answer(Silence())
        with ThreadPoolExecutor() as threads:
            unanswered = threads.submit(Sender(service.ca_file).send, phone.subscription, {})
            service.wait_for(1)
            service.close()
            with pytest.raises(httpx2.TransportError):
                unanswered.result(10)

    assert not folder.exists()
    assert "push service" not in {each.name for each in threading.enumerate()}


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_certificate_by_its_own_authority_is_good(name: str) -> None:
    with PushService(tls=True, name=name) as service:
        phone = service.subscribe()
        answer = Sender(service.ca_file).send(phone.subscription, number_of(1))

        assert service.origin.startswith(f"https://{name}:")
        assert answer.status_code == 201
        assert phone.inbox == [number_of(1)]
        assert service.violations == []


def test_a_name_of_ones_choice_is_in_the_certificate() -> None:
    with PushService(tls=True, name="push.example.invalid") as service:
        context = ssl.create_default_context(cafile=service.ca_file)
        with httpx2.Client(verify=context) as client:
            answer = client.get(
                f"https://127.0.0.1:{service.port}/", extensions={"sni_hostname": "push.example.invalid"}
            )

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("tls", "complaint"),
    [
        ("self-signed", "self-signed certificate"),
        ("broken", "self-signed certificate"),
        ("wrong-name", "IP address mismatch"),
        ("expired", "has expired"),
    ],
)
def test_a_bad_certificate_is_not_trusted(tls: Any, complaint: str) -> None:
    with PushService(tls=tls) as service:
        phone = service.subscribe()
        with pytest.raises(httpx2.ConnectError, match=complaint):
            Sender(service.ca_file).send(phone.subscription, {})

        assert service.messages == []


def test_its_authority_is_trusted_only_by_who_is_given_it() -> None:
    with PushService(tls=True) as service, PushService(tls=True) as other:
        phone = service.subscribe()
        with pytest.raises(httpx2.ConnectError, match="certificate verify failed"):
            Sender(other.ca_file).send(phone.subscription, {})


def test_a_client_that_does_not_end_tls_holds_up_nothing() -> None:
    with PushService(tls=True) as service:
        context = ssl.create_default_context(cafile=service.ca_file)
        below = socket.create_connection(("127.0.0.1", service.port))
        with context.wrap_socket(below, server_hostname="127.0.0.1") as connection:
            connection.sendall(b"GET /stray HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert connection.recv(1024).startswith(b"HTTP/1.1 404 ")
            # The service has ended TLS on its side, and waits for this one to do the same.
            below = socket.socket(fileno=connection.detach())
        with below:
            service.stop()
            below.settimeout(5)
            while below.recv(1024):
                pass


def number_of(number: int) -> dict[str, int]:
    return {"number": number}

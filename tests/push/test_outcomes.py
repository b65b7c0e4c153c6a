"""What each answer of a push service does to a ring, to the device and to what the invitee reads of it afterwards.

One call rings a device for each answer at once; when all is over, each test reads its own row of what happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.push.phone import Phone
from tests.support import layout
from tests.support.push_answers import (
    DATE_SECONDS,
    HTTP_DATE,
    Answer,
    HangUp,
    Redirect,
    ScriptedAnswer,
    Silence,
    Slow,
)
from tests.support.push_receiver import Receiver
from tests.support.push_service import PushService
from tests.support.push_subscription import Message
from tests.support.server import RunningServer

pytestmark = pytest.mark.server
MakePhone = Callable[..., Phone]
Entry = dict[str, Any]

LIMIT_SECONDS = 30.0
POLL_SECONDS = 0.05
SOON_SECONDS = 2
LONG_SECONDS = 20


@dataclass(frozen=True)
class Case:
    """One answer to a first ring, and what is to come of it.

    Args:
        name: the device that gets it.
        answers: the service's; 201 after the last.
        state: of the delivery in the end.
        reason: its code; None for a good end.
        status: the last answer.
        attempts: how often the first ring was sent.
        health: of the device.
        secure: at the service that speaks TLS.
    """

    name: str
    answers: tuple[int | ScriptedAnswer, ...]
    state: str = "sent"
    reason: str | None = None
    status: int | None = 201
    attempts: int = 1
    health: str = "ok"
    secure: bool = False

    @property
    def is_sent(self) -> bool:
        return self.state == "sent"


def refused(status: int, reason: str) -> Case:
    return Case(f"answers-{status}", (status,), "failed", reason, status)


def gone(status: int) -> Case:
    return Case(f"answers-{status}", (status,), "gone", "gone", status, health="disabled")


SOON = Case("answers-429-seconds", (Answer(429, retry_after=SOON_SECONDS),), attempts=2)
DATE = Case("answers-429-date", (Answer(429, retry_after=HTTP_DATE),), attempts=2)
BUSY = Case("answers-503-seconds", (Answer(503, retry_after=SOON_SECONDS),), attempts=2)
BEYOND = Case("answers-429-too-long", (Answer(429, retry_after=3600),), "expired", "throttled", 429)
REDIRECTED = Case("redirects", (Redirect(),), "failed", "redirected", 307)
GONE = [gone(404), gone(410)]
REFUSED = [
    *(refused(400, "bad_request"), refused(401, "vapid_refused"), refused(403, "vapid_refused")),
    *(refused(413, "too_large"), refused(418, "refused"), REDIRECTED),
]
CASES = [
    Case("takes-it", ()),
    Case("takes-it-by-tls", (), secure=True),
    Case("takes-it-slowly", (Slow(1.5),)),
    *GONE,
    *REFUSED,
    *(SOON, DATE, BUSY, BEYOND),
    Case("answers-429-alone", (429,), attempts=2),
    Case("answers-500", (500,), attempts=2),
    Case("answers-500-twice", (500, 502), attempts=3),
    Case("hangs-up", (HangUp(),), attempts=2),
    Case("is-silent", (Silence(),), attempts=2),
]
each_case = pytest.mark.parametrize("case", CASES, ids=[each.name for each in CASES])
UNTRUSTED = "is-not-trusted"


@dataclass
class Story:
    """One call that rang every device, seen before and after its end.

    Args:
        phones: by device.
        during, after: the invitee's timeline.
        devices: as the invitee's list shows them, by device.
        before_end: how many messages each device had been sent when the call ended.
    """

    phones: dict[str, Phone]
    during: list[Entry] = field(default_factory=list)
    after: list[Entry] = field(default_factory=list)
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    before_end: dict[str, int] = field(default_factory=dict)

    def ring(self, device: str) -> Entry:
        """What the timeline said of a device's first ring while the call rang."""
        return only(self.during, device)

    def sent(self, device: str) -> list[Message]:
        """Whatever was sent to a device."""
        return self.phones[device].receiver.messages


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with PushService() as running:
        yield running


@pytest.fixture(scope="module")
def secure() -> Iterator[PushService]:
    """A push service whose certificate the server trusts."""
    with PushService(tls=True) as running:
        yield running


@pytest.fixture(scope="module")
def untrusted() -> Iterator[PushService]:
    """A push service whose certificate nobody has reason to trust."""
    with PushService(tls="self-signed") as running:
        yield running


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, service: PushService, secure: PushService, untrusted: PushService
) -> Iterator[RunningServer]:
    """One server for the whole file, allowed to send to all of them."""
    env = {
        "CALLINVITE_PUSH_HOSTS": ",".join([service.origin, secure.origin, untrusted.origin]),
        "SSL_CERT_FILE": str(secure.ca_file),
    }
    with layout.running(tmp_path_factory.mktemp("outcomes") / "data", env=env) as running:
        yield running


@pytest.fixture
def alice(server: RunningServer, service: PushService) -> Iterator[Phone]:
    """Who calls, and is in no call afterwards."""
    caller = Phone.of("alice", server, service, push=False)
    with closing(caller.rest):
        yield caller
        for each in caller.rest.get("calls").json()["results"]:
            caller.verb(each["call_id"], "cancel")


@pytest.fixture
def phone(server: RunningServer, service: PushService) -> Iterator[MakePhone]:
    """A person's phone, for one test; it answers as told."""
    made: list[Phone] = []

    def make(username: str, device_id: str, *answers: int | ScriptedAnswer) -> Phone:
        made.append(Phone.of(username, server, service, device_id, push=False))
        made[-1].receiver.answer(*answers)
        made[-1].register()
        return made[-1]

    yield make
    for each in made:
        each.rest.delete(f"devices/{each.device_id}")
        each.rest.close()


@pytest.fixture(scope="module")
def story(server: RunningServer, service: PushService, secure: PushService, untrusted: PushService) -> Iterator[Story]:
    """Alice rings all of bob's devices until the ring was repeated, and takes the call back."""
    places = {each.name: secure if each.secure else service for each in CASES} | {UNTRUSTED: untrusted}
    bob, alice = (Phone.of(each, server, service, push=False) for each in ("bob", "alice"))
    with closing(bob.rest), closing(alice.rest):
        told_of = Story({name: Phone(bob.rest, _receiver(bob, place), place, name) for name, place in places.items()})
        for case in CASES:
            told_of.phones[case.name].receiver.answer(*case.answers)
        for each in told_of.phones.values():
            each.register()
        call_id = alice.send("bob")["call_id"]

        told_of.during = told(bob, call_id, _was_repeated)
        told_of.devices = {each["device_id"]: each for each in _devices(bob)}
        told_of.before_end = {name: len(told_of.sent(name)) for name in places}
        alice.verb(call_id, "cancel")
        told_of.after = told(bob, call_id, _is_over)
        yield told_of
        for name in places:
            bob.rest.delete(f"devices/{name}")


@each_case
def test_the_timeline_says_what_became_of_the_ring(story: Story, case: Case) -> None:
    ring = story.ring(case.name)
    assert (ring["code"], ring["data"]["reason"]) == (f"delivery.{case.state}", case.reason)
    assert (ring["data"]["status"], ring["data"]["attempts"]) == (case.status, case.attempts)
    assert (ring["data"]["host"], ring["user"]) == ("127.0.0.1", "bob")
    assert f"Phone {case.name}" in ring["text"]


@each_case
def test_the_service_sees_each_attempt_and_no_other(story: Story, case: Case) -> None:
    kinds = [story.phones[case.name].receiver.decrypt(each)["kind"] for each in story.sent(case.name)]
    after = ["ring", "stop"] if case.is_sent else []
    assert kinds == ["ring"] * case.attempts + after


@each_case
def test_the_device_says_whether_it_can_still_be_rung(story: Story, case: Case) -> None:
    device = story.devices[case.name]
    is_disabled = case.health == "disabled"
    assert (device["health"], device["disabled_reason"]) == (case.health, "gone" if is_disabled else None)
    since = device["disabled_since"]
    assert since == (story.ring(case.name)["at"] if is_disabled else None)


@each_case
def test_nothing_but_the_end_of_the_ring_is_sent_once_the_call_is_over(story: Story, case: Case) -> None:
    late = story.sent(case.name)[story.before_end[case.name] :]
    kinds = [story.phones[case.name].receiver.decrypt(each)["kind"] for each in late]
    assert kinds == (["stop"] if case.is_sent else [])
    assert [each for each in of_device(story.after, case.name) if each["code"] == "delivery.pending"] == []


@pytest.mark.parametrize("case", REFUSED, ids=[each.name for each in REFUSED])
def test_a_fault_of_ours_is_logged_with_the_host_and_no_more_of_the_address(
    server: RunningServer, story: Story, case: Case
) -> None:
    assert f"A push to 127.0.0.1 was refused: {case.reason} ({case.status})" in server.output
    assert story.phones[case.name].receiver.endpoint not in server.output


@pytest.mark.parametrize("case", [SOON, BUSY], ids=["429", "503"])
def test_nothing_is_sent_before_the_seconds_that_the_service_asked_for_have_passed(story: Story, case: Case) -> None:
    first, second = story.sent(case.name)[:2]
    waited = second.arrived_at - first.arrived_at
    assert timedelta(seconds=SOON_SECONDS) <= waited < timedelta(seconds=SOON_SECONDS + 6)


def test_nothing_is_sent_before_the_date_that_the_service_named(story: Story) -> None:
    first, second = story.sent(DATE.name)[:2]
    named_at = (first.arrived_at + timedelta(seconds=DATE_SECONDS)).replace(microsecond=0)
    assert named_at <= second.arrived_at < named_at + timedelta(seconds=7)


def test_no_rule_of_push_is_broken_and_no_redirection_followed(
    story: Story, service: PushService, secure: PushService
) -> None:
    assert service.violations + secure.violations == []
    assert service.strays + secure.strays == []


def test_a_service_that_is_not_trusted_gets_nothing_and_is_tried_again(story: Story, untrusted: PushService) -> None:
    ring = story.ring(UNTRUSTED)
    assert (ring["code"], ring["data"]["reason"], ring["data"]["status"]) == ("delivery.pending", "tls_failed", None)
    assert ring["data"]["attempts"] >= 3
    assert story.devices[UNTRUSTED]["health"] == "ok"
    assert (untrusted.messages, untrusted.strays) == ([], [])


@pytest.mark.parametrize("status", [404, 410])
def test_a_disabled_device_is_left_alone_until_it_registers_anew_and_rings_again(
    alice: Phone, phone: MakePhone, status: int
) -> None:
    carol = phone("carol", f"gone-{status}", status)
    first = alice.send("carol")["call_id"]
    told(carol, first, partial(_has, "delivery.gone"))
    alice.verb(first, "cancel")

    second = alice.send("carol")["call_id"]
    [unreachable] = of_device(told(carol, second, partial(_has, "device.disabled")), carol.device_id)
    alice.verb(second, "cancel")
    assert unreachable["data"] == {"reason": "gone"}
    assert len(carol.receiver.messages) == 1

    assert carol.register()["health"] == "ok"
    third = alice.send("carol")["call_id"]
    assert carol.hears("ring")["call_id"] == third
    alice.verb(third, "cancel")
    assert carol.hears("stop")["call_id"] == third


def test_a_ring_that_is_taken_back_while_the_service_thinks_is_followed_by_its_end(
    alice: Phone, phone: MakePhone
) -> None:
    held = Slow()
    carol, notified = phone("carol", "slow", held), phone("carol", "takes-it")
    call_id = alice.send("carol")["call_id"]
    carol.service.wait_until(lambda: len(carol.receiver.messages) == 1)
    told(notified, call_id, _is_notified)

    alice.verb(call_id, "cancel")
    held.release()

    over = told(carol, call_id, _is_over)
    assert states(of_device(over, "slow")) == [("ring", "sent"), ("stop", "sent")]
    assert kinds_sent(carol) == ["ring", "stop"]
    assert [each["kind"] for each in carol.receiver.inbox] == ["ring", "stop"]


@pytest.mark.parametrize("answers", [(Silence(),), (500, 500, 500)], ids=["silence", "500"])
def test_a_ring_that_is_taken_back_before_it_is_tried_again_is_not(
    alice: Phone, phone: MakePhone, answers: tuple[int | ScriptedAnswer, ...]
) -> None:
    carol, notified = phone("carol", "in-trouble", *answers), phone("carol", "takes-it")
    call_id = alice.send("carol")["call_id"]
    carol.service.wait_until(lambda: len(carol.receiver.messages) == len(answers))
    told(notified, call_id, _is_notified)

    alice.verb(call_id, "cancel")

    over = told(carol, call_id, _is_over)
    # Nobody knows whether such a service passed the ring on: the device is told of its end.
    assert states(of_device(over, "in-trouble")) == [("ring", "dropped"), ("stop", "sent")]
    assert kinds_sent(carol) == ["ring"] * len(answers) + ["stop"]


def test_a_ring_that_is_taken_back_while_the_service_wants_to_be_left_alone_breaks_no_silence(
    alice: Phone, phone: MakePhone
) -> None:
    carol, notified = phone("carol", "throttled", Answer(429, retry_after=SOON_SECONDS)), phone("carol", "takes-it")
    call_id = alice.send("carol")["call_id"]
    told(carol, call_id, _is_put_off)
    told(notified, call_id, _is_notified)

    alice.verb(call_id, "cancel")

    told(carol, call_id, _is_over)
    first, *later = carol.receiver.messages
    assert "ring" not in [carol.receiver.decrypt(each)["kind"] for each in later]
    assert all(each.arrived_at - first.arrived_at >= timedelta(seconds=SOON_SECONDS) for each in later)


def test_a_service_that_wants_to_be_left_alone_for_longer_than_it_rings_is_asked_no_more(
    alice: Phone, phone: MakePhone
) -> None:
    carol = phone("carol", "throttled-for-long", Answer(429, retry_after=LONG_SECONDS))
    call_id = alice.send("carol", timeout_seconds=5)["call_id"]

    over = told(carol, call_id, partial(_has, "ring.unheard"))

    assert alice.call(call_id)["end_reason"] == "timed_out"
    assert states(over) == [("ring", "expired")]
    assert kinds_sent(carol) == ["ring"]


def test_a_service_that_is_down_for_all_of_the_ring_is_asked_for_no_ring_late(alice: Phone, phone: MakePhone) -> None:
    carol = phone("carol", "down", *[500] * 5)
    call_id = alice.send("carol", timeout_seconds=6)["call_id"]
    told(carol, call_id, partial(_has, "ring.unheard"))
    expires_at = datetime.fromisoformat(alice.call(call_id)["ring_expires_at"]).astimezone(UTC)

    rings = [each for each in carol.receiver.messages if carol.receiver.decrypt(each)["kind"] == "ring"]

    assert len(rings) >= 3
    assert all(each.arrived_at < expires_at for each in rings)
    assert only(told(carol, call_id, _is_over), "down")["code"] in ("delivery.expired", "delivery.dropped")


def told(phone: Phone, call_id: str, is_enough: Callable[[list[Entry]], bool]) -> list[Entry]:
    """Wait until the timeline says enough of one's own devices, and give that part of it."""
    until = time.monotonic() + LIMIT_SECONDS
    while True:
        entries = phone.rest.get(f"calls/{call_id}/timeline").json()["entries"]
        pushed = [each for each in entries if each["code"].startswith(("delivery.", "device.", "ring."))]
        if is_enough(pushed):
            return pushed
        assert time.monotonic() < until, f"not yet so: {pushed}"
        time.sleep(POLL_SECONDS)


def of_device(entries: list[Entry], device: str) -> list[Entry]:
    return [each for each in entries if each["device"] == device]


def only(entries: list[Entry], device: str) -> Entry:
    """What is said of the first ring to a device."""
    [found] = [each for each in of_device(entries, device) if _is_first_ring(each)]
    return found


def states(entries: list[Entry]) -> list[tuple[str, str]]:
    """What became of rings and their ends, rings first."""
    pushed = [each for each in entries if each["code"].startswith("delivery.")]
    return sorted((each["data"]["kind"], each["code"].removeprefix("delivery.")) for each in pushed)


def kinds_sent(phone: Phone) -> list[str]:
    """What was sent to a phone, taken or not."""
    return [phone.receiver.decrypt(each)["kind"] for each in phone.receiver.messages]


def _receiver(phone: Phone, place: PushService) -> Receiver:
    return place.subscribe(phone.rest.get("push/key").json()["public_key"])


def _devices(phone: Phone) -> list[dict[str, Any]]:
    return list(phone.rest.get("devices", params={"page_size": 100}).json()["results"])


def _is_first_ring(entry: Entry) -> bool:
    return entry["data"].get("kind") == "ring" and entry["data"]["number"] == 1


def _is_notified(entries: list[Entry]) -> bool:
    """A ring was taken: it is in the invitee's history, however soon it is cancelled."""
    return "sent" in dict(states(entries)).values()


def _is_over(entries: list[Entry]) -> bool:
    """Nothing waits to be sent, but to the service that nobody can send to."""
    return {each["device"] for each in entries if each["code"] == "delivery.pending"} <= {UNTRUSTED}


def _was_repeated(entries: list[Entry]) -> bool:
    return _is_over(entries) and any(each["data"].get("number") == 2 for each in entries)


def _is_put_off(entries: list[Entry]) -> bool:
    return any(each["data"].get("reason") == "throttled" for each in entries)


def _has(code: str, entries: list[Entry]) -> bool:
    return any(each["code"] == code for each in entries)

"""Push by dispatchers that are killed at any point, started again, or run two at once: real processes on PostgreSQL.

No ring is lost, and none is sent twice to one device within its claim. What was sent is read at the push service, by
its own clock; a lease is read in the database, for nobody else may see it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from invitations.transports import SEND_SECONDS
from tests.push.phone import Phone
from tests.support import services
from tests.support.push_answers import Silence, Slow
from tests.support.push_service import PushService
from tests.support.push_subscription import Fate, Message
from tests.support.server import ROOT, RunningServer

pytestmark = [
    pytest.mark.server,
    pytest.mark.redis,
    pytest.mark.sqlite_only,
    pytest.mark.own_layout("chooses its processes itself"),
]
LIMIT_SECONDS = 45.0
POLL_SECONDS = 0.05
DEVICES = 20
CALLERS = ("alice", "carol", "dave")
RINGS = DEVICES * len(CALLERS)
ANSWER_SECONDS = 0.25
"""How long an answer takes in a burst: long enough for a kill to meet many that are on their way."""

LEASES = """
SELECT t.device_key, c.call_id, t.claimed_until FROM invitations_delivery t
  JOIN invitations_invitation i ON i.id = t.invitation_id JOIN invitations_call c ON c.id = i.call_id
WHERE t.state = 'pending' AND t.claimed_until IS NOT NULL
"""
KEPT = """
SELECT t.kind, t.state, t.attempts FROM invitations_delivery t
  JOIN invitations_invitation i ON i.id = t.invitation_id JOIN invitations_call c ON c.id = i.call_id
WHERE c.call_id = %s
"""
LOCK = "SELECT id FROM invitations_call WHERE call_id = %s FOR UPDATE"

Key = tuple[str, str]
"""A device, and the call that it is rung for."""


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with PushService() as running:
        yield running


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, service: PushService
) -> Iterator[RunningServer]:
    """The web alone, on PostgreSQL and Redis; no dispatcher runs."""
    with ExitStack() as stack:
        try:
            redis_url = stack.enter_context(services.own_redis())
        except services.Missing as missing:
            pytest.skip(str(missing))
        env = {
            "DATABASE_URL": stack.enter_context(services.fresh_database(postgres_server)),
            "REDIS_URL": redis_url,
            "CALLINVITE_PROCESSES": "2",
            "CALLINVITE_PUSH_HOSTS": service.origin,
        }
        product = RunningServer(tmp_path_factory.mktemp("processes") / "data", env=env).prepare()
        name, _, key = product.manage("make_vapid_keys").split()[0].partition("=")
        product.env[name] = key
        command = ["-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(product.port), "callinvite.asgi:application"]
        web = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=product.env)
        stack.callback(web.wait, LIMIT_SECONDS)
        stack.callback(web.kill)
        until(product.answers)
        yield product


@pytest.fixture
def phone(product: RunningServer, service: PushService) -> Iterator[Callable[..., Phone]]:
    """A person's phone, for one test; they are in no call afterwards."""
    made: list[Phone] = []

    def make(username: str, device_id: str = "", *, push: bool = True) -> Phone:
        made.append(Phone.of(username, product, service, device_id, push=push))
        return made[-1]

    yield make
    for each in made:
        sign_off(each)


@pytest.fixture
def alice(phone: Callable[..., Phone]) -> Phone:
    """Who calls."""
    return phone("alice", push=False)


@dataclass
class Crash:
    """One ring to two devices whose dispatcher was killed, and what the next one did.

    Args:
        unanswered: the service had not answered when the dispatcher died.
        answered: it had, and nobody had written that down. This device took nothing off the service yet.
        leases: of the dead dispatcher.
        states: of both rings in the end, and how often each was tried.
    """

    unanswered: Phone
    answered: Phone
    leases: dict[str, datetime] = field(default_factory=dict)
    states: dict[str, tuple[str, int]] = field(default_factory=dict)

    def rings(self, phone: Phone) -> list[Message]:
        return [each for each in phone.receiver.messages if is_first_ring(phone.receiver.decrypt(each))]


@pytest.fixture(scope="module")
def crash(product: RunningServer, service: PushService) -> Iterator[Crash]:
    """A dispatcher dies while one request is held and the answer to the other cannot be written down."""
    alice = Phone.of("alice", product, service, push=False)
    unanswered, answered = (Phone.of("carol", product, service, each) for each in ("unanswered", "answered"))
    told = Crash(unanswered, answered)
    with ExitStack() as stack:
        for each in (alice, told.unanswered, told.answered):
            stack.callback(sign_off, each)
        held = Slow()
        told.unanswered.receiver.answer(Silence())
        told.answered.receiver.answer(held)
        told.answered.receiver.go_offline()
        with dispatch(product) as first, psycopg.connect(product.env["DATABASE_URL"]) as blocking:
            call_id = alice.send("carol")["call_id"]
            service.wait_until(lambda: bool(told.unanswered.receiver.messages and told.answered.receiver.messages))
            blocking.execute(LOCK, [call_id])
            held.release()
            [rung] = told.answered.receiver.messages
            service.wait_until(lambda: rung.status == 201)
            told.leases = {device: until for (device, _), until in leases(product).items()}
            kill(first)
        with dispatch(product):
            settled(told.answered, call_id)
            told.states = {each["device"]: (each["code"], each["data"]["attempts"]) for each in pushed(told, call_id)}
            alice.verb(call_id, "cancel")
            settled(told.answered, call_id)
        yield told


def test_a_ring_that_was_sent_while_no_dispatcher_ran_arrives_once(
    product: RunningServer, alice: Phone, phone: Callable[..., Phone]
) -> None:
    carol = phone("carol")
    call_id = alice.send("carol")["call_id"]
    assert [each["code"] for each in deliveries(carol, call_id)] == ["delivery.pending"]

    with dispatch(product):
        carol.hears("ring")
        assert settled(carol, call_id) == [("ring", "sent", 1)]
        alice.verb(call_id, "cancel")
        assert settled(carol, call_id) == [("ring", "sent", 1), ("stop", "sent", 1)]

    assert kinds(carol) == ["ring", "stop"]


def test_a_ring_that_was_taken_back_while_no_dispatcher_ran_is_never_sent_nor_its_end(
    product: RunningServer, alice: Phone, phone: Callable[..., Phone]
) -> None:
    carol = phone("carol")
    call_id = alice.send("carol")["call_id"]
    alice.verb(call_id, "cancel")

    assert carol.rest.get(f"calls/{call_id}/timeline").status_code == 404  # It left no trace.

    with dispatch(product):
        until(lambda: kept(product, call_id) == [("ring", "dropped", 0)])

    assert kinds(carol) == []


def test_a_ring_that_was_taken_back_after_its_dispatcher_died_is_ended_by_the_next_one(
    product: RunningServer, alice: Phone, phone: Callable[..., Phone]
) -> None:
    carol = phone("carol")
    with dispatch(product) as first:
        call_id = alice.send("carol")["call_id"]
        assert settled(carol, call_id) == [("ring", "sent", 1)]
        kill(first)
    alice.verb(call_id, "cancel")

    with dispatch(product):
        carol.hears("stop")
        assert settled(carol, call_id) == [("ring", "sent", 1), ("stop", "sent", 1)]

    assert kinds(carol) == ["ring", "stop"]


def test_a_ring_without_an_answer_when_its_dispatcher_died_is_sent_again_after_the_lease_and_not_before(
    crash: Crash,
) -> None:
    lost, again = crash.rings(crash.unanswered)
    lease = crash.leases["unanswered"]
    assert (lost.status, again.status) == (None, 201)
    # No other may take it while an answer can still come.
    assert (lease - lost.arrived_at).total_seconds() > SEND_SECONDS
    assert again.arrived_at >= lease
    assert (again.arrived_at - lease).total_seconds() < 10


def test_a_ring_that_was_taken_but_not_written_down_is_sent_again_after_the_lease_in_its_own_place(
    crash: Crash,
) -> None:
    taken, again = crash.rings(crash.answered)
    assert (taken.status, again.status) == (201, 201)
    assert again.arrived_at >= crash.leases["answered"]
    # The service kept one of them for the device, and a device shows one of a tag.
    assert taken.fate == Fate.REPLACED
    assert len({each.topic for each in (taken, again)}) == 1
    assert len({crash.answered.receiver.decrypt(each)["tag"] for each in (taken, again)}) == 1


def test_rings_of_a_dispatcher_that_died_are_written_down_as_sent_in_the_end(crash: Crash) -> None:
    assert crash.states == {"unanswered": ("delivery.sent", 2), "answered": ("delivery.sent", 2)}


@dataclass
class Burst:
    """Many rings at once: three callers ring all devices of bob, who has call waiting.

    Args:
        callers: who call.
        phones: bob's.
        service: where they are pushed to.
        calls: under way.
    """

    callers: list[Phone]
    phones: list[Phone]
    service: PushService
    calls: dict[str, Phone] = field(default_factory=dict)

    def ring(self) -> None:
        """Call bob, all at once."""
        self.calls = {each.send("bob")["call_id"]: each for each in self.callers}

    def take_back(self) -> None:
        for call_id, caller in self.calls.items():
            caller.verb(call_id, "cancel")

    def delay_answers(self) -> None:
        """Let the next answers take a while."""
        self.service.answer(*[Slow(ANSWER_SECONDS) for _ in range(RINGS)])

    def arrives(self, kind: str) -> None:
        """Wait until every device took a message of this kind for every call."""
        wanted = {(each.device_id, call_id) for each in self.phones for call_id in self.calls}

        def missing() -> set[Key]:
            had = {
                (each.device_id, message["call_id"])
                for each in self.phones
                for message in each.receiver.inbox
                if message["kind"] == kind
            }
            return wanted - had

        self.service.wait_until(lambda: not missing(), LIMIT_SECONDS, lambda: f"no {kind} came for {missing()}")

    def is_settled(self) -> None:
        """Wait until nothing is on its way."""
        for call_id in self.calls:
            settled(self.phones[0], call_id)

    def sent(self) -> dict[Key, list[tuple[str, datetime]]]:
        """Kind and moment of whatever was sent to each device for each call, taken or not; without repeated rings."""
        found: dict[Key, list[tuple[str, datetime]]] = defaultdict(list)
        for each in self.phones:
            for message in each.receiver.messages:
                read = each.receiver.decrypt(message)
                if not read["renotify"]:
                    found[each.device_id, read["call_id"]].append((read["kind"], message.arrived_at))
        return {key: found[key] for key in found if key[1] in self.calls}


@pytest.fixture
def burst(service: PushService, phone: Callable[..., Phone]) -> Iterator[Burst]:
    bob = phone("bob", push=False)
    assert bob.rest.patch("me", json={"call_waiting": True}).status_code == 200
    key = bob.rest.get("push/key").json()["public_key"]
    phones = [Phone(bob.rest, service.subscribe(key), service, f"device-{number}") for number in range(DEVICES)]
    for each in phones:
        each.register()
    yield Burst([phone(each, push=False) for each in CALLERS], phones, service)
    for each in phones:
        bob.rest.delete(f"devices/{each.device_id}")


def test_two_dispatchers_share_the_rings_and_each_device_gets_each_ring_and_then_its_end_once(
    product: RunningServer, service: PushService, burst: Burst
) -> None:
    before = len(service.messages)
    with dispatch(product), dispatch(product):
        for _ in range(3):
            burst.ring()
            burst.arrives("ring")
            burst.take_back()
            burst.arrives("stop")
            burst.is_settled()
            sent = burst.sent()
            assert len(sent) == RINGS
            assert {tuple(kind for kind, _ in each) for each in sent.values()} == {("ring", "stop")}
    # Each process signs by itself.
    assert len({each.vapid_token for each in service.messages[before:]}) == 2


@pytest.mark.parametrize(
    ("kind", "victims"),
    [("ring", 1), ("ring", 2), ("stop", 1)],
    ids=["one dies among rings", "both die among rings", "one dies among ends"],
)
def test_nothing_is_lost_nor_sent_twice_within_its_claim_when_dispatchers_are_killed_in_the_middle_of_it(
    kind: str, victims: int, product: RunningServer, service: PushService, burst: Burst
) -> None:
    moments = random.Random(f"{kind} {victims}")
    held: dict[Key, list[datetime]] = defaultdict(list)
    with dispatch(product) as first, dispatch(product) as second, ExitStack() as successors:
        if kind == "stop":
            burst.ring()
            burst.arrives("ring")
        before = len(service.messages)
        burst.delay_answers()
        burst.take_back() if kind == "stop" else burst.ring()
        counts = sorted(moments.sample(range(1, RINGS), victims))
        for count, victim in zip(counts, (first, second), strict=False):
            service.wait_until(partial(has_arrived, service, before + count), LIMIT_SECONDS)
            kill(victim)
            for key, lease in leases(product).items():
                held[key].append(lease)
        successors.enter_context(dispatch(product))
        burst.arrives(kind)
        if kind == "ring":
            burst.take_back()
            burst.arrives("stop")
        burst.is_settled()

    sent = burst.sent()
    assert len(sent) == RINGS
    for key, messages in sent.items():
        kinds_in_order = [each for each, _ in messages]
        assert kinds_in_order == sorted(kinds_in_order), "ring before stop"
        times = [at for each, at in messages if each == kind]
        # Whatever came again came when the lease of the one before had run out.
        assert all(any(sent < lease <= again for lease in held[key]) for sent, again in pairwise(times)), times
    assert any(held.values()), "nobody died with a message in hand"
    assert service.violations == []


@contextmanager
def dispatch(product: RunningServer) -> Iterator[subprocess.Popen[str]]:
    """`manage.py dispatch`, from the moment it says that it runs until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "dispatch"],
        cwd=ROOT,
        env=product.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "The dispatcher is running.\n"
        yield process
    finally:
        kill(process)
        process.stdout.close()


def kill(process: subprocess.Popen[str]) -> None:
    """Kill -9."""
    process.kill()
    process.wait(LIMIT_SECONDS)


def sign_off(phone: Phone) -> None:
    """Leave no call and no device to the next test."""
    for call in phone.rest.get("calls", params={"page_size": 3}).json()["results"]:
        phone.verb(call["call_id"], "cancel")
    phone.rest.delete(f"devices/{phone.device_id}")
    phone.rest.close()


def until(condition: Callable[[], bool]) -> None:
    """Look again and again until it holds."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(POLL_SECONDS)


def has_arrived(service: PushService, count: int) -> bool:
    return len(service.messages) >= count


def leases(product: RunningServer) -> dict[Key, datetime]:
    """Until when messages that are not settled belong to who claimed them."""
    with psycopg.connect(product.env["DATABASE_URL"]) as connection:
        return {(device, call_id): until for device, call_id, until in connection.execute(LEASES)}


def kept(product: RunningServer, call_id: str) -> list[tuple[str, str, int]]:
    """Kind, state and attempts of all messages that a call had planned, whoever may still read of them."""
    with psycopg.connect(product.env["DATABASE_URL"]) as connection:
        return connection.execute(KEPT, [call_id]).fetchall()


def deliveries(phone: Phone, call_id: str) -> list[dict[str, Any]]:
    """What the timeline says of push messages to one's own devices."""
    entries = phone.rest.get(f"calls/{call_id}/timeline").json()["entries"]
    return [each for each in entries if each["code"].startswith("delivery.")]


def pushed(crash: Crash, call_id: str) -> list[dict[str, Any]]:
    return [each for each in deliveries(crash.answered, call_id) if each["data"]["number"] == 1]


def settled(phone: Phone, call_id: str) -> list[tuple[str, str, int]]:
    """Wait until nothing is on its way to one's own devices; gives kind, state and attempts of all, rings first."""
    until(lambda: all(each["code"] != "delivery.pending" for each in deliveries(phone, call_id)))
    return sorted(
        (each["data"]["kind"], each["code"].removeprefix("delivery."), each["data"]["attempts"])
        for each in deliveries(phone, call_id)
    )


def kinds(phone: Phone) -> list[str]:
    """What was sent to a phone, taken or not."""
    return [phone.receiver.decrypt(each)["kind"] for each in phone.receiver.messages]


def is_first_ring(message: dict[str, Any]) -> bool:
    """Not one that is repeated because nobody acknowledged it."""
    return message["kind"] == "ring" and not message["renotify"]

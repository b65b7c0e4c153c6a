"""What reaches a receiver, whatever it does: by TLS, with the standard's own library as the judge."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook

from invitations import calls
from invitations.dispatcher import hook_post
from invitations.dispatcher.hook_post import HookPost
from invitations.hooks import messages, registering
from invitations.hooks.views import message_view
from invitations.models import Hook, HookKind, HookMessage, Service, User
from tests.calls.conftest import acting
from tests.dispatcher.conftest import Clock
from tests.hooks.conftest import log, running, send, until
from tests.support.hook_receiver import Arrived, HookReceiver, Lying, Scripted
from tests.support.push_answers import Answer, Endless, HangUp, Redirect, Silence, Slow

pytestmark = pytest.mark.django_db(transaction=True)
THREE_MB = Answer(200, body=b"x" * 3_000_000)


@pytest.fixture
def hanging(service: Service, receiver: HookReceiver, now: datetime) -> Iterator[HookReceiver]:
    """A receiver that never answers, at another hook of the same service."""
    with HookReceiver(receiver.authority) as another:
        another.secret = registering.add(service.pk, another.url, HookKind.EVENTS, [], now=now).secret
        another.always(lambda arrived: Silence())
        yield another


def talk(alice: User, bob: User, now: datetime, **more: str) -> str:
    """A call with three changes."""
    call_id = send(alice, bob, now=now, **more)
    calls.accept(call_id, by=acting(bob), now=now)
    calls.end(call_id, by=acting(alice), now=now)
    return call_id


TALK = ["call.sent", "invitation.accepted", "call.ended"]


def in_order(arrived: list[Arrived]) -> bool:
    """Whether no message of a call came before an earlier one had come."""
    seen: dict[str, int] = {}
    for each in arrived:
        call_id, revision = each.call["call_id"], each.call["revision"]
        if revision < seen.get(call_id, 0):
            return False
        seen[call_id] = revision
    return True


def test_each_change_of_a_call_arrives_in_its_order(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, now: datetime
) -> None:
    talk(alice, bob, now)
    post.wake()
    arrived = receiver.wait_for(3)
    assert [each.type for each in arrived] == TALK
    assert in_order(arrived)
    assert receiver.forged == []
    assert arrived[0].headers["content-type"] == "application/json"
    until(lambda: [each[1:] for each in log(hook)] == [("delivered", 1, 204)] * 3)


@pytest.mark.parametrize(
    ("bad", "status", "code"),
    [
        (500, 500, "refused"),
        (404, 404, "refused"),
        (Redirect(), 307, "refused"),
        (HangUp(), None, "no_answer"),
        (Silence(), None, "no_answer"),
        (Slow(60.0, 200), None, "no_answer"),
        (Endless(503), 503, "refused"),
        (Lying(500), 500, "refused"),
    ],
    ids=["500", "404", "redirect", "closes", "hangs", "slow", "endless", "lies"],
)
def test_what_fails_comes_again_with_the_same_id_and_before_all_that_follows(
    alice: User,
    bob: User,
    hook: Hook,
    receiver: HookReceiver,
    clock: Clock,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    bad: int | Scripted,
    status: int | None,
    code: str,
) -> None:
    receiver.answer(bad)
    if status is None:
        # The answers that come in time are not hurried.
        monkeypatch.setattr(hook_post, "SEND_SECONDS", 2.0)
    with running(HookPost(clock=clock)) as post:
        talk(alice, bob, now)
        post.wake()
        [first] = receiver.wait_for(1)
        until(lambda: HookMessage.objects.filter(code=code, status=status, attempts=1).exists())
        assert [each[1] for each in log(hook)] == ["pending"] * 3
        clock.advance(4.9)
        post.wake()
        clock.advance(0.7)
        post.wake()
        arrived = receiver.wait_for(4)
    assert [each.type for each in arrived] == [TALK[0], *TALK]
    assert (arrived[1].id, arrived[1].body) == (first.id, first.body)
    assert arrived[1].timestamp >= first.timestamp + 5
    assert receiver.forged == []
    assert [each[1:3] for each in log(hook)] == [("delivered", 2), ("delivered", 1), ("delivered", 1)]


@pytest.mark.parametrize("odd", [THREE_MB, Lying(200)], ids=["3 MB", "lies"])
def test_an_answer_with_a_strange_body_counts_by_its_status(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, now: datetime, odd: Scripted
) -> None:
    receiver.answer(odd)
    talk(alice, bob, now)
    post.wake()
    assert [each.type for each in receiver.wait_for(3)] == TALK
    until(lambda: [each[1] for each in log(hook)] == ["delivered"] * 3)


def test_tries_come_after_5_s_and_ever_later_and_the_last_one_lets_the_next_message_go(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, clock: Clock, now: datetime
) -> None:
    calls.cancel(send(alice, bob, now=now), by=acting(alice), now=now)
    receiver.is_in_time = False
    receiver.always(lambda arrived: 500 if arrived.type == "call.sent" else 204)
    post.wake()
    for tried, wait in enumerate(messages.RETRY_SECONDS, 1):
        until(HookMessage.objects.filter(attempts=tried, claim="", code="refused").exists)
        due_at = HookMessage.objects.get(type="call.sent").due_at
        assert timedelta(seconds=wait) <= due_at - clock.now <= timedelta(seconds=wait * 1.1 + 1)
        clock.now = due_at
        post.wake()
    arrived = receiver.wait_for(len(messages.RETRY_SECONDS) + 2)
    assert [each.type for each in arrived] == ["call.sent"] * 9 + ["invitation.cancelled"]
    assert len({each.id for each in arrived}) == 2
    until(lambda: [each[1:3] for each in log(hook)] == [("given_up", 9), ("delivered", 1)])


def test_a_receiver_that_asks_for_more_time_gets_it(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, clock: Clock, now: datetime
) -> None:
    receiver.answer(Answer(429, retry_after=90))
    send(alice, bob, now=now)
    post.wake()
    until(lambda: HookMessage.objects.filter(status=429).exists())
    assert HookMessage.objects.get().due_at == clock.now + timedelta(seconds=90)


def test_a_receiver_that_is_gone_is_told_nothing_more(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, now: datetime
) -> None:
    receiver.answer(410)
    talk(alice, bob, now)
    post.wake()
    until(lambda: not Hook.objects.get().is_active)
    talk(alice, bob, now)
    assert (Hook.objects.get().disabled_reason, len(receiver.arrived)) == ("gone", 1)
    assert [each[1:] for each in log(hook)] == [("given_up", 1, 410), ("given_up", 0, None), ("given_up", 0, None)]


def test_what_was_given_up_with_its_hook_still_says_why_the_last_try_failed(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, now: datetime
) -> None:
    receiver.answer(503)
    talk(alice, bob, now)
    post.wake()
    until(HookMessage.objects.filter(status=503, claim="").exists)
    until(lambda: not HookMessage.objects.exclude(claim="").exists())
    waits = [message_view(each) for each in registering.messages_of(hook).order_by("pk")]
    assert [(each["code"], each["last_code"]) for each in waits] == [("refused", "refused"), (None, None), (None, None)]
    registering.change(hook.service_id, hook.hook_id, now=now, is_active=False)
    tried, *others = [message_view(each) for each in registering.messages_of(hook).order_by("pk")]
    assert (tried["state"], tried["code"]) == ("given_up", "hook_off")
    assert (tried["attempts"], tried["status"], tried["last_code"]) == (1, 503, "refused")
    assert [(each["code"], each["last_code"]) for each in others] == [("hook_off", None)] * 2


@pytest.mark.parametrize("works_in_between", [False, True])
def test_a_hook_that_fails_for_three_days_is_switched_off_unless_it_worked_in_between(
    alice: User,
    bob: User,
    hook: Hook,
    receiver: HookReceiver,
    post: HookPost,
    clock: Clock,
    now: datetime,
    works_in_between: bool,
) -> None:
    def try_one(answer: int) -> None:
        receiver.answer(answer)
        count = len(receiver.arrived)
        calls.cancel(send(alice, bob, now=clock.now), by=acting(alice), now=clock.now)
        HookMessage.objects.filter(attempts=0, type="invitation.cancelled").delete()
        post.wake()
        receiver.wait_for(count + 1)
        until(lambda: not HookMessage.objects.exclude(claim="").exists())
        HookMessage.objects.filter(state="pending").delete()

    receiver.is_in_time = False
    try_one(500)
    clock.advance(2 * 86400)
    try_one(204 if works_in_between else 500)
    clock.advance(86400 + 60)
    try_one(500)
    assert Hook.objects.get().is_active is works_in_between
    if not works_in_between:
        assert Hook.objects.get().disabled_reason == "failing"


def test_a_hook_that_hangs_holds_up_no_other(
    alice: User,
    bob: User,
    hook: Hook,
    receiver: HookReceiver,
    hanging: HookReceiver,
    post: HookPost,
    now: datetime,
) -> None:
    for number in range(100):
        talk(alice, bob, now, call_id=f"room-{number}")
    began = time.monotonic()
    post.wake()
    arrived = receiver.wait_for(300)
    # Before the other one has been given up on for the first time.
    assert time.monotonic() - began < messages.SEND_SECONDS
    assert len(hanging.arrived) == hook_post.OF_ONE
    assert in_order(arrived)
    assert len({each.id for each in arrived}) == 300


def test_both_secrets_are_good_for_a_day_after_a_rotation_and_then_the_new_one_alone(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, clock: Clock, now: datetime
) -> None:
    old = receiver.secret
    new = registering.rotate(hook.service_id, hook.hook_id, now=now).secret
    talk(alice, bob, now)
    post.wake()
    for each in receiver.wait_for(3):
        Webhook(new).verify(each.body, dict(each.headers))
    receiver.secret, receiver.is_in_time = new, False
    clock.advance(86401)
    calls.cancel(send(alice, bob, now=clock.now), by=acting(alice), now=clock.now)
    post.wake()
    for each in receiver.wait_for(5)[3:]:
        assert len(each.headers["webhook-signature"].split()) == 1
    assert old != new
    assert receiver.forged == []


def test_a_secret_that_cannot_be_read_is_said_once_and_a_rotation_puts_it_right(
    alice: User,
    bob: User,
    hook: Hook,
    receiver: HookReceiver,
    clock: Clock,
    now: datetime,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.SECRET_KEY = "another-key-of-the-server-0123456789"
    receiver.is_in_time = False
    with running(HookPost(clock=clock)) as post:
        for call_id in ("one", "two"):
            talk(alice, bob, now, call_id=call_id)
        post.wake()
        until(lambda: HookMessage.objects.filter(code="secret_unreadable", attempts=1, claim="").count() == 2)
        assert receiver.arrived == []
        receiver.secret = registering.rotate(hook.service_id, hook.hook_id, now=now).secret
        assert Hook.objects.get().former_until is None
        clock.advance(6)
        post.wake()
        assert sorted(each.type for each in receiver.wait_for(6)) == sorted(TALK * 2)
    assert receiver.forged == []
    [said] = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert said.startswith(f"The secret of hook {hook.hook_id} cannot be read")
    assert said.endswith("rotate the secret")


def test_a_former_secret_that_cannot_be_read_keeps_no_message_back(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, now: datetime, settings: Settings
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-of-the-server-0123456789"
    receiver.secret = registering.rotate(hook.service_id, hook.hook_id, now=now).secret
    settings.SECRET_KEY_FALLBACKS = []
    send(alice, bob, now=now)
    post.wake()
    [arrived] = receiver.wait_for(1)
    assert len(arrived.headers["webhook-signature"].split()) == 1
    assert receiver.forged == []


def test_a_private_address_is_not_even_connected_to_unless_it_is_allowed(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, post: HookPost, now: datetime, settings: object
) -> None:
    settings.CALLINVITE = {"sends_per_minute": 0}  # type: ignore[attr-defined]
    send(alice, bob, now=now)
    post.wake()
    until(lambda: HookMessage.objects.filter(code="forbidden_address", attempts=1).exists())
    assert receiver.arrived == []


def test_a_certificate_that_nobody_trusts_gets_nothing(
    alice: User, bob: User, service: Service, receiver: HookReceiver, post: HookPost, now: datetime
) -> None:
    with HookReceiver() as stranger:
        registering.add(service.pk, stranger.url, HookKind.EVENTS, [], now=now)
        send(alice, bob, now=now)
        post.wake()
        until(lambda: HookMessage.objects.filter(code="tls_failed", attempts=1).exists())
        assert stranger.arrived == []


def test_what_a_post_took_before_it_died_is_sent_by_the_next(
    alice: User, bob: User, hook: Hook, receiver: HookReceiver, clock: Clock, now: datetime
) -> None:
    talk(alice, bob, now)
    dead = HookPost(clock=clock)
    parcels, _ = dead.exchange([], 10)
    assert [len(each.chain.messages) for each in parcels] == [3]
    with running(HookPost(clock=clock)) as post:
        clock.advance(messages.LEASE_SECONDS - 1)
        post.wake()
        clock.advance(2)
        post.wake()
        assert [each.type for each in receiver.wait_for(3)] == TALK


def test_the_log_names_a_hook_as_its_service_does(
    alice: User,
    bob: User,
    hook: Hook,
    receiver: HookReceiver,
    clock: Clock,
    now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="invitations.hooks")
    receiver.is_in_time = False
    receiver.answer(500, 204, 204)
    with running(HookPost(clock=clock)) as post:
        send(alice, bob, now=now)
        post.wake()
        until(Hook.objects.filter(failing_since__isnull=False).exists)
        clock.advance(6)
        post.wake()
        until(Hook.objects.filter(failing_since=None).exists)
    for is_active in (False, True):
        registering.change(hook.service_id, hook.hook_id, now=now, is_active=is_active)
    assert [each.getMessage() for each in caplog.records if each.name == "invitations.hooks.switching"] == [
        f"Hook {hook.hook_id} fails",
        f"Hook {hook.hook_id} works again",
        f"Hook {hook.hook_id} is switched off (by_service); messages given up: 0",
        f"Hook {hook.hook_id} is switched on",
    ]


def test_no_secret_and_no_address_is_in_the_log(
    alice: User,
    bob: User,
    hook: Hook,
    receiver: HookReceiver,
    post: HookPost,
    now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    receiver.answer(500, HangUp(), 410)
    talk(alice, bob, now)
    post.wake()
    receiver.wait_for(1)
    registering.rotate(hook.service_id, hook.hook_id, now=now)
    until(lambda: not HookMessage.objects.exclude(claim="").exists())
    lines = [each.getMessage() for each in caplog.records if each.name != "aiohttp.access"]
    said = "\n".join(lines) + repr(Hook.objects.get()) + repr(HookMessage.objects.first())
    assert receiver.secret not in said
    assert "/hooks" not in said
    stored = Hook.objects.values_list("secret", "former_secret").get()
    assert not any(receiver.secret in each for each in stored)

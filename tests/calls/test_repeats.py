"""Requests with an idempotency key, repeated because their answer was lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invitations import calls
from invitations.dispatcher import pruning
from invitations.errors import Code
from invitations.models import Call, IdempotencyKey, Invitation, User
from tests.calls.conftest import acting, invitation_states, refused, seconds

KEY = calls.RequestKey("once", "what was asked")
Ring = Callable[..., calls.CallSheet]


def sent(by: User, *names: str, now: datetime, request: calls.RequestKey = KEY, **more: Any) -> calls.Sent:
    return calls.send(by=acting(by), invitees=list(names), is_video_call=True, now=now, request=request, **more)


def test_a_repeated_send_is_the_same_call_as_it_is_now(alice: User, bob: User, now: datetime) -> None:
    first = sent(alice, "bob", now=now)
    calls.reject(first.sheet.call.call_id, by=acting(bob), now=now + seconds(1))
    again = sent(alice, "bob", now=now + seconds(2))
    assert (first.created, again.created) == (True, False)
    assert (again.sheet.call.pk, again.sheet.call.state) == (first.sheet.call.pk, "ended")
    assert Call.objects.count() == 1


def test_a_repeat_says_again_who_could_not_be_invited(alice: User, bob: User, now: datetime) -> None:
    first = sent(alice, "bob", "nobody", now=now, resource_id="bells")
    again = sent(alice, "bob", "nobody", now=now, resource_id="bells")
    assert [each["code"] for each in first.errors] == ["unknown_user"]
    assert (again.errors, again.warnings) == (first.errors, first.warnings)


def test_a_repeat_expires_what_is_overdue(alice: User, bob: User, now: datetime) -> None:
    sent(alice, "bob", now=now)
    assert sent(alice, "bob", now=now + seconds(61)).sheet.call.end_reason == "timed_out"


def test_a_key_for_another_request_is_refused(alice: User, bob: User, carol: User, now: datetime) -> None:
    sent(alice, "bob", now=now)
    with refused(Code.IDEMPOTENCY_KEY_IN_USE):
        sent(alice, "carol", now=now, request=calls.RequestKey("once", "something else"))


def test_a_key_is_its_users_own(alice: User, bob: User, carol: User, now: datetime) -> None:
    first = sent(alice, "bob", now=now)
    assert sent(carol, "bob", now=now).sheet.call.pk != first.sheet.call.pk


def test_a_refusal_does_not_use_a_key_up(alice: User, bob: User, now: datetime, make_user: Callable[..., User]) -> None:
    with refused(Code.NO_VALID_INVITEE):
        sent(alice, "dora", now=now)
    make_user("dora")
    assert sent(alice, "dora", now=now).created


def test_a_repeated_invite_rings_once(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    made = [calls.invite(call_id, by=acting(alice), invitees=["carol"], now=now, request=KEY) for _ in range(2)]
    assert [each.created for each in made] == [True, False]
    assert invitation_states(made[1].sheet) == {"bob": "pending", "carol": "pending"}
    assert Invitation.objects.filter(invitee=carol).count() == 1


def test_a_merge_and_a_rejoin_are_repeated_as_such(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    ring(alice, bob)
    assert [sent(bob, "alice", now=now).merged for _ in range(2)] == [True, True]
    again = calls.RequestKey("again", "what was asked")
    assert [sent(bob, "alice", now=now, request=again).rejoin for _ in range(2)] == [True, True]


def test_a_key_is_forgotten_after_a_day(alice: User, bob: User, now: datetime) -> None:
    day = timedelta(days=1)
    first = sent(alice, "bob", now=now)
    almost = sent(alice, "bob", now=now + day - seconds(1))
    after = sent(alice, "bob", now=now + day)
    assert (almost.sheet.call.pk == first.sheet.call.pk, after.created) == (True, True)
    assert list(IdempotencyKey.objects.values_list("call", flat=True)) == [after.sheet.call.pk]


def test_old_keys_are_deleted(alice: User, bob: User, carol: User, now: datetime) -> None:
    sent(alice, "bob", now=now)
    sent(carol, "bob", now=now + seconds(2))
    pruning.prune(now + timedelta(days=1, seconds=1))
    assert list(IdempotencyKey.objects.values_list("user__username", flat=True)) == ["carol"]


@pytest.mark.parametrize("verb", ["send", "invite"])
def test_a_repeat_is_no_invitation_that_counts(
    verb: str, alice: User, bob: User, carol: User, now: datetime, settings: Any
) -> None:
    settings.CALLINVITE = {"sends_per_minute": 2}
    call_id = sent(alice, "bob", now=now).sheet.call.call_id
    for _ in range(4):
        if verb == "send":
            assert not sent(alice, "bob", now=now).created
        else:
            request = calls.RequestKey("more", "what was asked")
            calls.invite(call_id, by=acting(alice), invitees=["carol"], now=now, request=request)


def test_repeats_that_make_nothing_new_do_not_pile_up_keys(
    alice: User, bob: User, carol: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invitations.calls.repeats.MOST_KEPT", 3)
    for number in range(6):
        calls.send(
            by=acting(alice),
            invitees=["bob"],
            is_video_call=True,
            call_id="mine",
            now=now,
            request=calls.RequestKey(str(number), "what was asked"),
        )
    assert IdempotencyKey.objects.count() == 3
    added = calls.RequestKey("added", "what was asked")
    for _ in range(2):
        calls.invite("mine", by=acting(alice), invitees=["carol"], now=now, request=added)
    assert IdempotencyKey.objects.filter(key="added").count() == 1


def test_old_keys_are_deleted_a_batch_at_a_time(
    alice: User, bob: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = sent(alice, "bob", now=now + timedelta(days=1)).sheet.call
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(user=alice, key=str(each), fingerprint="", call=call, answer={}, created_at=now)
        for each in range(5)
    )
    monkeypatch.setattr(pruning, "PRUNE_BATCH", 2)
    with CaptureQueriesContext(connection) as ran:
        pruning.prune(now + timedelta(days=1, seconds=1))
    deletions = [each["sql"] for each in ran if each["sql"].startswith('DELETE FROM "invitations_idempotencykey"')]
    assert len(deletions) == 3
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["once"]

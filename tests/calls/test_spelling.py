"""People who are named in other capitals than they registered with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invitations import calls
from invitations.errors import CallError
from invitations.models import Call, User
from tests.calls.conftest import acting, seconds


def send(by: User, names: list[str], now: datetime) -> calls.Sent:
    return calls.send(by=acting(by), invitees=names, is_video_call=False, now=now)


def test_a_call_reaches_whoever_is_meant(alice: User, bob: User, carol: User, now: datetime) -> None:
    sent = send(alice, ["BOB", "carol"], now)
    assert [each.invitee_id for each in sent.sheet.invitations] == [bob.pk, carol.pk]
    assert sent.errors == []


def test_an_invite_reaches_whoever_is_meant(alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = send(alice, ["bob"], now).sheet.call.call_id
    sent = calls.invite(call_id, by=acting(alice), invitees=["Carol"], now=now)
    assert sent.sheet.invitations[-1].invitee_id == carol.pk


def test_problems_name_people_as_they_were_written(alice: User, bob: User, now: datetime) -> None:
    sent = send(alice, ["Bob", "ALICE", "bob", "Nobody"], now)
    said = [(each["invitee"], each["code"]) for each in sent.errors]
    assert said == [("ALICE", "self"), ("Bob", "duplicate"), ("Nobody", "unknown_user")]
    with pytest.raises(CallError) as refused:
        send(alice, ["Alice"], now)
    assert [each["invitee"] for each in refused.value.extra["errors"]] == ["Alice"]


def test_an_exact_name_is_its_owners_and_an_ambiguous_one_nobodys(
    alice: User, bob: User, make_user: Callable[..., User], now: datetime
) -> None:
    other = make_user("Bob")
    assert send(alice, ["Bob"], now).sheet.invitations[0].invitee_id == other.pk
    calls.leave(Call.objects.get().call_id, by=acting(alice), now=now)
    with pytest.raises(CallError) as refused:
        send(alice, ["BOB"], now + seconds(1))
    assert refused.value.extra["errors"][0]["code"] == "unknown_user"


def test_the_disabled_are_not_meant(alice: User, bob: User, now: datetime) -> None:
    bob.is_active = False
    bob.save()
    with pytest.raises(CallError):
        send(alice, ["BOB"], now)


def test_a_caller_whose_account_is_gone_is_told_so(alice: User, bob: User, now: datetime) -> None:
    User.objects.filter(pk=alice.pk).update(username="ALICE")
    with pytest.raises(CallError) as refused:
        send(alice, ["bob"], now)
    assert refused.value.code == "not_authenticated"


def test_a_repeat_in_other_capitals_is_the_same_call(alice: User, bob: User, now: datetime) -> None:
    first, again = (
        calls.send(by=acting(alice), invitees=[name], is_video_call=False, call_id="mine", now=now)
        for name in ("bob", "Bob")
    )
    assert (again.created, again.sheet.call.pk) == (False, first.sheet.call.pk)


def test_rings_are_cancelled_and_people_removed_in_any_capitals(
    alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = send(alice, ["bob", "carol"], now).sheet.call.call_id
    done = calls.cancel(call_id, by=acting(alice), callees=["Bob", "Mallory"], now=now)
    assert done.cancelled == ["bob"]
    assert [each["invitee"] for each in done.errors] == ["Mallory"]
    assert calls.cancel(call_id, by=acting(alice), callees=["BOB"], now=now).errors == []
    calls.accept(call_id, by=acting(carol), now=now)
    calls.remove(call_id, by=acting(alice), user="CAROL", now=now)
    assert Call.objects.get().state == "ended"


def test_history_is_filtered_by_a_name_in_any_capitals(alice: User, bob: User, carol: User, now: datetime) -> None:
    send(alice, ["bob"], now)
    assert calls.history(alice.pk, with_user="BOB").count() == 1
    assert calls.history(alice.pk, with_user="CAROL").count() == 0


def test_names_that_are_exact_cost_no_further_query(alice: User, bob: User, now: datetime) -> None:
    def cost(name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            call_id = send(alice, [name], now).sheet.call.call_id
        calls.cancel(call_id, by=acting(alice), now=now)
        return len(queries)

    cost("bob")
    exact = cost("bob")
    assert cost("Bob") > exact

"""Taking somebody out of a call, and who may come in without a new invitation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from invitations import calls
from invitations.errors import Code
from invitations.models import Call, User
from invitations.serializers import call_view
from tests.calls.conftest import acting, invitation_states, names_inside, refused, seconds

Ring = Callable[..., calls.CallSheet]


def can(call_id: str, user: User, now: datetime) -> list[str]:
    you = call_view(calls.view(call_id, viewer_id=user.pk, now=now), user.pk, now)["you"]
    assert you is not None
    return you["can"]


def test_the_caller_takes_somebody_out(live_call: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    sheet = calls.remove(call_id, by=acting(alice), user="bob", now=now)
    assert (sheet.call.state, names_inside(sheet)) == ("active", {"alice", "carol"})
    gone = [each for each in sheet.participants if each.user_id == bob.pk]
    assert [each.left_reason for each in gone] == ["removed"]
    with refused(Code.NOT_ALLOWED):
        calls.join(call_id, by=acting(bob), now=now + seconds(1))
    assert can(call_id, bob, now) == []
    calls.invite(call_id, by=acting(carol), invitees=["bob"], now=now + seconds(2))
    assert names_inside(calls.accept(call_id, by=acting(bob), now=now + seconds(3))) == {"alice", "bob", "carol"}


def test_who_is_invited_again_after_being_taken_out_may_come_in_late(
    live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    calls.remove(call_id, by=acting(alice), user="bob", now=now)
    calls.invite(call_id, by=acting(carol), invitees=["bob"], now=now + seconds(2))
    late = now + seconds(63)
    calls.expire(Call.objects.get(call_id=call_id).pk, now=late)
    assert can(call_id, bob, late) == ["join"]
    assert "bob" in names_inside(calls.join(call_id, by=acting(bob), now=late))


def test_removing_the_last_other_person_ends_the_call(live_call: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = live_call(alice, bob).call.call_id
    assert calls.remove(call_id, by=acting(alice), user="bob", now=now).call.end_reason == "completed"


def test_removing_takes_a_ring_back(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    sheet = calls.remove(call_id, by=acting(alice), user="bob", now=now)
    assert invitation_states(sheet) == {"bob": "cancelled", "carol": "pending"}
    with refused(Code.INVITATION_CANCELLED):
        calls.join(call_id, by=acting(bob), now=now)
    assert calls.remove(call_id, by=acting(alice), user="carol", now=now).call.end_reason == "cancelled"


def test_removing_again_changes_nothing(live_call: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    first, again = (calls.remove(call_id, by=acting(alice), user="bob", now=now) for _ in range(2))
    assert first.call.revision == again.call.revision
    calls.end(call_id, by=acting(alice), now=now)
    assert calls.remove(call_id, by=acting(alice), user="bob", now=now).call.state == "ended"


def test_only_the_caller_and_an_admin_remove(
    live_call: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    with refused(Code.NOT_ALLOWED):
        calls.remove(call_id, by=acting(bob), user="carol", now=now)
    with refused(Code.NOT_FOUND):
        calls.remove(call_id, by=acting(mallory), user="carol", now=now)
    sheet = calls.remove(call_id, by=acting(mallory, is_admin=True), user="alice", now=now)
    assert names_inside(sheet) == {"bob", "carol"}
    with refused(Code.NOT_ALLOWED):
        calls.join(call_id, by=acting(alice), now=now)


def test_who_rejected_needs_a_new_invitation(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.reject(call_id, by=acting(bob), now=now)
    calls.accept(call_id, by=acting(carol), now=now)
    assert can(call_id, bob, now) == []
    with refused(Code.NOT_ALLOWED):
        calls.join(call_id, by=acting(bob), now=now)


def _left(call_id: str, bob: User, now: datetime) -> None:
    calls.accept(call_id, by=acting(bob), now=now)
    calls.leave(call_id, by=acting(bob), now=now)


def _timed_out(call_id: str, bob: User, now: datetime) -> None:
    calls.expire(Call.objects.get(call_id=call_id).pk, now=now + seconds(60))


@pytest.mark.parametrize("went", [_left, _timed_out])
def test_who_left_or_did_not_answer_in_time_may_come_in(
    went: Callable[..., None], ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(carol), now=now)
    went(call_id, bob, now)
    late = now + seconds(61)
    assert can(call_id, bob, late) == ["join"]
    assert "bob" in names_inside(calls.join(call_id, by=acting(bob), now=late))


def test_who_was_busy_may_come_in(
    ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    ring(bob, mallory)
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(carol), now=now)
    assert "bob" in names_inside(calls.join(call_id, by=acting(bob), now=now))

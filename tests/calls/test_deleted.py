"""Accounts that are deleted, by whichever way, and other rows that vanish: calls of others go on, end, and are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from invitations import calls
from invitations.dispatcher import Dispatcher
from invitations.models import Call, CallEvent, Invitation, Participant, User
from invitations.serializers import call_view
from tests.calls.conftest import acting, names_inside, seconds

Ring = Callable[..., calls.CallSheet]
DELETED = {"id": "", "name": "Deleted account"}


def named(call_id: str) -> str:
    """What a call is called now: one whose id was made of a deleted person's name may have got another."""
    return calls.id_since(call_id) or call_id


def seen(call_id: str, viewer: User, now: datetime) -> Any:
    return call_view(calls.view(named(call_id), viewer_id=viewer.pk, now=now), viewer.pk, now)


def _by_the_orm(user: User) -> None:
    user.delete()


def _in_bulk(user: User) -> None:
    User.objects.filter(pk=user.pk).delete()


def _in_admin(user: User) -> None:
    User.objects.create_superuser("root", password="root")
    client = Client()
    client.login(username="root", password="root")
    answer = client.post(f"/admin/invitations/user/{user.pk}/delete/", {"post": "yes"})
    assert (answer.status_code, User.objects.filter(pk=user.pk).exists()) == (302, False)


@pytest.fixture(params=[_by_the_orm, _in_bulk, _in_admin])
def delete(request: pytest.FixtureRequest, db: None) -> Callable[[User], None]:
    way: Callable[[User], None] = request.param
    return way


def test_others_keep_their_history(
    delete: Callable[[User], None], live_call: Ring, ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    talked = live_call(alice, bob).call.call_id
    calls.leave(talked, by=acting(bob), now=now + seconds(9))
    missed = ring(carol, alice, at=now + seconds(20)).call.call_id
    calls.expire(Call.objects.get(call_id=missed).pk, now=now + seconds(90))
    delete(alice)
    later = now + seconds(100)
    told = seen(talked, bob, later)
    assert (told["caller"], told["duration_seconds"], told["you"]["missed"]) == (DELETED, 9, False)
    assert [each["user"] for each in told["participants"]] == [DELETED, {"id": "bob", "name": "Bob"}]
    assert [each["invitee"] for each in seen(missed, carol, later)["invitations"]] == [DELETED]
    for user, call_id in ((bob, talked), (carol, missed)):
        assert [each.call_id for each in calls.history(user.pk)] == [named(call_id)]
        assert calls.timeline(named(call_id), viewer_id=user.pk, now=later)
    assert calls.timeline(named(talked), viewer_id=None, sees_all=True, now=later)


def test_two_deleted_people_stay_two(live_call: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    calls.end(call_id, by=acting(alice), now=now + seconds(9))
    for each in (bob, carol):
        each.delete()
    told = seen(call_id, alice, now + seconds(10))
    assert [each["invitee"] for each in told["invitations"]] == [DELETED, DELETED]
    assert "group" in told["notification_message"].lower()


def test_an_invitee_deleted_while_it_rings_ends_the_ring(
    delete: Callable[[User], None], ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    delete(bob)
    # Admins end it at once; after the other ways there is still something to do.
    assert Dispatcher().step(now + seconds(1)) == (0 if delete is _in_admin else 1)
    assert seen(call_id, alice, now + seconds(1))["state"] == "ended"
    assert ring(carol, alice, at=now + seconds(2)).call.state == "ringing"


def test_a_caller_deleted_while_it_rings_ends_the_ring(
    delete: Callable[[User], None], ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    # Long enough ago for bob to have missed it, whichever moment it is taken back at.
    call_id = ring(alice, bob, at=now - seconds(9)).call.call_id
    delete(alice)
    Dispatcher().step(now + seconds(4))
    assert seen(call_id, bob, now + seconds(4))["end_reason"] == "cancelled"
    assert calls.open_calls(bob.pk, now=now + seconds(4)) == []


def test_somebody_deleted_in_a_call_is_out_of_it(
    delete: Callable[[User], None], live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = live_call(alice, bob, carol).call.call_id
    delete(alice)
    Dispatcher().step(now + seconds(1))
    sheet = calls.view(call_id, viewer_id=bob.pk, now=now + seconds(1))
    assert (sheet.call.state, names_inside(sheet)) == ("active", {"bob", "carol"})
    delete(carol) if delete is not _in_admin else _by_the_orm(carol)
    Dispatcher().step(now + seconds(2))
    assert seen(call_id, bob, now + seconds(2))["end_reason"] == "completed"


def test_an_inviter_deleted_breaks_nobodys_reads(
    delete: Callable[[User], None], live_call: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = live_call(alice, bob).call.call_id
    calls.invite(call_id, by=acting(bob), invitees=["carol"], now=now)
    calls.accept(call_id, by=acting(carol), now=now)
    delete(bob)
    for user in (alice, carol):
        assert seen(call_id, user, now)["invitations"][-1]["inviter"] == DELETED
        assert calls.sheets(list(calls.history(user.pk)))
    Dispatcher().step(now + seconds(1))
    assert calls.leave(call_id, by=acting(carol), now=now + seconds(2)).call.state == "ended"


@pytest.mark.parametrize("lost", [Invitation, Participant])
def test_a_ring_whose_rows_vanish_is_ended(
    lost: Any, ring: Ring, alice: User, bob: User, carol: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    lost.objects.all().delete()
    assert Dispatcher().step(now + seconds(1)) == 1
    assert seen(call_id, alice, now + seconds(1))["state"] == "ended"
    assert Dispatcher().step(now + seconds(1)) == 0
    assert ring(carol, alice, at=now + seconds(2)).call.state == "ringing"


def test_a_call_in_which_somebody_is_left_alone_by_a_lost_row_is_ended(
    live_call: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = live_call(alice, bob).call.call_id
    Participant.objects.filter(user=bob).delete()
    assert Dispatcher().step(now + seconds(1)) == 1
    assert seen(call_id, alice, now + seconds(1))["end_reason"] == "completed"


def test_a_sound_call_is_left_alone(
    live_call: Ring, ring: Ring, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    live_call(alice, bob)
    ring(carol, mallory)
    before = CallEvent.objects.count()
    assert Dispatcher().step(now + seconds(1)) == 0
    assert CallEvent.objects.count() == before

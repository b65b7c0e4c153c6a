"""Who can be asked, and the reasons why others cannot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pytest_django import Settings

from invitations import calls, shapes
from invitations.models import Block, CallingPreferences, RingsFrom, User
from tests.calls.conftest import acting

Ring = Callable[..., calls.CallSheet]


def test_the_reasons_are_those_that_the_wire_lists(
    ring: Ring, make_user: Callable[..., User], alice: User, bob: User, carol: User, now: datetime, settings: Settings
) -> None:
    settings.CALLINVITE = {"people_per_call": 7}
    fred, gina, hugo, *_ = (make_user(name) for name in ("fred", "gina", "hugo", "dave", "erin"))
    Block.objects.create(user=alice, other=gina, created_at=now)
    CallingPreferences.objects.filter(user=hugo).update(rings_from=RingsFrom.CONTACTS)
    for number in range(3):
        calls.end(ring(alice, fred, call_id=f"vain-{number}").call.call_id, by=acting(alice), now=now)
    call_id = ring(alice, bob, carol).call.call_id
    calls.accept(call_id, by=acting(bob), now=now)
    names = ["nobody", "alice", "bob", "carol", "fred", "gina", "hugo", "dave", "dave", "erin"]
    errors = calls.invite(call_id, by=acting(alice), invitees=names, now=now).errors
    assert [(each["invitee"], each["code"]) for each in errors] == [
        ("nobody", "unknown_user"),
        ("alice", "self"),
        ("bob", "already_in_call"),
        ("carol", "already_ringing"),
        ("dave", "duplicate"),
        ("erin", "call_full"),
        ("fred", "cooling_down"),
        ("gina", "you_blocked"),
        ("hugo", "not_allowed"),
    ]
    assert {each["code"] for each in errors} == set(shapes.calls.INVITEE_CODES)

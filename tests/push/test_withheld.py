"""Rings that the rules keep from people: no device hears of them, and those that rang are told that it is over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from invitations import calls
from invitations.errors import CallError
from invitations.models import Block, CallingPreferences, User
from tests.push.conftest import MakeDevice, Ring, acting, claim, deliver, owed, rung, seconds, stopped
from tests.push.test_messages import stop_of

pytestmark = pytest.mark.django_db


def block(user: User, other: User, now: datetime) -> None:
    Block.objects.create(user=user, other=other, created_at=now)


def disturb_not(user: User, until: datetime | None) -> None:
    CallingPreferences.objects.update_or_create(user=user, defaults={"do_not_disturb_until": until})


def test_no_device_is_told_of_a_ring_that_is_kept_from_its_owner(
    ring: Ring, device: MakeDevice, alice: User, bob: User, carol: User, now: datetime
) -> None:
    device(bob)
    device(carol)
    block(bob, alice, now)
    disturb_not(carol, now + timedelta(hours=1))
    sheet = ring(alice, bob, carol)
    for at in (2, 10, 25, 60):
        calls.expire(sheet.call.pk, now=now + seconds(at))
    assert owed() == []


def test_a_block_ends_the_ring_where_it_rang(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    deliver(now)
    calls.change_rules(bob.pk, lambda: block(bob, alice, now), now=now + seconds(5))
    assert owed("stop") == stopped(bob, "cancelled", "phone")


def test_after_a_block_no_device_hears_what_the_caller_does_or_says(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    deliver(now)
    calls.change_rules(bob.pk, lambda: block(bob, alice, now), now=now + seconds(5))
    later = now + seconds(6)
    cancelled = calls.cancel(sheet.call.call_id, by=acting(alice), custom_data="You will hear of me", now=later)
    assert owed("stop") == stopped(bob, "cancelled", "phone")
    assert stop_of(cancelled.sheet, later, "cancelled")["custom_data"] == ""


def test_a_ring_that_was_not_sent_yet_is_not_sent_after_a_block(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    ring(alice, bob)
    calls.change_rules(bob.pk, lambda: block(bob, alice, now), now=now)
    assert claim(now) == []
    assert owed("stop") == []


def test_a_ring_is_not_repeated_after_it_was_silenced(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    deliver(now)
    calls.change_rules(bob.pk, lambda: disturb_not(bob, now + timedelta(hours=1)), now=now + seconds(1))
    calls.expire(sheet.call.pk, now=now + seconds(10))
    assert owed("ring") == rung(bob, "phone")


def test_what_was_silenced_rings_when_its_owner_can_be_disturbed_again(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    disturb_not(bob, now + timedelta(hours=1))
    ring(alice, bob)
    assert owed() == []
    calls.change_rules(bob.pk, lambda: disturb_not(bob, None), now=now + seconds(5))
    assert owed() == rung(bob, "phone")
    assert len(claim(now + seconds(8))) == 1


def test_a_token_of_a_ring_that_was_blocked_meanwhile_answers_nothing(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    [invitation] = sheet.invitations
    calls.change_rules(bob.pk, lambda: block(bob, alice, now), now=now)
    with pytest.raises(CallError) as caught:
        calls.reject(sheet.call.call_id, by=acting(bob, ring_pk=invitation.pk), now=now)
    assert caught.value.code == "not_found"


def test_whom_a_message_has_reached_does_not_become_unreachable_by_a_block(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    deliver(now + seconds(2))
    calls.change_rules(bob.pk, lambda: block(bob, alice, now), now=now + seconds(3))
    for at in (10, 25, 59):
        calls.expire(sheet.call.pk, now=now + seconds(at))
        [invitation] = calls.view(sheet.call.call_id, viewer_id=alice.pk, now=now + seconds(at)).invitations
        assert invitation.standing == "calling"


def test_a_blocked_ring_that_a_push_service_takes_late_is_no_missed_call(
    ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    sheet = ring(alice, bob)
    [sent] = claim(now)
    calls.change_rules(bob.pk, lambda: block(bob, alice, now), now=now + seconds(1))
    calls.cancel(sheet.call.call_id, by=acting(alice), now=now + seconds(2))
    calls.notified([calls.Taken(sheet.call.pk, sent.invitation_pk or 0, now + seconds(3))])
    assert calls.missed_unseen(bob.pk) == 0


def test_what_may_ring_again_is_repeated(ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime) -> None:
    device(bob)
    disturb_not(bob, now + timedelta(hours=1))
    sheet = ring(alice, bob)
    calls.change_rules(bob.pk, lambda: disturb_not(bob, None), now=now + seconds(1))
    deliver(now + seconds(3))
    calls.expire(sheet.call.pk, now=now + seconds(10))
    assert owed("ring") == rung(bob, "phone", "phone")

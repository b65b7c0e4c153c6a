"""A device that rang and has gone: its caller does not go on reading that it rings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from invitations import calls
from invitations.calls.quieting import BACK_WITHIN_SECONDS
from invitations.live import presence
from invitations.models import Delivery, DeliveryKind, DeliveryState, Device, User
from invitations.serializers import call_view
from tests.calls.conftest import acting, seconds
from tests.calls.pages import Pages, events

Ring = Callable[..., calls.CallSheet]
pytestmark = pytest.mark.django_db(transaction=True)
LATE = BACK_WITHIN_SECONDS + 1


def said(call_id: str, viewer: User, now: datetime) -> Any:
    (invitation,) = call_view(calls.view(call_id, viewer_id=viewer.pk, now=now), viewer.pk, now)["invitations"]
    return invitation["standing"], invitation["ringing_devices"]


@pytest.fixture
def rung(ring: Ring, alice: User, bob: User, pages: Pages, now: datetime) -> calls.CallSheet:
    """Alice's call, which rings on Bob's laptop."""
    sheet = ring(alice, bob)
    calls.ringing(sheet.call.call_id, by=acting(bob, "laptop", device_label="Chrome on Linux"), now=now)
    pages.frames()
    return sheet


def test_a_device_that_does_not_come_back_rings_no_more(
    rung: calls.CallSheet, pages: Pages, alice: User, bob: User, now: datetime
) -> None:
    call_id = rung.call.call_id
    calls.went(bob.pk, "laptop", now=now)
    assert said(call_id, alice, now) == ("ringing", 1)
    calls.expire(rung.call.pk, now=now + seconds(LATE))
    frames = pages.frames()
    assert events(frames)["alice"] == ["invitation.quiet"]
    assert said(call_id, alice, now + seconds(LATE)) == ("unreachable", 0)
    # Whoever opens a page now is rung.
    assert "call.sent" in events(frames)["bob"]
    texts = [each["text"] for each in calls.timeline(call_id, viewer_id=alice.pk, now=now + seconds(LATE))]
    assert "Bob is no longer connected on Chrome on Linux, so it stopped ringing there." in texts


def test_it_rings_on_while_another_device_does(rung: calls.CallSheet, alice: User, bob: User, now: datetime) -> None:
    call_id = rung.call.call_id
    calls.ringing(call_id, by=acting(bob, "phone"), audible=False, now=now)
    calls.went(bob.pk, "laptop", now=now)
    calls.went(bob.pk, "phone", now=now + seconds(3))
    calls.expire(rung.call.pk, now=now + seconds(LATE))
    assert said(call_id, alice, now + seconds(LATE)) == ("ringing_silently", 1)
    calls.expire(rung.call.pk, now=now + seconds(LATE + 3))
    assert said(call_id, alice, now + seconds(LATE + 3)) == ("unreachable", 0)


@pytest.mark.parametrize("how", ["connected again", "rings again", "shows a notification"])
def test_a_device_that_is_back_in_time_never_stopped(
    how: str, rung: calls.CallSheet, pages: Pages, alice: User, bob: User, now: datetime
) -> None:
    call_id = rung.call.call_id
    calls.went(bob.pk, "laptop", now=now)
    if how == "connected again":
        presence.mark_online(bob.pk, "laptop")
    elif how == "rings again":
        calls.ringing(call_id, by=acting(bob, "laptop"), now=now + seconds(2))
    else:
        device = Device.objects.create(user=bob, device_id="laptop", created_at=now)
        Delivery.objects.create(
            user=bob,
            device=device,
            device_key="laptop",
            invitation=rung.invitations[0],
            kind=DeliveryKind.RING,
            state=DeliveryState.SENT,
            created_at=now,
            due_at=now,
            expires_at=now + seconds(60),
            settled_at=now,
        )
    calls.expire(rung.call.pk, now=now + seconds(LATE))
    assert said(call_id, alice, now + seconds(LATE)) == ("ringing", 1)
    assert not any(events(pages.frames()).values())


def test_a_device_that_comes_back_later_rings_again(
    rung: calls.CallSheet, alice: User, bob: User, now: datetime
) -> None:
    call_id = rung.call.call_id
    calls.went(bob.pk, "laptop", now=now)
    calls.expire(rung.call.pk, now=now + seconds(LATE))
    calls.ringing(call_id, by=acting(bob, "laptop"), now=now + seconds(20))
    assert said(call_id, alice, now + seconds(20)) == ("ringing", 1)
    assert said(call_id, alice, now + seconds(60)) == ("no_answer", 1)


def test_a_push_that_is_taken_afterwards_is_on_its_way(
    rung: calls.CallSheet, alice: User, bob: User, now: datetime
) -> None:
    calls.went(bob.pk, "laptop", now=now)
    calls.expire(rung.call.pk, now=now + seconds(LATE))
    calls.notified([calls.Taken(rung.call.pk, rung.invitations[0].pk, now + seconds(20))])
    assert said(rung.call.call_id, alice, now + seconds(20)) == ("calling", 0)


def test_nothing_happens_to_a_ring_that_other_devices_have(
    rung: calls.CallSheet, alice: User, bob: User, now: datetime
) -> None:
    calls.went(bob.pk, "phone", now=now)
    calls.went(alice.pk, "laptop", now=now)
    assert calls.is_rung(bob.pk)
    assert not calls.is_rung(alice.pk)
    calls.expire(rung.call.pk, now=now + seconds(LATE))
    assert said(rung.call.call_id, alice, now + seconds(LATE)) == ("ringing", 1)


def test_a_device_that_has_gone_is_looked_after_though_another_rings_meanwhile(
    rung: calls.CallSheet, alice: User, bob: User, now: datetime
) -> None:
    call_id = rung.call.call_id
    calls.went(bob.pk, "laptop", now=now)
    calls.ringing(call_id, by=acting(bob, "phone"), audible=False, now=now + seconds(2))
    assert said(call_id, alice, now + seconds(2)) == ("ringing", 2)
    calls.expire(rung.call.pk, now=now + seconds(LATE))
    assert said(call_id, alice, now + seconds(LATE)) == ("ringing_silently", 1)

"""What was sent to which device is told in sentences, whatever became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from invitations import calls
from invitations.models import Delivery, DeliveryKind, DeliveryState, Device, DisabledReason, User
from invitations.push.words import reason_words
from tests.calls.conftest import acting, seconds

Ring = Callable[..., calls.CallSheet]


def told(call_id: str, viewer: User, now: datetime, prefix: str) -> list[str]:
    entries = calls.timeline(call_id, viewer_id=viewer.pk, now=now)
    return [each["text"] for each in entries if each["code"].startswith(prefix)]


@pytest.mark.parametrize("code", ["", "service_error"])
@pytest.mark.parametrize("state", DeliveryState)
@pytest.mark.parametrize(("kind", "number"), [("ring", 1), ("ring", 2), ("stop", 1)])
@pytest.mark.parametrize("label", ["", "Tablet"])
def test_every_outcome_of_a_delivery_is_a_whole_sentence(
    code: str,
    state: DeliveryState,
    kind: str,
    number: int,
    label: str,
    ring: Ring,
    alice: User,
    bob: User,
    now: datetime,
) -> None:
    sheet = ring(alice, bob)
    Delivery.objects.create(
        user=bob,
        device_key="tablet",
        device_label=label,
        invitation=sheet.invitations[0],
        kind=kind,
        number=number,
        state=state,
        code=code,
        created_at=now,
        due_at=now,
        expires_at=now + seconds(60),
        settled_at=None if state == DeliveryState.PENDING else now,
        acknowledged_at=now,
    )
    said = told(sheet.call.call_id, bob, now, "delivery.")
    device = label or "An unnamed device"
    assert len(said) == 2
    assert all(each.endswith(".") and not each.startswith("timeline.") for each in said)
    assert all(device in each for each in said)
    assert ("Ring number 2" in said[0] or "ring number 2" in said[0]) == (number == 2 and state != "withheld")


@pytest.mark.parametrize("reason", ["", *DisabledReason.values])
def test_a_device_that_could_not_be_pushed_to_is_told_with_its_reason(
    reason: str, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    disabled = {"push_disabled_at": now, "push_disabled_reason": reason} if reason else {}
    Device.objects.create(user=bob, device_id="tablet", label="Tablet", created_at=now, **disabled)
    said = told(ring(alice, bob).call.call_id, bob, now, "device.")
    assert len(said) == 1
    assert "Tablet" in said[0]
    assert said[0].endswith("so only an open page could ring there.")


@pytest.mark.parametrize(
    ("state", "ending"),
    [
        (None, "no device could receive push notifications."),
        (DeliveryState.FAILED, "no push service accepted the ring."),
        (DeliveryState.SENT, "a push service accepted the ring, but no device responded."),
    ],
)
def test_a_ring_that_nobody_heard_says_what_is_known(
    state: DeliveryState | None, ending: str, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    sheet = ring(alice, bob)
    if state is not None:
        Delivery.objects.create(
            user=bob,
            device_key="tablet",
            invitation=sheet.invitations[0],
            kind=DeliveryKind.RING,
            state=state,
            created_at=now,
            due_at=now,
            expires_at=now + seconds(60),
            settled_at=now,
        )
    calls.cancel(sheet.call.call_id, by=acting(alice), now=now)
    (said,) = told(sheet.call.call_id, alice, now, "ring.unheard")
    assert said.startswith("Nothing shows that it rang for Bob: ")
    assert said.endswith(ending)


def test_a_reason_that_is_not_known_is_said_as_one() -> None:
    assert reason_words("no_such", "push.example.org") == "The message wasn't accepted."
    assert reason_words("gone", "").startswith("The push service at an unknown host no longer knows the device.")

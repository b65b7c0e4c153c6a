"""Which push messages are owed to which devices: planned in the transaction of the change that owes them.

Decides nothing about calls, and sends nothing: `deliveries` hands out what is planned here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import (
    Count,
    Exists,
    OuterRef,
    PositiveSmallIntegerField,
    QuerySet,
    Subquery,
    Value,
)

from invitations.live import publishing
from invitations.models import Delivery, DeliveryKind, DeliveryState, Device, StopReason
from invitations.push.recent import RECENT, span
from invitations.store import rows
from invitations.store.statements import Bind, Prepared, PreparedCopy, aggregated
from invitations.transports.base import FailureCode

MISSED_SECONDS = 24 * 3600
ANSWERED_SECONDS = 300
"""How long it is worth telling a device that a ring is over: that it was missed, or just that it must stop."""
TEST_SECONDS = 60
REFUSED = {DeliveryState.GONE, DeliveryState.FAILED}
TROUBLED = {FailureCode.THROTTLED, FailureCode.SERVICE_ERROR}
MISSED = {StopReason.CANCELLED, StopReason.TIMED_OUT}


_RUNG = "user__received_invitations__"
_OF_RING = {"invitation_id": OuterRef(f"{_RUNG}pk"), "device_id": OuterRef("pk"), "kind": DeliveryKind.RING}

# A device whose last ring still waits to be sent gets no further ring behind it; nor does one whose push service
# refused a ring, or asked to be left alone until the ring is over.
_WAITING = [DeliveryState.PENDING, DeliveryState.FAILED, DeliveryState.EXPIRED]
_NOT_WAITING = ~Exists(Delivery.objects.filter(RECENT, state__in=_WAITING, **_OF_RING))
_RINGS_BEFORE = Subquery(
    aggregated(Delivery.objects.filter(RECENT, **_OF_RING), Count("*")), output_field=PositiveSmallIntegerField()
)


def _ring_of(devices: QuerySet[Device], **more: Any) -> PreparedCopy:
    """Add a ring for each of these devices."""
    return PreparedCopy(
        Delivery,
        devices.order_by("pk"),
        device_id="pk",
        user_id="user_id",
        device_key="device_id",
        device_label="label",
        invitation_id=f"{_RUNG}pk",
        kind=Value(DeliveryKind.RING.value),
        created_at=Bind("now"),
        due_at=Bind("now"),
        expires_at=f"{_RUNG}expires_at",
        **more,
    )


# One statement for all the rings of a verb, whether or not their invitees have push addresses.
RINGS = _ring_of(Device.objects.reachable().filter(**{f"{_RUNG}pk__in": Bind("rings")}))
REPEATS = _ring_of(
    Device.objects.reachable().filter(_NOT_WAITING, **{f"{_RUNG}pk__in": Bind("rings")}), number=_RINGS_BEFORE + 1
)

# Locks the rings where the database locks rows: if a ring is just being claimed, this waits for it, or its device would
# ring and never be told that the ring is over.
RUNG = Prepared(
    Delivery.objects.filter(RECENT, invitation_id__in=Bind("rings"), kind=DeliveryKind.RING)
    .order_by("pk")
    .select_for_update(no_key=True, of=("self",))
)


def plan_rings(invitation_pks: Sequence[int], *, now: datetime) -> None:
    """Owe a ring to every device of the invitees that has a push address.

    Args:
        invitation_pks: pending invitations.
    """
    if invitation_pks:
        _wake_if(RINGS.later(rings=invitation_pks, now=now))


def plan_repeats(invitation_pk: int, *, now: datetime) -> None:
    """Owe one more ring to every device of an invitee who is still being rung and has acknowledged nothing yet.

    Args:
        invitation_pk: a pending invitation.
    """
    _wake_if(REPEATS.run(rings=[invitation_pk], now=now, **span(now)))


def on_their_way(invitation_pks: Sequence[int]) -> set[int]:
    """Of these invitations, those with a ring that is to be sent, was sent, or is not needed because a page rings."""
    alive = [DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.WITHHELD]
    rings = Delivery.objects.filter(invitation_id__in=invitation_pks, kind=DeliveryKind.RING, state__in=alive)
    return {key for key in rings.values_list("invitation_id", flat=True) if key is not None}


def plan_stops(invitation_pks: Sequence[int], reason: StopReason, *, now: datetime, besides: str | None = None) -> None:
    """Owe the end of these rings to every device that may have got them.

    Args:
        invitation_pks: invitations that are closed now.
        reason: why.
        besides: the device that answered, which already knows.
    """
    worth = timedelta(seconds=MISSED_SECONDS if reason in MISSED else ANSWERED_SECONDS)
    owed: dict[tuple[int | None, int | None], Delivery] = {}
    for ring in RUNG.rows(rings=invitation_pks, **span(now)):
        if ring.device_key == besides or not _may_have_rung(ring):
            continue
        stop = owed.setdefault(
            (ring.device_id, ring.invitation_id),
            rows.make(
                Delivery,
                device_id=ring.device_id,
                user_id=ring.user_id,
                device_key=ring.device_key,
                device_label=ring.device_label,
                invitation_id=ring.invitation_id,
                kind=DeliveryKind.STOP.value,
                reason=reason.value,
                created_at=now,
                due_at=now,
                expires_at=now + worth,
            ),
        )
        stop.due_at = max(stop.due_at, _left_alone_until(ring, now))
    rows.insert(*owed.values())
    _wake_if(owed)


def plan_test(device: Device, *, now: datetime) -> Delivery:
    """Owe a test ring to one device.

    Args:
        device: one with a push address.
    """
    owed = Delivery.objects.create(
        device=device,
        user_id=device.user_id,
        device_key=device.device_id,
        device_label=device.label,
        kind=DeliveryKind.TEST,
        created_at=now,
        due_at=now,
        expires_at=now + timedelta(seconds=TEST_SECONDS),
    )
    transaction.on_commit(publishing.wake_dispatchers)
    return owed


def _may_have_rung(ring: Delivery) -> bool:
    """Whether a device may have got a ring. A ring that was never tried is dropped when its turn comes; a push service
    that asked for more time than the ring had did not accept it."""
    if not ring.attempts or ring.device_id is None or ring.state in REFUSED:
        return False
    return not (ring.state == DeliveryState.EXPIRED and ring.code == FailureCode.THROTTLED)


def _left_alone_until(ring: Delivery, now: datetime) -> datetime:
    """When a push service that asked to wait may get a message: no sooner than the ring would have been retried."""
    return ring.due_at if ring.state == DeliveryState.PENDING and ring.code in TROUBLED else now


def _wake_if(owed: Collection[Any]) -> None:
    """Wake the dispatchers on commit if anything is owed by then."""
    transaction.on_commit(lambda: publishing.wake_dispatchers() if owed else None)

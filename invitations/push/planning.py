"""Which push messages are owed to which devices: planned in the transaction of the change that owes them.

Decides nothing about calls, and sends nothing: `deliveries` hands out what is planned here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import (
    Case,
    Count,
    Exists,
    OuterRef,
    PositiveSmallIntegerField,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from invitations.live import publishing
from invitations.models import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    Device,
    InvitationState,
    StopReason,
    UserKey,
    Verdict,
)
from invitations.push.recent import RECENT, SKEW, span
from invitations.store.statements import Bind, Prepared, PreparedCopy, aggregated, database
from invitations.transports.base import FailureCode

MISSED_SECONDS = 24 * 3600
ANSWERED_SECONDS = 300
"""How long it is worth telling a device that a ring is over: that it was missed, or just that it must stop."""
TEST_SECONDS = 60
NOTICE_SECONDS = 24 * 3600
NOTICE_EVERY = timedelta(minutes=10)
"""How often at most a device is told that somebody asks."""
REFUSED = {DeliveryState.GONE, DeliveryState.FAILED}
TROUBLED = {FailureCode.THROTTLED, FailureCode.SERVICE_ERROR}
MISSED = {StopReason.CANCELLED, StopReason.TIMED_OUT}
NOWHERE = ""
"""The device that answered, if none did."""


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


# One statement for all the rings of a verb, whether or not their invitees have push addresses. Nobody has two pending
# invitations to the same call.
_PENDING = {
    f"{_RUNG}state": InvitationState.PENDING,
    f"{_RUNG}verdict": Verdict.RINGS,
    f"{_RUNG}call_id": Bind("call"),
}
RINGS = _ring_of(Device.objects.reachable().filter(user_id__in=Bind("users"), **_PENDING))
REPEATS = _ring_of(
    Device.objects.reachable().filter(
        _NOT_WAITING, **{f"{_RUNG}pk__in": Bind("rings"), f"{_RUNG}verdict": Verdict.RINGS}
    ),
    number=_RINGS_BEFORE + 1,
)

_RINGS = Delivery.objects.filter(RECENT, invitation_id__in=Bind("rings"), kind=DeliveryKind.RING)
_ALIVE = [DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.WITHHELD]
ON_THEIR_WAY: Prepared[int] = Prepared(
    _RINGS.filter(state__in=_ALIVE).order_by().values_list("invitation_id"), row=itemgetter(0)
)

# If a ring is just being claimed, the stop waits for it, or its device would ring and never be told that the ring is
# over.
RINGS_LOCKED = Prepared(_RINGS.order_by("pk").select_for_update(no_key=True).values_list("pk"), row=tuple)

# A ring that was never tried is dropped when its turn comes; a push service that asked for more time than the ring had
# did not accept it.
_MAY_HAVE_RUNG = (
    Q(attempts__gt=0, device_id__isnull=False)
    & ~Q(state__in=REFUSED)
    & ~Q(state=DeliveryState.EXPIRED, code=FailureCode.THROTTLED)
)
_ONE_MORE = Delivery.objects.filter(
    RECENT,
    _MAY_HAVE_RUNG,
    invitation_id=OuterRef("invitation_id"),
    device_id=OuterRef("device_id"),
    kind=DeliveryKind.RING,
    pk__gt=OuterRef("pk"),
)

# Whose ring was stopped by a block is told no more of it, whatever the caller does.
_WAS_STOPPED = Q(invitation__verdict=Verdict.BLOCKED) & Exists(
    Delivery.objects.filter(
        RECENT,
        invitation_id=OuterRef("invitation_id"),
        device_id=OuterRef("device_id"),
        kind=DeliveryKind.STOP,
        pk__gt=OuterRef("pk"),
    )
)

# One for each device, however often it was rung. If its push service asked to wait, no sooner than it would have got
# the ring, which is its last one then: none is planned behind it.
STOPS = PreparedCopy(
    Delivery,
    _RINGS.filter(_MAY_HAVE_RUNG, ~Exists(_ONE_MORE), ~_WAS_STOPPED).exclude(device_key=Bind("besides")).order_by("pk"),
    device_id="device_id",
    user_id="user_id",
    device_key="device_key",
    device_label="device_label",
    invitation_id="invitation_id",
    kind=Value(DeliveryKind.STOP.value),
    reason=Bind("reason"),
    created_at=Bind("now"),
    due_at=Case(
        When(state=DeliveryState.PENDING, code__in=TROUBLED, due_at__gt=Bind("now"), then="due_at"),
        default=Bind("now", Delivery._meta.get_field("due_at")),
    ),
    expires_at=Bind("expires_at"),
)


def plan_rings(call_pk: int, user_ids: Sequence[UserKey], *, now: datetime) -> None:
    """Owe a ring to every device of some invitees that has a push address.

    Args:
        call_pk: the call.
        user_ids: those who have just got an invitation to it that is pending.
    """
    if user_ids:
        owed = _Owed()
        RINGS.later(owed.take, call=call_pk, users=user_ids, now=now)
        owed.wake()


def plan_repeats(invitation_pk: int, *, now: datetime) -> None:
    """Owe one more ring to every device of an invitee who is still being rung and has acknowledged nothing yet.

    Args:
        invitation_pk: a pending invitation.
    """
    owed = _Owed()
    REPEATS.later(owed.take, rings=[invitation_pk], now=now, **span(now))
    owed.wake()


def on_their_way(invitation_pks: Sequence[int], *, now: datetime) -> set[int]:
    """Of these invitations, those with a ring that is to be sent, was sent, or is not needed because a page rings."""
    return set(ON_THEIR_WAY.rows(rings=invitation_pks, **span(now)))


def plan_stops(invitation_pks: Sequence[int], reason: StopReason, *, now: datetime, besides: str | None = None) -> None:
    """Owe the end of these rings to every device that may have got them.

    Args:
        invitation_pks: invitations that are closed now.
        reason: why.
        besides: the device that answered, which already knows.
    """
    worth = timedelta(seconds=MISSED_SECONDS if reason in MISSED else ANSWERED_SECONDS)
    if database().features.has_select_for_update:
        RINGS_LOCKED.soon(rings=invitation_pks, **span(now))
    owed = _Owed()
    STOPS.later(
        owed.take,
        rings=invitation_pks,
        besides=besides or NOWHERE,
        reason=reason.value,
        now=now,
        **span(now),
        expires_at=now + worth,
    )
    owed.wake()


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


def plan_request_notice(user_id: UserKey, *, now: datetime) -> None:
    """Owe a quiet notice to every device of somebody with a push address, that people ask them to be let in: soon, and
    one in `NOTICE_EVERY`, whoever and however many ask. It says how things stand when it is sent.

    Args:
        user_id: who is asked.
    """
    since = {"created_at__gt": now - timedelta(seconds=NOTICE_SECONDS), "created_at__lt": now + SKEW}
    before = Delivery.objects.filter(user_id=user_id, kind=DeliveryKind.CONTACT, **since).order_by("due_at")
    last = {each.device_id: each for each in before}
    owed = [
        Delivery(
            device=device,
            user_id=user_id,
            device_key=device.device_id,
            device_label=device.label,
            kind=DeliveryKind.CONTACT,
            created_at=now,
            due_at=now if device.pk not in last else max(now, last[device.pk].due_at + NOTICE_EVERY),
            expires_at=now + timedelta(seconds=NOTICE_SECONDS),
        )
        for device in Device.objects.reachable().filter(user_id=user_id).order_by("pk")
        if device.pk not in last or last[device.pk].state != DeliveryState.PENDING
    ]
    Delivery.objects.bulk_create(owed)
    if owed:
        transaction.on_commit(publishing.wake_dispatchers)


class _Owed:
    """What comes to be owed before the transaction ends, of which the dispatchers hear on commit."""

    def __init__(self) -> None:
        self._keys: list[Any] = []

    def take(self, keys: Collection[Any]) -> None:
        """Note what has come to be owed."""
        self._keys += keys

    def wake(self) -> None:
        """Wake the dispatchers on commit if anything is owed by then."""
        transaction.on_commit(lambda: publishing.wake_dispatchers() if self._keys else None)

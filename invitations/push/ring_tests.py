"""Test rings: a real ring to one device although nobody calls, and how far it has come, hop by hop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from invitations import quotas
from invitations.conf import limits
from invitations.errors import CallError, Code
from invitations.models import Delivery, DeliveryKind, DeliveryState, Device
from invitations.push import planning
from invitations.push.words import reason_words
from invitations.quotas import Quota
from invitations.serializers import moment
from invitations.words import say, say_lazy

JSON = dict[str, Any]
WINDOW = timedelta(seconds=60)


def begin(device: Device, *, now: datetime) -> Delivery:
    """Send a test ring to one device.

    Args:
        device: one with a push address that works, as far as we know.

    Raises:
        CallError: `throttled`.
    """
    most = limits().test_rings_per_minute
    recent = Delivery.objects.filter(
        user_id=device.user_id, device__user_id=device.user_id, kind=DeliveryKind.TEST, created_at__gt=now - WINDOW
    )
    if most:
        moments = list(recent.order_by("-created_at").values_list("created_at", flat=True)[:most])
        wait = max(1, round(((moments[-1] if moments else now) + WINDOW - now).total_seconds()))
        quotas.tell(Quota("test-rings", most, WINDOW.seconds, max(0, most - len(moments) - 1), wait))
        if len(moments) == most:
            detail = say_lazy("error.throttled.test_rings", count=most)
            raise CallError(Code.THROTTLED, detail, retry_after_seconds=wait)
    return planning.plan_test(device, now=now)


def latest(device: Device) -> Delivery | None:
    """A device's last test ring, if it is recent."""
    return Delivery.objects.filter(device=device, kind=DeliveryKind.TEST).order_by("-id").first()


def arrived(delivery_pk: int, device_id: str, *, now: datetime) -> Delivery | None:
    """Record that a device showed its test ring. None if that test no longer exists.

    Args:
        delivery_pk: from the token.
        device_id: from the token.
    """
    found = Delivery.objects.filter(pk=delivery_pk, device_key=device_id, kind=DeliveryKind.TEST)
    found.filter(acknowledged_at=None).update(acknowledged_at=now)
    return found.first()


def view(test: Delivery) -> JSON:
    """A test ring on the wire, with what has happened to it so far."""
    return {
        "test_id": str(test.pk),
        "device_id": test.device_key,
        "state": _state(test),
        "hops": _hops(test),
        "created_at": moment(test.created_at),
        "expires_at": moment(test.expires_at),
    }


def _state(test: Delivery) -> str:
    if test.acknowledged_at is not None:
        return "arrived"
    if test.state == DeliveryState.PENDING:
        return "waiting"
    return "sent" if test.state == DeliveryState.SENT else "failed"


def _hops(test: Delivery) -> list[JSON]:
    hops = [_hop("planned", test.created_at, say("test_ring.hop.planned"))]
    if test.state == DeliveryState.SENT:
        hops.append(_hop("sent", test.settled_at, say("test_ring.hop.sent", host=test.host)))
    elif test.state == DeliveryState.PENDING and test.code:
        again = say("test_ring.hop.retrying", reason=reason_words(test.code, test.host))
        hops.append(_hop("retrying", test.due_at, again))
    elif test.state != DeliveryState.PENDING:
        hops.append(_hop("failed", test.settled_at, reason_words(test.code, test.host)))
    if test.acknowledged_at is not None:
        case = ".on" if test.device_label else ""
        words = say(f"test_ring.hop.arrived{case}", device=test.device_label)
        hops.append(_hop("arrived", test.acknowledged_at, words))
    return hops


def _hop(code: str, at: datetime | None, text: str) -> JSON:
    return {"code": code, "at": moment(at), "text": text}

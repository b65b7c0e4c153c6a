"""The devices that a user can be rung on, as they make themselves known."""

from __future__ import annotations

from datetime import datetime

from invitations.models import Device, DeviceKind


def seen(user_id: int, device_id: str, *, label: str | None, kind: str = DeviceKind.BROWSER, now: datetime) -> None:
    """Note that a device said hello: made if it is new, its name and last sign of life renewed if not.

    Args:
        user_id: the owner's key.
        device_id: chosen by the client, unique per user.
        label: what people read, such as "Chrome on Linux"; at most 64 characters; None leaves it as it is.
        kind: of `DeviceKind`, for a new one.
        now: the moment.
    """
    Device.objects.bulk_create(
        [Device(user_id=user_id, device_id=device_id, label=label or "", kind=kind, created_at=now, last_seen_at=now)],
        update_conflicts=True,
        unique_fields=["user", "device_id"],
        update_fields=["last_seen_at"] if label is None else ["label", "last_seen_at"],
    )


def rang(user_id: int, device_id: str, *, now: datetime) -> None:
    """Note that a device rang. One that never made itself known is not made here: nothing is known of it.

    Args:
        user_id: the owner's key.
        device_id: the device that acknowledged a ring.
        now: the moment.
    """
    Device.objects.filter(user_id=user_id, device_id=device_id).update(last_ringing_at=now)

"""Devices that stop alerting without a word: the page that rang was closed, or its network is gone.

Their callers must not go on reading that it rings. A device has a moment to come back: pages are loaded again, and
connections are lost for a second."""

from __future__ import annotations

from datetime import datetime, timedelta
from operator import itemgetter

from django.db import transaction

from invitations.calls.closing import save_deadlines
from invitations.calls.events import Change
from invitations.calls.loading import lock_one
from invitations.calls.transaction import write
from invitations.live import presence, publishing
from invitations.models import EventKind, Invitation, RingingDevice, UserKey
from invitations.push import deliveries
from invitations.store import rows
from invitations.store.sheets import CallSheet
from invitations.store.statements import Bind, Prepared

_RINGING = Invitation.objects.ringing().order_by().filter(invitee_id=Bind("user"), ringing_at__isnull=False)
RINGING = Prepared(_RINGING.values_list("call_id"), row=itemgetter(0))
BACK_WITHIN_SECONDS = 6
"""Longer than a page needs to load again, and than a client's first attempts to connect."""


def is_rung(user_id: UserKey) -> bool:
    """Whether any device of the user rings. One query."""
    return bool(RINGING.rows(user=user_id))


def went(user_id: UserKey, device_id: str, *, now: datetime) -> None:
    """Look soon whether a device, whose last socket has closed, still rings. One query unless it was ringing.

    Args:
        user_id: the invitee's key.
        device_id: the device.
    """
    for call_pk in sorted(RINGING.rows(user=user_id)):
        with write():
            sheet = lock_one(call_pk)
            own = sheet.invitation_of(user_id) if sheet else None
            if sheet is None or own is None or not own.rings_on(device_id):
                continue
            own.ringing_devices = [
                {**each, "gone_at": now.isoformat()} if each["device"] == device_id else each
                for each in own.ringing_devices or []
            ]
            look_at = now + timedelta(seconds=BACK_WITHIN_SECONDS)
            own.next_ring_at = min(own.next_ring_at or look_at, look_at)
            rows.update(own, "ringing_devices", "next_ring_at")
            save_deadlines(sheet, now)
            transaction.on_commit(publishing.wake_dispatchers)


def drop_gone(sheet: CallSheet, change: Change) -> None:
    """Record which devices have not come back and ring no more. The call must be locked."""
    for invitation in sheet.pending():
        known = invitation.ringing_devices
        if not known or invitation.next_ring_at is None or invitation.next_ring_at > change.now:
            continue
        due = [each for each in known if _is_due(each, change.now)]
        back = _still_ring(invitation, due, change.now) if due else set()
        left = [
            _without_mark(each) if each in due else each for each in known if each not in due or each["device"] in back
        ]
        invitation.ringing_devices = left
        # With no device left, it rings again at once, as if nobody had heard it.
        invitation.next_ring_at = next_look(left) if left else change.now
        rows.update(invitation, "ringing_devices", "next_ring_at")
        for each in due:
            if each["device"] not in back:
                facts = {"label": each["label"], "device_kind": each["kind"], "device": each["device"]}
                invitee = sheet.people[invitation.invitee_id].username
                change.fact(EventKind.INVITATION_QUIET, invitee=invitee, **facts)


def next_look(devices: list[RingingDevice]) -> datetime | None:
    """When to look next whether those of these devices that have gone are back; None if none has."""
    looks = [_look_at(each) for each in devices]
    return min((each for each in looks if each is not None), default=None)


def _is_due(device: RingingDevice, now: datetime) -> bool:
    look_at = _look_at(device)
    return look_at is not None and look_at <= now


def _look_at(device: RingingDevice) -> datetime | None:
    gone_at = device.get("gone_at")
    return None if gone_at is None else datetime.fromisoformat(gone_at) + timedelta(seconds=BACK_WITHIN_SECONDS)


def _still_ring(invitation: Invitation, devices: list[RingingDevice], now: datetime) -> set[str]:
    """Of these devices, the ones that are back, or show a notification of the ring without a page."""
    names = [each["device"] for each in devices]
    live = presence.live_devices((invitation.invitee_id, each) for each in names)
    return {device_id for _, device_id in live} | deliveries.shown_on(invitation.pk, names, now=now)


def _without_mark(device: RingingDevice) -> RingingDevice:
    kept = device.copy()
    kept.pop("gone_at", None)
    return kept

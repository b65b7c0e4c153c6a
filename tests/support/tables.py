"""Rows that tests write past the verbs: what the database refuses, and a past long enough to be felt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from invitations.models import Call, Delivery, Device, Invitation, User


def refuses(write: Callable[[], Any]) -> bool:
    """Whether the database itself refuses a write, which is undone then."""
    try:
        with transaction.atomic():
            write()
    except IntegrityError:
        return True
    return False


def old_rings(caller: User, rung: Iterable[tuple[User, datetime]]) -> list[Invitation]:
    """The rings of ended calls that nobody answered within a minute, one call for each of these people and moments."""
    minute = timedelta(seconds=60)
    people = list(rung)
    made = Call.objects.bulk_create(
        Call(
            call_id=f"old-{number}",
            revision=1,
            state="ended",
            end_reason="timed_out",
            is_video_call=False,
            caller=caller,
            timeout_seconds=60,
            fingerprint="",
            created_at=at,
            ring_expires_at=at + minute,
            ended_at=at + minute,
        )
        for number, (_, at) in enumerate(people)
    )
    return Invitation.objects.bulk_create(
        Invitation(
            call=call,
            invitee=invitee,
            inviter=caller,
            state="timed_out",
            timeout_seconds=60,
            created_at=at,
            expires_at=at + minute,
            closed_at=at + minute,
            missed=True,
        )
        for call, (invitee, at) in zip(made, people, strict=True)
    )


def old_delivery(ring: Invitation, device: Device) -> Delivery:
    """The push message of an old ring, sent to its invitee's device at once; not stored yet."""
    return Delivery(
        device=device,
        user_id=device.user_id,
        device_key=device.device_id,
        invitation=ring,
        kind="ring",
        state="sent",
        attempts=1,
        created_at=ring.created_at,
        due_at=ring.created_at,
        expires_at=ring.expires_at,
        settled_at=ring.created_at,
    )

"""People with devices, and rings owed to them, for the push benchmark."""

from __future__ import annotations

import secrets
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from invitations import calls
from invitations.models import CallingPreferences, Device, Invitation
from invitations.push import devices, messages
from invitations.transports import Address, vapid
from invitations.transports.base import to_base64url

KEPT_SECONDS = 600


def plan(deliveries: int, rings: int, origin: str) -> list[dict[str, Any]]:
    """Ring this many devices this many times each, from different callers. Everything then waits to be sent.

    Returns:
        For each delivery, in order: the subscription, the payload and the topic.
    """
    invitees = _people("to", deliveries // rings)
    callers = _people("from", deliveries)
    CallingPreferences.objects.bulk_create(
        CallingPreferences(user_id=each.user_id, call_waiting=True) for each in invitees
    )
    addresses = {each.username: _address(origin) for each in invitees}
    for each in invitees:
        _register(each, addresses[each.username])
    orders: list[dict[str, Any]] = []
    for number, caller in enumerate(callers):
        invitee = invitees[number % len(invitees)]
        now = timezone.now()
        sheet = calls.send(
            by=caller, invitees=[invitee.username], is_video_call=True, timeout_seconds=KEPT_SECONDS, now=now
        ).sheet
        ring = messages.ring(
            sheet, sheet.invitations[0], device_id="phone", origin="https://calls.example.org", number=1, now=now
        )
        address = addresses[invitee.username]
        orders.append(
            {
                "subscription": {
                    "endpoint": address.endpoint,
                    "keys": {"p256dh": address.p256dh, "auth": address.auth},
                },
                "payload": messages.packed(ring).decode(),
                "topic": messages.topic_of(sheet.invitations[0].pk),
            }
        )
    # An unanswered device is rung again after 10 s, which would add further rings.
    Invitation.objects.update(next_ring_at=None)
    return orders


def _people(prefix: str, count: int) -> list[calls.Actor]:
    users = get_user_model()
    password = make_password(None)
    made = users._default_manager.bulk_create(
        users(**{users.USERNAME_FIELD: f"{prefix}{number}", "password": password}) for number in range(count)
    )
    return [calls.Actor(each.pk, each.get_username(), "phone", device_label="Bench") for each in made]


def _address(origin: str) -> Address:
    point = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    return Address(
        transport="webpush",
        endpoint=f"{origin}/push/{secrets.token_urlsafe(32)}",
        p256dh=to_base64url(point),
        auth=to_base64url(secrets.token_bytes(16)),
        signing_key=vapid.current_public_key() or "",
    )


def _register(owner: calls.Actor, address: Address) -> None:
    now = timezone.now()
    device = Device.objects.create(user_id=owner.user_id, device_id="phone", created_at=now)
    devices.set_address(device, address, origin="https://calls.example.org", credential="", now=now)

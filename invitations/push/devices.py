"""The devices that a user can be rung on, as they make themselves known, and the push address that each may have.

An address belongs to one device at a time: on a shared computer it goes with the person who signed in last."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from invitations.models import Device, DeviceKind, DisabledReason, UserKey
from invitations.transports import Address, FailureCode

ATTEMPTS = 4
NO_ADDRESS: dict[str, Any] = {
    "push_transport": "",
    "push_endpoint": "",
    "push_digest": None,
    "push_p256dh": "",
    "push_auth": "",
    "push_signing_key": "",
    "push_origin": "",
    "push_language": "",
    "push_credential": "",
    "push_set_at": None,
    "push_disabled_at": None,
    "push_disabled_reason": "",
}

DISABLING: dict[str, DisabledReason] = {
    FailureCode.GONE: DisabledReason.GONE,
    FailureCode.KEY_UNKNOWN: DisabledReason.VAPID_KEY_CHANGED,
}
"""The failures after which an address is never used again, each with what is said of its device then."""


def seen(user_id: UserKey, device_id: str, *, label: str | None, kind: str = DeviceKind.BROWSER, now: datetime) -> None:
    """Note that a device said hello: made if it is new, its name and last sign of life renewed if not.

    Args:
        user_id: the owner's key.
        device_id: chosen by the client, unique per user.
        label: what people read, such as "Chrome on Linux"; at most 64 characters; None leaves it as it is, and so does
            a device that was given a name.
        kind: of `DeviceKind`, for a new one.
        now: the moment.
    """
    Device.objects.bulk_create(
        [Device(user_id=user_id, device_id=device_id, label=label or "", kind=kind, created_at=now, last_seen_at=now)],
        update_conflicts=True,
        unique_fields=["user", "device_id"],
        update_fields=["last_seen_at"],
    )
    if label is not None:
        unnamed = Device.objects.filter(user_id=user_id, device_id=device_id, is_named=False)
        unnamed.exclude(label=label).update(label=label)


def rang(user_id: UserKey, device_id: str, *, now: datetime) -> None:
    """Note that a device rang, which proves its life too. One that never made itself known is not made here.

    Args:
        user_id: the owner's key.
        device_id: the device that acknowledged a ring.
        now: the moment.
    """
    Device.objects.filter(user_id=user_id, device_id=device_id).update(last_ringing_at=now, last_seen_at=now)


def describe(user_id: UserKey, device_id: str, *, label: str | None = None, kind: str, now: datetime) -> Device:
    """Make a device known, or name it anew. Its push address stays.

    Args:
        user_id: the owner's key.
        device_id: chosen by the client, unique per user.
        label: at most 64 characters; None leaves the name as it is.
        kind: of `DeviceKind`.
        now: the moment.
    """
    named = {} if label is None else {"label": label, "is_named": label != ""}
    device, _ = Device.objects.update_or_create(
        user_id=user_id,
        device_id=device_id,
        defaults={**named, "kind": kind},
        create_defaults={**named, "kind": kind, "created_at": now, "last_seen_at": now},
    )
    return device


def set_address(
    device: Device, address: Address, *, origin: str, credential: str, now: datetime, language: str = ""
) -> None:
    """Ring a device at this address from now on; whichever device had it before has none.

    Args:
        device: stored; changed in place too.
        address: checked by its transport.
        origin: where the app is open there, without a slash at its end: `https://calls.example.org`, or
            `https://example.org/calls` where it is mounted below that.
        credential: the session or token that registers it: its end is the address's end.
        now: the moment; also a proof of the device's life.
        language: the tag of the language that its owner reads; the site's own where it is empty.
    """
    digest = digest_of(address)
    values: dict[str, Any] = {
        "push_transport": address.transport,
        "push_endpoint": address.endpoint,
        "push_digest": digest,
        "push_p256dh": address.p256dh,
        "push_auth": address.auth,
        "push_signing_key": address.signing_key,
        "push_origin": origin,
        "push_language": language,
        "push_credential": credential,
        "push_set_at": now,
        "push_disabled_at": None,
        "push_disabled_reason": "",
        "last_seen_at": now,
    }
    for left in reversed(range(ATTEMPTS)):
        try:
            with transaction.atomic():
                _take_from_others(device, digest)
                Device.objects.filter(pk=device.pk).update(**values)
            break
        except IntegrityError:
            # Another device registered it between the two statements: that one loses it in the next round.
            if not left:
                raise
    for name, value in values.items():
        setattr(device, name, value)


def remove_address(device: Device) -> None:
    """Do not ring this device by push any more.

    Args:
        device: stored; changed in place too.
    """
    Device.objects.filter(pk=device.pk).update(**NO_ADDRESS)
    for name, value in NO_ADDRESS.items():
        setattr(device, name, value)


def sign_out(credential: str) -> None:
    """Remove every address that a session or token registered: people who sign out no longer ring there.

    Args:
        credential: as in `set_address`.
    """
    if credential:
        Device.objects.filter(push_credential=credential).update(**NO_ADDRESS)


def disable(device_pk: int, digest: str, reason: DisabledReason, *, now: datetime) -> None:
    """Stop using an address that cannot be used, unless the device has another one by now.

    Args:
        device_pk: the device's key.
        digest: of the address that failed.
        reason: why.
        now: the moment.
    """
    Device.objects.filter(pk=device_pk, push_digest=digest, push_disabled_at=None).update(
        push_disabled_at=now, push_disabled_reason=reason.value
    )


def address_of(device: Device) -> Address:
    """The push address of a device that has one."""
    return Address(
        device.push_transport, device.push_endpoint, device.push_p256dh, device.push_auth, device.push_signing_key
    )


def digest_of(address: Address) -> str:
    """What an address is told apart from others by: SHA-256, for it is itself a secret and may be long."""
    return hashlib.sha256(f"{address.transport}\n{address.endpoint}".encode()).hexdigest()


def credential_of(*, session_key: str | None = None, token_digest: str | None = None) -> str:
    """How a session or token is remembered beside what it registered; also the id of the device it stands for.

    Args:
        session_key: of a browser's session; it cannot be guessed from the answer.
        token_digest: of an app's token.
    """
    if token_digest is not None:
        return f"token-{token_digest[:22]}"
    digest = hashlib.sha256((session_key or "").encode()).digest()
    return f"session-{base64.urlsafe_b64encode(digest).decode()[:22]}"


def _take_from_others(device: Device, digest: str) -> None:
    others = Device.objects.filter(push_digest=digest).exclude(pk=device.pk)
    others.update(**NO_ADDRESS)

"""The devices that a user can be rung on, as they register themselves, and the push address that each may have.

An address belongs to one device at a time: on a shared computer it goes with the person who signed in last."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, NullIf

from invitations import shapes
from invitations.conf import limits
from invitations.models import Device, DeviceKind, DisabledReason, UserKey
from invitations.serializers import moment
from invitations.store.statements import Bind, PreparedUpdate
from invitations.transports import Address, FailureCode, host_of

ATTEMPTS = 4
PROVED_FOR = timedelta(hours=1)
"""How long a proof of life counts as fresh: another one meanwhile writes nothing."""
TOKEN, SESSION, NAME_CHARS = "token-", "session-", 22
"""How the names of credentials begin, and how many characters of a digest follow."""
SERVICE = "service-"
"""How the name of a service's credential begins, which its key follows: it is the same for all its tokens."""
TOO_MANY = 100
"""How many devices, or addresses, are given up at once where a bound was lowered."""
_THIS_ONE = Device.objects.filter(user_id=Bind("user"), device_id=Bind("device"))
RANG = PreparedUpdate(_THIS_ONE, last_ringing_at=Bind("now"), last_seen_at=Bind("now"))
_CREDENTIAL = Coalesce(NullIf(Bind("credential", Device._meta.get_field("credential")), Value("")), F("credential"))
SEEN = PreparedUpdate(_THIS_ONE, last_seen_at=Bind("now"), credential=_CREDENTIAL)
SEEN_AS = PreparedUpdate(
    _THIS_ONE,
    last_seen_at=Bind("now"),
    credential=_CREDENTIAL,
    label=Case(When(is_named=False, then=Bind("label", Device._meta.get_field("label"))), default=F("label")),
)

NO_ADDRESS: dict[str, Any] = {
    "push_transport": "",
    "push_endpoint": "",
    "push_digest": None,
    "push_p256dh": "",
    "push_auth": "",
    "push_signing_key": "",
    "push_alert_token": "",
    "push_origin": "",
    "push_language": "",
    "push_credential": "",
    "push_set_at": None,
    "push_proved_at": None,
    "push_disabled_at": None,
    "push_disabled_reason": "",
}

DISABLING: dict[str, DisabledReason] = {
    FailureCode.GONE: DisabledReason.GONE,
    FailureCode.KEY_UNKNOWN: DisabledReason.VAPID_KEY_CHANGED,
}
"""The failures after which an address is never used again, each with the reason that its device then shows."""


def seen(
    user_id: UserKey,
    device_id: str,
    *,
    label: str | None,
    kind: str = DeviceKind.BROWSER,
    credential: str = "",
    now: datetime,
) -> None:
    """Record that a device said hello: create it if it is new, otherwise update its label and last sign of life.

    Args:
        user_id: the owner's key.
        device_id: chosen by the client, unique per user.
        label: for people, such as "Chrome on Linux"; at most 64 characters. None leaves it unchanged, and so does a
            device that its owner has named.
        kind: one of `DeviceKind`, for a new device.
        credential: the session or token that it came with, as `credential_of` names it; empty leaves it unchanged.
    """
    known = {"user": user_id, "device": device_id, "credential": credential, "now": now}
    if SEEN.run(**known) if label is None else SEEN_AS.run(label=label, **known):
        return
    with _room_for_one(user_id):
        fresh = {
            "label": label or "",
            "kind": kind,
            "credential": credential,
            "created_at": now,
            "last_seen_at": now,
        }
        _, is_new = Device.objects.get_or_create(user_id=user_id, device_id=device_id, defaults=fresh)
    if not is_new:
        seen(user_id, device_id, label=label, kind=kind, credential=credential, now=now)


def expected(user_id: UserKey, device_id: str, *, label: str | None, kind: str, credential: str, now: datetime) -> None:
    """Register a device that has yet to come, with a credential that was made for it: while it has not, others are not
    forgotten for it. Arguments as of `seen`, which is for one that is there."""
    with _room_for_one(user_id):
        fresh = {"label": label or "", "kind": kind, "credential": credential, "created_at": now}
        device, is_new = Device.objects.get_or_create(user_id=user_id, device_id=device_id, defaults=fresh)
        if not is_new:
            named = {} if label is None or device.is_named else {"label": label}
            Device.objects.filter(pk=device.pk).update(credential=credential, **named)


def rang(user_id: UserKey, device_id: str, *, now: datetime) -> None:
    """Record that a device rang, which is also a sign of life. Does not create a device that never registered.

    Args:
        user_id: the owner's key.
        device_id: the device that acknowledged a ring.
    """
    RANG.later(user=user_id, device=device_id, now=now)


def describe(
    user_id: UserKey, device_id: str, *, label: str | None = None, kind: str, credential: str = "", now: datetime
) -> Device:
    """Register a device, or rename it. Its push address stays.

    Args:
        user_id: the owner's key.
        device_id: chosen by the client, unique per user.
        label: at most 64 characters; None leaves the name unchanged.
        kind: one of `DeviceKind`.
        credential: as for `seen`.
    """
    named: dict[str, Any] = {} if label is None else {"label": label, "is_named": label != ""}
    if credential:
        named["credential"] = credential
    with _room_for_one(user_id):
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
    """Ring a device at this address from now on. A device that had the address before loses it.

    Args:
        device: stored; the object is updated too.
        address: checked by its transport.
        origin: where the app is open on the device, without a trailing slash: `https://calls.example.org`, or
            `https://example.org/calls` if it is mounted there.
        credential: the session or token that registers the address, which ends with it.
        now: also counts as a sign of life.
        language: the tag of the owner's language; empty for the site's own.
    """
    digest = digest_of(address)
    values: dict[str, Any] = {
        "push_transport": address.transport,
        "push_endpoint": address.endpoint,
        "push_digest": digest,
        "push_p256dh": address.p256dh,
        "push_auth": address.auth,
        "push_signing_key": address.signing_key,
        "push_alert_token": address.alert_token,
        "push_origin": origin,
        "push_language": language,
        "push_credential": credential,
        "push_set_at": now,
        "push_proved_at": now,
        "push_disabled_at": None,
        "push_disabled_reason": "",
        "last_seen_at": now,
    }
    for left in reversed(range(ATTEMPTS)):
        try:
            with locked(device.user_id):
                _take_from_others(device, digest)
                Device.objects.filter(pk=device.pk).update(**values)
                _give_up_addresses(device.user_id)
            break
        except IntegrityError:
            # Another device registered the address between the two statements: the next round takes it away again.
            if not left:
                raise
    for name, value in values.items():
        setattr(device, name, value)


def remove_address(device: Device) -> None:
    """Stop ringing this device by push.

    Args:
        device: stored; the object is updated too.
    """
    Device.objects.filter(pk=device.pk).update(**NO_ADDRESS)
    for name, value in NO_ADDRESS.items():
        setattr(device, name, value)


def sign_out(credential: str) -> None:
    """Remove every address that a session or token registered: people who sign out no longer ring there.

    Args:
        credential: as for `set_address`.
    """
    if credential:
        Device.objects.filter(push_credential=credential).update(**NO_ADDRESS)


def disable(device_pk: int, digest: str, reason: DisabledReason, *, now: datetime) -> bool:
    """Stop using an address that does not work, unless the device has another one by now.

    Args:
        device_pk: the device's key.
        digest: of the address that failed.
        reason: why.

    Returns:
        Whether it was used until now.
    """
    used = Device.objects.filter(pk=device_pk, push_digest=digest, push_disabled_at=None)
    return bool(used.update(push_disabled_at=now, push_disabled_reason=reason.value))


def prove(device: Device, *, now: datetime) -> None:
    """Record that a device has just found its push address in order: permission and subscription are there.

    Args:
        device: stored, with the address that was looked at. Says so once in `PROVED_FOR` at most.
    """
    lately = Q(push_proved_at__gt=now - PROVED_FOR)
    this = Device.objects.filter(pk=device.pk, push_digest=device.push_digest, push_disabled_at=None)
    this.exclude(lately).update(push_proved_at=now, last_seen_at=now)


def address_of(device: Device) -> Address:
    """The push address of a device that has one."""
    return Address(**{each.name: getattr(device, f"push_{each.name}") for each in fields(Address)})


def view(device: Device) -> shapes.devices.Device:
    """A device on the wire. Shows at most the host of its address."""
    has_address = device.push_digest is not None
    push: shapes.devices.PushHost = {"transport": device.push_transport, "host": host_of(address_of(device))}
    return {
        "device_id": device.device_id,
        "label": device.label,
        "kind": device.kind,
        "push": push if has_address else None,
        "health": device.health.value,
        "disabled_reason": device.push_disabled_reason or None,
        "disabled_since": moment(device.push_disabled_at),
        "created_at": moment(device.created_at),
        "last_seen_at": moment(device.last_seen_at),
        "last_ringing_at": moment(device.last_ringing_at),
    }


def digest_of(address: Address) -> str:
    """Identifies an address: a SHA-256, because the address is a secret and may be long."""
    return hashlib.sha256(f"{address.transport}\n{address.endpoint}".encode()).hexdigest()


def credential_of(*, session_key: str | None = None, token_digest: str | None = None) -> str:
    """How a session or token is remembered beside the devices and addresses that came with it; also the id of the
    device it stands for.

    Args:
        session_key: the key of a browser session, which cannot be guessed from the result.
        token_digest: the digest of an app's token.
    """
    if token_digest is not None:
        return f"{TOKEN}{token_digest[:NAME_CHARS]}"
    digest = hashlib.sha256((session_key or "").encode()).digest()
    return f"{SESSION}{base64.urlsafe_b64encode(digest).decode()[:NAME_CHARS]}"


@contextmanager
def locked(user_id: UserKey) -> Iterator[None]:
    """A transaction in which nobody else adds devices, addresses or tokens of this user."""
    with transaction.atomic():
        users = get_user_model()._base_manager.filter(pk=user_id).order_by()
        list(users.select_for_update(no_key=True).values_list("pk"))
        yield


@contextmanager
def _room_for_one(user_id: UserKey) -> Iterator[None]:
    """Afterwards the user has no more devices than one may have: those that were not used for longest are forgotten.
    Those that have yet to come are counted apart, so that nothing is forgotten for one that never comes."""
    with locked(user_id):
        yield
        most = limits().devices_per_user
        if most:
            found = Device.objects.filter(user_id=user_id)
            for some in (found.exclude(last_seen_at=None), found.filter(last_seen_at=None)):
                kept = some.order_by("-last_seen_at", "-pk")
                for each in list(kept[most : most + TOO_MANY]):
                    each.delete()


def _give_up_addresses(user_id: UserKey) -> None:
    most = limits().addresses_per_user
    if most:
        kept = Device.objects.filter(user_id=user_id, push_digest__isnull=False)
        beyond = kept.order_by(F("last_seen_at").desc(nulls_last=True), "-pk").values_list("pk", flat=True)[most:]
        Device.objects.filter(pk__in=list(beyond[:TOO_MANY])).update(**NO_ADDRESS)


def _take_from_others(device: Device, digest: str) -> None:
    others = Device.objects.filter(push_digest=digest).exclude(pk=device.pk)
    others.update(**NO_ADDRESS)

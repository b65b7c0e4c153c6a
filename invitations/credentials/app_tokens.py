"""Tokens of apps: how they are made, and how one is taken back. What ends with one: `credentials.endings`.

Who comes with a token is asked in `requests.tokens`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from knox.models import get_token_model

from invitations import conf
from invitations.models import Device, DeviceKind, UserKey
from invitations.push import devices


def issue_token(
    user: AbstractBaseUser, device_name: str, now: datetime, device_id: str | None = None
) -> tuple[str, datetime | None]:
    """Make a token for one device of the user. Also returns when it expires unless it is used.

    Args:
        user: the user who signed in.
        device_name: the device's name; others see it where a call was answered.
        now: an aware datetime. The user's tokens that have expired by then are deleted.
        device_id: the device that the app goes by, however often it signs in; None makes one that the token stands for.
    """
    model = get_token_model()
    with transaction.atomic():
        for digest in model.objects.filter(user=user, expiry__lte=now).values_list("digest", flat=True):
            revoke_token(user.pk, digest)
        row, token = model.objects.create(user, expiry=life())
        named = device_id or devices.credential_of(token_digest=row.digest)
        devices.seen(user.pk, named, label=device_name or None, kind=DeviceKind.OTHER, now=now)
    return token, row.expiry


def revoke_token(user_id: UserKey, digest: str) -> None:
    """Delete a token, the device that it stood for, and the push addresses that it registered."""
    get_token_model().objects.filter(user_id=user_id, digest=digest).delete()
    Device.objects.filter(user_id=user_id, device_id=devices.credential_of(token_digest=digest)).delete()


def life() -> timedelta:
    """How long a token lives without being used."""
    return timedelta(seconds=conf.limits().token_seconds)

"""What ends with a session, a token or an account, whoever deletes the row: their push addresses, the pairing code that
they made, and the place of their devices in calls at once, and their sockets, which are asked to look whether they are
still valid. An account that was disabled or got another password loses all that it has.

Sessions, tokens and accounts are rows of other apps, which admins, commands and other code delete in ways of their own:
only signals see them all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from knox.models import get_token_model

from invitations.credentials import carrying, leftovers, sessions, taking_back
from invitations.credentials.holding import is_held
from invitations.credentials.service_tokens import is_out_of_reach
from invitations.live import publishing
from invitations.models import AppToken, Device, PairingCode, UserKey
from invitations.models.user import many_changed
from invitations.push import devices
from invitations.store import people

_UID = "invitations.endings"


def listen() -> None:
    """Take notice from now on."""
    post_delete.connect(_token_deleted, sender=get_token_model(), dispatch_uid=_UID)
    post_save.connect(_account_changed, sender=get_user_model(), dispatch_uid=_UID)
    many_changed.connect(_accounts_changed, dispatch_uid=_UID)
    post_delete.connect(_account_deleted, sender=get_user_model(), dispatch_uid=_UID)
    if (rows := sessions.model()) is not None:
        post_save.connect(_session_saved, sender=rows, dispatch_uid=_UID)
        post_delete.connect(_session_deleted, sender=rows, dispatch_uid=_UID)


def _token_deleted(*, instance: Any, **_: object) -> None:
    credential = devices.credential_of(token_digest=instance.digest)
    known = AppToken.objects.filter(digest=instance.digest)
    device_ids = {credential, *known.values_list("device_id", flat=True)}
    known.delete()
    _signed_out(instance.user_id, credential, device_ids)
    # A device that a token stood for is gone with the last token that stands for it.
    for device_id in device_ids:
        if device_id.startswith(devices.TOKEN) and not is_held(instance.user_id, device_id):
            Device.objects.filter(user_id=instance.user_id, device_id=device_id).delete()


def _session_saved(*, instance: Any, **_: object) -> None:
    sessions.saved(instance)


def _session_deleted(*, instance: Any, **_: object) -> None:
    sessions.deleted(instance)
    credential, user_id = devices.credential_of(session_key=instance.session_key), sessions.user_id_of(instance)
    end = partial(_signed_out, user_id, credential, {credential})
    if not carrying.is_noted(credential, user_id, end):
        end()


def _signed_out(user_id: UserKey | None, credential: str, device_ids: set[str]) -> None:
    """Devices of their own that use the session or token have a socket, which leaves for them."""
    devices.sign_out(credential)
    PairingCode.objects.filter(credential=credential, used_at=None).delete()
    if user_id is None:
        return
    came = Device.objects.filter(user_id=user_id, credential=credential).values_list("device_id", flat=True)
    publishing.publish_recheck(user_id)
    # Whatever comes of it, the session or token is to end.
    for device_id in device_ids.union(came):
        transaction.on_commit(partial(taking_back.leave_calls, user_id, device_id), robust=True)


def _account_changed(*, instance: Any, created: bool, **_: object) -> None:
    """What was handed out under the old password is taken back, but for the session in which its owner chose the new
    one: unless that is told the new one, Django lets it in no more."""
    if created:
        return
    if is_out_of_reach(instance):
        leftovers.of_user(instance.pk)
    if not instance.is_active:
        taking_back.end_everything(instance.pk)
    # Django keeps a new password here while it stores it, and not where it only hashes the old one anew.
    elif getattr(instance, "_password", None) is not None:
        taking_back.end_everything(instance.pk, besides=carrying.own_credential())
    else:
        publishing.publish_recheck(instance.pk)


def _accounts_changed(*, keys: list[UserKey], values: Mapping[str, Any], **_: object) -> None:
    left = set() if "password" in values else people.active_among(keys)
    for user_id in keys:
        if user_id not in left:
            taking_back.end_everything(user_id)
        elif values.get("is_staff") or values.get("is_superuser"):
            leftovers.of_user(user_id)


def _account_deleted(*, instance: Any, **_: object) -> None:
    publishing.publish_recheck(instance.pk)

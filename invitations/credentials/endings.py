"""What ends with a session, a token or an account, whoever deletes the row: their push addresses and the place of the
device that they stand for in a call at once, and their sockets, which are asked to look whether they are still valid.

Sessions, tokens and accounts are rows of other apps, which admins, commands and other code delete in ways of their own:
only signals see them all."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from knox.models import get_token_model

from invitations.calls.departing import depart_from
from invitations.credentials import sessions
from invitations.live import publishing
from invitations.models import UserKey
from invitations.push import devices

_UID = "invitations.endings"


def listen() -> None:
    """Take notice from now on."""
    post_delete.connect(_token_deleted, sender=get_token_model(), dispatch_uid=_UID)
    post_save.connect(_account_changed, sender=get_user_model(), dispatch_uid=_UID)
    post_delete.connect(_account_deleted, sender=get_user_model(), dispatch_uid=_UID)
    if (rows := sessions.model()) is not None:
        post_delete.connect(_session_deleted, sender=rows, dispatch_uid=_UID)


def _token_deleted(*, instance: Any, **_: object) -> None:
    credential = devices.credential_of(token_digest=instance.digest)
    devices.sign_out(credential)
    _signed_out(instance.user_id, credential)


def _session_deleted(*, instance: Any, **_: object) -> None:
    credential = devices.credential_of(session_key=instance.session_key)
    devices.sign_out(credential)
    user_id = sessions.user_id_of(instance)
    if user_id is not None:
        _signed_out(user_id, credential)


def _signed_out(user_id: UserKey, credential: str) -> None:
    """Devices of their own that use the session or token have a socket, which leaves for them."""
    publishing.publish_recheck(user_id)
    # Whatever comes of it, the session or token is to end.
    transaction.on_commit(partial(_leave_calls, user_id, credential), robust=True)


def _leave_calls(user_id: UserKey, device_id: str) -> None:
    depart_from(user_id, device_id, now=timezone.now())


def _account_changed(*, instance: Any, created: bool, **_: object) -> None:
    """It may have been disabled, or have another password."""
    if not created:
        publishing.publish_recheck(instance.pk)


def _account_deleted(*, instance: Any, **_: object) -> None:
    publishing.publish_recheck(instance.pk)

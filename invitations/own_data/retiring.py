"""Sees to it that nobody gets the public id of a deleted account, whatever deletes and makes accounts: pages, admins,
commands, code of a project. Only signals see all of them. Forms say so before (`models.refuse_retired`)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError
from django.db.models.signals import post_delete, pre_save
from django.utils import timezone

from invitations.models import RetiredName
from invitations.store import people

_UID = "invitations.retiring"


def listen() -> None:
    """Take notice from now on."""
    pre_save.connect(_account_named, sender=get_user_model(), dispatch_uid=_UID)
    post_delete.connect(_account_deleted, sender=get_user_model(), dispatch_uid=_UID)


def _account_named(*, instance: Any, raw: bool, update_fields: Collection[str] | None, **_: object) -> None:
    """Refuse the name to an account that is made, or named anew.

    Raises:
        IntegrityError: like for a name that another account has.
    """
    if raw or (update_fields is not None and people.USERNAME not in update_fields):
        return
    name = instance.get_username()
    if not name or not RetiredName.objects.have(name):
        return
    named_so = get_user_model()._base_manager.filter(pk=instance.pk, **{people.USERNAME: name})
    if instance._state.adding or not named_so.exists():
        detail = "The name belonged to an account that was deleted, and is not given again."
        raise IntegrityError(detail)


def _account_deleted(*, instance: Any, **_: object) -> None:
    if name := instance.get_username():
        RetiredName.objects.retire(name, timezone.now())

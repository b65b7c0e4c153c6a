"""Deleting an account. `begin` shuts it, in one transaction; `finish` takes away what is left, a batch at a time, and
the account last. If that is cut short, the dispatcher goes on with it (`unfinished`): nothing stays half done.

Foreign keys of other apps do what they are declared to: rows that cascade go with the account."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Model, ProtectedError, Q, QuerySet, RestrictedError
from django.db.models.deletion import Collector

from invitations import calls, hooks
from invitations.calls import forgetting
from invitations.calls.forgetting import Forgotten
from invitations.calls.transaction import write
from invitations.credentials import taking_back
from invitations.errors import CallError, Code
from invitations.models import AccountDeletion, CallingPreferences, Device, IdempotencyKey, RetiredName, UserKey
from invitations.store import people
from invitations.words import say, say_lazy

logger = logging.getLogger(__name__)

LEFT_TO_OTHERS = timedelta(seconds=30)
"""How long the request that began a deletion may be busy with it before the dispatcher takes over."""
SCANNED_AT_ONCE = 1000
LONGEST_PAUSE_SECONDS = 0.25


def begin(user_id: UserKey, *, now: datetime) -> bool:
    """Shut an account for good: nobody can sign in to it any more, its devices and push addresses go, and nobody gets
    its name again. Safe to repeat.

    Args:
        user_id: the account's key.
        now: an aware datetime.

    Returns:
        Whether there is such an account.

    Raises:
        CallError: `not_allowed` for the only superuser, and for an account that the project's own rows depend on.
    """
    with write():
        user = _accounts().select_for_update().filter(pk=user_id).first()
        if user is None:
            return False
        if are_last_superusers([user], lock=True):
            raise CallError(Code.NOT_ALLOWED, say_lazy("my_data.delete.last_superuser"))
        if protecting([user]):
            raise CallError(Code.NOT_ALLOWED, say_lazy("my_data.delete.protected"))
        RetiredName.objects.retire(user.get_username(), now)
        AccountDeletion.objects.get_or_create(user_id=user_id, defaults={"began_at": now})
        Device.objects.filter(user_id=user_id).delete()
        user.set_unusable_password()
        changed = ["password"]
        if people.has_is_active():
            user.is_active = False
            changed.append("is_active")
        user.save(update_fields=changed)
        if not people.has_is_active():
            # What an account that is disabled loses by itself (`credentials.endings`).
            taking_back.end_everything(user_id)
    return True


def finish(
    user_id: UserKey, *, now: datetime, seconds: float | None = None, stopping: Callable[[], bool] = lambda: False
) -> bool:
    """Take away what is left of an account that `begin` has shut. Safe to repeat, and for several at once.

    Args:
        user_id: the account's key.
        now: an aware datetime.
        seconds: after how long to leave the rest to the dispatcher; None for never.
        stopping: asked after each batch whether to leave it at that.

    Returns:
        Whether nothing is left.
    """
    user = _accounts().filter(pk=user_id).first()
    if user is None:
        return True
    began = time.monotonic()
    open_calls = calls.leave_all(user_id, now=now)
    person = _person(user)
    while keys := forgetting.concerning(user_id):
        since = time.monotonic()
        forgetting.forget(person, keys)
        if stopping() or (seconds is not None and time.monotonic() - began > seconds):
            return False
        # As long as it took, others can write.
        time.sleep(min(time.monotonic() - since, LONGEST_PAUSE_SECONDS))
    _forget_elsewhere(person)
    with write():
        user.delete()
    # With a user model that knows no inactive accounts, only now they count as absent.
    for call_pk in open_calls:
        calls.withdraw(call_pk, now=now)
    return True


def finish_all(*, now: datetime, stopping: Callable[[], bool] = lambda: False) -> int:
    """Go on with the deletions that were cut short.

    Args:
        now: an aware datetime.
        stopping: asked after each batch whether to leave it at that.

    Returns:
        How many are finished.
    """
    done = 0
    for user_id in list(unfinished(now).values_list("pk", flat=True)):
        try:
            done += finish(user_id, now=now, stopping=stopping)
        except (ProtectedError, RestrictedError):
            logger.exception("The account %s cannot be deleted: rows of the project depend on it", user_id)
        if stopping():
            break
    return done


def unfinished(now: datetime) -> QuerySet[AccountDeletion]:
    """The deletions that nobody has finished in time."""
    return AccountDeletion.objects.filter(began_at__lte=now - LEFT_TO_OTHERS).order_by("began_at")


def are_last_superusers(users: Collection[Any], *, lock: bool = False) -> bool:
    """Whether nobody could administer this instance any more without these accounts.

    Args:
        users: the accounts.
        lock: within a transaction, let the answer hold until its end.
    """
    going = {each.pk for each in users if getattr(each, "is_superuser", False) and each.is_active}
    if not going:
        return False
    able = _accounts().filter(people.are_active(), is_superuser=True).order_by("pk")
    return going >= set((able.select_for_update() if lock else able).values_list("pk", flat=True))


def protecting(users: list[Any]) -> list[Model]:
    """The rows of other apps that forbid to delete these accounts (`on_delete=PROTECT` or `RESTRICT`)."""
    try:
        Collector(using=users[0]._state.db or "default", origin=users[0]).collect(users)
    except ProtectedError as error:
        return list(error.protected_objects)
    except RestrictedError as error:
        return list(error.restricted_objects)
    return []


def _accounts() -> QuerySet[Any]:
    # The model's own manager may hide some.
    return get_user_model()._base_manager.all()


def _person(user: Any) -> Forgotten:
    chosen = CallingPreferences.objects.filter(pk=user.pk).values_list("display_name", flat=True).first()
    email = getattr(user, user.get_email_field_name(), "")
    full = user.get_full_name() if hasattr(user, "get_full_name") else ""
    names = dict.fromkeys(str(each).strip() for each in (user.get_username(), chosen, email, full) if each)
    return Forgotten(user.pk, user.get_username(), tuple(each for each in names if each))


def _forget_elsewhere(person: Forgotten) -> None:
    """What names them outside of calls: refusals kept for the repeated requests of others, messages to hooks about
    their devices, and the admin's history."""
    for key in _mentioning(IdempotencyKey.objects.all(), ["answer"], person):
        errors = key.answer.get("errors", [])
        for each in errors:
            if each.get("invitee") == person.username:
                each["invitee"] = forgetting.NOBODY
        key.save(update_fields=["answer"])
    for message in _mentioning(hooks.without_call(), ["body"], person):
        message.delete()
    if apps.is_installed("django.contrib.admin"):
        from django.contrib.admin.models import LogEntry

        for entry in _mentioning(LogEntry.objects.all(), ["object_repr", "change_message"], person):
            if person.is_named_in(entry.object_repr):
                entry.object_repr = say("person.deleted")
            if person.is_named_in(entry.change_message):
                entry.change_message = ""
            entry.save(update_fields=["object_repr", "change_message"])


def _mentioning(rows: QuerySet[Any], fields: list[str], person: Forgotten) -> Iterator[Any]:
    """Rows in which a name may stand, also as JSON escapes it."""
    spelled = {spelling for each in person.names for spelling in (each, json.dumps(each)[1:-1])}
    found = Q()
    for field in fields:
        for each in spelled:
            found |= Q(**{f"{field}__icontains": each})
    return rows.filter(found).iterator(chunk_size=SCANNED_AT_ONCE)

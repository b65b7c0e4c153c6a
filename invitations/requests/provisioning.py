"""Accounts that a service keeps for the people whom it serves: made, changed, looked at, and deleted as a person
deletes their own. Nobody gets a password by it, and accounts of staff are out of reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest

from invitations import contacts, shapes
from invitations.calls.transaction import TRIES, write
from invitations.errors import CallError, Code
from invitations.models import AccountDeletion, CallingPreferences, RetiredName, User, UserKey, likeness, refuse_retired
from invitations.requests import audit, inputs
from invitations.requests.deleting import delete_account
from invitations.requests.problems import STATUS, InvalidInput
from invitations.requests.service_access import HERE, refuse_in, refuse_out_of_reach
from invitations.store import people
from invitations.words import say, say_lazy

AT_ONCE = 100
"""For how many accounts of an import it is asked together whether there are any of that name."""
PREFERENCES = {"name": "display_name", "language": "language", "rings_from": "rings_from"}
"""What is stored beside the account: by its name in a request, its name in `CallingPreferences`."""


class Put(NamedTuple):
    """What a request to keep an account did.

    Args:
        user: the account.
        is_new: it was made.
    """

    user: Any
    is_new: bool


def put(name: str, values: Mapping[str, Any], *, request: HttpRequest, now: datetime, is_free: bool = False) -> Put:
    """Make an account, or change one.

    Args:
        name: the public id.
        values: of `inputs.ACCOUNT`; what is left out stays as it is.
        request: for the audit log.
        now: an aware datetime.
        is_free: nobody had the id a moment ago.

    Raises:
        InvalidInput: the id, or a value, cannot be.
        CallError: `not_allowed` for staff.
    """
    for _ in range(TRIES):
        known = None if is_free else people.named(name, active=False)
        if known is not None:
            user = _changed(known.pk, values, now)
            audit.acted(request, "account-changed", user_id=user.pk)
            return Put(user, is_new=False)
        try:
            user = _made(name, values, is_free=is_free)
        except IntegrityError:
            # Somebody else made it meanwhile.
            is_free = False
            continue
        audit.acted(request, "account-made", user_id=user.pk)
        return Put(user, is_new=True)
    raise CallError(Code.UNAVAILABLE)


def take_in(entries: list[Any], *, request: HttpRequest, now: datetime) -> Iterator[shapes.account.Imported]:
    """Make and change many accounts, each by itself, and say what became of each, in order.

    Args:
        entries: as they were sent; each is to be an object of `inputs.IMPORTED`.
        request: for the audit log.
        now: an aware datetime.
    """
    seen: set[str] = set()
    for first in range(0, len(entries), AT_ONCE):
        batch = [(_name_in(entry), entry) for entry in entries[first : first + AT_ONCE]]
        free = _free_among({name for name, _ in batch if name is not None})
        for name, entry in batch:
            if name is not None and name.lower() in seen:
                yield {"id": name, "status": STATUS[Code.DUPLICATE], "code": Code.DUPLICATE.value, "errors": None}
                continue
            seen.add((name or "").lower())
            yield _taken_in(name, entry, request, now, is_free=name in free)


def known(name: str) -> Any:
    """The account of this id, which may be disabled.

    Raises:
        CallError: `not_found`, also while it is being deleted.
    """
    user = _there_is(name)
    if user is None:
        raise CallError(Code.NOT_FOUND)
    return user


def delete(name: str, *, request: HttpRequest, now: datetime) -> None:
    """Delete an account, as the person could. Safe to repeat: an id that nobody has is one whose account is gone.

    Raises:
        CallError: `not_allowed` for staff, and for what `delete_account` refuses.
    """
    user = _there_is(name)
    if user is None:
        return
    refuse_out_of_reach(user)
    delete_account(user.pk, request=request, now=now)


def to_sign_in(name: str) -> Any:
    """The account of this id, for a token.

    Raises:
        CallError: `not_found`; `not_allowed` for staff, and for one that is disabled.
    """
    user = known(name)
    refuse_out_of_reach(user)
    if not user.is_active:
        raise CallError(Code.NOT_ALLOWED, say_lazy("error.not_allowed.account_disabled"))
    return user


def view(user: Any) -> shapes.account.Account:
    """An account, as services see it."""
    chosen = CallingPreferences.objects.filter(user_id=user.pk).first() or CallingPreferences(user_id=user.pk)
    return {
        "id": user.get_username(),
        "name": people.shown_name(user.get_username(), chosen.display_name),
        "email": getattr(user, type(user).get_email_field_name(), "") or "",
        "is_active": bool(user.is_active),
        "language": chosen.language or None,
        "rings_from": chosen.rings_from or None,
    }


def _there_is(name: str) -> Any | None:
    user = people.named(name, active=False)
    return None if user is None or AccountDeletion.objects.filter(user_id=user.pk).exists() else user


def _name_in(entry: Any) -> str | None:
    named = entry.get("id") if isinstance(entry, dict) else None
    return named if isinstance(named, str) and len(named) <= people.LONGEST_NAME else None


def _free_among(names: set[str]) -> set[str]:
    """Those that nobody has or had, as far as is known now. Asked for many at once: an import mostly makes accounts."""
    asked = {each for each in names if each.isascii() and "\0" not in each}
    taken = people.taken_among(asked)
    return {each for each in asked if each.lower() not in taken} - RetiredName.objects.among(asked)


def _taken_in(
    name: str | None, entry: Any, request: HttpRequest, now: datetime, *, is_free: bool
) -> shapes.account.Imported:
    try:
        refuse_in(entry, HERE)
        values = inputs.IMPORTED.checked(entry)
        done = put(values.pop("id"), values, request=request, now=now, is_free=is_free)
    except InvalidInput as error:
        errors = error.errors or {"id": [error.detail or say("error.invalid")]}
        return {"id": name, "status": STATUS[Code.INVALID], "code": Code.INVALID.value, "errors": errors}
    except CallError as refused:
        return {"id": name, "status": STATUS[refused.code], "code": refused.code.value, "errors": None}
    return {"id": done.user.get_username(), "status": 201 if done.is_new else 200, "code": None, "errors": None}


def _made(name: str, values: Mapping[str, Any], *, is_free: bool) -> Any:
    user = get_user_model()(**{people.USERNAME: name})
    user.set_unusable_password()
    _set(user, values)
    try:
        likeness.check_not_reserved(name)
        if is_free and isinstance(user, User):
            # The rest of what it would ask the database is known, and constraints hold in any case.
            user.clean_fields(exclude=["password"])
        else:
            refuse_retired(name)
            user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise InvalidInput(_by_field(error)) from None
    _check_name(values)
    with write():
        user.save(force_insert=True)
        CallingPreferences.objects.create(user=user, **_preferences(values))
    return user


def _changed(user_id: UserKey, values: Mapping[str, Any], now: datetime) -> Any:
    _check_name(values)
    with write():
        user = get_user_model()._base_manager.select_for_update(of=("self",)).filter(pk=user_id).first()
        if user is None or AccountDeletion.objects.filter(user_id=user_id).exists():
            # Its id is never given again.
            raise InvalidInput({"id": [say("validation.username_taken")]})
        refuse_out_of_reach(user)
        if changed := _set(user, values):
            try:
                user.clean_fields(exclude=[each.name for each in user._meta.fields if each.name not in changed])
            except ValidationError as error:
                raise InvalidInput(_by_field(error)) from None
            user.save(update_fields=changed)
    if chosen := _preferences(values):
        contacts.settle(user, chosen, now=now)
    return user


def _set(user: Any, values: Mapping[str, Any]) -> list[str]:
    """Write into an account what stands in its own row.

    Returns:
        The names of the fields that differ now.

    Raises:
        InvalidInput: the address is another account's.
    """
    wanted: dict[str, Any] = {}
    if "email" in values:
        field = type(user).get_email_field_name()
        _check_email(user, field, values["email"])
        wanted[field] = values["email"]
    if "is_active" in values and people.has_is_active():
        wanted["is_active"] = values["is_active"]
    changed = [name for name, value in wanted.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, wanted[name])
    return changed


def _check_email(user: Any, field: str, email: str) -> None:
    if field == people.USERNAME and email != user.get_username():
        raise InvalidInput({"email": [say("invalid.email_is_id")]})
    if not email or not apps.is_installed("allauth.account"):
        return
    from allauth.account.models import EmailAddress

    others = EmailAddress.objects.filter(email__iexact=email, verified=True).exclude(user_id=user.pk)
    if others.exists():
        raise InvalidInput({"email": [say("invalid.email_taken")]})


def _check_name(values: Mapping[str, Any]) -> None:
    if likeness.is_reserved(values.get("name") or ""):
        raise InvalidInput({"name": [say("validation.name_reserved")]})


def _preferences(values: Mapping[str, Any]) -> dict[str, Any]:
    """Null goes back to the server's own choice, which is stored as empty."""
    return {column: values[name] or "" for name, column in PREFERENCES.items() if name in values}


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    """What is wrong, by the names of a request's fields."""
    names = {people.USERNAME: "id", "__all__": "id", get_user_model().get_email_field_name(): "email"}
    names[people.USERNAME] = "id"
    if not hasattr(error, "error_dict"):
        return {"id": list(error.messages)}
    return {names.get(name, name): said for name, said in error.message_dict.items()}

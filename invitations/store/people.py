"""People as calls see them, loaded together with the rows that refer to them. Works with any user model: any key, any
username field, with or without a flag for active users."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar, cast

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, Expression, F, Model, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce, Lower

from invitations.models import CallingPreferences, Device, PushShows, UserKey
from invitations.store.sheets import DELETED, Person
from invitations.store.statements import Bind, Prepared, Soon, database, maker
from invitations.words import say

M = TypeVar("M", bound=Model)

USERNAME: str = get_user_model().USERNAME_FIELD
"""The field that holds a person's public id."""


LONGEST_NAME = 512
"""The longest public id that is looked for."""


def are_active(user: str = "") -> Q:
    """Whether a person may sign in and be called, as a condition.

    Args:
        user: the lookup that leads to the person, such as `caller__`; empty in the user model's own querysets.
    """
    return Q(**{f"{user}is_active": True}) if has_is_active() else Q()


def are_staff() -> Q:
    """Whether a person's account is one of those that may get into Django admin, as a condition; nobody's if the user
    model does not tell."""
    return Q(is_staff=True) if _has_column("is_staff") else Q(pk__in=())


def are_absent(relation: str) -> Q:
    """Whether the person that a relation refers to was deleted or may not sign in, as a condition.

    Args:
        relation: such as `invitee`.
    """
    deleted = Q(**{f"{relation}__isnull": True})
    return deleted | ~are_active(f"{relation}__") if has_is_active() else deleted


def has_is_active() -> bool:
    """Whether the user model has a flag for accounts that may sign in."""
    return _has_column("is_active")


def _has_column(name: str) -> bool:
    try:
        get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def others(user_id: UserKey) -> QuerySet[Any, Any]:
    """The people whom a user may call: every active one but themselves, unordered."""
    return get_user_model()._default_manager.filter(are_active()).exclude(pk=user_id)


def active_among(user_ids: Collection[Any]) -> set[Any]:
    """Of these users, by key, the ones who may sign in."""
    return set(get_user_model()._base_manager.filter(are_active(), pk__in=user_ids).values_list("pk", flat=True))


def shown_name(username: str, chosen: str | None) -> str:
    """The name that others see.

    Args:
        username: the public id, which stands in for a name.
        chosen: the person's display name; empty or None if they chose none.
    """
    return chosen or username


def name_of(user: Any) -> str:
    """The public id of a user; for None, the words for a deleted account."""
    return say("person.deleted") if user is None else str(user.get_username())


def name_of_key(user_id: UserKey) -> str:
    """The public id of the user with this key; empty if there is none."""
    found = get_user_model()._base_manager.filter(pk=user_id).values_list(USERNAME, flat=True).first()
    return "" if found is None else str(found)


def chosen_language(user_id: UserKey) -> str:
    """The tag of the language in which a person is written to; empty if nobody said."""
    chosen = CallingPreferences.objects.filter(user_id=user_id).values_list("language", flat=True)
    return chosen.first() or ""


def shown_name_of(user: Any) -> str:
    """The name that others see, of a user loaded with their `calling_preferences`, if they have any."""
    preferences = getattr(user, "calling_preferences", None)
    return shown_name(user.get_username(), preferences and preferences.display_name)


def of_names(usernames: Iterable[str], *, lock: bool = False) -> list[Person]:
    """The active people with these names, in the order of their keys, and locked in that order.

    Args:
        usernames: public ids; unknown ones are left out.
        lock: take the users' row locks, if the database has them.
    """
    return soon_of_names(usernames, lock=lock).rows()


def soon_of_names(usernames: Iterable[str], *, lock: bool = False) -> Soon[Person]:
    """The same people, to be asked for in one round trip with what is asked next."""
    return (_LOCKED if lock else _PEOPLE).soon(names=usernames)


def registered(names: Collection[str]) -> dict[str, str]:
    """The public ids that were meant by names which nobody has, by name: those that differ in capitals alone.

    Args:
        names: unknown ones. One that differs in capitals from several people's is left out, for it may mean any.
    """
    if not names or not isinstance(get_user_model()._meta.get_field(USERNAME), (CharField, TextField)):
        return {}
    active = get_user_model()._base_manager.filter(are_active()).alias(spelling=Lower(USERNAME))
    meant: dict[str, list[str]] = {}
    for found in active.filter(spelling__in={each.lower() for each in names}).values_list(USERNAME, flat=True):
        meant.setdefault(found.lower(), []).append(found)
    alike = ((each, meant.get(each.lower(), [])) for each in names)
    return {name: found[0] for name, found in alike if len(found) == 1}


def taken_among(names: Collection[str]) -> set[str]:
    """Those of these names, in lower case, that somebody has in any capitals, whether or not they may sign in. One
    query."""
    everybody = get_user_model()._base_manager
    if not isinstance(get_user_model()._meta.get_field(USERNAME), (CharField, TextField)):
        return {name.lower() for name in names}
    alike = everybody.alias(spelling=Lower(USERNAME)).filter(spelling__in={each.lower() for each in names})
    return {name.lower() for name in alike.values_list(USERNAME, flat=True)}


def as_registered(name: str) -> str:
    """One public id as it was registered, for a name in any capitals; the name itself if it is nobody's."""
    is_exact = get_user_model()._base_manager.filter(**{USERNAME: name}).exists()
    return name if is_exact else registered([name]).get(name, name)


def named(name: str, *, active: bool = True) -> Any | None:
    """The user with this public id, in any capitals, with their `calling_preferences`; None if there is none.

    Args:
        name: the id; may be any text.
        active: only somebody who may sign in.
    """
    # Nothing else can be asked of every database.
    if not name or len(name) > LONGEST_NAME or "\0" in name or not _is_storable(name):
        return None
    accounts = get_user_model()._base_manager.filter(are_active() if active else Q())
    found = accounts.filter(**{USERNAME: as_registered(name)})
    return found.select_related("calling_preferences").first()


def mentions(word: str, user: str = "") -> Q:
    """Whether a person's id or shown name has this word in it, as a condition.

    Args:
        word: the word, in any capitals.
        user: as for `are_active`.
    """
    return Q(**{f"{user}{USERNAME}__mentions": word}) | Q(
        **{f"{user}calling_preferences__display_name__mentions": word}
    )


def meant_among(name: str, ids: Iterable[str]) -> str:
    """Which of some public ids a name means: itself, or the only one that differs in capitals alone; else the name."""
    ids = list(ids)
    alike = [name] if name in ids else [each for each in ids if each.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else name


def lock(user_ids: Collection[Any]) -> None:
    """Take the row locks of these users, by key, in the order of their keys. No query where the database allows one
    writer at a time anyway."""
    if are_locked():
        _LOCK.rows(keys=sorted(user_ids))


def _is_storable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def lock_soon(usernames: Iterable[str]) -> None:
    """Ask for the row locks of the active people with these names, in the order of their keys: what is asked next sees
    what holds once they are held. Nothing where the database allows one writer at a time anyway."""
    if are_locked():
        _LOCK_NAMES.soon(names=usernames)


def are_locked() -> bool:
    """Whether this database locks rows. If not, its single writer has the same effect."""
    return database().features.has_select_for_no_key_update


def beside(queryset: QuerySet[M, M], relation: str, *, labelled: bool = False) -> Prepared[tuple[M, Person]]:
    """Rows of a model, each with the person that one of its relations refers to.

    Args:
        queryset: the rows. What it is annotated with becomes an attribute of each.
        relation: such as `invitee`.
        labelled: add the label and kind of the device `Bind("device")` to the person `Bind("user")`.
    """
    model = queryset.model
    attributes = [*(each.attname for each in model._meta.concrete_fields), *queryset.query.annotations]
    width, key = len(attributes), attributes.index(f"{relation}_id")
    make: Callable[[Sequence[Any]], M] = maker(model, attributes)

    def row(columns: Sequence[Any]) -> tuple[M, Person]:
        return make(columns[:width]), person(columns[key], *columns[width:])

    return Prepared(described(queryset, f"{relation}__", labelled=labelled), row)


def described(queryset: QuerySet[M, M], user: str, *, labelled: bool) -> QuerySet[Any, Any]:
    """Add what makes a person: the public id, the display name, whether more calls may ring, how much notifications
    show, one device, and whether they may sign in."""
    label = kind = cast("Expression", Value(""))
    if labelled:
        own = Device.objects.filter(user_id=OuterRef(f"{user}pk"), device_id=Bind("device"))
        mine = own.filter(user_id=Bind("user"))
        label, kind = (Coalesce(Subquery(mine.values(name)[:1]), Value("")) for name in ("label", "kind"))
    return queryset.annotate(
        person_username=F(f"{user}{USERNAME}"),
        person_display_name=F(f"{user}calling_preferences__display_name"),
        person_call_waiting=F(f"{user}calling_preferences__call_waiting"),
        person_push_shows=F(f"{user}calling_preferences__push_shows"),
        person_device_label=label,
        person_device_kind=kind,
        person_may_sign_in=F(f"{user}is_active") if has_is_active() else Value(True),
    )


def person(
    key: Any,
    username: str,
    chosen: str | None,
    call_waiting: bool | None,
    push_shows: str | None,
    label: str,
    kind: str,
    may_sign_in: bool,
) -> Person:
    """A person, of the columns that `described` adds and the key before them."""
    if key is None:
        return DELETED
    shows = push_shows or PushShows.EVERYTHING.value
    return Person(
        key, username, shown_name(username, chosen), bool(call_waiting), label, kind, bool(may_sign_in), shows
    )


def _of_names(queryset: QuerySet[Any, Any]) -> Prepared[Person]:
    return Prepared(described(queryset, "", labelled=False), lambda columns: person(*columns))


PERSON_COLUMNS = person.__code__.co_argcount
"""How many columns make a person, with the key."""

# Bypasses the model's own managers, which may hide some users. Selects the key, so that there is a row to lock.
FOUND = get_user_model()._base_manager.filter(are_active(), **{f"{USERNAME}__in": Bind("names")}).only("pk")
FOUND = FOUND.order_by("pk")
_FOUND_LOCKED = FOUND.select_for_update(no_key=True, of=("self",))
_LOCK = Prepared(
    get_user_model()
    ._base_manager.filter(pk__in=Bind("keys"))
    .order_by("pk")
    .select_for_update(no_key=True, of=("self",))
    .values_list("pk"),
    row=tuple,
)
_LOCK_NAMES = Prepared(_FOUND_LOCKED.values_list("pk"), row=tuple)
_PEOPLE, _LOCKED = _of_names(FOUND), _of_names(_FOUND_LOCKED)

"""Lean reading and writing of rows for the verbs' hot path: SQL built once per model from its own fields.

A queryset costs about 0.1 ms of CPU before it reaches the database, and a verb needs several; everything that is not in
a verb's hot path uses querysets. Must never be given text from outside as SQL: values go in as parameters only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.base import ModelState

from invitations.models import CallingPreferences, Device
from invitations.store import statements
from invitations.store.sheets import Person

M = TypeVar("M", bound=models.Model)
Convert = Callable[[Any], Any]


def make(model: type[M], **values: Any) -> M:
    """A new row that is not stored yet, as `model(**values)` makes it, at a fifth of the cost.

    Args:
        model: of whose table.
        values: by attribute name (`call_id`, not `call`); the fields' plain defaults stand in for the others.
    """
    instance = model.__new__(model)
    instance._state = ModelState()
    instance.__dict__.update(_defaults(model))
    instance.__dict__.update(values)
    return instance


def insert(*objects: models.Model) -> None:
    """Insert rows of one model in one statement and give each object its key.

    Args:
        objects: unsaved instances of the same model, in the order of their future keys.
    """
    if not objects:
        return
    model = type(objects[0])
    sql, fields = _insert_sql(model, len(objects))
    writers = _writers(model, statements.vendor())
    values: list[Any] = []
    for each in objects:
        state = each.__dict__
        for name, write in fields:
            value = state[name]
            values.append(value if write is None or value is None else writers[name](value))
    keys = statements.run(sql, values)
    for each, (key,) in zip(objects, sorted(keys), strict=True):
        each.pk = key
        each._state.adding = False
        each._state.db = DEFAULT_DB_ALIAS


def update(instance: models.Model, *names: str) -> None:
    """Write these fields of one row, by its key.

    Args:
        instance: a stored row.
        names: the attribute names (`state`, `call_id`, ...) to write.
    """
    model = type(instance)
    writers = _writers(model, statements.vendor())
    values = []
    for name in names:
        value = instance.__dict__[name]
        write = writers.get(name)
        values.append(value if write is None or value is None else write(value))
    statements.run(_update_sql(model, names), [*values, instance.pk])


def select(model: type[M], condition: str, values: Sequence[Any], *, lock: bool = False) -> list[M]:
    """Rows of one model.

    Args:
        model: whose rows.
        condition: what follows WHERE, with the table named `t` and `%s` for each value.
        values: the parameters, moments as aware datetimes.
        lock: take the rows' locks (FOR NO KEY UPDATE) where the database has them.
    """
    sql = f"SELECT {_columns(model)} FROM {_table(model)} t WHERE {condition}"  # noqa: S608  no outside text
    return [_build(model, row) for row in _fetch(sql, values, lock=lock)]


def select_with_person(
    model: type[M],
    person: str,
    condition: str,
    values: Sequence[Any],
    *,
    lock: bool = False,
    device_of: tuple[int, str] | None = None,
) -> list[tuple[M, Person]]:
    """Rows of one model, each with the person that one of its foreign keys names.

    Args:
        model: whose rows.
        person: the attribute that holds the user's key, such as `invitee_id`.
        condition: as in `select`.
        values: as in `select`.
        lock: as in `select`.
        device_of: a user's key and device id whose label is wanted with that person.
    """
    label, extra = _label(device_of)
    sql = (
        f"SELECT {_columns(model)}, {_person_columns()}, {label} FROM {_table(model)} t "  # noqa: S608  no outside text
        f"JOIN {_user_table()} u ON u.{_user_key()} = t.{person} {_preferences_join()} WHERE {condition}"
    )
    width = len(_attributes(model))
    return [(_build(model, row[:width]), _person(row[width:])) for row in _fetch(sql, [*extra, *values], lock=lock)]


def people(usernames: Iterable[str], *, device_of: tuple[int, str] | None = None, lock: bool = False) -> list[Person]:
    """The active users of these names, in the order of their keys, locked in that order.

    Args:
        usernames: public ids; unknown ones are simply missing from the answer.
        device_of: a user's key and device id whose label is wanted with that person.
        lock: take the users' row locks where the database has them.
    """
    names = list(usernames)
    label, extra = _label(device_of)
    marks = ", ".join(["%s"] * len(names))
    sql = (
        f"SELECT {_person_columns()}, {label} FROM {_user_table()} u {_preferences_join()} "  # noqa: S608  no outside text
        f"WHERE u.{_username()} IN ({marks}) AND u.is_active ORDER BY u.{_user_key()}"
    )
    return [_person(row) for row in _fetch(sql, [*extra, *names], lock=lock, of="u")]


def with_user_names(sql: str) -> str:
    """Fill the user table, its key and its public id into a statement with `{users}`, `{key}`, `{name}`."""
    return sql.format(users=_user_table(), key=_user_key(), name=_username())


def execute(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one SELECT of the verbs' own and give its rows as the driver made them; moments go in as datetimes."""
    return _fetch(sql, values)


def moment(value: Any) -> datetime | None:
    """A moment as `execute` returned it, as an aware datetime."""
    if value is None:
        return None
    # SQLite gives text, or through Django's own converter a moment without its zone, which is always UTC.
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def locks() -> bool:
    """Whether this database locks rows; where it does not, one writer at a time does the same."""
    return statements.database().features.has_select_for_no_key_update


def _label(device_of: tuple[int, str] | None) -> tuple[str, list[Any]]:
    """The column with a device's label beside its owner, and the parameters it needs."""
    if device_of is None:
        return "''", []
    label = (
        f"COALESCE((SELECT d.label FROM {_table(Device)} d "  # noqa: S608  no outside text
        f"WHERE d.user_id = u.{_user_key()} AND d.user_id = %s AND d.device_id = %s), '')"
    )
    return label, list(device_of)


def _fetch(sql: str, values: Sequence[Any], *, lock: bool = False, of: str = "t") -> list[tuple[Any, ...]]:
    if lock and locks():
        sql = f"{sql} FOR NO KEY UPDATE OF {of}"
    return statements.run(sql, [statements.adapt(value) for value in values])


def _build(model: type[M], row: Sequence[Any]) -> M:
    values = list(row)
    for position, convert in _readers(model, statements.vendor()):
        if values[position] is not None:
            values[position] = convert(values[position])
    # As `from_db`, without each field's default and the signals, which no model here uses: a third of the cost.
    instance = model.__new__(model)
    instance._state = state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    instance.__dict__.update(zip(_attributes(model), values, strict=True))
    return instance


def _person(row: Sequence[Any]) -> Person:
    return Person(row[0], row[1], row[2] or row[1], bool(row[3]), row[4])


@cache
def _defaults(model: type[models.Model]) -> dict[str, Any]:
    """The default of each field whose default is a plain value; the others have none until they are given."""
    fields = model._meta.concrete_fields
    return {each.attname: None if callable(each.default) else each.get_default() for each in fields}


@cache
def _attributes(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(each.attname for each in model._meta.concrete_fields)


@cache
def _columns(model: type[models.Model]) -> str:
    return ", ".join(f't."{each.column}"' for each in model._meta.concrete_fields)


@cache
def _table(model: type[models.Model]) -> str:
    return f'"{model._meta.db_table}"'


@cache
def _user_table() -> str:
    return _table(get_user_model())


@cache
def _user_key() -> str:
    return f'"{get_user_model()._meta.pk.column}"'


@cache
def _username() -> str:
    user_model = get_user_model()
    columns = {each.name: each.column for each in user_model._meta.concrete_fields}
    return f'"{columns[user_model.USERNAME_FIELD]}"'


@cache
def _person_columns() -> str:
    return f"u.{_user_key()}, u.{_username()}, f.display_name, f.call_waiting"


@cache
def _preferences_join() -> str:
    return f"LEFT JOIN {_table(CallingPreferences)} f ON f.user_id = u.{_user_key()}"


@cache
def _insert_sql(model: type[models.Model], count: int) -> tuple[str, list[tuple[str, bool | None]]]:
    fields = [each for each in model._meta.concrete_fields if not each.primary_key]
    names = ", ".join(f'"{each.column}"' for each in fields)
    marks = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * count)
    writers = _writers(model, statements.vendor())
    key = model._meta.pk.column
    sql = f'INSERT INTO {_table(model)} ({names}) VALUES {marks} RETURNING "{key}"'  # noqa: S608  no outside text
    return sql, [(each.attname, True if each.attname in writers else None) for each in fields]


@cache
def _update_sql(model: type[models.Model], names: tuple[str, ...]) -> str:
    columns = {each.attname: each.column for each in model._meta.concrete_fields}
    sets = ", ".join(f'"{columns[name]}" = %s' for name in names)
    return f'UPDATE {_table(model)} SET {sets} WHERE "{model._meta.pk.column}" = %s'  # noqa: S608  no outside text


@cache
def _writers(model: type[models.Model], vendor: str) -> dict[str, Convert]:
    """How a value becomes a parameter, for the fields where it is not the value itself."""
    writers: dict[str, Convert] = {}
    for each in model._meta.concrete_fields:
        if isinstance(each, models.DateTimeField) and vendor == "sqlite":
            writers[each.attname] = statements.sqlite_moment
        if isinstance(each, models.JSONField):
            writers[each.attname] = partial(_json, each)
    return writers


def _json(field: models.JSONField[Any, Any], value: Any) -> Any:
    return field.get_db_prep_save(value, statements.database())


@cache
def _readers(model: type[models.Model], vendor: str) -> list[tuple[int, Convert]]:
    """How a column becomes a value, for the columns where the driver does not give it."""
    if vendor != "sqlite":
        return []
    readers: list[tuple[int, Convert]] = []
    for position, each in enumerate(model._meta.concrete_fields):
        if isinstance(each, models.DateTimeField):
            readers.append((position, moment))
    return readers

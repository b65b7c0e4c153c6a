"""Fast creation, insertion and updating of rows: Django writes the SQL once per model, its fields adapt the values.

A queryset costs about 0.1 ms of CPU before it reaches the database, and a verb needs several. Everything that is not on
a verb's hot path uses querysets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from operator import itemgetter
from types import SimpleNamespace
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.base import ModelState
from django.db.models.sql.subqueries import InsertQuery

from invitations.store import running, statements
from invitations.store.statements import Bind, PreparedUpdate, Soon

M = TypeVar("M", bound=models.Model)
NEXT_KEYS = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
ROWS_A_STATEMENT = 64
"""The most rows that one INSERT writes: far below what SQLite takes in parameters, and as many texts as are kept."""


def make(model: type[M], **values: Any) -> M:
    """A new row, not stored yet: the same as `model(**values)` at a fifth of the cost.

    Args:
        model: the row's model.
        values: by attribute name (`call_id`, not `call`); the other fields get their plain defaults.
    """
    instance = model.__new__(model)
    instance._state = ModelState()
    instance.__dict__.update(_defaults(model))
    instance.__dict__.update(values)
    return instance


def insert_later(*objects: models.Model, keys: Soon[int] | None = None) -> None:
    """Insert rows of one model before the transaction ends. The objects get their keys when that is done.

    Args:
        objects: unsaved instances of the same model, in the order of their future keys.
        keys: the keys that were reserved for them, so that they have them now.
    """
    if keys is not None:
        for each, key in zip(objects, keys.rows(), strict=False):
            each.__dict__[each._meta.pk.attname] = key
    for start in range(0, len(objects), ROWS_A_STATEMENT):
        part = objects[start : start + ROWS_A_STATEMENT]
        running.later(*_insertion(part), partial(_stored, part))


def reserved(model: type[models.Model], count: int) -> Soon[int] | None:
    """Reserve keys for rows that are to be inserted later but referred to before, if the database can tell them.

    Args:
        model: the rows' model.
        count: how many keys.

    Returns:
        The keys, on their way, in ascending order; None if rows must be inserted to have any.
    """
    if running.vendor() != "postgresql":
        return None
    table = running.database().ops.quote_name(model._meta.db_table)
    statement = (NEXT_KEYS, [table, model._meta.pk.column, count])
    return Soon(statement, lambda found: sorted(key for (key,) in found))


def update(instance: models.Model, *names: str) -> None:
    """Write these fields of one row, found by its key.

    Args:
        instance: a stored row.
        names: the attribute names to write (`state`, `call_id`, ...).
    """
    state = instance.__dict__
    _update(type(instance), names).later(key=_key(instance), **{name: state[name] for name in names})


def update_alike(instances: Sequence[models.Model], *names: str) -> None:
    """Write these fields, which have the same values in all of these rows, in one statement.

    Args:
        instances: stored rows of one model.
        names: the attribute names to write.
    """
    if len(instances) == 1:
        update(instances[0], *names)
    elif instances:
        state = instances[0].__dict__
        values = {name: state[name] for name in names}
        _update_all(type(instances[0]), names).later(keys=[_key(each) for each in instances], **values)


def _key(instance: models.Model) -> Any:
    """A row's key, waited for if the row is to be inserted later."""
    if (key := instance.pk) is not None:
        return key
    running.flush()
    return instance.pk


def _insertion(objects: Sequence[models.Model]) -> running.Statement:
    model = type(objects[0])
    values: list[Any] = []
    keyed = objects[0].pk is not None
    pick, adapters = _written(model, keyed, running.vendor())
    for each in objects:
        row = list(pick(each.__dict__))
        for position, adapted in adapters:
            if row[position] is not None:
                row[position] = adapted(row[position])
        values += row
    return _insert_sql(model, keyed, len(objects), running.vendor()), values


def _stored(objects: Sequence[models.Model], keys: list[running.Row]) -> None:
    for each, (key,) in zip(objects, sorted(keys), strict=True):
        each.__dict__[each._meta.pk.attname] = key
        each._state.adding = False
        each._state.db = DEFAULT_DB_ALIAS


@cache
def _defaults(model: type[models.Model]) -> dict[str, Any]:
    """The default of each field whose default is a plain value. Other fields have none until they are given one."""
    return {each.attname: statements.plain_default(each) for each in model._meta.concrete_fields}


@cache
def _written(
    model: type[models.Model], keyed: bool, vendor: str
) -> tuple[Callable[[dict[str, Any]], tuple[Any, ...]], list[tuple[int, statements.Convert]]]:
    """What takes from a row's values those that an INSERT writes; and which of them do not become parameters as they
    are, with what makes them so."""
    fields = _fields(model, keyed)
    writers = [statements.writer(each, running.database()) for each in fields]
    adapters = [(position, adapted) for position, adapted in enumerate(writers) if adapted is not None]
    return itemgetter(*(each.attname for each in fields)), adapters


@cache
def _insert_sql(model: type[models.Model], keyed: bool, count: int, vendor: str) -> str:
    fields = _fields(model, keyed)
    row: Any = SimpleNamespace(**{each.attname: Bind(each.attname, each) for each in fields})
    query = InsertQuery(model)
    query.insert_values(fields, [row] * count, raw=True)
    compiler = query.get_compiler(DEFAULT_DB_ALIAS)
    compiler.returning_fields = [model._meta.pk]
    ((sql, _),) = compiler.as_sql()
    return sql


def _fields(model: type[models.Model], keyed: bool) -> list[models.Field[Any, Any]]:
    """The fields that an INSERT writes: without the key, unless it was reserved."""
    return [each for each in model._meta.concrete_fields if keyed or not each.primary_key]


@cache
def _update(model: type[models.Model], names: tuple[str, ...]) -> PreparedUpdate:
    return PreparedUpdate(model._base_manager.filter(pk=Bind("key")), **{name: Bind(name) for name in names})


@cache
def _update_all(model: type[models.Model], names: tuple[str, ...]) -> PreparedUpdate:
    return PreparedUpdate(model._base_manager.filter(pk__in=Bind("keys")), **{name: Bind(name) for name in names})

"""SQL that Django writes once, run as cheaply as possible on whichever database is configured.

A queryset costs 0.1 to 1.5 ms of CPU before it reaches the database, and a verb needs several; Django's cursor costs
another 25 µs per statement on SQLite. `Prepared` has Django compile a queryset at its first use and keeps the text,
which `running` then executes. Code that is not on a verb's hot path uses plain querysets. Never pass text from outside
as SQL: values go in as parameters only."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache, partial
from itertools import chain, zip_longest
from typing import Any, Generic, TypeVar, overload

from django.core.exceptions import FieldError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState
from django.db.models.expressions import Col, Expression
from django.db.models.lookups import In, Lookup
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.query import Query
from django.db.models.sql.subqueries import UpdateQuery

from invitations.store import running
from invitations.store.running import Row, change, database, moment, run, sqlite_moment, vendor

Convert = Callable[[Any], Any]
M = TypeVar("M", bound=models.Model)
R = TypeVar("R")
S = TypeVar("S")

VALUES_ARE_PARAMETERS: tuple[type[models.Field[Any, Any]], ...] = (
    models.AutoField,
    models.BigAutoField,
    models.BigIntegerField,
    models.BooleanField,
    models.CharField,
    models.EmailField,
    models.IntegerField,
    models.PositiveIntegerField,
    models.PositiveSmallIntegerField,
    models.TextField,
)
"""Fields whose values both drivers take and return as they are, so that Django's conversion would change nothing."""
PLAIN_WORD = re.compile(r"[a-z_]*")


class Bind(Expression):
    """Stands in a queryset for a value that a prepared statement is given each time it runs.

    The value is adapted by the field that it is compared with, assigned to, or beside in an expression. After `__in` it
    is a list. None matches nothing, and neither does an empty list: do not use either below a negation.
    """

    def __init__(self, name: str, output_field: models.Field[Any, Any] | None = None) -> None:
        """Args:
        name: the keyword for the value.
        output_field: the field that adapts it, if nothing beside it tells.
        """
        super().__init__(output_field=output_field)
        self.name = name
        self.adapted_by = output_field
        self.is_list = False

    def __repr__(self) -> str:
        return f"Bind({self.name!r})"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """A placeholder, with the bind itself where Django's own expressions have their value."""
        return "(%s)" if self.is_list else "%s", (self,)

    def writer(self) -> Convert | None:
        """How a value becomes a parameter; None if it is one already.

        Raises:
            FieldError: the field cannot be determined.
        """
        if self.adapted_by is None:
            raise FieldError(f"Nothing tells how {self!r} is adapted: it needs an output_field.")
        return writer(self.adapted_by, database())


class _Statement(ABC):
    """A statement that is compiled once for each kind of database."""

    def __init__(self) -> None:
        self._compiled: dict[str, _Compiled] = {}

    def _ready(self) -> _Compiled:
        compiled = self._compiled.get(vendor())
        if compiled is None:
            compiled = self._compiled[vendor()] = self._compile(database())
        return compiled

    @abstractmethod
    def _compile(self, db: BaseDatabaseWrapper) -> _Compiled:
        """The statement as Django writes it for this database."""


class Prepared(_Statement, Generic[R]):
    """A queryset that Django compiles once, at its first use, for all threads.

    >>> INSIDE = Prepared(Participant.objects.open().filter(user_id=Bind("user")))
    >>> INSIDE.rows(user=7)

    Rows are instances as the queryset would make them, with annotations as attributes, but without signals, `from_db`
    and related objects; with `row`, they are what that makes of the columns. `select_for_update` applies if the
    database locks rows, and then needs a transaction.
    """

    @overload
    def __init__(self: Prepared[M], queryset: models.QuerySet[M, M]) -> None: ...

    @overload
    def __init__(self, queryset: models.QuerySet[Any, Any], row: Callable[[Sequence[Any]], R]) -> None: ...

    def __init__(self, queryset: models.QuerySet[Any, Any], row: Callable[[Sequence[Any]], Any] | None = None) -> None:
        """Args:
        queryset: with a `Bind` for each value that varies.
        row: makes a result from the columns, which are those of a `values_list`, or the model's own and the
            annotations. A NamedTuple's `_make` is suitable.
        """
        super().__init__()
        self._query = queryset.query
        self._row = row

    def rows(self, **values: Any) -> list[R]:
        """All rows, in the queryset's order.

        Args:
            values: one for each bind, by name.

        Raises:
            TypeError: a value is missing or unknown.
        """
        return self._made(run(*self._ready().filled(values)))

    def soon(self, **values: Any) -> Soon[R]:
        """The same rows, to be asked for in one round trip with what is asked next, where that is possible."""
        return Soon(self._ready().filled(values), self._made)

    def _made(self, found: list[Row]) -> list[R]:
        compiled = self._ready()
        make, readers = compiled.make, compiled.readers
        if not readers:
            return [make(each) for each in found]
        made = []
        for each in found:
            columns = list(each)
            for position, read in readers:
                columns[position] = read(columns[position])
            made.append(make(columns))
        return made

    def first(self, **values: Any) -> R | None:
        """The first row, or None. Reads all rows: slice the queryset if there may be many."""
        found = self.rows(**values)
        return found[0] if found else None

    def _compile(self, db: BaseDatabaseWrapper) -> _Compiled:
        query = self._query.clone()
        _tell_fields(query)
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        make = self._row or _maker_of(compiler)
        return _compiled(sql, parameters, make=make, readers=_readers(compiler, db))


class Soon(Generic[R]):
    """Rows that are on their way. Those that were asked for first are found first; `rows` waits for them."""

    __slots__ = ("_found", "_made")

    def __init__(self, statement: running.Statement, made: Callable[[list[Row]], list[R]]) -> None:
        """Args:
        statement: asks for them.
        made: makes results of what is found.
        """
        self._made = made
        self._found: list[Row] | None = None
        running.later(*statement, self._take)

    def rows(self) -> list[R]:
        """All rows, in the order of the statement.

        Raises:
            django.db.Error: that of this statement, or of one that was to run before it.
            RuntimeError: the transaction in which they were asked for is over.
        """
        if self._found is None:
            running.flush()
        if self._found is None:
            raise RuntimeError("These rows were asked for in a transaction that is over.")
        return self._made(self._found)

    def first(self) -> R | None:
        """The first row, or None."""
        found = self.rows()
        return found[0] if found else None

    def _take(self, found: list[Row]) -> None:
        self._found = found


class PreparedUpdate(_Statement):
    """An UPDATE that Django compiles once, at its first use, for all threads.

    >>> HOLD = PreparedUpdate(Delivery.objects.filter(pk=Bind("pk")), due_at=Bind("due_at"))
    >>> HOLD.run(pk=7, due_at=now)
    """

    def __init__(self, queryset: models.QuerySet[Any, Any], **assigned: Any) -> None:
        """Args:
        queryset: the rows to change.
        assigned: by field, as for `QuerySet.update`, with a `Bind` for each value that varies.
        """
        super().__init__()
        self._query = queryset.query
        self._assigned = assigned

    def run(self, **values: Any) -> int:
        """Change the rows.

        Args:
            values: one for each bind, by name.

        Returns:
            How many rows were changed.

        Raises:
            TypeError: a value is missing or unknown.
        """
        return change(*self._ready().filled(values))

    def later(self, **values: Any) -> None:
        """Like `run`, but before the transaction ends instead of now."""
        running.later(*self._ready().filled(values))

    def run_many(self, many: Iterable[Mapping[str, Any]]) -> None:
        """Run once for each of these sets of values, in this order. Lists are not supported."""
        filled = [self._ready().filled(values) for values in many]
        if running.takes_several():
            for each in filled:
                running.later(*each)
            running.flush()
        elif filled:
            with database().cursor() as cursor:
                cursor.executemany(filled[0][0], [values for _, values in filled])

    def _compile(self, db: BaseDatabaseWrapper) -> _Compiled:
        query: Any = self._query.chain(UpdateQuery)
        query.add_update_values(self._assigned)
        # Resolved here: Django does so while it writes the SQL, which is too late to tell the binds their fields.
        query.values = [(field, model, _resolved(value, query)) for field, model, value in query.values]
        for field, _, value in query.values:
            _tell_fields(value, field)
        _tell_fields(query)
        return _compiled(*query.get_compiler(DEFAULT_DB_ALIAS).as_sql())


class PreparedCopy(_Statement):
    """Rows of one model made from the results of a queryset: INSERT … SELECT, for which Django has no queryset.

    >>> RINGS = PreparedCopy(Delivery, Device.objects.filter(user_id=Bind("user")), device_id="pk", kind=Value("ring"))
    >>> RINGS.run(user=7)
    """

    def __init__(self, model: type[models.Model], queryset: models.QuerySet[Any, Any], **sources: Any) -> None:
        """Args:
        model: the model of the new rows.
        queryset: the source rows.
        sources: by attribute name (`device_id`, not `device`), what is copied: a name or an expression, as for
            `values_list`. The other fields get their plain defaults.
        """
        super().__init__()
        self._model = model
        self._queryset = queryset
        self._sources = sources

    def run(self, **values: Any) -> list[Any]:
        """Make the rows and return their keys.

        Args:
            values: one for each bind, by name.

        Raises:
            TypeError: a value is missing or unknown.
        """
        return [key for (key,) in run(*self._ready().filled(values))]

    def later(self, then: Callable[[list[Row]], object], **values: Any) -> None:
        """Make the rows before the transaction ends, and not now.

        Args:
            then: takes a row for each, with its key; asks the database nothing.
            values: as for `run`.
        """
        running.later(*self._ready().filled(values), then)

    def _compile(self, db: BaseDatabaseWrapper) -> _Compiled:
        sources = {each: self._source(each) for each in self._model._meta.concrete_fields}
        copied = {field: source for field, source in sources.items() if source is not None}
        query = self._queryset.values_list(*copied.values()).query
        _tell_fields(query)
        selected, parameters = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        quoted = db.ops.quote_name
        columns = ", ".join(quoted(str(each.column)) for each in copied)
        into = f"{quoted(self._model._meta.db_table)} ({columns})"
        key = quoted(str(self._model._meta.pk.column))
        return _compiled(f"INSERT INTO {into} {selected} RETURNING {key}", parameters)

    def _source(self, field: models.Field[Any, Any]) -> Any:
        """What fills a field; None if nothing does, as for the key."""
        source = self._sources.get(field.attname)
        if isinstance(source, Bind):
            return Bind(source.name, field)
        if source is None and (default := plain_default(field)) is not None:
            return models.Value(default, field)
        return source


def aggregated(queryset: models.QuerySet[M, Any], aggregate: models.Aggregate) -> models.QuerySet[M, Any]:
    """A queryset with one row and one column: the same question as `QuerySet.aggregate`, but asked later."""
    found = queryset.order_by().values_list("pk")
    found.query.clear_select_clause()
    found.query.add_annotation(aggregate, "aggregated")
    return found


def maker(model: type[M], names: Sequence[str] | None = None) -> Callable[[Sequence[Any]], M]:
    """Return a function that makes stored instances from columns: like `from_db` at a third of the cost, but without
    defaults and signals.

    Args:
        model: the instances' model.
        names: the attribute for each column; by default all of the model's own. Missing ones are loaded on access, as
            after `only`.
    """
    attributes = tuple(each.attname for each in model._meta.concrete_fields) if names is None else tuple(names)

    def make(columns: Sequence[Any]) -> M:
        instance = model.__new__(model)
        instance._state = state = ModelState()
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        instance.__dict__.update(zip(attributes, columns, strict=True))
        return instance

    return make


def plain_default(field: models.Field[Any, Any]) -> Any:
    """A field's default if it is a plain value, else None."""
    return None if callable(field.default) or field.primary_key else field.get_default()


def writer(field: models.Field[Any, Any], db: BaseDatabaseWrapper) -> Convert | None:
    """How a value of this field, if not None, becomes a parameter; None if it is one already."""
    field = _own(field)
    if type(field) in VALUES_ARE_PARAMETERS:
        return None
    if type(field) is models.DateTimeField and db.timezone is UTC:
        return sqlite_moment if db.vendor == "sqlite" else None
    if type(field) is models.JSONField and field.encoder is None and db.vendor == "sqlite":
        return json.dumps
    # Each thread uses its own connection.
    return lambda value: field.get_db_prep_value(value, database())


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement for one kind of database.

    Args:
        sql: the text.
        parameters: in the order of the placeholders: a name and how its value is adapted, or None and a constant.
        names: all binds.
        lists: the binds that are lists.
        make: makes a result from the columns.
        readers: the columns that need conversion, each with its converter.
    """

    sql: str
    parameters: tuple[tuple[str | None, Any], ...]
    names: frozenset[str]
    lists: frozenset[str]
    make: Convert
    readers: tuple[tuple[int, Convert], ...]

    def filled(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The text and its parameters.

        Raises:
            TypeError: a value is missing or unknown.
        """
        if values.keys() != self.names:
            raise TypeError(f"The statement binds {sorted(self.names)}, not {sorted(values)}.")
        if self.lists:
            return self._spread(values)
        filled = []
        for name, adapted in self.parameters:
            if name is None:
                filled.append(adapted)
            else:
                value = values[name]
                filled.append(value if adapted is None or value is None else adapted(value))
        return self.sql, filled

    def _spread(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The text with enough placeholders for each list: a power of two, filled up with the last value, so that there
        are few different texts."""
        filled: list[Any] = []
        widths = []
        for name, adapted in self.parameters:
            if name not in self.lists:
                value = adapted if name is None else values[name]
                filled.append(value if name is None or adapted is None or value is None else adapted(value))
                widths.append(1)
                continue
            found = list(values[name]) or [None]
            if adapted is not None:
                found = [None if each is None else adapted(each) for each in found]
            width = 1 << (len(found) - 1).bit_length()
            filled += found
            filled += found[-1:] * (width - len(found))
            widths.append(width)
        return _widened(self.sql, tuple(widths)), filled


def _compiled(
    sql: str,
    parameters: Iterable[Any],
    *,
    make: Convert = tuple,
    readers: Iterable[tuple[int, Convert]] = (),
) -> _Compiled:
    """Turn what Django's compiler returned into a statement: binds become parameters, constants stay beside them.

    A plain word or number becomes part of the text: SQLite chooses a partial index by the statement's text, and a
    parameter there would make it plan the statement anew at each run.
    """
    texts = sql.split("%s")
    found = list(parameters)
    if len(texts) != len(found) + 1 or "%" in "".join(texts):
        raise ValueError(f"A percent sign in a statement that is not a parameter's mark: {sql}")
    literals = [_literal(each) for each in found]
    marks = ["%s" if each is None else each for each in literals]
    left = [each for each, literal in zip(found, literals, strict=True) if literal is None]
    return _Compiled(
        sql=_woven(texts, marks),
        parameters=tuple((each.name, each.writer()) if isinstance(each, Bind) else (None, each) for each in left),
        names=frozenset(each.name for each in left if isinstance(each, Bind)),
        lists=frozenset(each.name for each in left if isinstance(each, Bind) and each.is_list),
        make=make,
        readers=tuple(readers),
    )


def _literal(constant: Any) -> str | None:
    """A constant as an SQL literal; None if it has no simple one."""
    if isinstance(constant, str) and PLAIN_WORD.fullmatch(constant):
        return f"'{constant}'"
    if isinstance(constant, bool):
        return str(int(constant)) if vendor() == "sqlite" else str(constant).upper()
    return str(constant) if isinstance(constant, int) else None


def _tell_fields(node: Any, field: models.Field[Any, Any] | None = None) -> None:
    """Tell each bind in a query or an expression which field adapts it.

    Args:
        node: a resolved query, condition, lookup or expression.
        field: the field that a bind at this place stands beside.
    """
    if isinstance(node, Bind):
        node.adapted_by = node.adapted_by or field
    elif isinstance(node, Query):
        for each in (*node.annotations.values(), node.where, *node.combined_queries):
            _tell_fields(each)
    elif isinstance(node, Lookup):
        _tell_fields(node.lhs, getattr(node.rhs, "_output_field_or_none", None))
        for each in node.rhs if isinstance(node.rhs, (list, tuple)) else [node.rhs]:
            _tell_fields(each, node.lhs._output_field_or_none)
            if isinstance(node, In) and each is node.rhs and isinstance(each, Bind):
                each.is_list = True
    elif hasattr(node, "get_source_expressions"):
        beside = getattr(node, "_output_field_or_none", None) or field
        for each in node.get_source_expressions():
            _tell_fields(each, beside)


def _resolved(value: Any, query: Query) -> Any:
    """A value assigned in an UPDATE, with its names resolved."""
    if not hasattr(value, "resolve_expression"):
        return value
    return value.resolve_expression(query, allow_joins=False, for_save=True)


def _maker_of(compiler: SQLCompiler) -> Convert:
    """Return a function that makes instances of the selected model, with annotations as attributes."""
    found: Any = compiler.klass_info
    if found.get("related_klass_infos"):
        raise ValueError("A prepared queryset gives no related objects.")
    places = {position: compiler.select[position][0].target.attname for position in found["select_fields"]}
    places.update({position: name for name, position in compiler.annotation_col_map.items()})
    return maker(found["model"], [places[position] for position in range(len(places))])


def _readers(compiler: SQLCompiler, db: BaseDatabaseWrapper) -> Iterable[tuple[int, Convert]]:
    """How columns become values: by Django's own converters, if they would change anything."""
    columns = [expression for expression, _, _ in compiler.select]
    for position, (converters, expression) in compiler.get_converters(columns).items():
        field = _own(expression.output_field)
        # SQLite tells a column's own type, but not that of an expression or of a union.
        is_column = isinstance(expression, Col) and not compiler.query.combinator
        if is_column and type(field) in VALUES_ARE_PARAMETERS:
            continue
        yield position, _plain_reader(field, db, is_column) or partial(_converted, converters, expression)


def _plain_reader(field: models.Field[Any, Any], db: BaseDatabaseWrapper, is_column: bool) -> Convert | None:
    """What Django's converters of this field come to, at a third of their cost; None if that is not known.

    Args:
        is_column: the value is stored so, and not taken out of JSON, say.
    """
    if db.vendor == "sqlite" and type(field) is models.DateTimeField and db.timezone is UTC:
        return moment
    if db.vendor == "sqlite" and type(field) is models.BooleanField:
        return _truth
    return _parsed if is_column and type(field) is models.JSONField and field.decoder is None else None


def _truth(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [] if value == "[]" else json.loads(value)


def _converted(converters: list[Callable[..., Any]], expression: Expression, value: Any) -> Any:
    db = database()
    for convert in converters:
        value = convert(value, expression, db)
    return value


def _own(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    """The field itself or, for a relation, the field whose value its column holds: the key at the other end."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field


@lru_cache(maxsize=512)
def _widened(sql: str, widths: tuple[int, ...]) -> str:
    """The text with this many placeholders in place of each one."""
    return _woven(sql.split("%s"), [", ".join(["%s"] * width) for width in widths])


def _woven(texts: list[str], marks: list[str]) -> str:
    """Texts joined by one mark between each two."""
    return "".join(chain.from_iterable(zip_longest(texts, marks, fillvalue="")))

"""Finding a part of a text whatever its capitals, in every script: the lookup `mentions`.

Like `icontains`, which on SQLite knows only the capitals of ASCII: there a function of ours folds both sides."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import Field
from django.db.models.lookups import IContains
from django.db.models.sql.compiler import SQLCompiler

FUNCTION = "callinvite_folded"


def folded(text: Any) -> str | None:
    """A text without the difference of capitals, and with each accent in one piece with its letter."""
    return None if text is None else normalize("NFC", str(text).casefold())


@Field.register_lookup
class Mentions(IContains):
    """Whether a text has this part in it."""

    lookup_name = "mentions"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        """As `icontains`, where that knows all capitals."""
        part = normalize("NFC", self.rhs) if isinstance(self.rhs, str) else self.rhs
        return IContains(self.lhs, part).as_sql(compiler, connection)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """The comparison of both sides folded."""
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        values = [*left_values, *(folded(each) for each in right_values)]
        return rf"{FUNCTION}({left}) LIKE {right} ESCAPE '\'", values


def _teach(*, connection: Any, **_: object) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function(FUNCTION, 1, folded, deterministic=True)


connection_created.connect(_teach, dispatch_uid="invitations.search")

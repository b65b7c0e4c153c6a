"""Which hooks listen, read along with what a verb reads anyway: where there are none, it asks nothing more for them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import Aggregate, CharField, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat

from invitations.models import Hook
from invitations.models.hook import NOTHING
from invitations.store.statements import aggregated


class Listener(NamedTuple):
    """A hook that is told of events, or asked before a ring.

    Args:
        hook_pk: its key.
        mask: of which kinds it is told (`models.hook.mask_of`); `NOTHING` if it is asked.
    """

    hook_pk: int
    mask: int


class _Joined(Aggregate):
    """Texts with commas between them; NULL if there are none."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        """As PostgreSQL calls it."""
        return self.as_sql(compiler, connection, function="STRING_AGG", template="%(function)s(%(expressions)s, ',')")


_LISTENERS = Hook.objects.filter(is_active=True)
_WORD = Concat(Cast("pk", CharField(max_length=20)), Value(":"), Cast("mask", CharField(max_length=20)))
LISTENING = Subquery(aggregated(_LISTENERS, _Joined(_WORD)), output_field=TextField())
"""An expression for one column: all hooks that listen, which `read` understands."""


@lru_cache(maxsize=64)
def read(listening: str | None) -> tuple[Listener, ...]:
    """The hooks in a column of `LISTENING`."""
    found = (each.split(":") for each in (listening or "").split(",") if each)
    return tuple(sorted(Listener(int(pk), int(mask)) for pk, mask in found))


@lru_cache(maxsize=64)
def asks(listening: str | None) -> bool:
    """Whether a hook in a column of `LISTENING` is to be asked before a ring."""
    return any(each.mask == NOTHING for each in read(listening))


def now() -> tuple[Listener, ...]:
    """The hooks that listen. One query, for what no verb does."""
    return tuple(Listener(*each) for each in _LISTENERS.order_by("pk").values_list("pk", "mask"))

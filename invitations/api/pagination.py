"""Pages of long lists by keyset: all pages cost the same, and rows that come or go shift nothing."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet, TextField
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from invitations.requests.problems import InvalidInput
from invitations.requests.queries import NO_CURSOR

Row = TypeVar("Row", bound=Model)
_unstorable = re.compile("[\0\ud800-\udfff]").search
"""Finds what no text in a database contains: NUL, and halves of surrogate pairs."""


def page_of(
    queryset: QuerySet[Row],
    request: Request,
    asked: Mapping[str, Any],
    order: Sequence[str],
    shown: Callable[[list[Row]], list[Any]],
) -> dict[str, Any]:
    """One page of a list as `{"next", "previous", "results"}`.

    Args:
        queryset: the whole list, in any order.
        request: its URL is that of the page.
        asked: `cursor` and `page_size`, as `requests.queries` returns them.
        order: names of fields, or of annotated texts; `-` for descending; together unique and never null.
        shown: turns the page's rows into what is sent.

    Raises:
        InvalidInput: a cursor that makes no sense.
    """
    size: int = asked["page_size"]
    backward, position = _read(asked["cursor"], queryset.model, order)
    direction = [_reversed(each) for each in order] if backward else list(order)
    if position is not None:
        queryset = queryset.filter(_beyond(direction, position))
    rows = list(queryset.order_by(*direction)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backward:
        rows.reverse()
    has_next = bool(rows) and (more or backward)
    has_previous = bool(rows) and (more if backward else position is not None)
    address = request.build_absolute_uri()
    return {
        "next": _link(address, rows[-1], order, backward=False) if has_next else None,
        "previous": _link(address, rows[0], order, backward=True) if has_previous else None,
        "results": shown(rows),
    }


def _link(address: str, row: Model, order: Sequence[str], *, backward: bool) -> str:
    values = [getattr(row, each.removeprefix("-")) for each in order]
    packed = json.dumps([int(backward), *values], separators=(",", ":"), default=_plain).encode()
    return str(replace_query_param(address, "cursor", base64.urlsafe_b64encode(packed).decode().rstrip("=")))


def _plain(value: datetime | UUID) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _read(cursor: str | None, model: type[Model], order: Sequence[str]) -> tuple[bool, list[Any] | None]:
    if cursor is None:
        return False, None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        backward, *plain = json.loads(packed)
        fields = [_field(model, each.removeprefix("-")) for each in order]
        values = [field.to_python(each) for field, each in zip(fields, plain, strict=True)]
    except (ValueError, TypeError, binascii.Error, ValidationError, RecursionError, OverflowError):
        raise _bad_cursor() from None
    if backward not in (0, 1) or not all(_comparable(each) for each in values):
        raise _bad_cursor()
    return bool(backward), values


def _field(model: type[Model], name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return TextField()


def _bad_cursor() -> InvalidInput:
    return InvalidInput({"cursor": [str(NO_CURSOR)]})


def _comparable(value: Any) -> bool:
    """Whether a database can compare the value with a column of its kind."""
    if isinstance(value, str):
        return len(value) <= 512 and not _unstorable(value)
    if isinstance(value, UUID):
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    # A day away from both ends of the calendar, so that no time zone takes it beyond them.
    return getattr(value, "tzinfo", None) is not None and 1 < value.year < 9999


def _beyond(order: Sequence[str], position: Sequence[Any]) -> Q:
    """Rows after a position: those with a later first field, or the same first and a later second one, and so on."""
    beyond = Q()
    same = Q()
    for each, value in zip(order, position, strict=True):
        name = each.removeprefix("-")
        later = "lt" if each.startswith("-") else "gt"
        beyond |= same & Q(**{f"{name}__{later}": value})
        same &= Q(**{name: value})
    # Repeated without an OR, so that an index on the first field can be used to start in the middle.
    first = order[0].removeprefix("-")
    bound = "lte" if order[0].startswith("-") else "gte"
    return Q(**{f"{first}__{bound}": position[0]}) & beyond


def _reversed(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"

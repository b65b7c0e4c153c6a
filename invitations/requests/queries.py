"""What the query strings of lists may contain: pages and filters. Parameters that are not listed here are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invitations.models import CallState
from invitations.requests import inputs
from invitations.requests.fields import ABSENT, Field, Flag, Refused, Text, Tunable, Whole, Word
from invitations.requests.problems import InvalidInput
from invitations.words import say_lazy

NO_CURSOR = say_lazy("invalid.cursor")
_CURSOR = Text(
    pattern="[A-Za-z0-9_-]+",
    required=False,
    refused=NO_CURSOR,
    description="From `next` or `previous` of another page of this list.",
)
_PAGE_SIZE = Whole(
    1,
    Tunable("page_size_max"),
    required=False,
    default=Tunable("page_size"),
    description="How many entries a page holds.",
)


_PAGES: Mapping[str, Field[Any]] = {"cursor": _CURSOR, "page_size": _PAGE_SIZE}


class Query:
    """The parameters of one URL. All of them are optional.

    Args:
        pages: it is a list, which comes in pages.
        filters: its own parameters, by name.
    """

    def __init__(self, pages: bool = True, /, **filters: Field[Any]) -> None:
        self.filters = filters
        self.fields: Mapping[str, Field[Any]] = {**_PAGES, **filters} if pages else filters

    def checked(self, params: Mapping[str, str]) -> dict[str, Any]:
        """The values; None for a filter that is not set.

        Raises:
            InvalidInput: with sentences for each invalid parameter.
        """
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for name, field in self.fields.items():
            text = params.get(name)
            if text is None:
                default = field.default
                values[name] = None if default is ABSENT else default
                continue
            try:
                values[name] = field.read(text)
            except Refused as refused:
                errors[name] = [str(refused)]
        if errors:
            raise InvalidInput(errors)
        return values


PAGE = Query()
ATTEMPT = Query(False, attempt=inputs.ATTEMPT)
USERS = Query(search=Text(max_length=128, required=False, description="Words, each in the id or the shown name."))
HISTORY = Query(
    state=Word(CallState.values, "CallState", required=False, description="Only calls in this state."),
    direction=Word(
        ["incoming", "outgoing"], "CallDirection", required=False, description="Only calls to you, or from you."
    ),
    missed=Flag(required=False, description="Only calls that you missed, or only others."),
    is_video_call=Flag(required=False, description="Only video calls, or only audio calls."),
    **{"with": Text(max_length=64, required=False, description="A user id: only calls with this person.")},
)

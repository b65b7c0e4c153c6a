"""What query strings may contain. Lists and verbs refuse a parameter that they do not have: a filter that is silently
ignored shows the wrong things, and a verb that ignores a word acts on something else than was meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invitations.models import CallState, EndReason, id_chars
from invitations.requests import inputs
from invitations.requests.fields import ABSENT, Field, Flag, Moment, Refused, Text, Tunable, Whole, Word, Words
from invitations.requests.problems import InvalidInput
from invitations.requests.service_access import AS_USER
from invitations.rules import listing
from invitations.shapes.contacts import CONTACT_STATES
from invitations.words import say, say_lazy

SEARCH_CHARS = 128
"""The most that can be searched for, unless a user id may be longer."""
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
    """The parameters of one URL. Few of them are required.

    Args:
        pages: it is a list, which comes in pages.
        filters: its own parameters, by name.
    """

    def __init__(self, pages: bool = True, /, **filters: Field[Any]) -> None:
        self.filters = filters
        self._pages = pages
        self.fields: Mapping[str, Field[Any]] = {**_PAGES, **filters} if pages else filters

    def checked(self, params: Mapping[str, str]) -> dict[str, Any]:
        """The values; None for a filter that is not set.

        Raises:
            InvalidInput: with sentences for each invalid parameter.
        """
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        unknown = "invalid.no_such_filter" if self._pages else "invalid.no_such_parameter"
        # For whom a service asks was looked at before (`requests.service_access`).
        errors |= {name: [say(unknown)] for name in params if name not in self.fields and name != AS_USER}
        for name, field in self.fields.items():
            text = params.get(name)
            if text is None and field.required:
                errors[name] = [say("invalid.required")]
                continue
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
NONE = Query(False)


def of_verb(is_about_a_call: bool) -> Query:
    """What the URL of a verb takes: which of the calls under an id is meant, where there is an id."""
    return ATTEMPT if is_about_a_call else NONE


_SEARCH_OPTIONS: Mapping[str, Any] = {"max_length": max(SEARCH_CHARS, id_chars() or 0), "required": False}
_SEARCH = Words(
    listing.WORDS, description=f"Up to {listing.WORDS} words, each in the id or the shown name.", **_SEARCH_OPTIONS
)
CONTACTS = Query(
    state=Word(CONTACT_STATES, "ContactState", required=False, description="Only those in this state."),
    search=_SEARCH,
)
BLOCKS = Query(search=_SEARCH)
USERS = Query(
    search=Words(
        listing.WORDS,
        description=f"Up to {listing.WORDS} words, each in the id or the shown name; or somebody's full id.",
        **_SEARCH_OPTIONS,
    ),
    id=Text(max_length=id_chars(), required=False, description="A user id: only this person."),
    order=Word(
        ["id", "near"],
        "UserOrder",
        required=False,
        default="id",
        description="`near`: the first page begins with those who are online, and those you called with lately; then"
        " come all others by name, by id where they are very many. Later pages may hold people of the first one again.",
    ),
)
# Names that Python does not take as they are.
_KEYWORDS: dict[str, Field[Any]] = {
    "from": Moment(required=False, description="Only calls sent at this moment or later."),
    "to": Moment(required=False, description="Only calls sent before this moment."),
    "with": Text(max_length=id_chars(), required=False, description="A user id: only calls with this person."),
}
HISTORY = Query(
    state=Word(CallState.values, "CallState", required=False, description="Only calls in this state."),
    direction=Word(
        ["incoming", "outgoing"], "CallDirection", required=False, description="Only calls to you, or from you."
    ),
    missed=Flag(required=False, description="Only calls that you missed, or only others."),
    is_video_call=Flag(required=False, description="Only video calls, or only audio calls."),
    end_reason=Word(EndReason.values, "EndReason", required=False, description="Only calls that ended so."),
    **_KEYWORDS,
)
ALL_CALLS = Query(
    user=Text(
        max_length=id_chars(),
        required=False,
        description="For services without `as_user`: only calls that this person started or was invited to.",
    ),
    **{name: HISTORY.filters[name] for name in ("state", "end_reason", "from", "to")},
)
"""What a service by itself may ask of everybody's calls."""
PREVIEW = Query(
    False,
    caller=Text(max_length=id_chars(), min_length=1, description="A user id: who would call."),
    invitee=Text(max_length=id_chars(), min_length=1, description="A user id: whom they would call."),
    urgent=Flag(required=False, default=False, description="The caller would say that it is urgent."),
)

"""What the shapes are made of: what a type does not tell, ids and moments, and what many of them have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from invitations.models import id_chars
from invitations.models.names import NAME_CHARS


class Said:
    """What a type does not tell about a member.

    Args:
        description: what it means.
        bounds: further keywords of JSON Schema; None for no bound.
    """

    def __init__(self, description: str = "", **bounds: Any) -> None:
        self.description = description
        self.bounds = {name: bound for name, bound in bounds.items() if bound is not None}


class Words:
    """The words that a string may be.

    Args:
        name: their common name.
        values: all of them.
    """

    def __init__(self, name: str, values: Sequence[str]) -> None:
        self.name = name
        self.values = values


CALL_ID = r"[A-Za-z0-9._~:@-]{1,128}"
"""The id of any call. `call_id_chars` also limits the ids of new calls."""
DEVICE_ID = r"[A-Za-z0-9._~-]{1,64}"
LABEL_CHARS = NAME_CHARS
Moment = Annotated[str, Said(format="date-time")]
"""UTC, ISO 8601 with milliseconds and `Z`."""
Path = Annotated[str, Said("A path on this server.")]
_ID_CHARS = id_chars()
UserId = Annotated[str, Said("The public id.", maxLength=_ID_CHARS)]
# Whoever has chosen no name is called by the id.
ShownName = Annotated[str, Said("The shown name.", maxLength=_ID_CHARS and max(_ID_CHARS, NAME_CHARS))]
CallId = Annotated[str, Said("The call's id.", pattern=f"^{CALL_ID}$")]
DeviceId = Annotated[str, Said("The device's id.", pattern=f"^{DEVICE_ID}$")]
Count = Annotated[int, Said(minimum=0)]
Sentence = Annotated[str, Said("A sentence for people.")]


class Person(TypedDict):
    """A person, as everyone sees them."""

    id: UserId
    name: ShownName


class Page(TypedDict):
    """One page of a list."""

    next: Annotated[str | None, Said("The address of the next page.", format="uri")]
    previous: Annotated[str | None, Said("The address of the page before.", format="uri")]

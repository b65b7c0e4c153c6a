"""Single values in a request: exact types and bounds, nothing coerced, nothing trimmed.

Each field checks a value and describes itself in JSON Schema. Verbs decide whether a value makes sense for a call."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime

from invitations import conf, transports
from invitations.models import names
from invitations.transports import Address, InvalidAddress
from invitations.words import say, say_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

Schema = dict[str, Any]
T = TypeVar("T")

LAST_YEAR = 9999
ABSENT: Any = object()
"""The default of an optional field that does not appear among the values when it is left out."""


class Refused(Exception):
    """A field's value is not allowed; the message says why, in the active language."""


@dataclass(frozen=True, slots=True)
class Tunable:
    """A bound or default that is set in `conf.Limits` and read whenever it is needed.

    Args:
        name: its name there.
    """

    name: str

    @property
    def value(self) -> Any:
        return getattr(conf.limits(), self.name)


class Field(ABC, Generic[T]):
    """One value in a request.

    Args:
        required: the field must be present.
        nullable: null is allowed.
        default: the value if the field is left out.
        description: what it means, for the OpenAPI document.
    """

    def __init__(
        self, *, required: bool = True, nullable: bool = False, default: Any = ABSENT, description: str = ""
    ) -> None:
        self.required = required
        self.nullable = nullable
        self._default = default
        self.description = description

    @property
    def default(self) -> Any:
        """The value if the field is left out; ABSENT if there is none."""
        return self._default.value if type(self._default) is Tunable else self._default

    @abstractmethod
    def checker(self) -> Callable[[object], T]:
        """A function for the tunables now in force. It returns an allowed value and raises `Refused` for any other."""

    def checked(self, value: object) -> T:
        """The value, if it is allowed.

        Raises:
            Refused: it has the wrong type or is out of bounds.
        """
        return self.checker()(value)

    def read(self, text: str) -> T:
        """The value of a query parameter.

        Raises:
            Refused: see `checked`.
        """
        return self.checked(text)

    def described(self, *, or_null: bool = False) -> Schema:
        """The field in JSON Schema.

        Args:
            or_null: null stands for leaving it out.

        Describes the default in words: generators of clients would read the keyword as a value that is always present.
        """
        schema = self._schema()
        said = [self.description] if self.description else []
        if self.default not in (ABSENT, None, ""):
            said.append(f"`{str(self.default).lower()}` where left out.")
        if said:
            schema["description"] = " ".join(said)
        if (self.nullable or or_null) and "$ref" in schema:
            return {"anyOf": [{"$ref": schema.pop("$ref")}, {"type": "null"}], **schema}
        if self.nullable or or_null:
            schema["type"] = [schema["type"], "null"]
        return schema

    @abstractmethod
    def _schema(self) -> Schema:
        """What an allowed value is, for the document."""


class Text(Field[str]):
    """A string, kept unchanged.

    Args:
        max_length: the most characters.
        min_length: the fewest characters.
        max_bytes: the most bytes in UTF-8.
        pattern: what the whole string must match.
        format: its format, only for the OpenAPI document.
        refused: the sentence for a string that does not match.
        options: see `Field`.
    """

    def __init__(
        self,
        *,
        max_length: int | Tunable | None = None,
        min_length: int = 0,
        max_bytes: int | Tunable | None = None,
        pattern: str | None = None,
        format: str | None = None,
        refused: StrPromise | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.max_length = max_length
        self.min_length = min_length
        self.max_bytes = max_bytes
        self.pattern = pattern
        self.format = format
        self._matches = re.compile(rf"\A(?:{pattern})\Z").match if pattern else None
        self._refused = refused

    def checker(self) -> Callable[[object], str]:
        fewest, matches = self.min_length, self._matches
        most, most_bytes = _number(self.max_length), _number(self.max_bytes)

        def checked(value: object) -> str:
            if type(value) is not str:
                raise Refused(say("invalid.not_text"))
            if len(value) < fewest:
                raise Refused(say("invalid.empty"))
            if most is not None and len(value) > most:
                raise Refused(say("invalid.too_long", limit=most))
            if value.isascii():
                if "\0" in value:
                    raise Refused(say("invalid.characters"))
            else:
                _check_characters(value, most_bytes)
            if matches is not None and not matches(value):
                raise Refused(say("invalid.pattern") if self._refused is None else str(self._refused))
            return value

        return checked

    def _schema(self) -> Schema:
        schema: Schema = {"type": "string", "pattern": f"^{self.pattern}$" if self.pattern else r"^[^\u0000]*$"}
        bounds = {"minLength": self.min_length, "maxLength": _number(self.max_length), "format": self.format}
        return schema | {name: value for name, value in bounds.items() if value}


class Name(Text):
    """What people call themselves: tidied, or refused, as all names are (`models.names`). Empty is no name; what only
    looks so is refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=names.NAME_CHARS, pattern=names.PLAIN, refused=say_lazy("validation.name"), **options
        )

    def checker(self) -> Callable[[object], str]:
        check = super().checker()

        def checked(value: object) -> str:
            text = check(value)
            try:
                name = names.tidy(text)
            except ValidationError as error:
                raise Refused(error.messages[0]) from None
            if text and not name:
                raise Refused(say("invalid.blank_name"))
            return name

        return checked

    def _schema(self) -> Schema:
        return super()._schema() | {"pattern": rf"^(?![\s\ufe0e\ufe0f]+$){names.PLAIN}$"}


class Label(Text):
    """What a device is called, without what cannot be seen: programs name devices, so nothing is refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=names.NAME_CHARS, **options)

    def checker(self) -> Callable[[object], str]:
        check = super().checker()
        return lambda value: names.without_unseen(check(value))


class Moment(Field[datetime]):
    """A moment in ISO 8601, with its offset from UTC or `Z`."""

    def checker(self) -> Callable[[object], datetime]:
        return _moment

    def _schema(self) -> Schema:
        return {"type": "string", "format": "date-time"}


class Flag(Field[bool]):
    """`true` or `false`, and nothing else that looks similar."""

    def checker(self) -> Callable[[object], bool]:
        return _flag

    def read(self, text: str) -> bool:
        """The flag for a word.

        Raises:
            Refused: it is another word.
        """
        if text not in {"true", "false"}:
            raise Refused(say("invalid.not_a_flag"))
        return text == "true"

    def _schema(self) -> Schema:
        return {"type": "boolean"}


class Whole(Field[int]):
    """An integer within bounds. `60.0` is one, because JSON has only one kind of number; `"60"` and `true` are not.

    Args:
        least: the lowest.
        most: the highest.
        options: see `Field`.
    """

    def __init__(self, least: int, most: int | Tunable, **options: Any) -> None:
        super().__init__(**options)
        self.least = least
        self.most = most

    def checker(self) -> Callable[[object], int]:
        least, most = self.least, _number(self.most)

        def checked(value: object) -> int:
            if type(value) is float and value.is_integer():
                value = int(value)
            if type(value) is not int:
                raise Refused(say("invalid.not_whole"))
            if not least <= value <= most:
                raise Refused(say("invalid.out_of_range", least=least, most=most))
            return value

        return checked

    def read(self, text: str) -> int:
        """The number written in digits.

        Raises:
            Refused: it is something else, or out of bounds.
        """
        # Longer ones exceed any bound, and very long ones would take long to parse.
        is_number = text.isascii() and text.isdigit() and len(text) <= 9
        return self.checked(int(text) if is_number else self.least - 1)

    def _schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": _number(self.most)}


class Word(Field[str]):
    """One of a few words.

    Args:
        words: all of them.
        component: the name of their set in the OpenAPI document; empty if it has none.
        options: see `Field`.
    """

    def __init__(self, words: Sequence[str], component: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.words = list(words)
        self.component = component

    def checker(self) -> Callable[[object], str]:
        def checked(value: object) -> str:
            if type(value) is str and value in self.words:
                return value
            raise Refused(say("invalid.not_one_of", words=", ".join(self.words)))

        return checked

    def _schema(self) -> Schema:
        if self.component:
            return {"$ref": f"#/components/schemas/{self.component}"}
        return {"type": "string", "enum": self.words}


class Words(Text):
    """A string of no more than so many words.

    Args:
        most: words.
        options: see `Text`.
    """

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.most = most

    def checker(self) -> Callable[[object], str]:
        most, check = self.most, super().checker()

        def checked(value: object) -> str:
            text = check(value)
            if len(text.split()) > most:
                raise Refused(say("invalid.too_many_words", most=most))
            return text

        return checked


class Texts(Field[list[str]]):
    """A list of at least one string; duplicates are kept.

    Args:
        each: the field for each string.
        most: how many there may be.
        options: see `Field`.
    """

    def __init__(self, each: Text, most: int | Tunable, **options: Any) -> None:
        super().__init__(**options)
        self.each = each
        self.most = most

    def checker(self) -> Callable[[object], list[str]]:
        most, check = _number(self.most), self.each.checker()

        def checked(value: object) -> list[str]:
            if type(value) is not list:
                raise Refused(say("invalid.not_a_list"))
            if not 1 <= len(value) <= most:
                raise Refused(say("invalid.list_length", most=most))
            return [check(each) for each in value]

        return checked

    def _schema(self) -> Schema:
        return {"type": "array", "items": self.each.described(), "minItems": 1, "maxItems": _number(self.most)}


class Objects(Field[list[Any]]):
    """A list of at least one thing that is to be an object, which is looked at later.

    Args:
        component: the name of the objects in the OpenAPI document.
        most: how many there may be.
        options: see `Field`.
    """

    def __init__(self, component: str, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.component = component
        self.most = most

    def checker(self) -> Callable[[object], list[Any]]:
        most = self.most

        def checked(value: object) -> list[Any]:
            if type(value) is not list:
                raise Refused(say("invalid.not_a_list"))
            if not 1 <= len(value) <= most:
                raise Refused(say("invalid.list_length", most=most))
            return value

        return checked

    def _schema(self) -> Schema:
        items = {"$ref": f"#/components/schemas/{self.component}"}
        return {"type": "array", "items": items, "minItems": 1, "maxItems": self.most}


class PushAddress(Field[Address]):
    """Where a device receives push messages: what its transport wants, plus the transport's name."""

    def checker(self) -> Callable[[object], Address]:
        return _address

    def _schema(self) -> Schema:
        return {"$ref": "#/components/schemas/PushAddress"}


def _moment(value: object) -> datetime:
    try:
        moment = parse_datetime(value) if type(value) is str else None
    except ValueError:
        moment = None
    # A day away from both ends of the calendar, so that no time zone takes it beyond them.
    if moment is None or moment.tzinfo is None or not 1 < moment.year < LAST_YEAR:
        raise Refused(say("invalid.not_a_moment"))
    return moment


def _flag(value: object) -> bool:
    if value is True or value is False:
        return value
    raise Refused(say("invalid.not_a_flag"))


def _address(value: object) -> Address:
    """The address in canonical form."""
    if type(value) is not dict:
        raise Refused(say("invalid.push_address"))
    try:
        return transports.read(value)
    except InvalidAddress as invalid:
        raise Refused(str(invalid)) from None


def _check_characters(value: str, most_bytes: int | None) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Refused(say("invalid.characters")) from None
    if "\0" in value:
        raise Refused(say("invalid.characters"))
    if most_bytes is not None and size > most_bytes:
        raise Refused(say("invalid.too_many_bytes", limit=most_bytes))


def _number(bound: Any) -> Any:
    return bound.value if type(bound) is Tunable else bound

"""Values of a person's own settings in a request: quiet hours, time zones, and sets of words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from invitations.models import WEEKDAYS, ZONE_CHARS, QuietHours
from invitations.requests.fields import Field, Refused, Schema, Text
from invitations.rules.hours import zone_names
from invitations.words import say

TIME_OF_DAY = r"([01]\d|2[0-3]):[0-5]\d"
_is_time = re.compile(rf"\A(?:{TIME_OF_DAY})\Z", re.ASCII).match


class Hours(Field[QuietHours]):
    """On which days, from when to when; the shape `QuietHours`."""

    def checker(self) -> Callable[[object], QuietHours]:
        return _hours

    def _schema(self) -> Schema:
        return {"$ref": "#/components/schemas/QuietHours"}


class Zone(Text):
    """The name of a time zone that this server knows."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=ZONE_CHARS, min_length=1, **options)

    def checker(self) -> Callable[[object], str]:
        check = super().checker()

        def checked(value: object) -> str:
            name = check(value)
            if name not in zone_names():
                raise Refused(say("invalid.time_zone"))
            return name

        return checked


class WordSet(Field[list[str]]):
    """A list of some of a few words, or of none; repeated ones count once, and all stand in the order of `words`.

    Args:
        words: all of them.
        component: the name of their set in the OpenAPI document.
        options: see `Field`.
    """

    def __init__(self, words: Sequence[str], component: str, **options: Any) -> None:
        super().__init__(**options)
        self.words = list(words)
        self.component = component

    def checker(self) -> Callable[[object], list[str]]:
        return lambda value: _chosen(value, self.words)

    def _schema(self) -> Schema:
        words = {"$ref": f"#/components/schemas/{self.component}"}
        return {"type": "array", "items": words, "maxItems": 4 * len(self.words)}


def _chosen(value: object, words: Sequence[str]) -> list[str]:
    if type(value) is not list:
        raise Refused(say("invalid.not_a_list"))
    if len(value) > 4 * len(words) or not all(type(each) is str and each in words for each in value):
        raise Refused(say("invalid.not_some_of", words=", ".join(words)))
    return [each for each in words if each in value]


def _hours(value: object) -> QuietHours:
    if type(value) is not dict:
        raise Refused(say("invalid.quiet_hours"))
    begins, ends = value.get("from"), value.get("to")
    if not all(type(each) is str and _is_time(each) for each in (begins, ends)):
        raise Refused(say("invalid.time_of_day"))
    if not (days := _chosen(value.get("days"), WEEKDAYS)):
        raise Refused(say("invalid.no_days"))
    return {"days": days, "from": str(begins), "to": str(ends)}

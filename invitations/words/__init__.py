"""What people read: every sentence whole, under a code, in one message file per language.

Knows nothing but sentences: neither calls nor requests. docs/translating.md explains how to add a sentence or a
language."""

from __future__ import annotations

import gettext as files
import logging
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import _StrPromise as StrPromise

logger = logging.getLogger(__name__)

LOCALE = Path(__file__).resolve().parent.parent / "locale"
"""The languages that come with the app. A project can add or change sentences through its LOCALE_PATHS."""
COMPLETE = "en"
"""The language that has every sentence. It stands in where another lacks one, whatever a project's LANGUAGE_CODE is."""

_turns = re.compile(
    "[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
).search
"""Finds what is written from right to left, or turns the direction of what follows."""


def say(code: str, **parameters: Any) -> str:
    """A sentence in the active language.

    Args:
        code: a code from the message files, such as `error.call_ended`.
        parameters: the values for the names in braces. `count` chooses the plural form.

    Returns:
        The sentence; the English one if the language lacks it or has a fault in it, and the code itself if there is no
        such sentence.

    Raises:
        KeyError: a parameter that the English sentence names was not given.
    """
    count = parameters.get("count")
    sentence = translation.gettext(code) if count is None else translation.ngettext(code, code, count)
    if sentence == code:
        sentence = _in_english(code, count)
    if not parameters:
        return sentence
    try:
        return sentence.format_map(_isolated(parameters, sentence))
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        # A translator's slip must not cost anybody an answer or a ring.
        _report_fault(code)
        english = _in_english(code, count)
        return english.format_map(_isolated(parameters, english))


say_lazy = cast("Callable[..., StrPromise]", lazy(say, str))
"""Like `say`, but in the language that is active when the sentence is shown."""


def listed(names: Sequence[str]) -> str:
    """Names as a list in a sentence, such as "Bob, Carol and Dave".

    Args:
        names: at least one.
    """
    if len(names) == 1:
        return names[0]
    *front, second_last, last = names
    code = "list.end" if front else "list.two"
    text = say(code, first=second_last, second=last)
    for name in reversed(front):
        text = say("list.more", first=name, rest=text)
    return text


def moment(at: datetime) -> str:
    """A moment as it stands in a sentence, in UTC, as the reader's clock is not known: "29 November 2026 at 22:07 UTC".

    Args:
        at: an aware datetime.
    """
    utc = at.astimezone(UTC)
    return say("moment.utc", date=date_format(utc, "DATE_FORMAT"), time=date_format(utc, "TIME_FORMAT"))


def language() -> str:
    """The tag (BCP 47) of the language in which sentences are said now: that of the file they come from."""
    return say("language.tag")


def in_language(tag: str) -> AbstractContextManager[None]:
    """Say sentences in this language within the block.

    Args:
        tag: as returned by `language`; empty means the site's own language.
    """
    wanted = tag.lower() or settings.LANGUAGE_CODE
    # Usually it is active already, and checking costs a tenth of switching.
    return nullcontext() if translation.get_language() == wanted else translation.override(wanted)


def _isolated(parameters: dict[str, Any], sentence: str) -> dict[str, Any]:
    """The parameters, each keeping its order to itself where it or the sentence runs from right to left: a name in
    Arabic moves neither the number before it nor the full stop behind it (Unicode UAX 9, FSI and PDI)."""
    turned = _turns(sentence) is not None
    return {
        name: each if isinstance(each, int) or not (turned or _turns(str(each))) else f"\u2068{each}\u2069"
        for name, each in parameters.items()
    }


def _in_english(code: str, count: int | None) -> str:
    return _complete().gettext(code) if count is None else _complete().ngettext(code, code, count)


@cache
def _report_fault(code: str) -> None:
    """Log a sentence that cannot be filled in: once per code, since it is said again and again."""
    logger.error("The sentence %s cannot be filled in, in the language %s.", code, translation.get_language())


@cache
def _complete() -> files.NullTranslations:
    return files.translation("django", LOCALE, [COMPLETE])

"""What people read: every sentence whole, under a code, in one message file per language.

Knows nothing but sentences: neither calls nor requests. docs/translating.md explains how to add a sentence or a
language."""

from __future__ import annotations

import gettext as files
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.utils import translation
from django.utils.functional import lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import _StrPromise as StrPromise

logger = logging.getLogger(__name__)

LOCALE = Path(__file__).resolve().parent.parent / "locale"
"""The languages that come with the app. A project can add or change sentences through its LOCALE_PATHS."""
COMPLETE = "en"
"""The language that has every sentence. It stands in where another lacks one, whatever a project's LANGUAGE_CODE is."""


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
        return sentence.format_map(parameters)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        # A translator's slip must not cost anybody an answer or a ring.
        _report_fault(code)
        return _in_english(code, count).format_map(parameters)


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


def _in_english(code: str, count: int | None) -> str:
    return _complete().gettext(code) if count is None else _complete().ngettext(code, code, count)


@cache
def _report_fault(code: str) -> None:
    """Log a sentence that cannot be filled in: once per code, since it is said again and again."""
    logger.error("The sentence %s cannot be filled in, in the language %s.", code, translation.get_language())


@cache
def _complete() -> files.NullTranslations:
    return files.translation("django", LOCALE, [COMPLETE])

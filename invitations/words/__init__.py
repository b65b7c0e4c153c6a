"""What people read: every sentence whole, under a code, in one message file for each language.

Says sentences and knows nothing else, neither calls nor requests. docs/translating.md tells how to add a sentence or a
language."""

from __future__ import annotations

import gettext as files
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

LOCALE = Path(__file__).resolve().parent.parent / "locale"
"""Where the languages that come with the app are. A project can add or change sentences by its LOCALE_PATHS."""
COMPLETE = "en"
"""The language that has every sentence, said where another lacks one, whatever a project's LANGUAGE_CODE is."""


def say(code: str, **parameters: Any) -> str:
    """A sentence in the language that is active here.

    Args:
        code: of the message files, such as `error.call_ended`.
        parameters: what the sentence names in braces. `count` chooses between its plural forms.

    Returns:
        The sentence; in English where the language lacks it, and the code itself where there is no such sentence.

    Raises:
        KeyError: the sentence names a parameter that is not given.
    """
    count = parameters.get("count")
    if count is None:
        sentence = translation.gettext(code)
        if sentence == code:
            sentence = _complete().gettext(code)
    else:
        sentence = translation.ngettext(code, code, count)
        if sentence == code:
            sentence = _complete().ngettext(code, code, count)
    return sentence.format_map(parameters) if parameters else sentence


say_lazy = cast("Callable[..., StrPromise]", lazy(say, str))
"""As `say`, in the language that is active when the sentence is shown."""


def listed(names: Sequence[str]) -> str:
    """Names as a list within a sentence, such as "Bob, Carol and Dave".

    Args:
        names: one at least.
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
    """The tag (BCP 47) of the language in which sentences are said here: that of the file they come from."""
    return say("language.tag")


def in_language(tag: str) -> AbstractContextManager[None]:
    """Say sentences in this language for a while.

    Args:
        tag: as `language` gives it; the site's own language where it is empty.
    """
    wanted = tag.lower() or settings.LANGUAGE_CODE
    # Mostly it is spoken already, and asking costs a tenth of changing it.
    return nullcontext() if translation.get_language() == wanted else translation.override(wanted)


@cache
def _complete() -> files.NullTranslations:
    return files.translation("django", LOCALE, [COMPLETE])

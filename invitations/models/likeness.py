"""When two names look alike, and which names nobody may have: those that would be taken for the operator's.

After the skeletons of Unicode UTS 39 section 4, but coarser: without regard to case, accents, spaces and punctuation,
and with digits for the letters that they are used for. Made of what `unicodedata` knows of each character, and of a
short table for the letters of other scripts that look like Latin ones. Good for comparing, never for showing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from django.core.exceptions import ValidationError

from invitations.conf import limits
from invitations.words import say_lazy

_LOOKS_LIKE = str.maketrans(
    # Cyrillic, Greek, Armenian and Cherokee as they look in capitals or in small letters, then digits and signs.
    "АВЕКМНОРСТУХІЈЅԌԚԜҮѴавекмнорстухіјѕһԁԛԝѵӏгпΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβικνορτυχϲϳԱՕՍօսցհոռզᎪᏴᏟᎬᎻᎫᏦᏞᎷᏢᏒᏚᎢᏙᏔᏃ0134578@$|!",  # noqa: RUF001
    "ABEKMHOPCTYXIJSGQWYVabekmhopctyxijshdqwvlrnABEZHIKMNOPTYXabikvoptuxcjUOUoughnnqABCEHJKLMPRSTVWZoleastbasll",
)
_LATIN = re.compile(
    r"LATIN (?:CAPITAL|SMALL|LETTER SMALL CAPITAL) (?:LETTER )?(?:DOTLESS |SCRIPT |OPEN )?([A-Z])(?: WITH .*)?"
)
_ALIKE = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_words = re.compile(r"[^\W_]+")


@lru_cache(maxsize=1024)
def skeleton(name: str) -> str:
    """What a name looks like: two that look alike have the same; empty for one without letters and digits."""
    plain = unicodedata.normalize("NFKD", name).translate(_LOOKS_LIKE)
    seen = "".join(_base(each) for each in plain).casefold().replace("i", "l")
    for drawn, letter in _ALIKE:
        seen = seen.replace(drawn, letter)
    return "".join(each for each in seen if each.isalnum())


def check_not_reserved(name: str) -> None:
    """Refuse what would be taken for the operator's name.

    Raises:
        ValidationError: the name, or a word of it, looks like a reserved one (`reserved_names`).
    """
    if is_reserved(name):
        raise ValidationError(say_lazy("validation.name_reserved"))


def is_reserved(name: str) -> bool:
    """Whether the name, or a word of it, looks like a reserved one."""
    reserved = {skeleton(each) for each in limits().reserved_names} - {""}
    if not reserved:
        return False
    plain = unicodedata.normalize("NFKC", name)
    return any(skeleton(each) in reserved for each in (name, *_words.findall(plain), *plain.split()))


def _base(character: str) -> str:
    """The letter without what is drawn on it."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return ""
    found = None if character.isascii() else _LATIN.fullmatch(unicodedata.name(character, ""))
    return found[1].lower() if found else character

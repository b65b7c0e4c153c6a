"""Names that people read, as they may be written: by every door, the admin and the sign-up form alike.

What cannot be seen, or changes how the words around it are read, would let a person pass for another one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from django.core.exceptions import ValidationError

from invitations.words import say, say_lazy

NAME_CHARS = 64
PLAIN = (
    r"[^\u0000-\u001f\u007f-\u009f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb]*"
)
"""What `tidy` allows, for JSON Schema, whose expressions know no categories of characters: those of the first plane."""
# What asks for an emoji or for its outline: left out, for nothing else is told by it.
_STYLES = {0xFE0E: None, 0xFE0F: None}
MOST_MARKS = 6
"""How many marks may stand on one letter. More of them reach into the lines above and below."""
# What joins letters and emojis, as Persian, the scripts of India and families of emojis need it.
_JOINERS = frozenset("\u200c\u200d")
_BREAKS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")
_id = re.compile(r"[(<]\s*[^\s()<>]*@")
_lines = re.compile(r" *\n[ \n]*")
_spaces = re.compile(r"  +")
# Letters and marks that show nothing.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Controls, formats (zero-width and bidirectional ones are among them), surrogates, separators of lines and paragraphs.
_MARKS = frozenset({"Mn", "Me"})
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def tidy(text: str) -> str:
    """The name in the form that is stored: composed (NFC), without space at its ends, and with no more than one space
    between its words, for a wide one would push out of sight what stands behind, nor towers of marks; empty if it is
    blank.

    Raises:
        ValidationError: it has a character that cannot be seen, or an address in brackets, as ids stand behind names;
            or it is longer than `NAME_CHARS`.
    """
    if any(_is_unseen(each) for each in text):
        raise ValidationError(say_lazy("validation.name"))
    name = _plain(text)
    if has_id(name):
        raise ValidationError(say_lazy("validation.name_with_id"))
    if len(name) > NAME_CHARS:
        raise ValidationError(say("invalid.too_long", limit=NAME_CHARS))
    return name


def has_id(name: str) -> bool:
    """Whether it looks as if a person's id stood in it: in brackets of any kind, with an at sign."""
    plain = unicodedata.normalize("NFKC", name)
    return bool(_id.search("".join("(" if unicodedata.category(each) == "Ps" else each for each in plain)))


def without_unseen(text: str) -> str:
    """What a program calls a device, without what `tidy` would refuse; cut off after `NAME_CHARS`."""
    seen = "".join(" " if each.isspace() else each for each in text if each.isspace() or not _is_unseen(each))
    return _plain(seen)[:NAME_CHARS]


@lru_cache(maxsize=512)
def readable(text: str) -> str:
    """What somebody says, so that it can stand in others' words: without controls and what turns the direction of the
    words around it, without empty lines, and without towers of marks."""
    if not (text.isascii() and text.isprintable()):
        seen: list[str] = []
        marks = 0
        for each in unicodedata.normalize("NFC", text):
            marks = marks + 1 if unicodedata.category(each) in _MARKS else 0
            if each in _BREAKS:
                seen.append("\n")
            elif each.isspace():
                seen.append(" ")
            elif marks <= MOST_MARKS and (each in _JOINERS or not _is_unseen(each)):
                seen.append(each)
        text = _lines.sub("\n", "".join(seen))
    return _spaces.sub(" ", text).strip()


def _plain(text: str) -> str:
    composed = unicodedata.normalize("NFC", text.translate(_STYLES))
    kept: list[str] = []
    marks = 0
    for each in composed:
        marks = marks + 1 if unicodedata.category(each) in _MARKS else 0
        if marks <= MOST_MARKS:
            kept.append(each)
    return " ".join("".join(kept).split())


def _is_unseen(character: str) -> bool:
    return (
        character in _BLANK
        or ("VARIATION SELECTOR" in unicodedata.name(character, "") and ord(character) not in _STYLES)
        or (not character.isprintable() and unicodedata.category(character) in _UNSEEN)
    )

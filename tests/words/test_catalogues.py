"""What is made from the message files is true to them, and the files to each other."""

from __future__ import annotations

import gettext
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

from invitations import words
from invitations.words import catalogues
from tests.repository.tracked import ROOT, tracked_files

SOURCES = sorted(words.LOCALE.glob("*/LC_MESSAGES/django.po"))
ENGLISH = words.LOCALE / "en" / "LC_MESSAGES" / "django.po"
MADE = dict(catalogues.browser_files([words.LOCALE], ROOT / "static"))
_parameters = re.compile(r"\{([^}]*)\}")


@cache
def sentences_of(path: Path) -> dict[str, list[str]]:
    """Every form of every sentence, by code."""
    with path.open("rb") as file:
        messages = [each for each in read_po(file) if each.id]
    return {_forms(each.id)[0]: _forms(each.string) for each in messages}


def _forms(text: str | Sequence[str] | None) -> list[str]:
    """A message without a plural is one string, one that nobody has translated is None."""
    return [text] if isinstance(text, str) else list(text or ())


def parameters_of(code: str) -> set[str]:
    """What an English sentence names in braces, in any of its forms."""
    return {name for form in sentences_of(ENGLISH)[code] for name in _parameters.findall(form)}


def by_language(path: Path) -> str:
    return path.parent.parent.name


@pytest.mark.parametrize("source", SOURCES, ids=by_language)
def test_the_compiled_file_holds_what_its_source_says(source: Path) -> None:
    with source.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    held = {code: text for code, text in compiled._catalog.items() if code}  # type: ignore[attr-defined]
    said = {
        (code, form) if len(forms) > 1 else code: text
        for code, forms in sentences_of(source).items()
        for form, text in enumerate(forms)
        if text
    }
    assert held == said, "run `manage.py make_words`"


@pytest.mark.parametrize("name", sorted(MADE), ids=str)
def test_what_browsers_read_is_what_the_message_files_say(name: Path) -> None:
    assert (ROOT / "static" / name).read_text() == MADE[name], "run `manage.py make_words`"


def test_no_language_is_left_over_for_browsers() -> None:
    there = {path.relative_to(ROOT / "static") for path in (ROOT / "static" / catalogues.FOLDER).glob("*.js")}
    assert there - {catalogues.FOLDER / "say.js"} == set(MADE) - {catalogues.WORKER}


@pytest.mark.parametrize("source", SOURCES, ids=by_language)
def test_a_language_knows_its_own_tag_and_is_offered(source: Path) -> None:
    tag = by_language(source).replace("_", "-")
    assert sentences_of(source)["language.tag"] == [tag]
    assert tag.lower() in dict(settings.LANGUAGES)


@pytest.mark.parametrize("source", SOURCES, ids=by_language)
def test_a_language_fills_in_what_english_does(source: Path) -> None:
    for code, forms in sentences_of(source).items():
        wanted = parameters_of(code)
        for form in filter(None, forms):
            # One thing may be counted without its number: "a device".
            assert wanted - {"count"} <= set(_parameters.findall(form)) <= wanted, code


def test_every_english_sentence_is_written() -> None:
    assert [code for code, forms in sentences_of(ENGLISH).items() if not all(forms)] == []


def test_codes_and_parameters_are_plain_words() -> None:
    for code, forms in sentences_of(ENGLISH).items():
        assert re.fullmatch(r"[a-z][a-z_]*(\.[a-z_]+)+", code), code
        for form in forms:
            assert all(re.fullmatch(r"[a-z_]+", name) for name in _parameters.findall(form)), code
            assert form.count("{") == form.count("}") == len(_parameters.findall(form)), code
            assert len(forms) == 1 or "count" in {name for each in forms for name in _parameters.findall(each)}, code


def test_compiled_files_are_tracked() -> None:
    tracked = set(tracked_files())
    assert [path for path in SOURCES if path.with_suffix(".mo") not in tracked] == []

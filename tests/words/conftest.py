"""A language that the app does not have, added as a translator would: by a file, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.utils import translation
from pytest_django import Settings

from invitations.templatetags import callinvite_words as tags

HEADER = (
    'msgid ""\nmsgstr ""\n"Language: {tag}\\n"\n"POT-Creation-Date: 2026-11-29 00:00+0000\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
)
Speak = Callable[..., Path]


@pytest.fixture
def speak(tmp_path: Path, settings: Settings) -> Iterator[Speak]:
    """Add a language to the site: its tag and its sentences by code. Gives the folder of the files for browsers."""

    def add(tag: str, sentences: dict[str, str]) -> Path:
        folder = tmp_path / "locale" / tag.replace("-", "_") / "LC_MESSAGES"
        folder.mkdir(parents=True)
        entries = [f'\nmsgid "{code}"\nmsgstr "{said}"\n' for code, said in {"language.tag": tag, **sentences}.items()]
        (folder / "django.po").write_text(HEADER.format(tag=tag) + "".join(entries))
        settings.LOCALE_PATHS = [tmp_path / "locale"]
        settings.LANGUAGES = [*configured.LANGUAGES, (tag.lower(), tag)]
        call_command("make_words", static=tmp_path / "static", verbosity=0)
        settings.STATICFILES_DIRS = [tmp_path / "static", *configured.STATICFILES_DIRS]
        tags._exists.cache_clear()
        return tmp_path / "static" / "callinvite"

    before = translation.get_language()
    yield add
    tags._exists.cache_clear()
    translation.activate(before or "en")

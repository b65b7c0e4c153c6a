"""`manage.py make_words`: turns the message files into what the server, the pages and the service worker read."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management.base import BaseCommand, CommandError

from invitations import words


class Command(BaseCommand):
    help = "Makes the catalogues of all languages from their message files. Run it after a change in one of them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Accept the folder for what browsers read."""
        parser.add_argument(
            "--static", type=Path, help="folder for static files to write to (default: where the app's own are)"
        )

    def handle(self, *args: Any, static: Path | None, **options: Any) -> None:
        """Write the files, replacing existing ones."""
        try:
            from invitations.words import catalogues
        except ImportError as error:
            raise CommandError(f"This needs Babel: pip install babel ({error}).") from error
        sources = static_sources()
        folders = [words.LOCALE, *map(Path, settings.LOCALE_PATHS)]
        try:
            catalogues.check_parameters(folders)
        except ValueError as error:
            raise CommandError(str(error)) from error
        languages = catalogues.languages_in(folders)
        for paths in languages.values():
            for path in paths:
                _replace(path.with_suffix(".mo"), catalogues.compiled(path))
        for name, text in catalogues.browser_files(folders, sources):
            _replace((static or sources) / name, text.encode())
        self.stdout.write(f"Made the words of {', '.join(languages)}.")


def _replace(path: Path, content: bytes) -> None:
    """Write a file, unless its content is right already: a server may be reading it."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def static_sources() -> Path:
    """The folder with the scripts of pages and worker."""
    found = finders.find("callinvite/service-worker.js")
    if found is None:
        raise CommandError("The static files of the app cannot be found.")
    return Path(found).parent.parent

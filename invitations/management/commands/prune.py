"""`manage.py prune`: deletes what is past its time, as the dispatcher does every hour, and says how far it is."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from invitations import checks
from invitations.dispatcher.pruning import Chore, Pruned, chores, prune

LINE_EVERY_SECONDS = 5.0
"""How often there is a line about a long chore where lines stay, as in a log."""
INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended: 128 and the signal's number."""


class Command(BaseCommand):
    help = (
        "Deletes what is past its time: sessions, tokens, old push messages, and old calls unless they are kept for"
        " ever (CALLINVITE_KEEP_CALLS_DAYS). The dispatcher does so every hour; both may run at once, and this may be"
        " interrupted at any time. Exit code 1: something was in use and is left for the next time."
    )
    requires_system_checks = [checks.TAG]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Accept what to do and how thoroughly."""
        parser.add_argument("--dry-run", action="store_true", help="only say how much would be deleted")
        parser.add_argument(
            "--exactly",
            action="store_true",
            help="also delete row by row what is past its time of a month that is not past it as a whole (PostgreSQL)",
        )

    def handle(self, *args: Any, dry_run: bool, exactly: bool, verbosity: int, **options: Any) -> None:
        """Prune.

        Raises:
            CommandError: something was left for the next time.
        """
        now = timezone.now()
        if dry_run:
            for chore in chores(now, exactly=exactly):
                self.stdout.write(f"{chore.name}: {chore.count():,} would be deleted")
            return
        progress = _Progress(self.stdout, verbosity)
        try:
            pruned = prune(now, exactly=exactly, told=progress.tell)
        except KeyboardInterrupt:
            progress.end()
            self.stderr.write("Interrupted. What is left is deleted the next time.")
            raise SystemExit(INTERRUPTED) from None
        progress.end()
        self._sum_up(pruned, verbosity)

    def _sum_up(self, pruned: Pruned, verbosity: int) -> None:
        if verbosity:
            for name, count in pruned.counts.items():
                self.stdout.write(f"{name}: {count:,} deleted")
        if pruned.undone:
            raise CommandError(f"Left for the next time: {'; '.join(pruned.undone)}.")


class _Progress:
    """One line that changes on a terminal; elsewhere a line from time to time. None at verbosity 0."""

    def __init__(self, stdout: Any, verbosity: int) -> None:
        self._stdout = stdout
        self._is_quiet = not verbosity
        self._chore: Chore | None = None
        self._total = 0
        self._next_at = 0.0
        self._is_open = False

    def tell(self, chore: Chore, count: int) -> None:
        """How far a chore is."""
        if self._is_quiet:
            return
        if chore is not self._chore:
            self.end()
            # Counting may take a while by itself.
            self._chore, self._total = chore, chore.count()
            self._next_at = time.monotonic() + LINE_EVERY_SECONDS
        if not self._total:
            return
        line = f"{chore.name}: {count:,} of {self._total:,} ({min(100, 100 * count // self._total)} %)"
        if self._stdout.isatty():
            self._stdout.write(f"\r{line}", ending="")
            self._stdout.flush()
            self._is_open = True
        elif time.monotonic() >= self._next_at:
            self._stdout.write(line)
            self._stdout.flush()
            self._next_at = time.monotonic() + LINE_EVERY_SECONDS

    def end(self) -> None:
        """Leave the line as it is."""
        if self._is_open:
            self._stdout.write("")
            self._is_open = False

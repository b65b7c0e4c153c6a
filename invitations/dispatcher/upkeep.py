"""Prunes every hour, goes on with deletions of accounts, and warns whom calls no longer reach, beside the dispatcher's
other loops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from invitations.dispatcher.beside import Beside
from invitations.dispatcher.pruning import prune
from invitations.dispatcher.warning import warn_due
from invitations.own_data import erasing

EVERY_SECONDS = 3600
ERASE_EVERY_SECONDS = 15
"""How often deletions of accounts are looked for that were cut short, or take longer than a request may."""
WARN_EVERY_SECONDS = 15
"""How often somebody is looked for whose turn it is. With `warning.BATCH` it bounds how many have theirs in an hour."""
FIRST_AFTER_SECONDS = 60
AGAIN_AFTER_SECONDS = 60
"""How long to wait after a failure."""


class Upkeep(Beside):
    """Prunes, erases and warns."""

    thread_name = "upkeep"
    doing = "Pruning"

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now) -> None:
        super().__init__(clock=clock)
        self._due_at = clock() + timedelta(seconds=FIRST_AFTER_SECONDS)
        self._erase_at = self._warn_at = clock()

    def failed(self, failures: int, error: Exception) -> None:
        super().failed(failures, error)
        self._due_at = self._clock() + timedelta(seconds=AGAIN_AFTER_SECONDS)

    def step(self) -> bool:
        now = self._clock()
        erases = now >= self._erase_at
        if erases:
            self._erase_at = now + timedelta(seconds=ERASE_EVERY_SECONDS)
            erasing.finish_all(now=now, stopping=self.is_stopping)
        warns = now >= self._warn_at
        if warns:
            self._warn_at = now + timedelta(seconds=WARN_EVERY_SECONDS)
            warn_due(now=now, stopping=self.is_stopping)
        if now < self._due_at:
            return erases or warns
        self._due_at = now + timedelta(seconds=EVERY_SECONDS)
        prune(now, stopping=self.is_stopping)
        return True

"""`manage.py prune`: says what it would do, what it does and what it did, and may be interrupted."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from invitations.dispatcher import pruning
from invitations.models import Call
from tests.support.tables import old_rings

if TYPE_CHECKING:
    from invitations.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
KEPT, OLD = 2, 5


class Terminal(StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


class Impatient(Terminal):
    """Somebody who presses Ctrl-C at the first sign of progress."""

    def write(self, text: str) -> int:
        if text.startswith("\rcalls: 2"):
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


@pytest.fixture(autouse=True)
def _long_past(alice: User, bob: User, now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CALLINVITE = {"keep_calls_days": 90}
    monkeypatch.setattr(pruning, "CALLS_BATCH", 2)
    ages = [200] * OLD + [20] * KEPT
    old_rings(alice, ((bob, now - timedelta(days=age)) for age in ages))


def prune(*arguments: str, to: StringIO | None = None, **options: Any) -> list[str]:
    """Run the command; gives the lines that it printed."""
    printed = to or StringIO()
    call_command("prune", *arguments, stdout=printed, stderr=StringIO(), **options)
    return printed.getvalue().splitlines()


def test_a_dry_run_says_how_much_and_deletes_nothing() -> None:
    assert f"calls: {OLD} would be deleted" in prune("--dry-run")
    assert Call.objects.count() == KEPT + OLD


def test_it_says_in_the_end_what_it_deleted() -> None:
    lines = prune()
    assert f"calls: {OLD} deleted" in lines
    assert "sessions: 0 deleted" in lines
    assert Call.objects.count() == KEPT
    assert "calls: 0 deleted" in prune()


def test_it_says_nothing_if_it_is_to_be_quiet() -> None:
    assert prune(verbosity=0) == []
    assert Call.objects.count() == KEPT


def test_a_terminal_has_one_line_that_changes_for_each_kind() -> None:
    screen = Terminal()
    prune(to=screen)
    line = "".join(f"\rcalls: {count} of {OLD} ({100 * count // OLD} %)" for count in (0, 2, 4, 5))
    assert f"{line}\n" in screen.getvalue()


def test_elsewhere_there_are_lines_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invitations.management.commands.prune.LINE_EVERY_SECONDS", 0.0)
    shown = [each for each in prune() if each.startswith("calls: ") and " of " in each]
    assert shown == [f"calls: {count} of {OLD} ({100 * count // OLD} %)" for count in (0, 2, 4, 5)]


def test_it_may_be_interrupted_and_goes_on_the_next_time() -> None:
    with pytest.raises(SystemExit) as ended:
        prune(to=Impatient())
    assert ended.value.code == 130
    assert Call.objects.count() == KEPT + OLD - 2
    assert f"calls: {OLD - 2} deleted" in prune()

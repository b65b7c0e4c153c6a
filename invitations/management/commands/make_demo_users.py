"""`manage.py make_demo_users`: alice, bob, carol and dave, all with the same password, for trying things out."""

from __future__ import annotations

import secrets
import string
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction

from invitations import secret_files
from invitations.models import CallingPreferences

NAMES = {"alice": "Alice", "bob": "Bob", "carol": "Carol", "dave": "Dave"}


class Command(BaseCommand):
    help = "Makes the demo users alice, bob, carol and dave with one password, and prints it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Accept the password."""
        parser.add_argument(
            "--password", help="for all four, also where they exist; otherwise the last one, or a random one"
        )

    def handle(self, *args: Any, password: str | None, **options: Any) -> None:
        """Create the users who are missing. Existing ones change only if a password is given."""
        file = Path(settings.DATA_DIR) / "demo-password"
        chosen = _kept(file, password)
        _make(chosen, overwrite=password is not None)
        self.stdout.write(f"Demo users: {', '.join(NAMES)}; password: {chosen}")


def _kept(file: Path, password: str | None) -> str:
    """The given password, or else the last one. It is saved for next time."""
    if not password:
        return secret_files.kept(file, _random_password)
    secret_files.replace(file, password)
    return password


def _random_password() -> str:
    """70 bits in letters and digits only: a double click selects all of it, and it is never parsed as an option."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))


@transaction.atomic
def _make(password: str, *, overwrite: bool) -> None:
    users = get_user_model()
    known = {
        each.get_username(): each for each in users._default_manager.filter(**{f"{users.USERNAME_FIELD}__in": NAMES})
    }
    for username, shown in NAMES.items():
        user = known.get(username)
        if user is not None and not overwrite:
            continue
        if user is None:
            user = users(**{users.USERNAME_FIELD: username})
        user.set_password(password)
        user.save()
        CallingPreferences.objects.get_or_create(user=user, defaults={"display_name": shown})

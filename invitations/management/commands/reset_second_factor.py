"""`manage.py reset_second_factor NAME`: lets somebody in again who has lost their phone, passkey and recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from invitations.credentials import second_factors


class Command(BaseCommand):
    help = "Removes the authenticator app, the passkeys and the recovery codes of one person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Accept whose."""
        parser.add_argument("name", help="the name by which the person signs in")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        """Remove them.

        Raises:
            CommandError: there is no such person, or they have no second step.
        """
        if not second_factors.installed():
            raise CommandError("The app allauth.mfa is not installed: nobody has a second step.")
        users = get_user_model()
        try:
            user = users._default_manager.get_by_natural_key(name)
        except users.DoesNotExist:
            raise CommandError(f"There is no {name}.") from None
        if not second_factors.remove_all(None, user):
            raise CommandError(f"{name} has no second step.")
        self.stdout.write(f"{name} signs in with the password alone now.")

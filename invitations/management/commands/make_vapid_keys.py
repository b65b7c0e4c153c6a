"""`manage.py make_vapid_keys`: makes the keys that identify this server to push services (RFC 8292)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from invitations.transports import vapid


class Command(BaseCommand):
    help = "Makes a pair of VAPID keys, which sign what is sent to push services, and prints or keeps it."
    # Must run when a system check finds keys that cannot be read, because it is the remedy.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Accept what to do with the key pair."""
        parser.add_argument(
            "--write", action="store_true", help="keep it in the data directory, unless there is one; do not print it"
        )
        parser.add_argument(
            "--rotate",
            action="store_true",
            help="put it in front of the present keys, which go on signing for devices that subscribed with them",
        )

    def handle(self, *args: Any, write: bool, rotate: bool, **options: Any) -> None:
        """Make a key pair. Prints the private key only if it is not saved."""
        private = vapid.generate()
        present = vapid.of_environment()
        if rotate and present:
            self._print(f"{private},{present}", private)
        elif rotate or write:
            self._keep(private, rotate=rotate)
        else:
            self._print(private, private)

    def _print(self, value: str, private: str) -> None:
        self.stdout.write(f"{vapid.ENVIRONMENT}={value}")
        self.stdout.write(f"# The public half, which devices subscribe with: {vapid.public_half(private)}")

    def _keep(self, private: str, *, rotate: bool) -> None:
        try:
            path = vapid.rotate(private) if rotate else vapid.keep(private)
        except FileExistsError:
            file = vapid.key_file()
            raise CommandError(f"{file} holds keys already. With --rotate a new one is put in front of them.") from None
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{vapid.key_file()} could not be written: {error}") from error
        self.stdout.write(
            f"Kept in {path}. The public half, which devices subscribe with: {vapid.public_half(private)}"
        )
        if vapid.of_environment():
            self.stderr.write(f"{vapid.ENVIRONMENT} is set, and goes before this file.")

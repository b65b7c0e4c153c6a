"""`manage.py revoke_service_token NAME [--all]`: ends the oldest token of a service, or all of them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from invitations.credentials import leftovers, service_tokens
from invitations.models import Service
from invitations.requests import audit


class Command(BaseCommand):
    help = "Ends the oldest token of a service that still works: the one that a newer one has replaced."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Accept whose, and whether all of them are to end."""
        parser.add_argument("name", help="the service's name")
        parser.add_argument("--all", action="store_true", help="end all its tokens, the newest too")

    def handle(self, *args: Any, name: str, all: bool, **options: Any) -> None:
        """End them.

        Raises:
            CommandError: there is no such service, or no token of it works.
        """
        service = Service.objects.filter(name=name).first()
        if service is None:
            raise CommandError(f"There is no service {name}.")
        now = timezone.now()
        chosen = list(service_tokens.working(service, now)[: None if all else 1])
        if not chosen:
            raise CommandError(f"No token of {name} works.")
        leftovers.revoke(service.tokens.filter(pk__in=[each.pk for each in chosen]), now=now)
        for row in chosen:
            audit.service_acted(None, "service-token-ended", service=name, token=row.hint)
            self.stdout.write(f"Ended {row}")
        left = service_tokens.working(service, now).count()
        self.stdout.write(f"{name} has {left} {'token' if left == 1 else 'tokens'} left.")

"""`manage.py make_service NAME --scope SCOPE …`: lets another program use the API, and prints its token once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from invitations.credentials import service_tokens
from invitations.models import Service, ServiceScope
from invitations.requests import audit


class Command(BaseCommand):
    help = (
        "Makes a service, which is another program that uses the API under its own name, and prints its token: "
        "it is shown this once. Again with the same name, it makes another token; those before go on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Accept the name, what the service may do, and how long the token is good."""
        parser.add_argument("name", help="what the service is called, in logs and timelines too")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            choices=ServiceScope.values,
            help="what it may do besides what it may do already; give it several times for several",
        )
        most = service_tokens.LONGEST.days
        parser.add_argument(
            "--days",
            type=int,
            default=service_tokens.DEFAULT_DAYS,
            help=f"for how many days the token is good, 1 to {most} (default: %(default)s)",
        )

    def handle(self, *args: Any, name: str, scope: list[str], days: int, **options: Any) -> None:
        """Make the token.

        Raises:
            CommandError: the name or the number of days is invalid, or a new service would be allowed nothing.
        """
        if not 1 <= days <= service_tokens.LONGEST.days:
            raise CommandError(f"--days must be between 1 and {service_tokens.LONGEST.days}.")
        if not scope and not Service.objects.filter(name=name).exists():
            raise CommandError("A new service needs at least one scope: --scope calls, for example.")
        now = timezone.now()
        try:
            made = service_tokens.make(name, scope, now=now, expires_at=now + timedelta(days=days))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        service = made.row.service
        audit.service_acted(None, "service-token-made", service=service.name, token=made.row.hint)
        self.stdout.write(made.token)
        until = made.row.expires_at.date().isoformat()
        self.stderr.write(f"{service.name} may: {', '.join(service.scopes)}. The token is good until {until}.")
        if not service.is_active:
            self.stderr.write(f"{service.name} is disabled: its tokens work once an admin has enabled it again.")

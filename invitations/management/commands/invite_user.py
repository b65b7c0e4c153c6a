"""`manage.py invite_user`: a link by which one person may create an account."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from invitations import conf, mailing


class Command(BaseCommand):
    help = "Prints a link by which one person may create an account, once. With --email it is also mailed there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Accept whom it is for, and where the service is."""
        parser.add_argument("--email", default="", help="to whom the link is mailed, if this server can send mail")
        parser.add_argument(
            "--server", default="", help="where people find the service, such as https://calls.example.org"
        )

    def handle(self, *args: Any, email: str, server: str, **options: Any) -> None:
        """Make the link.

        Raises:
            CommandError: links are of no use here, or the address is none.
        """
        from invitations.accounts import links

        if conf.limits().signup == "closed":
            raise CommandError("Sign-up is closed: set CALLINVITE_SIGNUP=invite first.")
        if email:
            try:
                validate_email(email)
            except ValidationError:
                raise CommandError(f"{email} is no email address.") from None
        now = timezone.now()
        row, link = links.invite(email=email, made_by=None, server=server or links.known_server(), now=now)
        self.stdout.write(link)
        told = " It was mailed too." if email and mailing.can_send() else ""
        self.stdout.write(f"It can be used once, until {row.expires_at:%Y-%m-%d %H:%M} UTC.{told}")

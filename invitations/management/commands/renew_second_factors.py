"""`manage.py renew_second_factors`: stores the secrets of second steps by the present SECRET_KEY, so that a former one
can be taken out of SECRET_KEY_FALLBACKS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from invitations.credentials import second_factors

SECRETS = ("secret", "seed")


class Command(BaseCommand):
    help = "Stores the secrets of second steps anew, by the present SECRET_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, for everybody.

        Raises:
            CommandError: `allauth.mfa` is not installed.
        """
        if not second_factors.installed():
            raise CommandError("The app allauth.mfa is not installed: nobody has a second step.")
        from allauth.mfa.utils import decrypt, encrypt

        count = 0
        for key in second_factors.model()._default_manager.values_list("pk", flat=True):
            with transaction.atomic():
                row = second_factors.model()._default_manager.select_for_update().get(pk=key)
                named = [each for each in SECRETS if each in row.data]
                row.data |= {each: encrypt(decrypt(row.data[each])) for each in named}
                row.save(update_fields=["data"])
                count += bool(named)
        self.stdout.write(f"{count} secrets are stored by the present key.")

"""`manage.py renew_hook_secrets`: stores the secrets of hooks by the present SECRET_KEY, so that a former one can be
taken out of SECRET_KEY_FALLBACKS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from invitations import sealing
from invitations.hooks import keys
from invitations.models import Hook


class Command(BaseCommand):
    help = "Stores the secrets of hooks anew, by the present SECRET_KEY. The secrets stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, for all hooks.

        Raises:
            CommandError: some cannot be read any more; those of the others are stored anew.
        """
        count, lost = 0, []
        for key in Hook.objects.values_list("pk", flat=True):
            with transaction.atomic():
                hook = Hook.objects.select_for_update().filter(pk=key).first()
                if hook is None:
                    continue
                try:
                    keys.renew(hook)
                    count += 1
                except sealing.Unreadable:
                    lost.append(hook.hook_id)
        self.stdout.write(f"The secrets of {count} {'hook' if count == 1 else 'hooks'} are stored by the present key.")
        if lost:
            raise CommandError(f"These have secrets that cannot be read, and must be rotated: {', '.join(lost)}.")

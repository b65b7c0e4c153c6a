"""What is forgotten once it is of no use to anybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.apps import apps
from django.conf import settings

from invitations.calls.transaction import write
from invitations.models import Delivery, DeliveryKind
from invitations.push import devices

PRUNE_BATCH = 1000
TESTS_KEPT = timedelta(days=1)


def prune(now: datetime) -> int:
    """Forget sessions and tokens that have run out, and test rings of yesterday.

    Args:
        now: the moment.

    Returns:
        How many tokens; sessions are not counted by Django's stores.
    """
    with write():
        Delivery.objects.filter(kind=DeliveryKind.TEST, created_at__lt=now - TESTS_KEPT).delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    if not apps.is_installed("knox"):
        return 0
    from knox.models import get_token_model

    tokens = get_token_model().objects
    forgotten = 0
    while expired := list(tokens.filter(expiry__lt=now).values_list("pk", flat=True)[:PRUNE_BATCH]):
        with write():
            for digest in expired:
                devices.sign_out(devices.credential_of(token_digest=digest))
            forgotten += tokens.filter(pk__in=expired).delete()[0]
    return forgotten

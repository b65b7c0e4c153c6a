"""Deletes what is no longer of use."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from knox.models import get_token_model

from invitations.calls import repeats
from invitations.calls.transaction import write
from invitations.models import Delivery, DeliveryKind, IdempotencyKey

PRUNE_BATCH = 1000
TESTS_KEPT = timedelta(days=1)


def prune(now: datetime) -> int:
    """Delete expired sessions and tokens, and test rings and idempotency keys more than a day old.

    Args:
        now: an aware datetime.

    Returns:
        How many tokens were deleted; Django's session stores do not count sessions.
    """
    with write():
        Delivery.objects.filter(kind=DeliveryKind.TEST, created_at__lt=now - TESTS_KEPT).delete()
        IdempotencyKey.objects.filter(created_at__lt=now - repeats.KEPT).delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    tokens = get_token_model().objects
    forgotten = 0
    while expired := list(tokens.filter(expiry__lt=now).values_list("pk", flat=True)[:PRUNE_BATCH]):
        with write():
            forgotten += tokens.filter(pk__in=expired).delete()[0]
    return forgotten

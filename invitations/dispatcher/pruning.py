"""Deletes what is no longer of use."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
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
    _delete(IdempotencyKey.objects.filter(created_at__lt=now - repeats.KEPT))
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return _delete(get_token_model().objects.filter(expiry__lt=now))


def _delete(rows: QuerySet[Any, Any]) -> int:
    """Delete these rows a batch at a time, so that no caller waits for all of them. Returns how many there were."""
    deleted = 0
    while batch := list(rows.values_list("pk", flat=True)[:PRUNE_BATCH]):
        with write():
            deleted += rows.model._default_manager.filter(pk__in=batch).delete()[0]
    return deleted

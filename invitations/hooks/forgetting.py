"""What goes of the messages to hooks in time, and when an account is deleted: a message says who called whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from invitations.models import Hook, HookMessage, HookMessageState

PENDING = Q(state=HookMessageState.PENDING)


def forget_calls(call_pks: Collection[int]) -> None:
    """Take away the messages about these calls. Those that are still owed go once they were sent: they are of now.

    Args:
        call_pks: the keys of the calls, which must be locked.
    """
    about = HookMessage.objects.filter(call_id__in=call_pks)
    about.exclude(PENDING).delete()
    about.update(is_private=True)


def private() -> QuerySet[HookMessage]:
    """The messages that were only kept until they were sent."""
    return HookMessage.objects.exclude(PENDING).filter(is_private=True)


def without_call() -> QuerySet[HookMessage]:
    """The messages that are about somebody's device."""
    return HookMessage.objects.filter(call=None)


def stranded(now: datetime) -> QuerySet[HookMessage]:
    """Messages that nobody sends: a change that owed them was committed just after their hook was switched off."""
    off = Hook.objects.filter(pk=OuterRef("hook_id"), is_active=False, disabled_at__lt=now)
    return HookMessage.objects.filter(PENDING, Exists(off), claim="")


def orphans() -> QuerySet[HookMessage]:
    """The same of hooks that are gone."""
    return HookMessage.objects.filter(~Exists(Hook.objects.filter(pk=OuterRef("hook_id"))))

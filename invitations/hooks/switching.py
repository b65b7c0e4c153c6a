"""When a hook is switched off, and on again. What it is owed is given up with it: it can be replayed."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import F, QuerySet

from invitations.models import Hook, HookMessage, HookMessageState, HookOff

logger = logging.getLogger(__name__)

HOOK_OFF = "hook_off"
"""The code of messages that are given up because their hook is switched off."""
BY_ITSELF = (HookOff.GONE, HookOff.FAILING)
"""Reasons for which nobody has switched a hook off, so that somebody should look."""


def switch_off(hook_pk: int, reason: HookOff, *, now: datetime) -> bool:
    """Send nothing more to a hook, and plan nothing more for it. What is on its way is left to the post that sends it.
    Safe to repeat.

    Args:
        hook_pk: its key.
        reason: why.

    Returns:
        Whether it was on.
    """
    on = Hook.objects.filter(pk=hook_pk, is_active=True)
    if not on.update(is_active=False, disabled_reason=reason.value, disabled_at=now):
        return False
    count = give_up(hook_pk, now=now)
    level = logging.WARNING if reason in BY_ITSELF else logging.INFO
    logger.log(level, "Hook %s is switched off (%s); messages given up: %d", _name(hook_pk), reason.value, count)
    return True


def give_up(hook_pk: int, *, now: datetime) -> int:
    """Give up what waits for a hook that is off. Returns how many messages that were."""
    return give_up_all(HookMessage.objects.filter(hook_id=hook_pk, state=HookMessageState.PENDING, claim=""), now=now)


def give_up_all(waiting: QuerySet[HookMessage], *, now: datetime) -> int:
    """Give up messages of hooks that are off, and keep why the last try of each has failed.

    Args:
        waiting: the messages, which nobody has claimed.
        now: an aware datetime.

    Returns:
        How many they were.
    """
    return waiting.update(state=HookMessageState.GIVEN_UP, code=HOOK_OFF, failed_by=F("code"), settled_at=now)


def why_failed(message: HookMessage) -> str:
    """The code by which the last try of a message failed; empty if it did not fail, or there was none."""
    return message.failed_by if message.code == HOOK_OFF else message.code


def switch_on(hook_pk: int) -> bool:
    """Tell a hook again what happens from now on, unless its service is disabled. Safe to repeat.

    Args:
        hook_pk: its key.

    Returns:
        Whether it was off.

    Raises:
        IntegrityError: there is another ring hook.
    """
    off = Hook.objects.filter(pk=hook_pk, is_active=False, service__is_active=True)
    if not off.update(is_active=True, disabled_reason="", disabled_at=None, failing_since=None):
        return False
    logger.info("Hook %s is switched on", _name(hook_pk))
    return True


def note_failure(hook_pk: int, *, now: datetime) -> None:
    """Remember since when nothing reaches a hook."""
    if Hook.objects.filter(pk=hook_pk, failing_since=None).update(failing_since=now):
        logger.warning("Hook %s fails", _name(hook_pk))


def works_again(hook_pk: int) -> None:
    """Forget that a hook failed."""
    if Hook.objects.filter(pk=hook_pk, failing_since__isnull=False).update(failing_since=None):
        logger.info("Hook %s works again", _name(hook_pk))


def _name(hook_pk: int) -> str:
    """What a hook is called in the log, as in REST and in Django admin: its public id."""
    return Hook.objects.values_list("hook_id", flat=True).filter(pk=hook_pk).first() or "(removed)"

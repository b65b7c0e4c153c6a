"""Hooks: addresses of other programs that are told what happens; and the messages that they are owed."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q

from invitations.models.event import EventKind
from invitations.words import say_lazy


class HookKind(models.TextChoices):
    EVENTS = "events", say_lazy("choice.hook_kind.events")
    RING = "ring", say_lazy("choice.hook_kind.ring")


USER_MISSED = "user.missed"
DEVICE_DISABLED = "device.disabled"
HOOK_TEST = "hook.test"
RING_ASK = "ring.ask"
HOOK_EVENTS = (*EventKind.values, USER_MISSED, DEVICE_DISABLED)
"""What a hook may ask to be told. New ones go to the end: each has its bit in `Hook.mask`."""
NOTHING = 0
"""The mask of a hook that is asked, and told of nothing."""
EVERYTHING = -1
"""The mask of a hook that has not chosen, which is told of kinds to come as well."""


def mask_of(events: list[str] | tuple[str, ...]) -> int:
    """The bits of kinds of events. Unknown ones have none.

    Args:
        events: values of `HOOK_EVENTS`.
    """
    return sum({1 << HOOK_EVENTS.index(each) for each in events if each in HOOK_EVENTS})


class HookOff(models.TextChoices):
    """Why a hook is switched off."""

    GONE = "gone", say_lazy("choice.hook_off.gone")
    FAILING = "failing", say_lazy("choice.hook_off.failing")
    BY_SERVICE = "by_service", say_lazy("choice.hook_off.by_service")
    BY_ADMIN = "by_admin", say_lazy("choice.hook_off.by_admin")


def new_hook_id() -> str:
    """The public id of a hook."""
    return f"hook_{secrets.token_hex(12)}"


class Hook(models.Model):
    """An address of a service. Its secrets are sealed; the former one counts until `former_until`."""

    service = models.ForeignKey("invitations.Service", on_delete=models.CASCADE, related_name="hooks")
    hook_id = models.CharField(max_length=40, unique=True, default=new_hook_id, editable=False)
    url = models.CharField(max_length=2048)
    kind = models.CharField(max_length=6, choices=HookKind, default=HookKind.EVENTS)
    events = models.JSONField(default=list, blank=True, help_text=say_lazy("help.hook.events"))
    mask = models.IntegerField(default=EVERYTHING, editable=False)
    secret = models.TextField(editable=False)
    former_secret = models.TextField(blank=True, default="", editable=False)
    former_until = models.DateTimeField(null=True, blank=True, editable=False)
    is_active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=10, choices=HookOff, blank=True, default="")
    disabled_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.hook.failing_since"))
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = say_lazy("model.hook")
        verbose_name_plural = say_lazy("model.hooks")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(name="hook_kind_known", condition=Q(kind__in=HookKind.values)),
            models.CheckConstraint(
                name="hook_off_for_a_reason",
                condition=Q(is_active=True, disabled_reason="", disabled_at__isnull=True)
                | Q(is_active=False, disabled_reason__in=HookOff.values, disabled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="hook_told_unless_asked", condition=Q(kind="ring", mask=0) | (Q(kind="events") & ~Q(mask=0))
            ),
            models.UniqueConstraint(name="hook_one_ring", fields=["kind"], condition=Q(kind="ring", is_active=True)),
        ]
        indexes: ClassVar = [
            # Every verb looks here.
            models.Index(fields=["mask", "id"], name="hook_listening", condition=Q(is_active=True)),
        ]

    def __str__(self) -> str:
        return self.hook_id


class HookMessageState(models.TextChoices):
    PENDING = "pending", say_lazy("choice.hook_message_state.pending")
    DELIVERED = "delivered", say_lazy("choice.hook_message_state.delivered")
    GIVEN_UP = "given_up", say_lazy("choice.hook_message_state.given_up")


class HookMessage(models.Model):
    """One message that is owed to one hook. A change writes it, and the dispatcher settles it.

    Messages of one lane, which is a call's id, go one after the other in the order of their keys. While one is on its
    way it has a claim, and is due again when the claim ends. Refers to other rows without constraints: a verb that owes
    a message waits for nobody who changes the hook, and what a hook was owed is pruned after it.
    """

    hook = models.ForeignKey(
        Hook, on_delete=models.DO_NOTHING, db_constraint=False, related_name="messages", db_index=False
    )
    message_id = models.CharField(max_length=40)
    type = models.CharField(max_length=24)
    call = models.ForeignKey(
        "invitations.Call", on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, related_name="+"
    )
    lane = models.CharField(max_length=128, blank=True, default="", help_text=say_lazy("help.hook_message.lane"))
    body = models.TextField()
    state = models.CharField(max_length=9, choices=HookMessageState, default=HookMessageState.PENDING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.CharField(max_length=32, blank=True, default="")
    tried_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    code = models.CharField(max_length=24, blank=True, default="")
    failed_by = models.CharField(
        max_length=24, blank=True, default="", db_default="", help_text=say_lazy("help.hook_message.failed_by")
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    is_private = models.BooleanField(default=False, help_text=say_lazy("help.hook_message.is_private"))

    class Meta:
        verbose_name = say_lazy("model.hook_message")
        verbose_name_plural = say_lazy("model.hook_messages")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="hook_message_once", fields=["hook", "message_id"]),
            models.CheckConstraint(name="hook_message_state_known", condition=Q(state__in=HookMessageState.values)),
            models.CheckConstraint(
                name="hook_message_settled_unless_pending",
                condition=Q(state="pending", settled_at__isnull=True)
                | (~Q(state="pending") & Q(settled_at__isnull=False, claim="")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["hook", "due_at"], name="hook_message_due", condition=Q(state="pending")),
            models.Index(fields=["hook", "lane", "id"], name="hook_message_in_lane", condition=Q(state="pending")),
            models.Index(fields=["hook", "id"], name="hook_message_of_hook"),
            models.Index(fields=["id"], name="hook_message_private", condition=Q(is_private=True)),
        ]

    def __str__(self) -> str:
        return self.message_id

"""What people settle about each other: whom they let in, and from whom they never want to hear.

Each row is one person's own. What the other one has settled stands in a row of theirs, so that nobody learns from
their own rows that somebody has removed or blocked them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from invitations.words import say_lazy

ASK_CHARS = 200


class ContactState(models.TextChoices):
    ASKED = "asked", say_lazy("choice.contact_state.asked")
    ASKS_YOU = "asks_you", say_lazy("choice.contact_state.asks_you")
    CONTACT = "contact", say_lazy("choice.contact_state.contact")
    TURNED_DOWN = "turned_down", say_lazy("choice.contact_state.turned_down")


class Contact(models.Model):
    """How one user stands to another: has asked to be let in, is asked by them, has let them in, or has turned them
    down, which only keeps them from asking again at once and is shown to nobody."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contacts", db_index=False
    )
    other = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contact_of")
    state = models.CharField(max_length=11, choices=ContactState)
    favourite = models.BooleanField(default=False)
    message = models.CharField(max_length=ASK_CHARS, blank=True, default="", help_text=say_lazy("help.contact.message"))
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = say_lazy("model.contact")
        verbose_name_plural = say_lazy("model.contacts")
        ordering: ClassVar = ["user", "other"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="contact_once", fields=["user", "other"]),
            models.CheckConstraint(name="contact_is_another", condition=~Q(user=F("other"))),
            models.CheckConstraint(name="contact_state_known", condition=Q(state__in=ContactState.values)),
            models.CheckConstraint(name="contact_favourite_is_one", condition=Q(favourite=False) | Q(state="contact")),
        ]
        indexes: ClassVar = [models.Index(fields=["user", "state", "-changed_at"], name="contact_of_user")]

    def __str__(self) -> str:
        return f"contact {self.pk}"


class Block(models.Model):
    """One user's wish never to be rung by another."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks", db_index=False)
    other = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = say_lazy("model.block")
        verbose_name_plural = say_lazy("model.blocks")
        ordering: ClassVar = ["user", "-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="block_once", fields=["user", "other"]),
            models.CheckConstraint(name="block_is_of_another", condition=~Q(user=F("other"))),
        ]

    def __str__(self) -> str:
        return f"block {self.pk}"

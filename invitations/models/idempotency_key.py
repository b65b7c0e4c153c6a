"""The keys by which repeated requests are known."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from invitations.words import say_lazy


class IdempotencyKey(models.Model):
    """A request that a user has named by a key, and what came of it. Forgotten after `calls.repeats.KEPT`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64, help_text=say_lazy("help.idempotency_key.fingerprint"))
    call = models.ForeignKey("invitations.Call", on_delete=models.CASCADE, related_name="+")
    answer = models.JSONField(help_text=say_lazy("help.idempotency_key.answer"))
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="idempotency_key_once", fields=["user", "key"]),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return self.key

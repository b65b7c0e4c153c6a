"""What is known of the credentials that were handed out, besides what other apps store of them: knox a token's digest
and end, Django a session."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q

from invitations.models.device import device_id_characters
from invitations.words import say_lazy


class AppToken(models.Model):
    """A token that an app was given: which device has it, and whether the app has fetched its successor."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    # Not a foreign key: processes of an older version delete tokens without knowing of these rows.
    digest = models.CharField(max_length=128, unique=True, help_text=say_lazy("help.app_token.digest"))
    device_id = models.CharField(max_length=64, validators=[device_id_characters])
    created_at = models.DateTimeField(help_text=say_lazy("help.app_token.created_at"))
    proved_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.app_token.proved_at"))
    last_used_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.app_token.last_used_at"))
    successor_digest = models.CharField(
        max_length=128, blank=True, default="", help_text=say_lazy("help.app_token.successor_digest")
    )
    service = models.ForeignKey(
        "invitations.Service",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=say_lazy("help.app_token.service"),
    )
    is_fixed = models.BooleanField(default=False, db_default=False, help_text=say_lazy("help.app_token.is_fixed"))

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "device_id"], name="app_token_of_device")]
        constraints: ClassVar = [
            models.CheckConstraint(name="app_token_has_a_digest", condition=~Q(digest="")),
        ]

    def __str__(self) -> str:
        return str(self.id)


class PairingCode(models.Model):
    """The code with which a person connects a phone, of whom each has at most one."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True, help_text=say_lazy("help.pairing_code.digest"))
    credential = models.CharField(max_length=32, help_text=say_lazy("help.pairing_code.credential"))
    proved_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.app_token.proved_at"))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    device_id = models.CharField(
        max_length=64, blank=True, default="", help_text=say_lazy("help.pairing_code.device_id")
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="pairing_code_used_by_a_device",
                condition=Q(used_at__isnull=True, device_id="") | (Q(used_at__isnull=False) & ~Q(device_id="")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.user_id)

"""A device: a browser profile or an app install of one user, with at most one push address."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from invitations.words import say_lazy

device_id_characters = RegexValidator(r"\A[A-Za-z0-9._~-]{1,64}\Z", say_lazy("validation.device_id"))


class DeviceKind(models.TextChoices):
    BROWSER = "browser", say_lazy("choice.device_kind.browser")
    ANDROID = "android", say_lazy("choice.device_kind.android")
    IOS = "ios", say_lazy("choice.device_kind.ios")
    OTHER = "other", say_lazy("choice.device_kind.other")


class DisabledReason(models.TextChoices):
    GONE = "gone", say_lazy("choice.disabled_reason.gone")
    VAPID_KEY_CHANGED = "vapid_key_changed", say_lazy("choice.disabled_reason.vapid_key_changed")
    PERMISSION = "permission", say_lazy("choice.disabled_reason.permission")
    UNSUBSCRIBED = "unsubscribed", say_lazy("choice.disabled_reason.unsubscribed")


class Health(models.TextChoices):
    OK = "ok", say_lazy("choice.health.ok")
    NO_ADDRESS = "no_address", say_lazy("choice.health.no_address")
    DISABLED = "disabled", say_lazy("choice.health.disabled")


class DeviceQuerySet(models.QuerySet["Device"]):
    def reachable(self) -> DeviceQuerySet:
        """Devices with a push address that works, as far as we know."""
        return self.filter(push_digest__isnull=False, push_disabled_at__isnull=True)


class Device(models.Model):
    """Where one user can be rung. The id is chosen by the client and unique per user."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="devices", db_index=False)
    device_id = models.CharField(max_length=64, validators=[device_id_characters])
    label = models.CharField(max_length=64, blank=True, default="")
    is_named = models.BooleanField(default=False, help_text=say_lazy("help.device.is_named"))
    kind = models.CharField(max_length=8, choices=DeviceKind, default=DeviceKind.BROWSER)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True, blank=True)
    last_ringing_at = models.DateTimeField(null=True, blank=True)
    credential = models.CharField(
        max_length=32, blank=True, default="", db_default="", help_text=say_lazy("help.device.credential")
    )

    push_transport = models.CharField(max_length=16, blank=True, default="")
    push_endpoint = models.CharField(max_length=2048, blank=True, default="")
    push_digest = models.CharField(
        max_length=64,
        null=True,
        blank=True,
        unique=True,
        help_text=say_lazy("help.device.push_digest"),
    )
    push_p256dh = models.CharField(max_length=88, blank=True, default="")
    push_auth = models.CharField(max_length=24, blank=True, default="")
    push_signing_key = models.CharField(
        max_length=88, blank=True, default="", help_text=say_lazy("help.device.push_signing_key")
    )
    push_alert_token = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text=say_lazy("help.device.push_alert_token")
    )
    push_origin = models.CharField(
        max_length=255, blank=True, default="", help_text=say_lazy("help.device.push_origin")
    )
    push_language = models.CharField(
        max_length=16, blank=True, default="", help_text=say_lazy("help.device.push_language")
    )
    push_credential = models.CharField(
        max_length=32, blank=True, default="", help_text=say_lazy("help.device.push_credential")
    )
    push_set_at = models.DateTimeField(null=True, blank=True)
    push_proved_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.device.push_proved_at"))
    push_disabled_at = models.DateTimeField(null=True, blank=True)
    push_disabled_reason = models.CharField(max_length=24, choices=DisabledReason, blank=True, default="")

    objects = DeviceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["user", "-last_seen_at", "device_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="device_once_per_user", fields=["user", "device_id"]),
            models.CheckConstraint(name="device_id_not_empty", condition=~Q(device_id="")),
            models.CheckConstraint(name="device_kind_known", condition=Q(kind__in=DeviceKind.values)),
            models.CheckConstraint(
                name="device_disabled_for_a_reason",
                condition=Q(push_disabled_at__isnull=True, push_disabled_reason="")
                | (Q(push_disabled_at__isnull=False) & Q(push_disabled_reason__in=DisabledReason.values)),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["push_credential"], name="device_of_credential", condition=~Q(push_credential="")),
            models.Index(fields=["credential"], name="device_by_credential", condition=~Q(credential="")),
        ]

    def __str__(self) -> str:
        return self.label or self.device_id

    @property
    def health(self) -> Health:
        """Whether the device can be rung by push, as far as we know."""
        if self.push_disabled_at is not None:
            return Health.DISABLED
        return Health.NO_ADDRESS if self.push_digest is None else Health.OK

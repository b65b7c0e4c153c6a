"""A device: a browser profile or an app install of one user, with at most one push address."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

device_id_characters = RegexValidator(
    r"\A[A-Za-z0-9._~-]{1,64}\Z", _("Up to 64 letters, digits and . _ ~ - are allowed.")
)


class DeviceKind(models.TextChoices):
    BROWSER = "browser", _("browser")
    ANDROID = "android", _("Android")
    IOS = "ios", _("iOS")
    OTHER = "other", _("other")


class Device(models.Model):
    """Where one user can be rung. The id is chosen by the client and unique per user."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="devices", db_index=False)
    device_id = models.CharField(max_length=64, validators=[device_id_characters])
    label = models.CharField(max_length=64, blank=True, default="")
    kind = models.CharField(max_length=8, choices=DeviceKind, default=DeviceKind.BROWSER)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True, blank=True)
    last_ringing_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["user", "-last_seen_at", "device_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="device_once_per_user", fields=["user", "device_id"]),
            models.CheckConstraint(name="device_id_not_empty", condition=~Q(device_id="")),
            models.CheckConstraint(name="device_kind_known", condition=Q(kind__in=DeviceKind.values)),
        ]

    def __str__(self) -> str:
        return self.label or self.device_id

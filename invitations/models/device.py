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


class DisabledReason(models.TextChoices):
    GONE = "gone", _("the push service no longer knows the address")
    VAPID_KEY_CHANGED = "vapid_key_changed", _("made with a VAPID key that this server no longer has")


class Health(models.TextChoices):
    OK = "ok", _("ok")
    NO_ADDRESS = "no_address", _("no push address")
    DISABLED = "disabled", _("disabled")


class DeviceQuerySet(models.QuerySet["Device"]):
    def reachable(self) -> DeviceQuerySet:
        """Devices with a push address that works as far as is known."""
        return self.filter(push_digest__isnull=False, push_disabled_at__isnull=True)


class Device(models.Model):
    """Where one user can be rung. The id is chosen by the client and unique per user."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="devices", db_index=False)
    device_id = models.CharField(max_length=64, validators=[device_id_characters])
    label = models.CharField(max_length=64, blank=True, default="")
    is_named = models.BooleanField(
        default=False, help_text=_("Its owner or its app gave the name: what a page says of its browser is not taken.")
    )
    kind = models.CharField(max_length=8, choices=DeviceKind, default=DeviceKind.BROWSER)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True, blank=True)
    last_ringing_at = models.DateTimeField(null=True, blank=True)

    push_transport = models.CharField(max_length=16, blank=True, default="")
    push_endpoint = models.CharField(max_length=2048, blank=True, default="")
    push_digest = models.CharField(
        max_length=64,
        null=True,
        blank=True,
        unique=True,
        help_text=_("SHA-256 of the address: it belongs to one device at a time."),
    )
    push_p256dh = models.CharField(max_length=88, blank=True, default="")
    push_auth = models.CharField(max_length=24, blank=True, default="")
    push_signing_key = models.CharField(
        max_length=88, blank=True, default="", help_text=_("The VAPID public key that the address was made with.")
    )
    push_origin = models.CharField(
        max_length=255, blank=True, default="", help_text=_("Where the app was open when the address was made.")
    )
    push_credential = models.CharField(
        max_length=32, blank=True, default="", help_text=_("The session or token that registered the address.")
    )
    push_set_at = models.DateTimeField(null=True, blank=True)
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
        ]

    def __str__(self) -> str:
        return self.label or self.device_id

    @property
    def health(self) -> Health:
        """Whether it can be rung by push, as far as is known."""
        if self.push_disabled_at is not None:
            return Health.DISABLED
        return Health.NO_ADDRESS if self.push_digest is None else Health.OK

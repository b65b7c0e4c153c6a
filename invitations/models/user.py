"""Accounts, and the calling preferences that any user model can have beside it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

username_characters = RegexValidator(
    r"\A[A-Za-z0-9._@+-]{1,64}\Z", _("Up to 64 letters, digits and . _ @ + - are allowed.")
)


class User(AbstractUser):
    """An account. Its public id is `username`; projects with their own user model swap this one out."""

    username = models.CharField(
        _("username"),
        max_length=64,
        unique=True,
        help_text=_("The public id: 1 to 64 letters, digits and . _ @ + -"),
        validators=[username_characters],
        error_messages={"unique": _("This name is taken.")},
    )

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"


class CallingPreferences(models.Model):
    """How one user wants to be called. A missing row means the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="calling_preferences",
    )
    display_name = models.CharField(
        max_length=64, blank=True, help_text=_("The shown name; the username where it is empty.")
    )
    call_waiting = models.BooleanField(
        default=False, help_text=_("Let further calls ring while in a call instead of answering busy.")
    )
    history_seen_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Missed calls up to this moment count as seen on all devices.")
    )

    class Meta:
        verbose_name = verbose_name_plural = _("calling preferences")
        constraints: ClassVar = []

    def __str__(self) -> str:
        return self.display_name or f"preferences of user {self.pk}"

"""Services: other programs that use the API under their own name. Each has tokens, several at a time so that a new one
can be rolled out before the old one ends, and scopes, which say what it may do with any of them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from invitations.words import say_lazy

SERVICE_CHARS = 64
service_characters = RegexValidator(
    rf"\A[A-Za-z0-9](?:[A-Za-z0-9 ._-]{{0,{SERVICE_CHARS - 2}}}[A-Za-z0-9._-])?\Z", say_lazy("validation.service_name")
)


class ServiceScope(models.TextChoices):
    """What a service may do."""

    USERS = "users", say_lazy("choice.service_scope.users")
    TOKENS = "tokens", say_lazy("choice.service_scope.tokens")
    CALLS = "calls", say_lazy("choice.service_scope.calls")
    CALLS_READ = "calls:read", say_lazy("choice.service_scope.calls_read")
    HOOKS = "hooks", say_lazy("choice.service_scope.hooks")
    TITLES = "titles", say_lazy("choice.service_scope.titles")


class Service(models.Model):
    """Another program, and what it may do."""

    name = models.CharField(
        max_length=SERVICE_CHARS,
        unique=True,
        verbose_name=say_lazy("field.service_name"),
        help_text=say_lazy("help.service.name"),
        validators=[service_characters],
    )
    scopes = models.JSONField(
        default=list, verbose_name=say_lazy("field.service_scopes"), help_text=say_lazy("help.service.scopes")
    )
    is_active = models.BooleanField(
        default=True, verbose_name=say_lazy("field.service_active"), help_text=say_lazy("help.service.is_active")
    )
    created_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = say_lazy("model.service")
        verbose_name_plural = say_lazy("model.service.plural")
        constraints: ClassVar = [models.CheckConstraint(name="service_has_a_name", condition=~Q(name=""))]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what is no list of scopes.

        Raises:
            ValidationError: a scope is unknown.
        """
        if not isinstance(self.scopes, list) or not set(map(str, self.scopes)) <= set(ServiceScope.values):
            raise ValidationError({"scopes": say_lazy("validation.service_scope")})


class ServiceToken(models.Model):
    """A token of a service. The row stays when it has ended, so that it is known until when it was used."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False, help_text=say_lazy("help.service_token.hint"))
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = say_lazy("model.service_token")
        verbose_name_plural = say_lazy("model.service_token.plural")
        constraints: ClassVar = [
            models.CheckConstraint(name="service_token_expires_later", condition=Q(expires_at__gt=F("created_at"))),
            models.CheckConstraint(name="service_token_has_a_digest", condition=~Q(digest="")),
        ]

    def __str__(self) -> str:
        return f"{self.hint}…"

    def ended_at(self, now: datetime) -> datetime | None:
        """When it ended; None while it works."""
        if self.revoked_at is not None:
            return self.revoked_at
        return self.expires_at if self.expires_at <= now else None

"""Links by which somebody may create one account where sign-up is not open to all."""

from __future__ import annotations

import hashlib
from datetime import datetime
from secrets import token_urlsafe
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from invitations.words import say_lazy


class SignUpLinks(models.Manager["SignUpLink"]):
    """Made by admins, used once."""

    def usable(self, now: datetime) -> models.QuerySet[SignUpLink]:
        """Those by which an account can still be made."""
        return self.filter(used_at=None, expires_at__gt=now)

    def make(self, *, email: str, made_by: Any, now: datetime, expires_at: datetime) -> tuple[SignUpLink, str]:
        """Make a link.

        Args:
            email: of whom it is for; empty if it is handed over by another way.
            made_by: the admin; None for a command.
            now: an aware datetime.
            expires_at: until when it can be used.

        Returns:
            The row, and the token that stands in the link: it is nowhere else.
        """
        token = token_urlsafe(24)
        row = self.create(digest=digest_of(token), email=email, made_by=made_by, created_at=now, expires_at=expires_at)
        return row, token

    def of_token(self, token: str, now: datetime) -> SignUpLink | None:
        """The usable link with this token."""
        return self.usable(now).filter(digest=digest_of(token)).first()

    def made_as(self, token: str) -> SignUpLink | None:
        """The link with this token, usable or not."""
        return self.filter(digest=digest_of(token)).first()

    def use(self, token: str, user: object, now: datetime) -> bool:
        """Use a link up. Of two who use it at once, one does.

        Args:
            token: as it stood in the link.
            user: the account that was made.
            now: an aware datetime.

        Returns:
            Whether it could still be used.
        """
        return bool(self.usable(now).filter(digest=digest_of(token)).update(used_at=now, used_by=user))


class SignUpLink(models.Model):
    """One account that somebody may create."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    email = models.EmailField(
        max_length=254, blank=True, verbose_name=say_lazy("field.email"), help_text=say_lazy("help.sign_up_link.email")
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )

    objects: ClassVar[SignUpLinks] = SignUpLinks()

    class Meta:
        verbose_name = say_lazy("model.sign_up_link")
        verbose_name_plural = say_lazy("model.sign_up_link.plural")
        constraints: ClassVar = [
            models.CheckConstraint(name="sign_up_link_expires_later", condition=Q(expires_at__gt=F("created_at"))),
        ]

    def __str__(self) -> str:
        return self.email or str(self.pk)


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()

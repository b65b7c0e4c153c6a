"""Accounts, and what identifies one whatever the user model is."""

from __future__ import annotations

import hashlib
import re
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.dispatch import Signal

from invitations.models.leaving import refuse_retired
from invitations.words import say_lazy

UserKey = Any
"""The primary key of a user: an integer, a UUID, a string, or any other type that the project's user model has."""

USERNAME_CHARS = 64
"""The most characters of a name among our own accounts. `id_chars` says it of any."""
username_characters = RegexValidator(rf"\A[A-Za-z0-9._@+-]{{1,{USERNAME_CHARS}}}\Z", say_lazy("validation.username"))


def id_chars() -> int | None:
    """The most characters that a public id has, by the user model in use; None if that sets no limit."""
    field = get_user_model()._meta.get_field(get_user_model().USERNAME_FIELD)
    return field.max_length if isinstance(field, (models.CharField, models.TextField)) else None


def key_as_word(key: UserKey) -> str:
    """A user's key as 1 to 64 letters, digits, `-` and `_`, which the names of groups and cache keys allow.

    Args:
        key: of any type. Text with other characters becomes a digest after a dot, which no plain key contains.
    """
    if isinstance(key, int):
        return str(key)
    text = str(key)
    return text if _is_word(text) else f".{hashlib.sha256(text.encode()).hexdigest()}"


_is_word = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch


many_changed = Signal()
"""Sent with `keys` and `values` when accounts were changed together, which no signal of Django's tells."""
GUARDED = frozenset({"is_active", "is_staff", "is_superuser", "password"})
"""What nobody may change without anybody hearing of it."""


class AccountQuerySet(models.QuerySet["User"]):
    """Accounts, some of which may be changed together."""

    def update(self, **values: Any) -> int:
        """Change them by one statement, and say so if it changes who may sign in, and how."""
        keys = list(self.values_list("pk", flat=True)) if GUARDED & values.keys() else []
        count = super().update(**values)
        if keys:
            many_changed.send(sender=self.model, keys=keys, values=values)
        return count


class Accounts(UserManager["User"]):
    """Accounts, which are found by their name in any capitals."""

    def get_queryset(self) -> AccountQuerySet:
        return AccountQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> User:
        """The account that signs in with this name: its own, or else the one whose name differs in capitals alone.

        Raises:
            User.DoesNotExist: there is none, or more than one that differs in capitals alone.
        """
        try:
            return self.get(username=username)
        except self.model.DoesNotExist:
            found = list(self.alias(spelling=Lower("username")).filter(spelling=(username or "").lower())[:2])
            if len(found) == 1:
                return found[0]
            raise


class User(AbstractUser):
    """An account. Its public id is `username`; projects with their own user model swap this one out."""

    username = models.CharField(
        say_lazy("model.user.username"),
        max_length=USERNAME_CHARS,
        unique=True,
        help_text=say_lazy("help.user.username"),
        validators=[username_characters],
        error_messages={"unique": say_lazy("validation.username_taken")},
    )

    objects: ClassVar[Accounts] = Accounts()

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"
        indexes: ClassVar = [models.Index(Lower("username"), name="user_spelling")]

    def clean(self) -> None:
        """Refuse a name that people would take for another's.

        Raises:
            ValidationError: another account's name, or that of a deleted one, differs from it in capitals alone.
        """
        super().clean()
        # A form that has refused the name leaves none.
        if not self.username:
            return
        if not type(self).objects.filter(pk=self.pk, username=self.username).exists():
            refuse_retired(self.username)
        others = type(self).objects.alias(spelling=Lower("username")).filter(spelling=self.username.lower())
        if others.exclude(pk=self.pk).exclude(username=self.username).exists():
            raise ValidationError(say_lazy("validation.username_taken"))

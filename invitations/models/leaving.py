"""Accounts that are being deleted, and what is kept of a name so that nobody gets it again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from unicodedata import normalize

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from invitations.words import say_lazy


class AccountDeletion(models.Model):
    """An account that is being deleted: nobody can use it any more, and what is left of it goes piece by piece. The row
    goes with the account."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    began_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = []

    def __str__(self) -> str:
        return str(self.pk)


class RetiredNames(models.Manager["RetiredName"]):
    """The public ids of deleted accounts, in any capitals."""

    def retire(self, name: str, now: datetime) -> None:
        """See to it that nobody gets this public id again."""
        self.get_or_create(digest=digest_of(name), defaults={"retired_at": now})

    def among(self, names: Iterable[str]) -> set[str]:
        """Those of these names that were deleted accounts', in any capitals. One query."""
        digests = {digest_of(each): each for each in names}
        return {digests[each] for each in self.filter(digest__in=digests).values_list("digest", flat=True)}

    def have(self, name: str) -> bool:
        """Whether this public id, or one that differs in capitals alone, was a deleted account's."""
        return self.filter(digest=digest_of(name)).exists()


class RetiredName(models.Model):
    """The public id of a deleted account. Only a digest is kept: it tells whether a name was somebody's, and not which
    names there were. Belongs to no user model, so that it outlasts a change of the model too."""

    digest = models.CharField(max_length=64, primary_key=True)
    retired_at = models.DateTimeField()

    objects = RetiredNames()

    class Meta:
        constraints: ClassVar = []

    def __str__(self) -> str:
        return self.digest


def digest_of(name: str) -> str:
    """A SHA-256 that is the same for all spellings of a public id that people would take for one."""
    return hashlib.sha256(normalize("NFKC", str(name)).strip().casefold().encode(errors="replace")).hexdigest()


def refuse_retired(name: str) -> None:
    """Refuse the public id of a deleted account: a validator of forms that make accounts.

    Raises:
        ValidationError: it was somebody's, in these capitals or others.
    """
    if RetiredName.objects.have(name):
        raise ValidationError(say_lazy("validation.username_taken"), code="unique")

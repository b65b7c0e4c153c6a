"""Mail that is owed to somebody, until a mail server has taken it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Mail(models.Model):
    """One message. The row goes as soon as the message went; what is in it may open an account."""

    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    language = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = []

    def __str__(self) -> str:
        return str(self.pk)

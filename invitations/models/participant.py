"""A participant: a user in a call on one device, from joining to leaving."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from invitations.words import say_lazy


class LeftReason(models.TextChoices):
    LEFT = "left", say_lazy("choice.left_reason.left")
    MOVED = "moved", say_lazy("choice.left_reason.moved")
    CONNECTION_LOST = "connection_lost", say_lazy("choice.left_reason.connection_lost")
    MEDIA_FAILED = "media_failed", say_lazy("choice.left_reason.media_failed")
    CALL_ENDED = "call_ended", say_lazy("choice.left_reason.call_ended")
    REMOVED = "removed", say_lazy("choice.left_reason.removed")


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def open(self) -> ParticipantQuerySet:
        """Participants who have not left."""
        return self.filter(left_at__isnull=True)


class Participant(models.Model):
    """One stay of one user in a call. While it is open, the user is busy and the device holds a lease."""

    call = models.ForeignKey("invitations.Call", on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="participations", db_index=False
    )
    device_id = models.CharField(max_length=64)
    joined_at = models.DateTimeField()
    connected_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    left_reason = models.CharField(max_length=16, choices=LeftReason, null=True, blank=True)  # noqa: DJ001
    proved_at = models.DateTimeField(null=True, blank=True, help_text=say_lazy("help.participant.proved_at"))

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="participant_one_open", fields=["user", "call"], condition=Q(left_at__isnull=True)
            ),
            models.CheckConstraint(
                name="participant_left_with_reason",
                condition=Q(left_at__isnull=True, left_reason__isnull=True)
                | Q(left_at__isnull=False, left_reason__isnull=False, left_reason__in=LeftReason.values),
            ),
            models.CheckConstraint(name="participant_device_not_empty", condition=~Q(device_id="")),
        ]

    def __str__(self) -> str:
        return f"participant {self.pk}"

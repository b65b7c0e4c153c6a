"""How people want to be called and shown: what goes with an account of any user model."""

from __future__ import annotations

from typing import ClassVar, TypedDict

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from invitations.models import names
from invitations.words import say_lazy

ZONE_CHARS = 64


class RingsFrom(models.TextChoices):
    """Whose calls ring for a person."""

    EVERYONE = "everyone", say_lazy("choice.rings_from.everyone")
    KNOWN = "known", say_lazy("choice.rings_from.known")
    CONTACTS = "contacts", say_lazy("choice.rings_from.contacts")
    NOBODY = "nobody", say_lazy("choice.rings_from.nobody")


class Audience(models.TextChoices):
    """Who sees whether a person is online or in a call."""

    EVERYONE = "everyone", say_lazy("choice.audience.everyone")
    CONTACTS = "contacts", say_lazy("choice.audience.contacts")
    NOBODY = "nobody", say_lazy("choice.audience.nobody")


class LetThrough(models.TextChoices):
    """What rings although a person does not want to be disturbed."""

    FAVOURITES = "favourites", say_lazy("choice.let_through.favourites")
    REPEAT = "repeat", say_lazy("choice.let_through.repeat")
    URGENT = "urgent", say_lazy("choice.let_through.urgent")


class PushShows(models.TextChoices):
    """How much of a ring leaves the server in a notification, which anybody may see on a locked screen."""

    EVERYTHING = "everything", say_lazy("choice.push_shows.everything")
    NAME = "name", say_lazy("choice.push_shows.name")
    NOTHING = "nothing", say_lazy("choice.push_shows.nothing")


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of a week from Monday on, as `date.weekday` counts them."""

QuietHours = TypedDict("QuietHours", {"days": list[str], "from": str, "to": str})
"""Stored quiet hours: the days on which they begin (`WEEKDAYS`), and when they begin and end, as `HH:MM` in the
person's time zone. They end on the next day unless `to` is later than `from`; if both are the same, after a day."""


class CallingPreferences(models.Model):
    """How one user wants to be called and shown. A missing row means the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="calling_preferences",
    )
    display_name = models.CharField(
        max_length=names.NAME_CHARS, blank=True, help_text=say_lazy("help.preferences.display_name")
    )
    call_waiting = models.BooleanField(default=False, help_text=say_lazy("help.preferences.call_waiting"))
    language = models.CharField(
        max_length=16, blank=True, default="", db_default="", help_text=say_lazy("help.preferences.language")
    )
    history_seen_at = models.DateTimeField(
        null=True, blank=True, help_text=say_lazy("help.preferences.history_seen_at")
    )
    rings_from = models.CharField(
        max_length=8,
        choices=RingsFrom,
        blank=True,
        default="",
        db_default="",
        help_text=say_lazy("help.preferences.rings_from"),
    )
    do_not_disturb_until = models.DateTimeField(
        null=True, blank=True, help_text=say_lazy("help.preferences.do_not_disturb_until")
    )
    quiet_hours = models.JSONField(null=True, blank=True, help_text=say_lazy("help.preferences.quiet_hours"))
    time_zone = models.CharField(
        max_length=ZONE_CHARS, blank=True, default="", db_default="", help_text=say_lazy("help.preferences.time_zone")
    )
    let_through = models.JSONField(
        default=list, db_default=[], blank=True, help_text=say_lazy("help.preferences.let_through")
    )
    show_presence = models.CharField(
        max_length=8,
        choices=Audience,
        default=Audience.EVERYONE,
        db_default=Audience.EVERYONE.value,
        help_text=say_lazy("help.preferences.show_presence"),
    )
    show_in_people = models.BooleanField(null=True, blank=True, help_text=say_lazy("help.preferences.show_in_people"))
    push_shows = models.CharField(
        max_length=10,
        choices=PushShows,
        default=PushShows.EVERYTHING,
        db_default=PushShows.EVERYTHING.value,
        help_text=say_lazy("help.preferences.push_shows"),
    )
    mail_if_unreachable = models.BooleanField(
        default=False, db_default=False, help_text=say_lazy("help.preferences.mail_if_unreachable")
    )
    reach_looked_at = models.DateTimeField(
        null=True, blank=True, help_text=say_lazy("help.preferences.reach_looked_at")
    )
    reach_mailed_at = models.DateTimeField(
        null=True, blank=True, help_text=say_lazy("help.preferences.reach_mailed_at")
    )

    class Meta:
        verbose_name = verbose_name_plural = say_lazy("model.calling_preferences")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="preferences_rings_from_known", condition=Q(rings_from__in=["", *RingsFrom.values])
            ),
            models.CheckConstraint(
                name="preferences_show_presence_known", condition=Q(show_presence__in=Audience.values)
            ),
            models.CheckConstraint(name="preferences_push_shows_known", condition=Q(push_shows__in=PushShows.values)),
        ]
        indexes: ClassVar = [
            models.Index(fields=["reach_looked_at"], name="reach_to_look_at", condition=Q(mail_if_unreachable=True)),
        ]
        # Here, because the user model may be another app's.
        permissions: ClassVar = [("export_data", say_lazy("permission.export_data"))]

    def __str__(self) -> str:
        return self.display_name or f"preferences of user {self.pk}"

    def clean(self) -> None:
        try:
            self.display_name = names.tidy(self.display_name)
        except ValidationError as error:
            raise ValidationError({"display_name": error}) from None

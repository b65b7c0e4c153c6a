"""Ring resources: how rings sound and look, for senders to choose from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from invitations.admin.lists import ExplainedList
from invitations.models import RingResource
from invitations.models.resource import PICTURES, SOUNDS
from invitations.store import looks
from invitations.words import say, say_lazy

FILES = ("ringtone", "icon", "badge")


class VibrationField(forms.CharField):
    """A pattern as numbers with commas between them, such as "200, 100, 200"."""

    def prepare_value(self, value: Any) -> Any:
        """The numbers in a row."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The list of them.

        Raises:
            ValidationError: something in it is not a whole number.
        """
        words = re.split(r"[\s,]+", str(value or "").strip(" ,[]"))
        try:
            return [int(each) for each in words if each]
        except ValueError:
            raise forms.ValidationError(say("validation.vibration_number")) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the numbers are others."""
        try:
            return bool(self.to_python(data) != (initial or []))
        except forms.ValidationError:
            return True


class RingResourceForm(forms.ModelForm):
    """A ring resource, with file choosers that offer only what can be used."""

    vibration = VibrationField(required=False, help_text=say_lazy("help.resource.vibration"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, endings in (("ringtone", SOUNDS), ("icon", PICTURES), ("badge", PICTURES)):
            self.fields[name].widget.attrs["accept"] = ",".join(f".{each}" for each in endings)
        self.fields["accent"].widget = forms.TextInput(attrs={"placeholder": "#1a73e8", "maxlength": 7})


@admin.register(RingResource)
class RingResourceAdmin(ExplainedList):
    form = RingResourceForm
    list_display = ("resource_id", "name", "is_default", "has_ringtone", "has_icon", "silent", "require_interaction")
    list_filter = ("is_default", "silent")
    search_fields = ("resource_id", "name__mentions")
    why_empty = say_lazy("admin.empty.resources")
    fieldsets = (
        (None, {"fields": ("resource_id", "name", "is_default")}),
        (say_lazy("admin.section.sound"), {"fields": ("ringtone", "player", "silent", "vibration")}),
        (say_lazy("admin.section.look"), {"fields": ("icon", "badge", "pictures", "accent", "require_interaction")}),
        (say_lazy("admin.section.words"), {"fields": ("title_template", "message_template")}),
    )

    readonly_fields = ("player", "pictures")

    @admin.display(description=say_lazy("admin.player"))
    def player(self, resource: RingResource) -> str:
        """The ringtone, to be heard as it is stored."""
        if not resource.ringtone:
            return say("admin.no_ringtone")
        return format_html('<audio controls preload="none" src="{}"></audio>', resource.ringtone.url)

    @admin.display(description=say_lazy("admin.pictures"))
    def pictures(self, resource: RingResource) -> str:
        """Icon and badge as they are stored."""
        stored = [(each.field.verbose_name, each.url) for each in (resource.icon, resource.badge) if each]
        return format_html_join(" ", '<img class="ring-picture" alt="{}" src="{}">', stored) or say("admin.no_pictures")

    @admin.display(description=say_lazy("admin.ringtone"), boolean=True)
    def has_ringtone(self, resource: RingResource) -> bool:
        """Whether the resource has its own sound."""
        return bool(resource.ringtone)

    @admin.display(description=say_lazy("admin.icon"), boolean=True)
    def has_icon(self, resource: RingResource) -> bool:
        """Whether the resource has its own picture."""
        return bool(resource.icon)

    def save_model(self, request: HttpRequest, obj: RingResource, form: Any, change: bool) -> None:
        """Save it, and delete files that it no longer names. This process uses it at once, others within seconds."""
        before = RingResource.objects.filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        kept = files_of(obj)
        _delete_files([each for each in files_of(before) if each not in kept])
        looks.forget()

    def delete_model(self, request: HttpRequest, obj: RingResource) -> None:
        """Delete it with its files. Rings that name it get the default."""
        files = files_of(obj)
        super().delete_model(request, obj)
        _delete_files(files)
        looks.forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RingResource]) -> None:
        """Delete several."""
        files = [name for each in queryset for name in files_of(each)]
        super().delete_queryset(request, queryset)
        _delete_files(files)
        looks.forget()


def files_of(resource: RingResource | None) -> list[str]:
    """The names of the files that a resource has stored."""
    return [] if resource is None else [file.name for name in FILES if (file := getattr(resource, name))]


def _delete_files(names: Sequence[str]) -> None:
    for name in names:
        # Not before the rows that named it are gone for good.
        transaction.on_commit(partial(default_storage.delete, name), robust=True)

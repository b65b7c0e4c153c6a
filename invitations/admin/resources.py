"""Ring resources: how rings sound and look, for senders to choose from."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from invitations.admin.lists import ExplainedList
from invitations.models import RingResource
from invitations.store import looks
from invitations.words import say_lazy


@admin.register(RingResource)
class RingResourceAdmin(ExplainedList):
    list_display = ("resource_id", "name", "is_default", "has_ringtone", "has_icon", "silent", "require_interaction")
    list_filter = ("is_default", "silent")
    search_fields = ("resource_id", "name")
    why_empty = say_lazy("admin.empty.resources")
    fieldsets = (
        (None, {"fields": ("resource_id", "name", "is_default")}),
        (say_lazy("admin.section.sound"), {"fields": ("ringtone", "silent", "vibration")}),
        (say_lazy("admin.section.look"), {"fields": ("icon", "badge", "accent", "require_interaction")}),
        (say_lazy("admin.section.words"), {"fields": ("title_template", "message_template")}),
    )

    @admin.display(description=say_lazy("admin.ringtone"), boolean=True)
    def has_ringtone(self, resource: RingResource) -> bool:
        """Whether the resource has its own sound."""
        return bool(resource.ringtone)

    @admin.display(description=say_lazy("admin.icon"), boolean=True)
    def has_icon(self, resource: RingResource) -> bool:
        """Whether the resource has its own picture."""
        return bool(resource.icon)

    def save_model(self, request: HttpRequest, obj: RingResource, form: Any, change: bool) -> None:
        """Save it. This process uses it at once, others within seconds."""
        super().save_model(request, obj, form, change)
        looks.forget()

    def delete_model(self, request: HttpRequest, obj: RingResource) -> None:
        """Delete it. Rings that name it get the default."""
        super().delete_model(request, obj)
        looks.forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RingResource]) -> None:
        """Delete several."""
        super().delete_queryset(request, queryset)
        looks.forget()

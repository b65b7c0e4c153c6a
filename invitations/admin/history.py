"""What admins do also goes to the audit log, from Django's own history of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db.models import QuerySet
from django.db.models.signals import post_save
from django.http import HttpRequest

from invitations.requests import audit

_ACTS = {ADDITION: "added", CHANGE: "changed", DELETION: "deleted"}


class Audited(admin.ModelAdmin):
    """Rows that are deleted many at a time are audited too: Django writes their history in one go, without signals."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Write them to the history, and to the audit log."""
        keys = [each.pk for each in queryset]
        if len(keys) > 1 and request.user.is_authenticated:
            for key in keys:
                audit.admin_acted(request.user.pk, "deleted", self.opts.label_lower, key)
        return super().log_deletions(request, queryset)


def _written(*, instance: LogEntry, created: bool, **_: object) -> None:
    if created and (kind := instance.content_type) is not None:
        act = _ACTS.get(instance.action_flag, "changed")
        audit.admin_acted(instance.user_id, act, f"{kind.app_label}.{kind.model}", instance.object_id)


post_save.connect(_written, sender=LogEntry, dispatch_uid="invitations.audit")

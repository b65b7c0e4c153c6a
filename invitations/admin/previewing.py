"""The page "What if X calls Y now". Changes nothing, and rings nobody."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from invitations import calls, shapes
from invitations.admin.history import Audited
from invitations.models import DisabledReason, Health
from invitations.requests import audit
from invitations.requests.problems import InvalidInput
from invitations.requests.queries import PREVIEW
from invitations.words import say


class Previewing(Audited):
    """For the admin of calls, whose permission to look it asks for."""

    def get_urls(self) -> list[Any]:
        """Django's own, and the page."""
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="invitations_call_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The question who calls whom and, once it is answered, what would happen."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        told, errors = _told(request) if "caller" in request.GET and "invitee" in request.GET else (None, {})
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": say("what_if.title"),
            "asked": {name: request.GET.get(name, "") for name in ("caller", "invitee", "urgent")},
            "errors": errors,
            "told": told,
            "devices": [] if told is None else [_row(each) for each in told["devices"]],
        }
        return TemplateResponse(request, "callinvite/admin/preview.html", context)


def _told(request: HttpRequest) -> tuple[shapes.previews.RulesPreview | None, dict[str, list[str]]]:
    """What would happen; or, by field, what is wrong with the question."""
    params = {name: request.GET[name].strip() for name in ("caller", "invitee", "urgent") if name in request.GET}
    try:
        asked = PREVIEW.checked(params)
        found = calls.preview(asked["caller"], asked["invitee"], urgent=asked["urgent"], now=timezone.now())
    except InvalidInput as invalid:
        return None, invalid.errors
    except calls.NobodyElse as error:
        return None, {error.role: [say(error.sentence)]}
    audit.looked_at_rules(request, found.caller.id, found.invitee.id)
    return calls.told_preview(found), {}


def _row(device: shapes.previews.PreviewedDevice) -> dict[str, str]:
    """A device in words."""
    reason = device["disabled_reason"]
    return {
        "name": device["label"] or device["device_id"],
        "page": say(f"what_if.page.{device['page']}"),
        "push": str(DisabledReason(reason).label if reason else Health(device["health"]).label),
        "outcome": device["outcome"],
        "text": device["text"],
    }


# A project with an index of its own keeps it.
admin.site.index_template = admin.site.index_template or "callinvite/admin/index.html"

"""What admins may do with all that is stored of a person: delete it, and download a copy. For the admin of any user
model, which inherits from `OwnData` before Django's `UserAdmin`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from knox.models import get_token_model

from invitations import calls
from invitations.errors import CallError
from invitations.models import Device
from invitations.own_data import erasing
from invitations.requests.copies import give_copy
from invitations.requests.deleting import delete_account
from invitations.words import say


class OwnData(admin.ModelAdmin):
    """Deletes accounts as `DELETE /me` does, and gives out copies as `GET /me/export` does."""

    change_form_template = "callinvite/admin/user.html"

    def has_export_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this admin may download a copy of the person's data: their calls are in it."""
        return request.user.has_perm("invitations.export_data") and self.has_view_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with these accounts, in words: admins never delete it piece by piece. Calls stay with the others
        who were in them."""
        users = list(objs)
        missing = {str(self.opts.verbose_name) for each in users if not self.has_delete_permission(request, each)}
        refusals: list[Any] = list(erasing.protecting(users)) if users else []
        if not missing and erasing.are_last_superusers(users):
            refusals.append(say("my_data.delete.last_superuser"))
        counts = {self.opts.verbose_name_plural: len(users)}
        return [part for each in users for part in (str(each), _what_goes(each))], counts, missing, refusals

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete one account."""
        delete_account(obj.pk, request=request, now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the selected accounts."""
        for each in queryset:
            self.delete_model(request, each)

    def get_urls(self) -> list[Any]:
        """Django's own, and the question whether to download a copy."""
        view = self.admin_site.admin_view(self.export_view)
        return [path("<path:object_id>/export/", view, name=self._export_name()), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The account's page, with the way to a copy."""
        user = self.get_object(request, object_id)
        may_export = user is not None and self.has_export_permission(request, user)
        address = reverse(f"admin:{self._export_name()}", args=[object_id]) if may_export else None
        return super().change_view(request, object_id, form_url, {"export_address": address, **(extra_context or {})})

    def export_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Ask whether to download a copy of what is stored of a person and, with the answer, send it."""
        user = self.get_object(request, object_id)
        if user is None:
            raise Http404
        if not self.has_export_permission(request, user):
            raise PermissionDenied
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[object_id])
        if request.method != "POST":
            return self._ask(request, user, back)
        try:
            answer = give_copy(user, request=request, now=timezone.now())
        except CallError as refused:
            messages.warning(request, refused.detail)
            return HttpResponseRedirect(back)
        self.log_change(request, user, say("admin.log.exported"))
        return answer

    def _ask(self, request: HttpRequest, user: Any, back: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": say("admin.action.export"),
            "question": say("admin.export.question"),
            "concerned": [str(user)],
            "yes": say("admin.export.yes"),
            "back": back,
        }
        return TemplateResponse(request, "callinvite/admin/question.html", context)

    def _export_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_export"


def _what_goes(user: Any) -> list[str]:
    return [
        say("admin.delete.devices", count=Device.objects.filter(user_id=user.pk).count()),
        say("admin.delete.tokens", count=get_token_model().objects.filter(user_id=user.pk).count()),
        say("admin.delete.name"),
        say("admin.delete.calls", count=calls.history(user.pk).count()),
    ]

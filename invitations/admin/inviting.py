"""Links that admins hand out: by which somebody creates an account, or chooses a new password. Each is shown once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from invitations import conf
from invitations.accounts import links
from invitations.admin.history import Audited
from invitations.models import SignUpLink
from invitations.serializers import moment
from invitations.words import say, say_lazy


@admin.register(SignUpLink)
class SignUpLinkAdmin(Audited):
    """Makes links, shows what became of them, and withdraws them by deleting them."""

    list_display = ("__str__", "state", "made_by", "created_at")
    list_select_related = ("made_by", "used_by")
    fields = ("email",)
    search_fields = ("email",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a link is what it is."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make the link, and show it."""
        server, now = request.build_absolute_uri("/"), timezone.now()
        made, link = links.invite(email=form.cleaned_data["email"], made_by=request.user, server=server, now=now)
        obj.pk = made.pk
        obj.refresh_from_db()
        messages.success(request, say("admin.sign_up_link.made", link=link))
        if conf.limits().signup == "closed":
            messages.warning(request, say("admin.sign_up_link.closed"))

    @admin.display(description=say_lazy("admin.sign_up_link.state"))
    def state(self, link: SignUpLink) -> str:
        """Whether it can still be used, and by whom it was."""
        if link.used_at is not None:
            return say("admin.sign_up_link.used", name=str(link.used_by or say("person.deleted")))
        if link.expires_at <= timezone.now():
            return say("admin.sign_up_link.over")
        return say("admin.sign_up_link.open", moment=moment(link.expires_at))


class NewPasswordLink(admin.ModelAdmin):
    """For the admin of any user model: a link by which a person chooses a new password, where no mail brings one."""

    change_form_template = "callinvite/admin/user.html"

    def get_urls(self) -> list[Any]:
        """Django's own, and the question whether to make a link."""
        view = self.admin_site.admin_view(self.new_password_view)
        return [path("<path:object_id>/new-password/", view, name=self._new_password_name()), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The account's page, with the way to a link."""
        user = self.get_object(request, object_id)
        may = user is not None and self._may_hand_out(request, user)
        address = reverse(f"admin:{self._new_password_name()}", args=[object_id]) if may else None
        more = {"new_password_address": address, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)

    def new_password_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether to make a link and, with the answer, show it."""
        user: Any = self.get_object(request, object_id)
        if user is None:
            raise Http404
        if not self._may_hand_out(request, user):
            raise PermissionDenied
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[object_id])
        if request.method != "POST":
            return self._ask_for_link(request, user, back)
        link = links.to_new_password(user, server=request.build_absolute_uri("/"))
        messages.success(request, say("admin.new_password.made", link=link))
        self.log_change(request, user, say("admin.log.new_password"))
        return HttpResponseRedirect(back)

    def _may_hand_out(self, request: HttpRequest, user: Any) -> bool:
        """To oneself nobody hands out a link: it would ask for no password."""
        return user.pk != request.user.pk and self.has_change_permission(request, user)

    def _ask_for_link(self, request: HttpRequest, user: Any, back: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": say("admin.link.new_password"),
            "question": say("admin.new_password.question", name=user.get_username()),
            "concerned": [],
            "yes": say("admin.link.new_password"),
            "back": back,
        }
        return TemplateResponse(request, "callinvite/admin/question.html", context)

    def _new_password_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_new_password"

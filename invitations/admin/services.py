"""Services: which other programs use the API, what each may do, and its tokens, each of which is shown once."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from invitations.admin.acting import ReadOnly, say_done
from invitations.admin.lists import ExplainedList
from invitations.credentials import leftovers, service_tokens
from invitations.models import Service, ServiceScope, ServiceToken
from invitations.requests import audit
from invitations.words import moment, say, say_lazy


class ServiceForm(forms.ModelForm):
    """A service, whose scopes are ticked."""

    scopes = forms.MultipleChoiceField(
        choices=ServiceScope.choices,
        widget=forms.CheckboxSelectMultiple,
        label=say_lazy("field.service_scopes"),
        help_text=say_lazy("help.service.scopes"),
    )


class TokensInline(ReadOnly, admin.TabularInline):
    model = ServiceToken
    # The hint heads its row.
    fields = readonly_fields = ("state", "created_at", "last_used_at", "expires_at")
    ordering = ("-created_at",)
    verbose_name_plural = say_lazy("admin.service.tokens")
    extra = 0

    @admin.display(description=say_lazy("admin.service_token.state"))
    def state(self, token: ServiceToken) -> str:
        """Whether it works, and since when it does not."""
        ended_at = token.ended_at(timezone.now())
        if ended_at is None:
            return say("admin.service_token.works")
        return say("admin.service_token.ended", moment=moment(ended_at))


@admin.register(Service)
class ServiceAdmin(ExplainedList):
    """Makes services with their first token, and changes what they may do. Only superusers: a service acts for anybody
    but staff."""

    form = ServiceForm
    list_display = ("name", "scope_list", "is_active", "working_tokens", "last_used_at")
    list_filter = ("is_active",)
    search_fields = ("name",)
    fields = ("name", "scopes", "is_active")
    inlines: ClassVar = [TokensInline]
    actions = ("make_token", "revoke_oldest", "revoke_all")
    why_empty = say_lazy("admin.empty.services")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        """With when each was last used."""
        return super().get_queryset(request).annotate(used_at=Max("tokens__last_used_at"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A name that stands in logs and timelines stays."""
        return ("name",) if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return self.inlines if obj else []

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def save_model(self, request: HttpRequest, obj: Service, form: Any, change: bool) -> None:
        """Save the service; a new one gets its first token, which is shown."""
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)
        if not change:
            self._show_new_token(request, obj)
        leftovers.settle(obj, now=timezone.now())
        service_tokens.recheck(obj.pk)

    def delete_model(self, request: HttpRequest, obj: Service) -> None:
        """Delete the service with its tokens, and close what they opened."""
        key = obj.pk
        leftovers.end(obj)
        super().delete_model(request, obj)
        service_tokens.recheck(key)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        """The same for several."""
        keys = list(queryset.values_list("pk", flat=True))
        for service in queryset:
            leftovers.end(service)
        super().delete_queryset(request, queryset)
        for key in keys:
            service_tokens.recheck(key)

    @admin.action(description=say_lazy("admin.action.service_token"), permissions=["change"])
    def make_token(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        """Make another token for each, and show it."""
        for service in queryset:
            self._show_new_token(request, service)

    @admin.action(description=say_lazy("admin.action.revoke_oldest"), permissions=["change"])
    def revoke_oldest(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        """End each one's oldest token that works."""
        self._revoke(request, queryset, only_oldest=True)

    @admin.action(description=say_lazy("admin.action.revoke_all"), permissions=["change"])
    def revoke_all(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        """End all tokens of each."""
        self._revoke(request, queryset, only_oldest=False)

    @admin.display(description=say_lazy("field.service_scopes"))
    def scope_list(self, service: Service) -> str:
        """The scopes, as a token's owner writes them."""
        return ", ".join(service.scopes)

    @admin.display(description=say_lazy("admin.service.working"))
    def working_tokens(self, service: Service) -> int:
        """How many of its tokens work."""
        return service_tokens.working(service, timezone.now()).count()

    @admin.display(description=say_lazy("admin.service.last_used_at"), ordering="used_at")
    def last_used_at(self, service: Any) -> Any:
        """When any of its tokens was last used."""
        return service.used_at

    def _show_new_token(self, request: HttpRequest, service: Service) -> None:
        made = service_tokens.add_token(service, now=timezone.now())
        self._noted(request, service, "service-token-made", made.row, say("admin.log.service_token_made"))
        until = moment(made.row.expires_at)
        messages.success(request, say("admin.service_token.made", name=service.name, token=made.token, moment=until))

    def _revoke(self, request: HttpRequest, queryset: QuerySet[Service], *, only_oldest: bool) -> None:
        done, now = 0, timezone.now()
        for service in queryset:
            for row in list(service_tokens.working(service, now)[: 1 if only_oldest else None]):
                done += leftovers.revoke(ServiceToken.objects.filter(pk=row.pk), now=now)
                self._noted(request, service, "service-token-ended", row, say("admin.log.service_token_ended"))
        say_done(request, "admin.done.service_tokens_ended", done)

    def _noted(self, request: HttpRequest, service: Service, act: str, row: ServiceToken, said: str) -> None:
        """In the service's history, and in the audit log."""
        audit.service_acted(request, act, service=service.name, token=row.hint, user_id=request.user.pk)
        self.log_change(request, service, said)


def is_superuser(request: HttpRequest) -> bool:
    """Whether this admin may do everything."""
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

"""Accounts with their calling preferences, and who may give rights to whom."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from knox.admin import AuthTokenAdmin  # noqa: F401
from knox.models import AuthToken

from invitations.admin.acting import ask_to_remove, say_done
from invitations.admin.history import Audited
from invitations.admin.own_data import OwnData
from invitations.credentials import second_factors, taking_back
from invitations.models import CallingPreferences, User
from invitations.store import people
from invitations.words import say, say_lazy

if apps.is_installed("allauth.account"):
    from invitations.admin.inviting import NewPasswordLink
else:

    class NewPasswordLink(admin.ModelAdmin):  # type: ignore[no-redef]
        """Nothing: the project has its own ways to a new password."""


RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


class CallingPreferencesInline(admin.StackedInline):
    model = CallingPreferences
    can_delete = False
    fields = ("display_name", "call_waiting", "history_seen_at")
    readonly_fields = ("history_seen_at",)


class UserAdmin(OwnData, NewPasswordLink, Audited, DjangoUserAdmin):
    """Only superusers give rights. Whoever else may change accounts changes those of people who are not staff, and
    their own: with another's password they would get that person's rights. What guards their own account nobody
    changes here, where nothing asks who they are."""

    list_display = ("username", "shown_name", "email", "is_active", "is_staff", "last_login", "date_joined")
    list_select_related = ("calling_preferences",)
    list_per_page = 50
    date_hierarchy = "date_joined"
    search_fields = (
        *(f"{each}__mentions" for each in DjangoUserAdmin.search_fields),
        "calling_preferences__display_name__mentions",
    )
    show_full_result_count = False
    inlines: ClassVar = [CallingPreferencesInline]
    actions = ("sign_out_everywhere", *(("remove_second_factors",) if second_factors.installed() else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Rights can be read by all who may see the account."""
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_superuser(request) else (*fields, *RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whether this admin may change the account, and set its password."""
        return super().has_change_permission(request, obj) and is_within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whether this admin may delete the account."""
        return super().has_delete_permission(request, obj) and is_within_reach(request, obj)

    def has_export_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whether this admin may download a copy of the person's data."""
        return super().has_export_permission(request, obj) and is_within_reach(request, obj)

    @admin.action(description=say_lazy("admin.action.sign_out_everywhere"), permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """End all sessions and tokens of the selected people, and with them their push addresses and sockets."""
        chosen = [each for each in queryset if self.has_change_permission(request, each)]
        for user in chosen:
            taking_back.end_everything(user.pk)
            self.log_change(request, user, say("admin.log.signed_out"))
        say_done(request, "admin.done.signed_out", len(chosen))

    @admin.action(description=say_lazy("admin.action.remove_second_factors"), permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Ask whether to let people in again by their password alone who have lost their second step and, with the
        answer, do so and tell them by mail."""
        # One's own are removed on the account's own pages, which ask for one of them.
        others = [each for each in queryset if each != request.user]
        chosen = [
            each for each in others if self.has_change_permission(request, each) and second_factors.kinds_of(each.pk)
        ]
        if (question := ask_to_remove(self, request, "remove_second_factors", queryset, chosen)) or not chosen:
            return question
        gone = [each for each in chosen if second_factors.remove_all(request, each)]
        for user in gone:
            self.log_change(request, user, say("admin.log.second_factors_removed"))
        say_done(request, "admin.done.second_factors_removed", len(gone))
        return None

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Choose another's password. One's own is changed on the account's own page, which asks for the present one."""
        user = self.get_object(request, unquote(id))
        if user is not None and user.pk == request.user.pk and apps.is_installed("allauth.account"):
            return redirect("account_change_password")
        return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the account, of which from now on the admin says whether it is active, and no identity provider."""
        super().save_model(request, obj, form, change)
        if change and apps.is_installed("allauth.socialaccount"):
            from invitations.accounts.linking import forget_switch

            forget_switch(obj)

    @admin.display(description=say_lazy("admin.shown_name"), ordering="calling_preferences__display_name")
    def shown_name(self, user: User) -> str:
        """The name that others see."""
        return people.shown_name_of(user)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        """The preferences appear only once the account exists, like Django's own extra fields."""
        return self.inlines if obj else []


class GroupAdmin(Audited, DjangoGroupAdmin):
    """Groups are rights: only superusers change them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether this admin may add a group."""
        return super().has_add_permission(request) and _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Whether this admin may change the group's rights."""
        return super().has_change_permission(request, obj) and _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Whether this admin may delete the group."""
        return super().has_delete_permission(request, obj) and _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


def is_within_reach(request: HttpRequest, user: Any) -> bool:
    """Whether an admin may act on this account: only superusers do on those of staff, but for their own."""
    return (
        user is None or _is_superuser(request) or user.pk == request.user.pk or not (user.is_staff or user.is_superuser)
    )


def _hide_tokens() -> None:
    """Their table shows digests, and its form prints a token that belongs to no device. The import registers it."""
    if admin.site.is_registered(AuthToken):
        admin.site.unregister(AuthToken)


_hide_tokens()

# A project with its own user model has its own admin for it, and for who gives rights.
if get_user_model() is User:
    admin.site.register(User, UserAdmin)
    if admin.site.is_registered(Group):
        admin.site.unregister(Group)
        admin.site.register(Group, GroupAdmin)

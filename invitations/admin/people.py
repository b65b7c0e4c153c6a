"""Accounts with their calling preferences."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest
from knox.models import get_token_model

from invitations.models import CallingPreferences, Delivery, Device, User
from invitations.store import people
from invitations.words import say_lazy


class CallingPreferencesInline(admin.StackedInline):
    model = CallingPreferences
    can_delete = False
    fields = ("display_name", "call_waiting", "history_seen_at")
    readonly_fields = ("history_seen_at",)


class UserAdmin(DjangoUserAdmin):
    list_display = ("username", "shown_name", "email", "is_active", "is_staff", "last_login", "date_joined")
    list_select_related = ("calling_preferences",)
    list_per_page = 50
    date_hierarchy = "date_joined"
    search_fields = (*DjangoUserAdmin.search_fields, "calling_preferences__display_name")
    show_full_result_count = False
    inlines: ClassVar = [CallingPreferencesInline]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with an account: its own devices, tokens and settings, which admins never delete one by one. Calls
        stay with the others who were in them."""
        rows, counts, missing, protected = super().get_deleted_objects(objs, request)
        own = {str(each._meta.verbose_name) for each in (Device, Delivery, CallingPreferences, get_token_model())}
        return rows, counts, missing - own, protected

    @admin.display(description=say_lazy("admin.shown_name"), ordering="calling_preferences__display_name")
    def shown_name(self, user: User) -> str:
        """The name that others see."""
        return people.shown_name_of(user)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        """The preferences appear only once the account exists, like Django's own extra fields."""
        return self.inlines if obj else []


# A project with its own user model has its own admin for it.
if get_user_model() is User:
    admin.site.register(User, UserAdmin)

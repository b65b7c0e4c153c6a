"""What people have for a second step: read here, and taken away from somebody who has lost it.

Secrets are not shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from invitations.admin.acting import USERNAME, ReadOnly, ask_to_remove, say_done
from invitations.admin.lists import ExplainedList, OfOnePerson
from invitations.admin.people import is_within_reach
from invitations.credentials import second_factors
from invitations.requests import audit
from invitations.words import say_lazy


class SecondFactorAdmin(ReadOnly, ExplainedList):
    """All at once or nothing: who keeps one step but has lost the other removes it in the account's own pages."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    list_filter = ("type", OfOnePerson)
    search_fields = (f"user__{USERNAME}",)
    fields = list_display
    show_full_result_count = False
    actions = ("remove_all",)
    why_empty = say_lazy("admin.second_factors.none")

    def has_remove_permission(self, request: HttpRequest) -> bool:
        """Whether this admin may take second steps away: those who may delete these rows."""
        return request.user.has_perm("mfa.delete_authenticator")

    @admin.action(description=say_lazy("admin.action.remove_second_factors"), permissions=["remove"])
    def remove_all(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask whether to take away all that these people have for a second step and, with the answer, do so and tell
        them by mail."""
        # One's own are removed on the account's own pages, which ask for one of them.
        users = get_user_model()._default_manager.filter(pk__in=queryset.values("user_id"))
        chosen = [each for each in users if each != request.user and is_within_reach(request, each)]
        if (question := ask_to_remove(self, request, "remove_all", queryset, chosen)) or not chosen:
            return question
        say_done(request, "admin.done.second_factors_removed", sum(remove_all(request, each) for each in chosen))
        return None


def remove_all(request: HttpRequest, user: Any) -> bool:
    """Take away somebody's second steps, if they have any, and write down who did it."""
    if not second_factors.remove_all(request, user):
        return False
    audit.admin_acted(request.user.pk, "removed", "mfa.authenticator", user.pk)
    return True


if second_factors.installed():
    from allauth.mfa import admin as theirs  # noqa: F401
    from allauth.mfa.models import Authenticator

    # The import registers theirs, which shows secrets.
    admin.site.unregister(Authenticator)
    admin.site.register(Authenticator, SecondFactorAdmin)

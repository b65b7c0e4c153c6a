"""What lists of the admin share: each can be narrowed down to one person, and says why it is empty."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from invitations.admin.history import Audited
from invitations.store import people
from invitations.words import say_lazy


class OfOnePerson(admin.SimpleListFilter):
    """Only rows of the person that `?person=` names by their key. Offered once somebody is chosen: from their page."""

    title = say_lazy("admin.filter.person")
    parameter_name = "person"
    paths: ClassVar[tuple[str, ...]] = ("user",)
    """What may lead from a row to the person."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The person who is chosen, if any."""
        key = self.value()
        try:
            person = key and get_user_model()._base_manager.filter(pk=key).first()
        except (ValueError, ValidationError):
            return []
        return [(str(key), people.name_of(person))] if person else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that lead to them."""
        key = self.value()
        if key is None:
            return queryset
        # A call has many invitations: found by key, it stays one row.
        found = (queryset.model._default_manager.filter(**{path: key}).values("pk") for path in self.paths)
        chosen = Q()
        for each in found:
            chosen |= Q(pk__in=each)
        return queryset.filter(chosen)


class ExplainedList(Audited):
    """A list that says what would be in it when nothing is."""

    change_list_template = "callinvite/admin/list.html"
    why_empty: ClassVar[Any] = ""
    """A sentence for when there are no rows at all."""

    class Media:
        css: ClassVar = {"all": ("callinvite/style/admin.css",)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, and what to say if it is empty."""
        return super().changelist_view(request, {"why_empty": self.why_empty, **(extra_context or {})})

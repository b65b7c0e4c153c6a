"""Contacts and blocks, for looking at: what people have settled changes only by themselves."""

from __future__ import annotations

from django.contrib import admin

from invitations.admin.acting import USERNAME, ReadOnly
from invitations.admin.lists import ExplainedList, OfOnePerson
from invitations.models import Block, Contact
from invitations.words import say_lazy

NAMES = tuple(
    lookup
    for who in ("user", "other")
    for lookup in (f"{who}__{USERNAME}__mentions", f"{who}__calling_preferences__display_name__mentions")
)


class OfEither(OfOnePerson):
    paths = ("user", "other")


@admin.register(Contact)
class ContactAdmin(ReadOnly, ExplainedList):
    list_display = ("user", "other", "state", "favourite", "changed_at")
    list_filter = (OfEither, "state", "favourite", "changed_at")
    list_select_related = ("user", "other")
    list_per_page = 50
    ordering = ("-pk",)
    search_fields = NAMES
    show_full_result_count = False
    why_empty = say_lazy("admin.empty.contacts")


@admin.register(Block)
class BlockAdmin(ReadOnly, ExplainedList):
    list_display = ("user", "other", "created_at")
    list_filter = (OfEither, "created_at")
    list_select_related = ("user", "other")
    list_per_page = 50
    ordering = ("-pk",)
    search_fields = NAMES
    show_full_result_count = False
    why_empty = say_lazy("admin.empty.blocks")

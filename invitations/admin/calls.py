"""Calls and invitations, shown with all that happened in them. They can be ended and stopped, but never edited."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from invitations import calls
from invitations.admin.acting import (
    USERNAME,
    ReadOnly,
    actor_of,
    attempt,
    cancel_rings,
    end_call,
    names_of,
    say_done,
)
from invitations.models import Call, CallEvent, Invitation, Participant
from invitations.store import people
from invitations.words import say_lazy


class InvitationInline(ReadOnly, admin.TabularInline):
    model = Invitation
    fk_name = "call"
    fields = (
        "invitee",
        "inviter",
        "state",
        "shown_progress",
        "reject_reason",
        "ringing_label",
        "answered_label",
        "missed",
        "created_at",
        "expires_at",
        "notified_at",
        "ringing_at",
        "responded_at",
        "closed_at",
    )
    readonly_fields = fields
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).select_related("invitee", "inviter")

    @admin.display(description=say_lazy("admin.progress"))
    def shown_progress(self, invitation: Invitation) -> str:
        """How far the ring has got."""
        return invitation.progress


class ParticipantInline(ReadOnly, admin.TabularInline):
    model = Participant
    fields = ("user", "device_id", "joined_at", "connected_at", "proved_at", "left_at", "left_reason")
    readonly_fields = fields
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        return super().get_queryset(request).select_related("user")


class EventInline(ReadOnly, admin.TabularInline):
    model = CallEvent
    fields = ("revision", "at", "kind", "actor", "device_id", "data")
    readonly_fields = fields
    ordering = ("revision",)
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[CallEvent]:
        return super().get_queryset(request).select_related("actor")


@admin.register(Call)
class CallAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "call_id",
        "caller",
        "invited",
        "is_video_call",
        "state",
        "end_reason",
        "created_at",
        "shown_duration",
    )
    list_filter = ("state", "end_reason", "is_video_call", "created_at")
    list_select_related = ("caller",)
    list_per_page = 50
    date_hierarchy = "created_at"
    search_fields = (
        "call_id",
        f"caller__{USERNAME}",
        "caller__calling_preferences__display_name",
        f"invitations__invitee__{USERNAME}",
        "invitations__invitee__calling_preferences__display_name",
    )
    search_help_text = say_lazy("admin.search.calls")
    show_full_result_count = False
    exclude = ("fingerprint",)
    readonly_fields = ("explanation",)
    inlines: ClassVar = [InvitationInline, ParticipantInline, EventInline]
    actions = ("end_calls", "cancel_pending_invitations")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        return super().get_queryset(request).prefetch_related("invitations__invitee")

    @admin.display(description=say_lazy("admin.what_happened"))
    def explanation(self, call: Call) -> str:
        """The call's timeline in words, with the devices of all participants."""
        told = calls.timeline(
            calls.Attempt(call.call_id, call.attempt), viewer_id=None, now=timezone.now(), sees_all=True
        )
        rows = ((each["at"], each["text"], each["code"]) for each in told)
        lines = format_html_join("", "<li><time>{}</time> {} <code>{}</code></li>", rows)
        return format_html("<ol>{}</ol>", lines)

    @admin.display(description=say_lazy("admin.invited"))
    def invited(self, call: Call) -> str:
        """Everyone who was invited, each named once."""
        return ", ".join(dict.fromkeys(people.name_of(each.invitee) for each in call.invitations.all()))

    @admin.display(description=say_lazy("admin.duration"))
    def shown_duration(self, call: Call) -> str:
        """Minutes and seconds since the first answer."""
        seconds = call.duration_seconds
        return "-" if seconds is None else f"{seconds // 60}:{seconds % 60:02d}"

    @admin.action(description=say_lazy("admin.action.end_call"), permissions=["act"])
    def end_calls(self, request: HttpRequest, queryset: QuerySet[Call]) -> None:
        """End the selected calls for everyone."""
        actor, done = actor_of(request), 0
        for call in names_of(queryset):
            done += attempt(request, call.call_id, partial(end_call, call, actor))
        say_done(request, "admin.done.calls_ended", done)

    @admin.action(description=say_lazy("admin.action.cancel_invitations"), permissions=["act"])
    def cancel_pending_invitations(self, request: HttpRequest, queryset: QuerySet[Call]) -> None:
        """Stop every open ring of the selected calls."""
        actor, done = actor_of(request), 0
        for call in names_of(queryset):
            done += attempt(request, call.call_id, partial(cancel_rings, call, actor))
        say_done(request, "admin.done.invitations_cancelled", done)


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "id",
        "call",
        "invitee",
        "inviter",
        "state",
        "shown_progress",
        "reject_reason",
        "missed",
        "created_at",
        "expires_at",
    )
    list_filter = ("state", "reject_reason", "missed", "created_at")
    list_select_related = ("call", "invitee", "inviter")
    list_per_page = 50
    date_hierarchy = "created_at"
    ordering = ("-id",)
    search_fields = (
        "call__call_id",
        f"invitee__{USERNAME}",
        "invitee__calling_preferences__display_name",
        f"inviter__{USERNAME}",
    )
    search_help_text = say_lazy("admin.search.invitations")
    show_full_result_count = False
    actions = ("cancel_invitations",)

    @admin.display(description=say_lazy("admin.progress"))
    def shown_progress(self, invitation: Invitation) -> str:
        """How far the ring has got."""
        return invitation.progress

    @admin.action(description=say_lazy("admin.action.cancel_invitations"), permissions=["act"])
    def cancel_invitations(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Stop the selected rings."""
        actor, done = actor_of(request), 0
        chosen: dict[calls.Attempt, list[str]] = {}
        for each in queryset.select_related("call", "invitee").order_by("pk"):
            name = calls.Attempt(each.call.call_id, each.call.attempt)
            chosen.setdefault(name, []).append(people.name_of(each.invitee))
        for call, callees in chosen.items():
            done += attempt(request, call.call_id, partial(cancel_rings, call, actor, callees))
        say_done(request, "admin.done.invitations_cancelled", done)

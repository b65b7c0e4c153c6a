"""Calls and invitations, shown with all that happened in them. They can be ended and stopped, but never edited."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
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
    name_of,
    remove_person,
    say_done,
)
from invitations.admin.lists import ExplainedList, OfOnePerson
from invitations.admin.previewing import Previewing
from invitations.models import Call, CallEvent, CallState, EndReason, Invitation, Participant, Standing
from invitations.store import people
from invitations.words import listed, say, say_lazy


class InvitationInline(ReadOnly, admin.TabularInline):
    model = Invitation
    fk_name = "call"
    fields = (
        "invitee",
        "inviter",
        "verdict",
        "state",
        "reject_reason",
        "answered_label",
        "missed",
        "created_at",
        "notified_at",
        "ringing_at",
        "closed_at",
    )
    readonly_fields = fields
    show_change_link = True
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).select_related("invitee", "inviter")


class ParticipantInline(ReadOnly, admin.TabularInline):
    model = Participant
    fields = ("user", "device_id", "joined_at", "connected_at", "proved_at", "left_at", "left_reason", "shown_removal")
    readonly_fields = fields
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        return super().get_queryset(request).select_related("user")

    def get_fields(self, request: HttpRequest, obj: Call | None = None) -> Any:
        """The column with the way to take somebody out is only for those who may, in a call that is open."""
        shown = super().get_fields(request, obj)
        is_open = obj is not None and obj.state != CallState.ENDED
        may_act = is_open and self.has_act_permission(request)
        return shown if may_act else [each for each in shown if each != "shown_removal"]

    @admin.display(description=say_lazy("admin.action.remove"))
    def shown_removal(self, participant: Participant) -> str:
        """The way to take out a person who is in the call."""
        if participant.left_at is not None:
            return ""
        address = reverse("admin:invitations_call_remove", args=[participant.call_id, participant.pk])
        named = say("admin.action.remove_named", name=people.name_of(participant.user))
        return format_html(
            '<a class="button act" href="{}" aria-label="{}">{}</a>', address, named, say("admin.action.remove")
        )


class EventInline(ReadOnly, admin.TabularInline):
    model = CallEvent
    fields = ("revision", "at", "kind", "actor", "device_id", "data")
    readonly_fields = fields
    ordering = ("revision",)
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[CallEvent]:
        return super().get_queryset(request).select_related("actor")


class OfOneCaller(OfOnePerson):
    paths = ("caller", "invitations__invitee")


@admin.register(Call)
class CallAdmin(Previewing, ReadOnly, ExplainedList):
    list_display = (
        "created_at",
        "caller",
        "invited",
        "shown_state",
        "shown_duration",
        "shown_end",
        "is_video_call",
        "call_id",
    )
    list_filter = (OfOneCaller, "state", "end_reason", "is_video_call", "created_at")
    list_select_related = ("caller",)
    list_per_page = 50
    date_hierarchy = "created_at"
    search_fields = (
        "call_id",
        f"caller__{USERNAME}__mentions",
        "caller__calling_preferences__display_name__mentions",
        f"invitations__invitee__{USERNAME}__mentions",
        "invitations__invitee__calling_preferences__display_name__mentions",
    )
    search_help_text = say_lazy("admin.search.calls")
    show_full_result_count = False
    why_empty = say_lazy("admin.empty.calls")
    change_form_template = "callinvite/admin/call.html"
    fieldsets = (
        (None, {"fields": ("reached", "explanation")}),
        (
            say_lazy("admin.section.call"),
            {
                "fields": (
                    "caller",
                    "is_video_call",
                    "shown_state",
                    "created_at",
                    "answered_at",
                    "ended_at",
                    "shown_duration",
                )
            },
        ),
        (
            say_lazy("admin.section.details"),
            {
                "classes": ("collapse",),
                "fields": (
                    ("call_id", "attempt", "revision"),
                    "custom_data",
                    "resource_id",
                    "notification_title",
                    "notification_message",
                    "timeout_seconds",
                    "ring_expires_at",
                    "media_due_at",
                    "due_at",
                    "end_when_caller_leaves",
                ),
            },
        ),
    )
    readonly_fields = ("reached", "explanation", "shown_state", "shown_duration")
    inlines: ClassVar = [InvitationInline, ParticipantInline, EventInline]
    actions = ("end_calls", "cancel_pending_invitations")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        return super().get_queryset(request).prefetch_related("invitations__invitee")

    def get_list_display(self, request: HttpRequest) -> Any:
        """The column with the way to end a call is only for those who may."""
        shown = super().get_list_display(request)
        return shown if self.has_act_permission(request) else [each for each in shown if each != "shown_end"]

    def get_urls(self) -> list[Any]:
        """Django's own, and the questions whether to end a call and whether to take somebody out of it."""
        end = path("<path:object_id>/end/", self.admin_site.admin_view(self.end_view), name="invitations_call_end")
        remove = path(
            "<path:object_id>/remove/<int:participant>/",
            self.admin_site.admin_view(self.remove_view),
            name="invitations_call_remove",
        )
        return [end, remove, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The call's page, with the way to end it while it is open."""
        call = self.get_object(request, object_id)
        may_end = call is not None and call.state != CallState.ENDED and self.has_act_permission(request)
        address = reverse("admin:invitations_call_end", args=[object_id]) if may_end else None
        return super().change_view(request, object_id, form_url, {"end_address": address, **(extra_context or {})})

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether to end one call and, with the answer, end it for everyone."""
        call = self._call_to_change(request, object_id)
        listing, page = reverse("admin:invitations_call_changelist"), call_page(call)
        back = listing if request.GET.get("from") == "list" else page
        if request.method == "POST":
            self._end(request, [call])
            return HttpResponseRedirect(back)
        return self._ask_to_end(request, [call], back=back)

    def remove_view(self, request: HttpRequest, object_id: str, participant: int) -> HttpResponse:
        """Ask whether to take one person out of a call and, with the answer, do it as the verb does for the caller."""
        call = self._call_to_change(request, object_id)
        stay = call.participants.select_related("user").filter(pk=participant, user__isnull=False).first()
        if stay is None:
            raise Http404
        back, name = call_page(call), people.name_of(stay.user)
        if request.method == "POST":
            if stay.left_at is not None:
                # They may be in again by another device, or be rung: nobody asked about that.
                messages.warning(request, say("admin.remove.gone", name=name))
                return HttpResponseRedirect(back)
            removed = attempt(request, call.call_id, partial(remove_person, name_of(call), actor_of(request), name))
            if removed:
                self.log_change(request, call, say("admin.log.removed", name=name))
            say_done(request, "admin.done.removed", removed)
            return HttpResponseRedirect(back)
        return self._ask(
            request,
            title=say("admin.action.remove_named", name=name),
            question=say("admin.remove.question", name=name),
            concerned=[_sentence_about(call)],
            yes=say("admin.remove.yes"),
            back=back,
        )

    @admin.display(description=say_lazy("admin.reached"))
    def reached(self, call: Call) -> str:
        """For each person who was invited, in a word what came of it, and the way to their devices."""
        rows = (
            (_devices_link(each.invitee), Standing(each.standing).label)
            for each in {each.invitee_key: each for each in call.invitations.all()}.values()
        )
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: <strong>{}</strong></li>", rows))

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
        return ", ".join(invitees_of(call))

    @admin.display(description=say_lazy("admin.state"), ordering="state")
    def shown_state(self, call: Call) -> str:
        """How it ended or, while it is open, its state."""
        return str(EndReason(call.end_reason).label if call.end_reason else CallState(call.state).label)

    @admin.display(description=say_lazy("admin.duration"))
    def shown_duration(self, call: Call) -> str:
        """Minutes and seconds since the first answer."""
        seconds = call.duration_seconds
        return "-" if seconds is None else f"{seconds // 60}:{seconds % 60:02d}"

    @admin.display(description=say_lazy("admin.action.end"))
    def shown_end(self, call: Call) -> str:
        """The way to end an open call."""
        if call.state == CallState.ENDED:
            return ""
        address = reverse("admin:invitations_call_end", args=[call.pk])
        named = say("admin.action.end_call_named", call=call.call_id)
        return format_html(
            '<a class="button act" href="{}?from=list" aria-label="{}">{}</a>',
            address,
            named,
            say("admin.action.end"),
        )

    @admin.action(description=say_lazy("admin.action.end_call"), permissions=["act"])
    def end_calls(self, request: HttpRequest, queryset: QuerySet[Call]) -> HttpResponse | None:
        """Ask whether to end the selected calls and, with the answer, end them for everyone."""
        chosen = list(queryset.order_by("pk"))
        if request.POST.get("post"):
            self._end(request, chosen)
            return None
        hidden = [("action", "end_calls"), ("post", "yes"), *((ACTION_CHECKBOX_NAME, each.pk) for each in chosen)]
        return self._ask_to_end(request, chosen, back=request.get_full_path(), hidden=hidden)

    @admin.action(description=say_lazy("admin.action.cancel_invitations"), permissions=["act"])
    def cancel_pending_invitations(self, request: HttpRequest, queryset: QuerySet[Call]) -> None:
        """Stop every open ring of the selected calls."""
        actor, done = actor_of(request), 0
        for call in queryset.order_by("pk"):
            stopped = attempt(request, call.call_id, partial(cancel_rings, name_of(call), actor))
            if stopped:
                self.log_change(request, call, say("admin.log.invitations_cancelled", count=stopped))
            done += stopped
        say_done(request, "admin.done.invitations_cancelled", done)

    def _call_to_change(self, request: HttpRequest, object_id: str) -> Call:
        if not self.has_act_permission(request):
            raise PermissionDenied
        call = self.get_object(request, object_id)
        if call is None:
            raise Http404
        return call

    def _ask_to_end(
        self, request: HttpRequest, chosen: Sequence[Call], *, back: str, hidden: Sequence[tuple[str, Any]] = ()
    ) -> HttpResponse:
        return self._ask(
            request,
            title=say("admin.action.end_call"),
            question=say("admin.end_calls.question", count=len(chosen)),
            concerned=[_sentence_about(each) for each in chosen],
            yes=say("admin.end_calls.yes"),
            back=back,
            hidden=hidden,
        )

    def _ask(self, request: HttpRequest, **asked: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **asked}
        return TemplateResponse(request, "callinvite/admin/question.html", context)

    def _end(self, request: HttpRequest, chosen: Sequence[Call]) -> None:
        actor, done = actor_of(request), 0
        for call in chosen:
            ended = attempt(request, call.call_id, partial(end_call, name_of(call), actor))
            # Ending it again is no refusal, but nothing happened either.
            if ended and call.state != CallState.ENDED:
                self.log_change(request, call, say("admin.log.call_ended"))
            done += ended
        say_done(request, "admin.done.calls_ended", done)


class OfOneInvitee(OfOnePerson):
    paths = ("invitee", "inviter")


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, ExplainedList):
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
    list_filter = (OfOneInvitee, "state", "reject_reason", "missed", "created_at")
    list_select_related = ("call", "invitee", "inviter")
    list_per_page = 50
    date_hierarchy = "created_at"
    ordering = ("-id",)
    search_fields = (
        "call__call_id",
        f"invitee__{USERNAME}__mentions",
        "invitee__calling_preferences__display_name__mentions",
        f"inviter__{USERNAME}__mentions",
    )
    search_help_text = say_lazy("admin.search.invitations")
    why_empty = say_lazy("admin.empty.invitations")
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
        chosen: dict[Call, list[str]] = {}
        for each in queryset.select_related("call", "invitee").order_by("pk"):
            chosen.setdefault(each.call, []).append(people.name_of(each.invitee))
        for call, callees in chosen.items():
            stopped = attempt(request, call.call_id, partial(cancel_rings, name_of(call), actor, callees))
            if stopped:
                self.log_change(request, call, say("admin.log.invitations_cancelled", count=stopped))
            done += stopped
        say_done(request, "admin.done.invitations_cancelled", done)


def invitees_of(call: Call) -> list[str]:
    """Everyone who was invited, each named once."""
    return list(dict.fromkeys(people.name_of(each.invitee) for each in call.invitations.all()))


def call_page(call: Call) -> str:
    """The address of the call's page."""
    return reverse("admin:invitations_call_change", args=[call.pk])


def _sentence_about(call: Call) -> str:
    caller, invited = people.name_of(call.caller), invitees_of(call)
    if not invited:
        return call.call_id
    return say("admin.end_calls.call", call=call.call_id, caller=caller, people=listed(invited))


def _devices_link(user: Any) -> str:
    name = people.name_of(user)
    if user is None:
        return name
    return format_html('<a href="{}?person={}">{}</a>', reverse("admin:invitations_device_changelist"), user.pk, name)

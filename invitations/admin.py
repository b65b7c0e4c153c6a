"""Django admin: see every call with all that happened in it, end calls and stop rings, manage people and devices.

Calls change through the verbs only, with the admin as the actor; here they are read-only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from invitations import calls
from invitations.errors import CallError
from invitations.models import Call, CallEvent, CallingPreferences, Device, Invitation, Participant, User

if TYPE_CHECKING:
    from invitations.sheets import Actor

USERNAME = get_user_model().USERNAME_FIELD
DEVICE_ID = "admin"
"""What the log names as the device of an act done here."""


class ReadOnly(admin.options.BaseModelAdmin):
    """Shown, never edited: what the verbs write."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Nobody adds these by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits these by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes these by hand."""
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether this admin may do what changes calls."""
        return request.user.has_perm("invitations.change_call")


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

    @admin.display(description=_("progress"))
    def shown_progress(self, invitation: Invitation) -> str:
        """What is known of the ring."""
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
    search_help_text = _("Call id, or the name of somebody who called or was invited.")
    show_full_result_count = False
    exclude = ("fingerprint",)
    inlines: ClassVar = [InvitationInline, ParticipantInline, EventInline]
    actions = ("end_calls", "cancel_pending_invitations")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        return super().get_queryset(request).prefetch_related("invitations__invitee")

    @admin.display(description=_("invited"))
    def invited(self, call: Call) -> str:
        """Everybody who was asked in, once each."""
        return ", ".join(dict.fromkeys(each.invitee.get_username() for each in call.invitations.all()))

    @admin.display(description=_("duration"))
    def shown_duration(self, call: Call) -> str:
        """Minutes and seconds since somebody answered."""
        seconds = call.duration_seconds
        return "-" if seconds is None else f"{seconds // 60}:{seconds % 60:02d}"

    @admin.action(description=_("End call"), permissions=["act"])
    def end_calls(self, request: HttpRequest, queryset: QuerySet[Call]) -> None:
        """End the chosen calls for everyone."""
        actor, done = _actor(request), 0
        for call_id in _public_ids(queryset):
            done += _try(request, call_id, partial(_end, call_id, actor))
        _say_done(request, done, ngettext("%d call ended.", "%d calls ended.", done))

    @admin.action(description=_("Cancel pending invitations"), permissions=["act"])
    def cancel_pending_invitations(self, request: HttpRequest, queryset: QuerySet[Call]) -> None:
        """Stop every ring of the chosen calls that is still open."""
        actor, done = _actor(request), 0
        for call_id in _public_ids(queryset):
            done += _try(request, call_id, partial(_cancel, call_id, actor))
        _say_done(request, done, _cancelled_words(done))


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
    search_help_text = _("Call id, or the name of the invitee or inviter.")
    show_full_result_count = False
    actions = ("cancel_invitations",)

    @admin.display(description=_("progress"))
    def shown_progress(self, invitation: Invitation) -> str:
        """What is known of the ring."""
        return invitation.progress

    @admin.action(description=_("Cancel pending invitations"), permissions=["act"])
    def cancel_invitations(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Stop the chosen rings."""
        actor, done = _actor(request), 0
        chosen: dict[str, list[str]] = {}
        for each in queryset.select_related("call", "invitee").order_by("pk"):
            chosen.setdefault(each.call.call_id, []).append(each.invitee.get_username())
        for call_id, callees in chosen.items():
            done += _try(request, call_id, partial(_cancel, call_id, actor, callees))
        _say_done(request, done, _cancelled_words(done))


@admin.register(Device)
class DeviceAdmin(admin.ModelAdmin):
    list_display = ("label_or_id", "user", "kind", "device_id", "created_at", "last_seen_at", "last_ringing_at")
    list_filter = ("kind", "last_seen_at", "last_ringing_at")
    list_select_related = ("user",)
    list_per_page = 50
    date_hierarchy = "last_seen_at"
    ordering = ("-last_seen_at", "-pk")
    search_fields = ("label", "device_id", f"user__{USERNAME}", "user__calling_preferences__display_name")
    show_full_result_count = False
    readonly_fields = ("user", "device_id", "created_at", "last_seen_at", "last_ringing_at")

    @admin.display(description=_("device"), ordering="label")
    def label_or_id(self, device: Device) -> str:
        """What the device is called."""
        return str(device)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Devices name themselves when they sign in."""
        return False


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

    @admin.display(description=_("shown name"), ordering="calling_preferences__display_name")
    def shown_name(self, user: User) -> str:
        """The name that others see."""
        preferences = getattr(user, "calling_preferences", None)
        return (preferences and preferences.display_name) or user.get_username()

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        """The preferences come once the account is there, as Django's own fields do."""
        return self.inlines if obj else []


# A project with a user model of its own has an admin of its own for it.
if get_user_model() is User:
    admin.site.register(User, UserAdmin)


def _actor(request: HttpRequest) -> Actor:
    user_id = request.user.pk
    assert user_id is not None  # noqa: S101  the admin site lets nobody else in
    return calls.Actor(
        user_id=user_id,
        username=request.user.get_username(),
        device_id=DEVICE_ID,
        device_label="Django admin",
        is_admin=True,
    )


def _public_ids(queryset: QuerySet[Call]) -> list[str]:
    return list(queryset.order_by("pk").values_list("call_id", flat=True))


def _end(call_id: str, actor: Actor) -> int:
    calls.end(call_id, by=actor, now=timezone.now())
    return 1


def _cancel(call_id: str, actor: Actor, callees: Sequence[str] | None = None) -> int:
    return len(calls.cancel(call_id, by=actor, callees=callees, now=timezone.now()).cancelled)


def _try(request: HttpRequest, call_id: str, act: Callable[[], int]) -> int:
    """Do one act; a refusal is told in words and does not keep the next one from being tried."""
    try:
        done = act()
    except CallError as refused:
        messages.warning(request, f"{call_id}: {refused.detail}")
        return 0
    if not done:
        messages.warning(request, _("%s: no invitation was pending.") % call_id)
    return done


def _cancelled_words(done: int) -> str:
    return ngettext("%d invitation cancelled.", "%d invitations cancelled.", done)


def _say_done(request: HttpRequest, done: int, words: str) -> None:
    if done:
        messages.success(request, capfirst(words % done))

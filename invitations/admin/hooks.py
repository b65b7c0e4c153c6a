"""Hooks in Django admin: whether what happens reaches other programs, and if not, why. For superusers, as services
are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from invitations.admin.acting import ReadOnly, attempt, say_done
from invitations.admin.lists import ExplainedList
from invitations.admin.services import is_superuser
from invitations.hooks import registering, switching
from invitations.models import Hook, HookMessage, HookOff
from invitations.requests import audit
from invitations.transports import targets
from invitations.words import say, say_lazy


class OfSuperusers(ReadOnly, ExplainedList):
    """Shown to superusers alone."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_act_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)


@admin.register(Hook)
class HookAdmin(OfSuperusers):
    """Shows only the host of an address, whose path may be a secret."""

    list_display = ("hook_id", "service", "host", "kind", "is_active", "disabled_reason", "failing_since")
    list_filter = ("is_active", "kind", "service")
    list_select_related = ("service",)
    fields = (
        *("hook_id", "service", "host", "kind", "events", "is_active", "disabled_reason", "disabled_at"),
        *("failing_since", "former_until", "created_at"),
    )
    readonly_fields = fields
    actions = ("switch_on", "switch_off", "try_out")
    why_empty = say_lazy("admin.empty.hooks")

    @admin.display(description=say_lazy("admin.hook.host"))
    def host(self, hook: Hook) -> str:
        """Where it leads, without the path."""
        try:
            return targets.anywhere(hook.url).origin.removeprefix("https://")
        except targets.NotAllowed:
            return "-"

    @admin.action(description=say_lazy("admin.action.hook_on"), permissions=["act"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Hook]) -> None:
        """Tell them again what happens from now on."""

        def on(hook: Hook) -> bool:
            with transaction.atomic():
                return switching.switch_on(hook.pk)

        try:
            self._each(request, queryset, "hook-switched-on", on)
        except IntegrityError:
            messages.warning(request, say("hook.one_ring"))

    @admin.action(description=say_lazy("admin.action.hook_off"), permissions=["act"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Hook]) -> None:
        """Tell them nothing more; what waits is given up."""
        now = timezone.now()

        def off(hook: Hook) -> bool:
            return switching.switch_off(hook.pk, HookOff.BY_ADMIN, now=now)

        self._each(request, queryset, "hook-switched-off", off)

    @admin.action(description=say_lazy("admin.action.hook_test"), permissions=["act"])
    def try_out(self, request: HttpRequest, queryset: QuerySet[Hook]) -> None:
        """Send each a message that tells of nothing."""
        now = timezone.now()

        def tried(hook: Hook) -> int:
            registering.try_out(hook.service_id, hook.hook_id, now=now)
            return 1

        self._each(
            request, queryset, "hook-tested", lambda hook: bool(attempt(request, hook.hook_id, lambda: tried(hook)))
        )

    def _each(self, request: HttpRequest, hooks: QuerySet[Hook], act: str, do: Callable[[Hook], bool]) -> None:
        done = 0
        for hook in hooks.select_related("service"):
            if do(hook):
                done += 1
                audit.service_acted(
                    request, act, service=hook.service.name, token=hook.hook_id, user_id=request.user.pk
                )
        say_done(request, "admin.done.hooks", done)


@admin.register(HookMessage)
class HookMessageAdmin(OfSuperusers):
    """The log of all hooks, without what was said: that is for their services."""

    list_display = ("message_id", "hook", "type", "state", "attempts", "status", "code", "created_at", "next_at")
    list_filter = ("state", "type", "hook")
    list_select_related = ("hook",)
    list_per_page = 50
    ordering = ("-pk",)
    search_fields = ("message_id",)
    show_full_result_count = False
    fields = (
        *("message_id", "hook", "type", "state", "attempts", "status", "code", "created_at", "tried_at"),
        *("next_at", "settled_at"),
    )
    readonly_fields = fields
    actions = ("replay",)
    why_empty = say_lazy("admin.empty.hook_messages")

    def get_queryset(self, request: HttpRequest) -> QuerySet[HookMessage]:
        """Without what was said."""
        return super().get_queryset(request).defer("body")

    @admin.display(description=say_lazy("admin.hook_message.next_at"), ordering="due_at")
    def next_at(self, message: HookMessage) -> Any:
        """When it is tried next."""
        return None if message.settled_at else message.due_at

    @admin.action(description=say_lazy("admin.action.hook_replay"), permissions=["act"])
    def replay(self, request: HttpRequest, queryset: QuerySet[HookMessage]) -> None:
        """Send each once more."""
        now, done = timezone.now(), 0

        def replayed(message: HookMessage) -> int:
            registering.replay(message.hook.service_id, message.hook.hook_id, message.message_id, now=now)
            return 1

        for message in queryset.select_related("hook__service"):
            if attempt(request, message.message_id, lambda each=message: replayed(each)):  # type: ignore[misc]
                done += 1
                name = message.hook.service.name
                audit.service_acted(
                    request, "hook-replayed", service=name, token=message.message_id, user_id=request.user.pk
                )
        say_done(request, "admin.done.hook_replay", done)

"""Hooks in Django admin: whether what happens reaches other programs, and if not, why. For superusers, as services
are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import display_for_value
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from invitations.admin.acting import ReadOnly, attempt, say_done
from invitations.admin.lists import ExplainedList
from invitations.admin.services import is_superuser
from invitations.hooks import keys, registering, switching
from invitations.hooks.messages import UNSENT
from invitations.models import Hook, HookMessage, HookOff
from invitations.requests import audit
from invitations.transports import FailureCode, targets
from invitations.words import say, say_lazy

SHOWN = 10
"""How much of an id a list shows, to tell rows apart: all of it stands on the page of the row."""
NOTHING = "-"
WHY = {
    FailureCode.REFUSED.value: say_lazy("admin.hook_message.why.refused"),
    FailureCode.NO_ANSWER.value: say_lazy("admin.hook_message.why.no_answer"),
    FailureCode.TLS_FAILED.value: say_lazy("admin.hook_message.why.tls_failed"),
    UNSENT: say_lazy("admin.hook_message.why.unsent"),
    FailureCode.FORBIDDEN_ADDRESS.value: say_lazy("admin.hook_message.why.forbidden_address"),
    keys.UNREADABLE: say_lazy("admin.hook_message.why.secret_unreadable"),
    switching.HOOK_OFF: say_lazy("admin.hook_message.why.hook_off"),
}
"""What the codes mean that messages fail by."""


def short(given: str) -> str:
    """The beginning of an id, which is shown whole on hovering."""
    return format_html('<span title="{}">{}</span>', given, given if len(given) <= SHOWN else f"{given[:SHOWN]}…")


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

    list_display = ("short_id", "is_active", "standing", "log", "service", "host", "kind")
    list_filter = ("is_active", "kind", "service")
    list_select_related = ("service",)
    fields = (
        *("hook_id", "service", "host", "kind", "events", "is_active", "disabled_reason", "disabled_at"),
        *("failing_since", "former_secret_until", "created_at", "log"),
    )
    readonly_fields = fields
    actions = ("switch_on", "switch_off", "try_out")
    why_empty = say_lazy("admin.empty.hooks")

    @admin.display(description=say_lazy("model.hook"), ordering="hook_id")
    def short_id(self, hook: Hook) -> str:
        """Enough of its id."""
        return short(hook.hook_id)

    @admin.display(description=say_lazy("admin.hook.standing"), ordering="failing_since")
    def standing(self, hook: Hook) -> str:
        """What is wrong with it: why it is off, or since when nothing has reached it; that its secret is unreadable."""
        wrong = [str(hook.get_disabled_reason_display())]
        if hook.failing_since and not hook.disabled_reason:
            wrong.append(say("admin.hook.failing", moment=display_for_value(hook.failing_since, NOTHING)))
        if not keys.is_readable(hook):
            wrong.append(str(WHY[keys.UNREADABLE]))
        return " · ".join(filter(None, wrong)) or NOTHING

    @admin.display(description=say_lazy("admin.hook.former_until"))
    def former_secret_until(self, hook: Hook) -> str:
        """Until when messages are signed by the secret before this one, too."""
        return display_for_value(hook.former_until, NOTHING)

    @admin.display(description=say_lazy("admin.hook.messages"))
    def log(self, hook: Hook) -> str:
        """What it was owed."""
        address = reverse("admin:invitations_hookmessage_changelist")
        return format_html('<a href="{}?hook__id__exact={}">{}</a>', address, hook.pk, say("admin.hook.log"))

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
            self._each(request, queryset, "hook-switched-on", "admin.done.hook_on", on)
        except IntegrityError:
            messages.warning(request, say("hook.one_ring"))

    @admin.action(description=say_lazy("admin.action.hook_off"), permissions=["act"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Hook]) -> None:
        """Tell them nothing more; what waits is given up."""
        now = timezone.now()

        def off(hook: Hook) -> bool:
            return switching.switch_off(hook.pk, HookOff.BY_ADMIN, now=now)

        self._each(request, queryset, "hook-switched-off", "admin.done.hook_off", off)

    @admin.action(description=say_lazy("admin.action.hook_test"), permissions=["act"])
    def try_out(self, request: HttpRequest, queryset: QuerySet[Hook]) -> None:
        """Send each a message that tells of nothing."""
        now = timezone.now()

        def tried(hook: Hook) -> int:
            registering.try_out(hook.service_id, hook.hook_id, now=now)
            return 1

        def attempted(hook: Hook) -> bool:
            return bool(attempt(request, hook.hook_id, lambda: tried(hook)))

        self._each(request, queryset, "hook-tested", "admin.done.hook_test", attempted)

    def _each(
        self, request: HttpRequest, hooks: QuerySet[Hook], act: str, said: str, do: Callable[[Hook], bool]
    ) -> None:
        done = 0
        for hook in hooks.select_related("service"):
            if do(hook):
                done += 1
                audit.service_acted(
                    request, act, service=hook.service.name, token=hook.hook_id, user_id=request.user.pk
                )
        say_done(request, said, done)


@admin.register(HookMessage)
class HookMessageAdmin(OfSuperusers):
    """The log of all hooks, without what was said: that is for their services."""

    # What matters comes first: a window of usual width shows half of it.
    list_display = ("short_id", "state", "answer", "created_at", "type", "of_call", "of_hook", "attempts", "next_at")
    list_filter = ("state", "type", "hook")
    list_select_related = ("hook", "call")
    list_per_page = 50
    ordering = ("-pk",)
    search_fields = ("message_id", "call__call_id")
    show_full_result_count = False
    fields = (
        *("message_id", "hook", "type", "call", "state", "attempts", "answer", "created_at", "tried_at"),
        *("next_at", "settled_at"),
    )
    readonly_fields = fields
    actions = ("replay",)
    why_empty = say_lazy("admin.empty.hook_messages")

    def get_queryset(self, request: HttpRequest) -> QuerySet[HookMessage]:
        """Without what was said."""
        return super().get_queryset(request).defer("body")

    @admin.display(description=say_lazy("admin.hook_message.short"), ordering="message_id")
    def short_id(self, message: HookMessage) -> str:
        """Enough of its id."""
        return short(message.message_id)

    @admin.display(description=say_lazy("model.hook"), ordering="hook")
    def of_hook(self, message: HookMessage) -> str:
        """Enough of the hook's id."""
        return short(message.hook.hook_id)

    @admin.display(description=say_lazy("admin.hook_message.call"), empty_value=NOTHING)
    def of_call(self, message: HookMessage) -> str | None:
        """The call that it tells of."""
        return short(message.call.call_id) if message.call else None

    @admin.display(description=say_lazy("admin.hook_message.answer"), ordering="code")
    def answer(self, message: HookMessage) -> str:
        """What came of the last try: the status, and the code in words too; and that the hook was switched off."""
        codes = dict.fromkeys((switching.why_failed(message), message.code))
        whys = [f"{each}: {WHY[each]}" if each in WHY else each for each in codes]
        return " · ".join(str(each) for each in (message.status, *whys) if each) or NOTHING

    @admin.display(description=say_lazy("admin.hook_message.next_at"), ordering="due_at")
    def next_at(self, message: HookMessage) -> str:
        """When it is tried next."""
        return display_for_value(None if message.settled_at else message.due_at, NOTHING)

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

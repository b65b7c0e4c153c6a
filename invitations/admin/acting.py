"""What all admin pages share: rows that are shown but never edited, and actions that run verbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from invitations import calls
from invitations.errors import CallError
from invitations.models import Call
from invitations.words import say

if TYPE_CHECKING:
    from invitations.store.sheets import Actor

USERNAME = get_user_model().USERNAME_FIELD
DEVICE_ID = "admin"
"""The device that the log names for an action taken here."""


class ReadOnly(admin.options.BaseModelAdmin):
    """Shows what the verbs write, without editing."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Never: rows are not added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: rows are not edited by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: rows are not deleted by hand."""
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether this admin may run actions that change calls."""
        return request.user.has_perm("invitations.change_call")


def actor_of(request: HttpRequest) -> Actor:
    user = request.user
    if not user.is_authenticated:
        raise PermissionDenied
    return calls.Actor(
        user_id=user.pk,
        username=user.get_username(),
        device_id=DEVICE_ID,
        device_label="Django admin",
        is_admin=True,
    )


def name_of(call: Call) -> calls.Attempt:
    return calls.Attempt(call.call_id, call.attempt)


def end_call(call: calls.Attempt, actor: Actor) -> int:
    calls.end(call, by=actor, now=timezone.now())
    return 1


def cancel_rings(call: calls.Attempt, actor: Actor, callees: Sequence[str] | None = None) -> int:
    return len(calls.cancel(call, by=actor, callees=callees, now=timezone.now()).cancelled)


def remove_person(call: calls.Attempt, actor: Actor, user: str) -> int:
    calls.remove(call, by=actor, user=user, now=timezone.now())
    return 1


def attempt(request: HttpRequest, call_id: str, act: Callable[[], int]) -> int:
    """Run one action. A refusal is shown as a message, and does not stop the remaining actions."""
    try:
        done = act()
    except CallError as refused:
        messages.warning(request, say("admin.refused", subject=call_id, reason=refused.detail))
        return 0
    if not done:
        messages.warning(request, say("admin.refused.nothing_pending", subject=call_id))
    return done


def say_done(request: HttpRequest, code: str, done: int) -> None:
    if done:
        messages.success(request, say(code, count=done))


def ask(desk: admin.ModelAdmin[Any], request: HttpRequest, **asked: Any) -> HttpResponse:
    """A question before something happens that cannot be undone.

    Args:
        desk: whose page it is.
        request: by an admin.
        asked: `title`, `question`, `concerned` (lines about what it is asked of), `yes` (the button's word), `back`
            (the address for no) and, for an action of a list, `hidden`.
    """
    context = {**desk.admin_site.each_context(request), "opts": desk.opts, "media": desk.media, **asked}
    return TemplateResponse(request, "callinvite/admin/question.html", context)


def ask_first(
    desk: admin.ModelAdmin[Any], request: HttpRequest, action: str, rows: QuerySet[Any], **asked: Any
) -> HttpResponse | None:
    """The question before an action of a list; None once it has been answered with yes.

    Args:
        desk: whose list it is.
        request: by an admin.
        action: the action's name.
        rows: what was selected.
        asked: `title`, `question`, `concerned` and `yes`.
    """
    if request.POST.get("post"):
        return None
    keys = rows.order_by("pk").values_list("pk", flat=True)
    hidden = [("action", action), ("post", "yes"), *((ACTION_CHECKBOX_NAME, each) for each in keys)]
    return ask(desk, request, back=request.get_full_path(), hidden=hidden, **asked)


def ask_to_remove(
    desk: admin.ModelAdmin[Any], request: HttpRequest, action: str, rows: QuerySet[Any], people: Sequence[Any]
) -> HttpResponse | None:
    """The question before second steps are removed, or a line that there are none. None once it is answered, or there
    is nothing to ask.

    Args:
        desk: whose list it is.
        request: by an admin.
        action: the action's name.
        rows: what was selected.
        people: whose second steps this admin would remove.
    """
    if not people:
        messages.warning(request, say("admin.second_factors.nothing"))
        return None
    return ask_first(
        desk,
        request,
        action,
        rows,
        title=say("admin.second_factors.yes"),
        question=say("admin.second_factors.question", count=len(people)),
        concerned=[each.get_username() for each in people],
        yes=say("admin.second_factors.yes"),
    )

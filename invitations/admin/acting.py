"""What all admin pages share: rows that are shown but never edited, and actions that run verbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
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

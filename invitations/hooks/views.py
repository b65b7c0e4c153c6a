"""Hooks and their messages as services see them."""

from __future__ import annotations

from invitations import shapes
from invitations.hooks import switching
from invitations.models import Hook, HookMessage, HookMessageState
from invitations.serializers import moment


def hook_view(hook: Hook) -> shapes.hooks.Hook:
    """A hook on the wire, without its secrets."""
    return {
        "id": hook.hook_id,
        "url": hook.url,
        "kind": hook.kind,
        "events": list(hook.events),
        "is_active": hook.is_active,
        "disabled_reason": hook.disabled_reason or None,
        "failing_since": moment(hook.failing_since),
        "created_at": moment(hook.created_at),
    }


def message_view(message: HookMessage) -> shapes.hooks.HookMessage:
    """A message on the wire, without its body."""
    waits = message.state == HookMessageState.PENDING
    return {
        "id": message.message_id,
        "type": message.type,
        "call_id": message.call.call_id if message.call else None,
        "state": message.state,
        "attempts": message.attempts,
        "status": message.status,
        "code": message.code or None,
        "last_code": switching.why_failed(message) or None,
        "next_at": moment(message.due_at) if waits else None,
        "created_at": moment(message.created_at),
    }

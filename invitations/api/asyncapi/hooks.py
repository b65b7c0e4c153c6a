"""What hooks are told, and what the ring hook is asked, in the AsyncAPI document: posts by Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invitations.api.openapi.schemas import ref, told_of
from invitations.shapes import webhooks

JSON = dict[str, Any]
TOLD: Mapping[str, type] = {
    "change": webhooks.ChangeMessage,
    "missed": webhooks.MissedMessage,
    "disabled": webhooks.DisabledMessage,
    "trial": webhooks.TrialMessage,
}
"""What hooks are told, by the name of its message."""
_HEADERS = {
    "type": "object",
    "description": "Standard Webhooks 1.0.",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string", "description": "The same for each try."},
        "webhook-timestamp": {"type": "string", "description": "Of this try, in seconds since 1970."},
        "webhook-signature": {"type": "string", "description": "One for each secret that counts, with spaces between."},
    },
}


def channels() -> JSON:
    """The channels, by name."""
    answer = _message("answer", webhooks.RingAnswer)
    return {
        "hooks": {
            "address": None,
            "title": "Webhooks",
            "description": "The `url` of each hook of the kind `events`. In the order of each call, at least once.",
            "messages": {name: _message(name, shape) | {"headers": _HEADERS} for name, shape in TOLD.items()},
        },
        "ring_hook": {
            "address": None,
            "title": "The ring hook",
            "description": "The `url` of the hook of the kind `ring`, asked before a ring, once.",
            "messages": {
                "question": _message("question", webhooks.RingQuestion) | {"headers": _HEADERS},
                "answer": answer,
            },
        },
    }


def operations() -> JSON:
    """What the server does there, by name."""
    post = {"action": "send", "bindings": {"http": {"method": "POST"}}}
    made: JSON = {
        f"post_{name}": {**post, "summary": told_of(shape), **_in("hooks", name)} for name, shape in TOLD.items()
    }
    asks = {**post, "summary": told_of(webhooks.RingQuestion), **_in("ring_hook", "question")}
    made["ask_ring_hook"] = {**asks, "reply": _in("ring_hook", "answer")}
    return made


def _message(name: str, shape: type) -> JSON:
    return {"name": name, "summary": told_of(shape), "contentType": "application/json", "payload": ref(shape.__name__)}


def _in(channel: str, name: str) -> JSON:
    return {
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
    }

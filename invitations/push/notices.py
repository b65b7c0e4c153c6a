"""What a quiet notice says on a device: that people ask to be let in. In the active language.

Holds no more than its receiver wants notifications to show. Like every payload of ours, it is also a valid declarative
push message (https://www.w3.org/TR/push-api/#declarative-push-message)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from invitations import addresses, ring_words
from invitations.models import PushShows, UserKey, key_as_word
from invitations.push import messages
from invitations.serializers import moment
from invitations.words import language, say

JSON = dict[str, Any]
URGENCY = "low"
"""It may wait until the device wakes up (RFC 8030 section 5.3)."""


def requests(
    name: str,
    message: str,
    count: int,
    *,
    shows: str,
    device_id: str,
    origin: str,
    missed_unseen: int,
    expires_at: datetime,
    topic: str,
    now: datetime,
) -> JSON:
    """That people ask to be let in, which replaces an earlier notice of that silently.

    Args:
        name: who asked last, with their public id.
        message: what they wrote with it; may be empty.
        count: how many ask, at least one.
        shows: how much may be shown, one of `PushShows`.
        device_id: the device.
        origin: where the app is open on that device, without a trailing slash.
        missed_unseen: how many missed calls were not looked at, for the app's badge.
        expires_at: until when it may arrive.
        topic: as `topic_of` gives it.
    """
    return {
        "web_push": messages.WEB_PUSH,
        "notification": {
            "title": say("push.request.title"),
            "body": _body(name, message, count, shows),
            "navigate": f"{origin}/",
            "lang": language(),
            "silent": True,
        },
        "kind": "contact",
        "shows": shows,
        "call_id": None,
        "reason": None,
        "is_video_call": None,
        "caller": None,
        "custom_data": "",
        "ringtone_url": None,
        "expires_at": moment(expires_at),
        "server_time": moment(now),
        "tag": topic,
        "action_token": None,
        "renotify": False,
        "device_id": device_id,
        "api": f"{urlsplit(origin).path}/{addresses.API}",
        "requests": count,
        "missed_unseen": missed_unseen,
    }


def topic_of(user_id: UserKey) -> str:
    """The topic of all of these notices to one person."""
    return messages.topic(f"requests:{key_as_word(user_id)}")


def _body(name: str, message: str, count: int, shows: str) -> str:
    if shows == PushShows.NOTHING:
        return ""
    if count > 1:
        return say("push.request.several", name=name, count=count - 1)
    if not message or shows != PushShows.EVERYTHING:
        return say("push.request.one", name=name)
    return say("push.request.with_message", name=name, message=ring_words.within_quotes(message))

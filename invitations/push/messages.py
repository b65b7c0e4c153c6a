"""What a ring, its end, or a test says on a device, in the active language, and how urgent it is.

Reads nothing from the database but the ring resources. Every payload is also a valid declarative push message
(https://www.w3.org/TR/push-api/#declarative-push-message), so that a browser can show it even if the worker fails. It
holds no more than its receiver wants notifications to show (`PushShows`): what is not sent stands on no screen."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from invitations import addresses, ring_words
from invitations.models import Invitation, InvitationState, PushShows, StopReason
from invitations.push import action_tokens
from invitations.serializers import moment, person_view
from invitations.store import looks
from invitations.store.looks import Look
from invitations.store.sheets import CallSheet
from invitations.transports import MAX_PAYLOAD_BYTES, Effect
from invitations.words import language, say

JSON = dict[str, Any]
WEB_PUSH = 8030
"""The number that marks a declarative message: that of RFC 8030."""
URGENCY = "high"
"""A ring must not wait until the device wakes up, and neither must its end (RFC 8030 section 5.3)."""
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def ring(sheet: CallSheet, invitation: Invitation, *, device_id: str, origin: str, number: int, now: datetime) -> JSON:
    """A ring on one device.

    Args:
        sheet: the call.
        invitation: pending.
        device_id: the device that rings.
        origin: where the app is open on that device, without a trailing slash.
        number: the number of the ring, from 1; later ones replace the first and alert again.
    """
    call = sheet.call
    shows = _shown_to(sheet, invitation)
    look = looks.look_of(invitation.resource_id)
    words = ring_words.of(sheet, invitation, look if shows == PushShows.EVERYTHING else looks.PLAIN)
    payload: JSON = {
        "web_push": WEB_PUSH,
        "notification": _notification(
            words.title,
            words.body if shows == PushShows.EVERYTHING else words.without_quote,
            look,
            origin,
            call.call_id,
            silent=look.silent,
        ),
        "kind": "ring",
        "shows": shows,
        "call_id": call.call_id,
        "attempt": call.attempt,
        "reason": None,
        "is_video_call": call.is_video_call,
        "urgent": invitation.urgent,
        "caller": person_view(sheet.people[call.caller_id]),
        "from_contact": invitation.from_contact,
        "custom_data": invitation.ring_data,
        "ringtone_url": look.ringtone_url,
        "expires_at": moment(invitation.expires_at),
        "server_time": moment(now),
        "tag": topic_of(invitation.pk),
        "action_token": action_tokens.issue(action_tokens.RING, invitation.pk, device_id),
        "renotify": number > 1,
        "device_id": device_id,
        "api": f"{urlsplit(origin).path}/{addresses.API}",
        "look": {
            "vibrate": list(look.vibration),
            "require_interaction": look.require_interaction,
            "accent": look.accent or None,
        },
    }
    return _discreet(payload, shows, say("push.incoming"), origin)


def stop(
    sheet: CallSheet,
    invitation: Invitation,
    reason: str,
    *,
    device_id: str,
    origin: str,
    missed_unseen: int,
    now: datetime,
) -> JSON:
    """The end of a ring, which replaces the ring on the device silently.

    Args:
        sheet: the call.
        invitation: closed.
        reason: one of `StopReason`.
        device_id: the device that rang.
        origin: as for `ring`.
        missed_unseen: the number for the app's badge.
    """
    call = sheet.call
    shows = _shown_to(sheet, invitation)
    look = looks.look_of(invitation.resource_id)
    missed = invitation.missed
    device = "" if shows == PushShows.NOTHING else invitation.answered_label
    title = say("push.missed_call") if missed else _end_title(StopReason(reason), device)
    body = say(f"push.from.{ring_words.kind_of(sheet)}", name=ring_words.who_rang(sheet, invitation))
    payload: JSON = {
        "web_push": WEB_PUSH,
        "notification": _notification(title, body, look, origin, call.call_id, silent=True),
        "kind": "stop",
        "shows": shows,
        "call_id": call.call_id,
        "attempt": call.attempt,
        "reason": reason,
        "is_video_call": call.is_video_call,
        "urgent": invitation.urgent,
        "caller": person_view(sheet.people[call.caller_id]),
        "from_contact": invitation.from_contact,
        "custom_data": _said_by_caller(invitation),
        "ringtone_url": None,
        "expires_at": moment(invitation.expires_at),
        "server_time": moment(now),
        "tag": topic_of(invitation.pk),
        "action_token": None,
        "renotify": False,
        "device_id": device_id,
        "api": f"{urlsplit(origin).path}/{addresses.API}",
        "missed": missed,
        "missed_unseen": missed_unseen,
        "answered_on": device or None,
    }
    return _discreet(payload, shows, title, origin)


def test(delivery_pk: int, *, device_id: str, origin: str, expires_at: datetime, now: datetime) -> JSON:
    """A test ring: as loud as a real one, but nobody calls.

    Args:
        delivery_pk: the delivery's key, which its acknowledgement names.
        device_id: the device that rings.
        origin: as for `ring`.
        expires_at: until when it may arrive.
    """
    look = looks.look_of(None)
    title, body = say("push.test.title"), say("push.test.body")
    return {
        "web_push": WEB_PUSH,
        "notification": _notification(title, body, look, origin, None, silent=look.silent),
        "kind": "test",
        "shows": PushShows.EVERYTHING.value,
        "call_id": None,
        "attempt": None,
        "reason": None,
        "is_video_call": False,
        "urgent": False,
        "caller": None,
        "from_contact": False,
        "custom_data": "",
        "ringtone_url": look.ringtone_url,
        "expires_at": moment(expires_at),
        "server_time": moment(now),
        "tag": topic_of_test(delivery_pk),
        "action_token": action_tokens.issue(action_tokens.TEST, delivery_pk, device_id),
        "renotify": True,
        "device_id": device_id,
        "api": f"{urlsplit(origin).path}/{addresses.API}",
        "test_id": str(delivery_pk),
        "look": {"vibrate": list(look.vibration), "require_interaction": False, "accent": look.accent or None},
    }


def effect_of(payload: JSON) -> Effect:
    """What a payload is to do on its device: a ring and a test ring, a missed call and a notice are shown, and any
    other end only takes the ring away."""
    if payload["kind"] in ("ring", "test"):
        return Effect.RING
    return Effect.SETTLE if payload["kind"] == "stop" and not payload["missed"] else Effect.SHOW


def stand_in_of(payload: JSON) -> str:
    """What a push service may show instead of a payload, in the active language: no more than the kind of news."""
    return say("push.missed_call" if payload["kind"] == "stop" else "push.news")


def packed(payload: JSON, room: int = MAX_PAYLOAD_BYTES) -> bytes:
    """A payload as bytes, within the size that its push service accepts.

    If it is too long, the custom data is left out and marked as such; then the message is cut short, then the title.

    Args:
        room: how many bytes it may have, as its transport says.
    """
    data = _encoder.encode(payload).encode()
    if len(data) <= room:
        return data
    payload = {**payload, "custom_data": "", "custom_data_omitted": True}
    for name in ("body", "title"):
        data = _encoder.encode(payload).encode()
        if len(data) <= room:
            return data
        payload = _shortened(payload, name, len(data) - room)
    return _encoder.encode(payload).encode()


def topic_of(invitation_pk: int) -> str:
    """The topic of all messages about one ring, so that a later one replaces an earlier one (RFC 8030 section 5.4).

    Also the notification's tag. 32 base64url characters that reveal nothing.
    """
    return topic(f"invitation:{invitation_pk}")


def topic_of_test(delivery_pk: int) -> str:
    """The topic of one test ring."""
    return topic(f"test:{delivery_pk}")


def _shown_to(sheet: CallSheet, invitation: Invitation) -> str:
    """How much of it the invitee wants notifications to show, one of `PushShows`."""
    return sheet.people[invitation.invitee_id].push_shows


def _said_by_caller(invitation: Invitation) -> str:
    """What a program said with a cancel; nothing to somebody who has blocked its user meanwhile."""
    is_said = invitation.state == InvitationState.CANCELLED and not invitation.is_withheld
    return invitation.custom_data if is_said else ""


def _discreet(payload: JSON, shows: str, title: str, origin: str) -> JSON:
    """The payload without what its receiver does not want on a screen.

    Args:
        payload: whole; its notification's words are already right, unless they are to say nothing.
        shows: one of `PushShows`.
        title: of a notification that says nothing else.
        origin: where the app is open on the device. An address that names the call would name its caller, too: most
            ids of calls begin with it.
    """
    if shows == PushShows.EVERYTHING:
        return payload
    payload |= {"custom_data": "", "custom_data_omitted": payload["custom_data"] != ""}
    if shows == PushShows.NAME:
        return payload
    notification = {"title": title, "body": "", "navigate": f"{origin}/"}
    kept = {name: payload["notification"][name] for name in ("lang", "silent")}
    look = payload.get("look")
    return payload | {
        "notification": notification | kept,
        "call_id": None,
        "attempt": None,
        "is_video_call": None,
        "urgent": False,
        "caller": None,
        "from_contact": None,
        "custom_data_omitted": True,
        "ringtone_url": None,
        **({} if look is None else {"look": look | {"accent": None}}),
    }


def _end_title(reason: StopReason, device: str) -> str:
    """How a ring ended, if it was not missed."""
    if reason == StopReason.ANSWERED_ELSEWHERE:
        return say("push.answered_on", device=device) if device else say("push.answered_elsewhere")
    if reason == StopReason.REJECTED_ELSEWHERE:
        return say("push.rejected_on", device=device) if device else say("push.rejected_elsewhere")
    return say("push.call_ended")


def topic(text: str) -> str:
    """The topic that stands for a text, without revealing it: 32 base64url characters."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:32].decode()


def _notification(title: str, body: str, look: Look, origin: str, call_id: str | None, *, silent: bool) -> JSON:
    notification = {
        "title": title,
        "body": body,
        # No character that a call id may have needs escaping in a query.
        "navigate": f"{origin}/" if call_id is None else f"{origin}/?call={call_id}",
        "lang": language(),
        "silent": silent,
    }
    for name, url in (("icon", look.icon_url), ("badge", look.badge_url)):
        if url is not None:
            notification[name] = url
    return notification


def _shortened(payload: JSON, name: str, excess: int) -> JSON:
    """The payload with one text of its notification shortened by at least `excess` bytes of JSON, plus an ellipsis."""
    text: str = payload["notification"][name]
    excess += len("…".encode())
    while text and excess > 0:
        excess -= len(_encoder.encode(text[-1]).encode()) - 2
        text = text[:-1]
    return {**payload, "notification": {**payload["notification"], name: f"{text}…"}}

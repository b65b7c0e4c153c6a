"""Examples of shapes, for readers of the OpenAPI document."""

from __future__ import annotations

from typing import Any

_CALL = {
    "call_id": "call_alice_1763840000123",
    "attempt": 1,
    "revision": 3,
    "state": "ringing",
    "end_reason": None,
    "is_video_call": True,
    "caller": {"id": "alice", "name": "Alice"},
    "custom_data": "",
    "resource_id": None,
    "ringtone_url": None,
    "silent": False,
    "vibration": [],
    "accent": None,
    "notification_title": "Alice (@alice)",
    "notification_message": "Incoming video call\nAlice (@alice): \u201cLunch?\u201d",
    "sender_title": "",
    "sender_message": "Lunch?",
    "timeout_seconds": 60,
    "created_at": "2026-11-23T09:00:00.123Z",
    "ring_expires_at": "2026-11-23T09:01:00.123Z",
    "remaining_ms": 51234,
    "server_time": "2026-11-23T09:00:08.889Z",
    "answered_at": None,
    "ended_at": None,
    "duration_seconds": None,
    "invitations": [
        {
            "invitee": {"id": "bob", "name": "Bob"},
            "inviter": {"id": "alice", "name": "Alice"},
            "state": "pending",
            "progress": "ringing",
            "standing": "ringing",
            "ringing_on": "Chrome on Linux",
            "ringing_devices": 2,
            "ringing_audibly": True,
            "reject_reason": None,
            "custom_data": "",
            "expires_at": "2026-11-23T09:01:00.123Z",
            "responded_at": None,
            "answered_on": None,
        }
    ],
    "participants": [
        {
            "user": {"id": "alice", "name": "Alice"},
            "device_id": "alices-laptop",
            "joined_at": "2026-11-23T09:00:00.123Z",
            "connected_at": None,
            "left_at": None,
            "left_reason": None,
        }
    ],
    "you": {
        "role": "invitee",
        "state": "pending",
        "can": ["accept", "reject"],
        "missed": False,
        "duration_seconds": None,
    },
}
_ALICE = {"id": "alice", "name": "Alice"}

OF: dict[str, dict[str, Any]] = {
    "Person": _ALICE,
    "CallObject": _CALL,
    "CallAnswer": {"call": _CALL},
    "SentAnswer": {
        "call": _CALL,
        "errors": [{"invitee": "nobody", "code": "unknown_user", "detail": "There is no such user."}],
        "warnings": [],
        "merged": False,
        "rejoin": False,
    },
    "Seen": {"missed_unseen": 0},
    "Me": {"id": "bob", "name": "Bob", "call_waiting": False, "missed_unseen": 2},
    "User": {**_ALICE, "online": True, "in_call": False},
    "Device": {
        "device_id": "bobs-phone",
        "label": "Bob's phone",
        "kind": "android",
        "push": {"transport": "webpush", "host": "fcm.googleapis.com"},
        "health": "ok",
        "disabled_reason": None,
        "disabled_since": None,
        "last_seen_at": "2026-11-23T09:00:00.123Z",
        "last_ringing_at": None,
    },
    "PushKey": {
        "public_key": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
    },
    "IceServers": {
        "ice_servers": [
            {"urls": ["stun:calls.example.org:3478"]},
            {
                "urls": ["turn:calls.example.org:3478?transport=udp", "turns:calls.example.org:5349?transport=tcp"],
                "username": "1795431600:alice",
                "credential": "8rmYwI4rVUjkZ0zm2bZm7O4yqMo=",
            },
        ],
        "expires_at": "2026-11-23T11:00:00.000Z",
    },
    "Token": {"token": "5b0d…", "expiry": "2027-02-21T09:00:00.123Z", "user": {"id": "bob", "name": "Bob"}},
    "Ticket": {"ticket": "rT3…", "expires_in_seconds": 30},
}
"""By the name of the shape."""

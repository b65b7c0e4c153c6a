"""Frames about what somebody has settled, to all of their own pages and apps, and to nobody else's.

They are sent once the change is committed, and only to people whose own rows have changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from invitations.contacts.reading import count_requests
from invitations.contacts.views import block_view, contact_view, user_view
from invitations.live import publishing
from invitations.models import Block, Contact, UserKey
from invitations.serializers import moment


def tell_contact(user_id: UserKey, other: Any, contact: Contact | None, *, now: datetime) -> None:
    """How somebody stands to another person now.

    Args:
        user_id: who is told.
        other: the other person, loaded with their `calling_preferences`.
        contact: their own row; None if they see none any more.
    """
    _publish_contact(publishing.publish_own, user_id, other, contact, now)


def seem_to_tell_contact(user_id: UserKey, other: Any, contact: Contact | None, *, now: datetime) -> None:
    """What takes as long as `tell_contact`, and tells nobody anything. Arguments as there."""
    _publish_contact(publishing.seem_to_publish_own, user_id, other, contact, now)


def tell_block(user_id: UserKey, other: Any, block: Block | None, *, now: datetime) -> None:
    """Whether somebody has blocked another person now.

    Args:
        user_id: who is told.
        other: the other person, loaded with their `calling_preferences`.
        block: their block; None if there is none.
    """
    said = None if block is None else block_view(block)
    frame = {"type": "block", "server_time": moment(now), "user": user_view(other), "block": said}
    transaction.on_commit(partial(publishing.publish_own, user_id, lambda: frame))


def _publish_contact(
    publish: Callable[[UserKey, Callable[[], dict[str, Any]]], None],
    user_id: UserKey,
    other: Any,
    contact: Contact | None,
    now: datetime,
) -> None:
    said = None if contact is None else contact_view(contact)
    frame = {"type": "contact", "server_time": moment(now), "user": user_view(other), "contact": said}
    transaction.on_commit(partial(publish, user_id, partial(_with_requests, user_id, frame)))


def _with_requests(user_id: UserKey, frame: dict[str, Any]) -> dict[str, Any]:
    return {**frame, "requests": count_requests(user_id)}

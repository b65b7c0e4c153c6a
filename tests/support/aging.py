"""Time that passes for a browser session, without anybody waiting for it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from invitations.credentials.session_engine import COUNTED_FROM, SessionStore
from invitations.credentials.sessions import SIGNED_IN_AT


def pass_time(session_key: str, span: timedelta) -> None:
    """As if the session's beginning and its last use were so much longer ago."""
    row = Session.objects.get(session_key=session_key)
    data = row.get_decoded()
    for begun in data.keys() & {SIGNED_IN_AT, COUNTED_FROM}:
        data[begun] -= span.total_seconds()
    Session.objects.filter(pk=session_key).update(
        session_data=SessionStore().encode(data), expire_date=row.expire_date - span
    )


def left(session_key: str) -> timedelta:
    """In what time the session ends unless it is used."""
    return Session.objects.get(session_key=session_key).expire_date - timezone.now()

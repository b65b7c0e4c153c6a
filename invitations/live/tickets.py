"""One-use tickets that open a live socket, for clients that can set neither a cookie nor a header on it.

A ticket remembers the session or token that it was made with, so that the socket ends when that does."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from django.core.cache import cache

from invitations import conf
from invitations.models import UserKey


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket stands for.

    Args:
        user_id: the user's key.
        session_key: the browser session that it was made in, if any.
        token_digest: the token that it was made with, if any.
    """

    user_id: UserKey
    session_key: str | None = None
    token_digest: str | None = None


def make_ticket(user_id: UserKey, *, session_key: str | None = None, token_digest: str | None = None) -> str:
    """A new ticket, good for one socket within `ticket_seconds`."""
    ticket = secrets.token_urlsafe(32)
    cache.set(_key(ticket), (user_id, session_key, token_digest), conf.limits().ticket_seconds)
    return ticket


def redeem_ticket(ticket: str) -> Ticket | None:
    """What the ticket stands for, once; None if it is unknown, used or expired."""
    key = _key(ticket)
    kept = cache.get(key)
    # If several requests get this far, only one of them deletes it.
    if kept is None or not cache.delete(key):
        return None
    user_id, session_key, token_digest = kept
    return Ticket(user_id, session_key, token_digest)


def _key(ticket: str) -> str:
    # Only a digest, so that listing the cache's keys reveals no ticket.
    return f"ticket:{hashlib.sha256(ticket.encode(errors='replace')).hexdigest()}"

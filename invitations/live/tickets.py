"""One-use tickets for a live socket, for clients that can set neither a cookie nor a header on it.

A ticket remembers the session or token it was made with, so that a socket opened by it dies with that."""

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
        session_key: of the browser session it was made in, if it was one.
        token_digest: of the token it was made with, if it was one.
    """

    user_id: UserKey
    session_key: str | None = None
    token_digest: str | None = None


def make_ticket(user_id: UserKey, *, session_key: str | None = None, token_digest: str | None = None) -> str:
    """A fresh ticket, good for one socket within `ticket_seconds`."""
    ticket = secrets.token_urlsafe(32)
    cache.set(_key(ticket), (user_id, session_key, token_digest), conf.limits().ticket_seconds)
    return ticket


def redeem_ticket(ticket: str) -> Ticket | None:
    """What the ticket stands for, once; None if it is unknown, used or too old."""
    key = _key(ticket)
    kept = cache.get(key)
    # Of several that got this far, one deletes it.
    if kept is None or not cache.delete(key):
        return None
    user_id, session_key, token_digest = kept
    return Ticket(user_id, session_key, token_digest)


def _key(ticket: str) -> str:
    # Whoever can list the cache's keys learns no ticket.
    return f"ticket:{hashlib.sha256(ticket.encode(errors='replace')).hexdigest()}"

"""One-use tickets that open a live socket, for clients that can set neither a cookie nor a header on it.

A ticket remembers the session or token that it was made with, a user's or a service's, so that the socket ends when
that does."""

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
        service_digest: the token of the service that made it for the user, if any.
    """

    user_id: UserKey
    session_key: str | None = None
    token_digest: str | None = None
    service_digest: str | None = None


def make_ticket(
    user_id: UserKey,
    *,
    session_key: str | None = None,
    token_digest: str | None = None,
    service_digest: str | None = None,
) -> str:
    """A new ticket, good for one socket within `ticket_seconds`."""
    ticket = secrets.token_urlsafe(32)
    kept = (user_id, session_key, token_digest, service_digest)
    cache.set(_key(ticket), kept, conf.limits().ticket_seconds)
    return ticket


def redeem_ticket(ticket: str) -> Ticket | None:
    """What the ticket stands for, once; None if it is unknown, used or expired."""
    key = _key(ticket)
    kept = cache.get(key)
    # If several requests get this far, only one of them deletes it.
    if kept is None or not cache.delete(key):
        return None
    # One that a server of an earlier version made has three.
    return Ticket(*kept)


def _key(ticket: str) -> str:
    # Only a digest, so that listing the cache's keys reveals no ticket.
    return f"ticket:{hashlib.sha256(ticket.encode(errors='replace')).hexdigest()}"

"""What people settle about each other and about their own rings: contacts and blocks, and when nobody is to ring.

The only writer of contacts and blocks. What it changes takes effect on rings that are open at that moment.

Nobody learns from an answer, from a frame or from a list what another person has settled about them: whom they have
blocked, turned down or taken out of their contacts. `now` means the same as in `invitations.calls`."""

from invitations.contacts.asking import Kept, accept, ask, remove, set_favourite
from invitations.contacts.blocking import Blocked, block, reject_and_block, unblock
from invitations.contacts.noticing import Waiting, waiting
from invitations.contacts.reading import (
    blocked_calls,
    blocks,
    contacts,
    count_requests,
    is_finding,
    turned_down_long_ago,
)
from invitations.contacts.settling import RULED_BY, own_settings, settle
from invitations.contacts.standing import Standing, standing
from invitations.contacts.views import block_view, blocked_call_view, contact_view

__all__ = [
    "RULED_BY",
    "Blocked",
    "Kept",
    "Standing",
    "Waiting",
    "accept",
    "ask",
    "block",
    "block_view",
    "blocked_call_view",
    "blocked_calls",
    "blocks",
    "contact_view",
    "contacts",
    "count_requests",
    "is_finding",
    "own_settings",
    "reject_and_block",
    "remove",
    "set_favourite",
    "settle",
    "standing",
    "turned_down_long_ago",
    "unblock",
    "waiting",
]

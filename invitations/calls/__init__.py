"""The verbs: the only writer of call, invitation and participant state.

Each verb is synchronous, runs in one transaction, takes `now` and says who acts by an `Actor`. What a verb owes (log
rows, and messages) is written in the same transaction; live hints follow the commit and never make a verb fail."""

from invitations.calls.answering import accept, reject, ringing
from invitations.calls.asking import Sent
from invitations.calls.cancelling import Cancelled, cancel
from invitations.calls.expiring import expect_changes, expire
from invitations.calls.inviting import invite
from invitations.calls.notifying import Taken, notified
from invitations.calls.reading import (
    Synced,
    history,
    is_in_open_call,
    is_inside,
    mark_history_seen,
    me,
    missed_unseen,
    open_calls,
    sheets,
    sheets_by_key,
    sync,
    view,
)
from invitations.calls.sending import send
from invitations.calls.taking_part import connected, end, forgive_outage, heartbeat, join, leave, prove_life
from invitations.calls.timeline import timeline
from invitations.store.sheets import Actor, CallSheet

__all__ = [
    "Actor",
    "CallSheet",
    "Cancelled",
    "Sent",
    "Synced",
    "Taken",
    "accept",
    "cancel",
    "connected",
    "end",
    "expect_changes",
    "expire",
    "forgive_outage",
    "heartbeat",
    "history",
    "invite",
    "is_in_open_call",
    "is_inside",
    "join",
    "leave",
    "mark_history_seen",
    "me",
    "missed_unseen",
    "notified",
    "open_calls",
    "prove_life",
    "reject",
    "ringing",
    "send",
    "sheets",
    "sheets_by_key",
    "sync",
    "timeline",
    "view",
]

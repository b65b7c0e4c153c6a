"""The verbs: the only writer of call, invitation and participant state.

Each verb is synchronous, runs in one transaction, takes `now` and says who acts by an `Actor`. What a verb owes (log
rows, and messages) is written in the same transaction; live hints follow the commit and never make a verb fail."""

from invitations.calls.answering import accept, reject, ringing
from invitations.calls.cancelling import Cancelled, cancel
from invitations.calls.expiring import expire, ring_again
from invitations.calls.reading import (
    Synced,
    history,
    is_inside,
    mark_history_seen,
    me,
    missed_unseen,
    open_calls,
    sheets,
    sync,
    view,
)
from invitations.calls.sending import Sent, invite, send
from invitations.calls.taking_part import connected, end, heartbeat, join, leave, prove_life
from invitations.calls.timeline import timeline
from invitations.sheets import Actor, CallSheet

__all__ = [
    "Actor",
    "CallSheet",
    "Cancelled",
    "Sent",
    "Synced",
    "accept",
    "cancel",
    "connected",
    "end",
    "expire",
    "heartbeat",
    "history",
    "invite",
    "is_inside",
    "join",
    "leave",
    "mark_history_seen",
    "me",
    "missed_unseen",
    "open_calls",
    "prove_life",
    "reject",
    "ring_again",
    "ringing",
    "send",
    "sheets",
    "sync",
    "timeline",
    "view",
]

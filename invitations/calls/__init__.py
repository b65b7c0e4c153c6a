"""The verbs: the only writer of call, invitation and participant state.

Each verb is synchronous and runs in one transaction. The log rows and messages that it owes are written in the same
transaction; live hints follow the commit and never make a verb fail.

Two arguments mean the same in every verb, and docstrings mention them only to add to this:

- `now` is the moment of the verb, an aware datetime by the server's clock. Every timestamp that the verb writes is this
  one, and a deadline has passed if it is `now` or earlier.
- `by` is the actor: who acts, on which device, through which socket. A docstring of a verb says who may act.
"""

from invitations.calls.answering import CURRENT, accept, reject, ringing
from invitations.calls.asking import Sent
from invitations.calls.cancelling import Cancelled, cancel
from invitations.calls.departing import depart, leave_all, mend, withdraw_absent
from invitations.calls.expiring import expect_changes, expect_unknown, expire
from invitations.calls.forgetting import id_since
from invitations.calls.inviting import invite
from invitations.calls.loading import Attempt, CallName, id_in
from invitations.calls.notifying import Taken, notified
from invitations.calls.previewing import NobodyElse, Preview, preview
from invitations.calls.quieting import is_rung, went
from invitations.calls.reading import (
    Synced,
    everybodys,
    has_open_calls,
    history,
    is_in_open_call,
    mark_history_seen,
    me,
    met_lately,
    missed_unseen,
    open_calls,
    sheets,
    sheets_as_of_now,
    sheets_by_key,
    sync,
    view,
)
from invitations.calls.rejudging import change_rules
from invitations.calls.repeats import RequestKey
from invitations.calls.seeing import Seen, seen_by
from invitations.calls.sending import send
from invitations.calls.taking_part import connected, end, forgive_outage, heartbeat, join, leave, prove_life, remove
from invitations.calls.timeline import timeline
from invitations.calls.told_preview import told_preview
from invitations.calls.withdrawing import withdraw
from invitations.store.sheets import Actor, CallSheet

__all__ = [
    "CURRENT",
    "Actor",
    "Attempt",
    "CallName",
    "CallSheet",
    "Cancelled",
    "NobodyElse",
    "Preview",
    "RequestKey",
    "Seen",
    "Sent",
    "Synced",
    "Taken",
    "accept",
    "cancel",
    "change_rules",
    "connected",
    "depart",
    "end",
    "everybodys",
    "expect_changes",
    "expect_unknown",
    "expire",
    "forgive_outage",
    "has_open_calls",
    "heartbeat",
    "history",
    "id_in",
    "id_since",
    "invite",
    "is_in_open_call",
    "is_rung",
    "join",
    "leave",
    "leave_all",
    "mark_history_seen",
    "me",
    "mend",
    "met_lately",
    "missed_unseen",
    "notified",
    "open_calls",
    "preview",
    "prove_life",
    "reject",
    "remove",
    "ringing",
    "seen_by",
    "send",
    "sheets",
    "sheets_as_of_now",
    "sheets_by_key",
    "sync",
    "timeline",
    "told_preview",
    "view",
    "went",
    "withdraw",
    "withdraw_absent",
]

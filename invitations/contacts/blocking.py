"""Blocking: never to be rung by somebody again, from this very moment on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model

from invitations import calls
from invitations.calls import Actor, CallName, CallSheet
from invitations.conf import limits
from invitations.contacts.telling import tell_block, tell_contact
from invitations.errors import CallError, Code
from invitations.models import Block, Contact, ContactState, UserKey
from invitations.words import say_lazy


class Blocked(NamedTuple):
    """What came of a block.

    Args:
        block: the block.
        is_new: it was made by this act.
    """

    block: Block
    is_new: bool


def block(user_id: UserKey, other: Any, *, now: datetime) -> Blocked:
    """Block somebody. They are no contact any more, and no favourite; what they ask is turned down; those of their
    rings that are open stop. They are told nothing.

    Args:
        user_id: who blocks.
        other: whom, loaded with their `calling_preferences`.

    Raises:
        CallError: `self`; `invalid`, there are too many blocks.
    """
    if user_id == other.pk:
        raise CallError(Code.SELF, say_lazy("error.self.block"))
    return calls.change_rules(user_id, lambda: _block(user_id, other, now), now=now)


def unblock(user_id: UserKey, other: Any, *, now: datetime) -> bool:
    """Take a block back.

    Args:
        user_id: who blocked.
        other: whom, loaded with their `calling_preferences`.

    Returns:
        Whether there was one.
    """

    def act() -> bool:
        count, _ = Block.objects.filter(user_id=user_id, other_id=other.pk).delete()
        if count:
            tell_block(user_id, other, None, now=now)
        return bool(count)

    return calls.change_rules(user_id, act, now=now)


def reject_and_block(
    call: CallName, *, by: Actor, now: datetime, custom_data: str = "", reason: str = "declined"
) -> tuple[CallSheet, Blocked | None]:
    """Turn a ring down as `calls.reject` does, and block whoever rang, both or neither. They read
    an ordinary rejection.

    Args:
        call: the call.
        by: the invitee.
        custom_data: as for `calls.reject`.
        reason: as for `calls.reject`.

    Returns:
        The call, and the block; None if the account of whoever rang is gone.

    Raises:
        CallError: as `calls.reject`; `invalid`, there are too many blocks.
    """

    def act() -> tuple[CallSheet, Blocked | None]:
        sheet = calls.reject(call, by=by, now=now, custom_data=custom_data, reason=reason)
        own = sheet.last_ring_of(by.user_id)
        accounts = get_user_model()._base_manager.select_related("calling_preferences")
        rang_by = None if own is None else own.inviter_id
        inviter = None if rang_by is None else accounts.filter(pk=rang_by).first()
        return sheet, None if inviter is None else _block(by.user_id, inviter, now)

    return calls.change_rules(by.user_id, act, now=now)


def _block(user_id: UserKey, other: Any, now: datetime) -> Blocked:
    most = limits().blocks_per_user
    found = Block.objects.filter(user_id=user_id, other_id=other.pk).first()
    if found is None and most and Block.objects.filter(user_id=user_id).count() >= most:
        raise CallError(Code.INVALID, say_lazy("contacts.too_many_blocks", limit=most))
    known = Contact.objects.filter(user_id=user_id, other_id=other.pk).first()
    if known is not None:
        known.delete()
        if known.state != ContactState.TURNED_DOWN:
            tell_contact(user_id, other, None, now=now)
    made = found or Block.objects.create(user_id=user_id, other_id=other.pk, created_at=now)
    made.other = other
    if found is None:
        tell_block(user_id, other, made, now=now)
    return Blocked(made, is_new=found is None)

"""The wire shapes of contacts and blocks, for REST and the socket."""

from __future__ import annotations

from typing import Any

from invitations import shapes
from invitations.models import Block, Contact, Invitation
from invitations.serializers import moment
from invitations.store import people


def contact_view(contact: Contact) -> shapes.contacts.Contact:
    """A contact as its owner sees it.

    Args:
        contact: loaded with the other person and their `calling_preferences`.
    """
    return {
        "user": user_view(contact.other),
        "state": contact.state,
        "favourite": contact.favourite,
        "message": contact.message,
        "changed_at": moment(contact.changed_at),
    }


def block_view(block: Block) -> shapes.contacts.Block:
    """A block as its owner sees it.

    Args:
        block: loaded with the other person and their `calling_preferences`.
    """
    return {"user": user_view(block.other), "created_at": moment(block.created_at)}


def blocked_call_view(invitation: Invitation) -> shapes.contacts.BlockedCall:
    """A blocked call as the person sees it from whom it was kept.

    Args:
        invitation: loaded with its call and its inviter and their `calling_preferences`.
    """
    inviter = invitation.inviter
    return {
        "user": {"id": "", "name": people.name_of(None)} if inviter is None else user_view(inviter),
        "is_video_call": invitation.call.is_video_call,
        "created_at": moment(invitation.created_at),
    }


def user_view(user: Any) -> shapes.parts.Person:
    """A person on the wire.

    Args:
        user: loaded with their `calling_preferences`.
    """
    return {"id": user.get_username(), "name": people.shown_name_of(user)}

"""Whether people are online or in a call, as somebody may see it: never more than they and the rules allow."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from invitations.live import presence
from invitations.models import Participant, UserKey
from invitations.rules import showing


class Seen(NamedTuple):
    """What somebody sees of a person.

    Args:
        online: a page or app of theirs is connected.
        in_call: they are in a call.
    """

    online: bool
    in_call: bool


def seen_by(viewer_id: UserKey, user_ids: Collection[UserKey], *, now: datetime) -> dict[UserKey, Seen]:
    """What somebody sees of these people, by key. Two queries, whoever they are.

    Args:
        viewer_id: the key of the person who looks.
        user_ids: whom they look at.
    """
    shown = showing.shown_to(viewer_id, user_ids, now=now)
    online, in_call = presence.online(user_ids), _in_call(user_ids)
    return {each: Seen(each in shown and each in online, each in shown and each in in_call) for each in user_ids}


def _in_call(user_ids: Collection[UserKey]) -> set[UserKey]:
    return set(Participant.objects.open().filter(user_id__in=user_ids).values_list("user_id", flat=True))

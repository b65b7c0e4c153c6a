"""The lists of contacts and blocks, and how many requests wait for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter

from django.db.models import Count, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower, NullIf

from invitations.models import Block, Contact, ContactState, Invitation, UserKey, Verdict
from invitations.store import people
from invitations.store.statements import Bind, Prepared, aggregated

SHOWN = (ContactState.ASKED, ContactState.ASKS_YOU, ContactState.CONTACT)
"""The states that their owner sees."""
TURNED_DOWN_FOR = timedelta(days=30)
"""For how long somebody who was turned down is not heard when they ask again."""
REQUESTS = Prepared(
    aggregated(
        Contact.objects.filter(people.are_active("other__"), user_id=Bind("user"), state=ContactState.ASKS_YOU),
        Count("*"),
    ),
    row=itemgetter(0),
)


def contacts(user_id: UserKey, *, state: str | None = None) -> QuerySet[Contact]:
    """A person's contacts and what is asked between them and others, with `sorted_by`, the others' names. People whose
    accounts are disabled are left out as long as they are.

    Args:
        user_id: whose.
        state: only those in this state, one of `SHOWN`.
    """
    wanted = SHOWN if state is None else (state,)
    name = NullIf(F("other__calling_preferences__display_name"), Value(""))
    return (
        Contact.objects.filter(people.are_active("other__"), user_id=user_id, state__in=wanted)
        .select_related("other__calling_preferences")
        .annotate(sorted_by=Lower(Coalesce(name, F(f"other__{people.USERNAME}"))))
    )


def blocks(user_id: UserKey) -> QuerySet[Block]:
    """The people whom a person has blocked, disabled accounts among them: nobody is to ring once they are enabled
    again who could not be let in meanwhile."""
    return Block.objects.filter(user_id=user_id).select_related("other__calling_preferences")


def blocked_calls(user_id: UserKey) -> QuerySet[Invitation]:
    """The rings that were kept from a person because they had blocked whoever rang, or blocked them while it rang."""
    found = Invitation.objects.filter(invitee_id=user_id, verdict=Verdict.BLOCKED)
    return found.select_related("inviter__calling_preferences", "call")


def is_finding(words: Iterable[str]) -> Q:
    """Whether each word is a part of the other person's id or shown name, as a condition on contacts or blocks."""
    found = Q()
    for word in words:
        found &= people.mentions(word, "other__")
    return found


def turned_down_long_ago(now: datetime) -> QuerySet[Contact]:
    """Requests that were turned down so long ago that whoever asked is heard again."""
    return Contact.objects.filter(state=ContactState.TURNED_DOWN, changed_at__lt=now - TURNED_DOWN_FOR)


def count_requests(user_id: UserKey) -> int:
    """How many people ask to be let in and wait for an answer. One query."""
    return REQUESTS.rows(user=user_id)[0]

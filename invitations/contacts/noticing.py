"""What a quiet notice tells somebody about the people who ask them to be let in."""

from __future__ import annotations

from typing import NamedTuple

from invitations import ring_words
from invitations.contacts.standing import Standing, standing
from invitations.models import CallingPreferences, Contact, ContactState, PushShows, UserKey
from invitations.store import people
from invitations.store.sheets import Person


class Waiting(NamedTuple):
    """Who waits for somebody's answer.

    Args:
        name: of whoever asked last, with their public id.
        message: what they wrote with it.
        standing: of the person who is asked.
        push_shows: how much of it a notification may show.
    """

    name: str
    message: str
    standing: Standing
    push_shows: str


def waiting(user_id: UserKey) -> Waiting | None:
    """Who waits for a person's answer; None if nobody does."""
    asking = Contact.objects.filter(people.are_active("other__"), user_id=user_id, state=ContactState.ASKS_YOU)
    last = asking.select_related("other__calling_preferences").order_by("-changed_at", "-pk").first()
    if last is None:
        return None
    shows = CallingPreferences.objects.filter(user_id=user_id).values_list("push_shows", flat=True).first()
    asker = Person(last.other.pk, last.other.get_username(), people.shown_name_of(last.other))
    return Waiting(ring_words.told_apart(asker), last.message, standing(user_id), shows or PushShows.EVERYTHING.value)

"""Whom a person finds among the people here: `CALLINVITE_DIRECTORY`, and what each has said of being listed.

A block changes nothing here, in either direction: a list that somebody vanished from would tell. For looking at only:
whoever knows a full id may call it, and the verdict on the ring decides."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, TextField

from invitations.conf import limits
from invitations.models import Contact, ContactState, Invitation, UserKey
from invitations.store import people

WORDS = 5
"""How many words a search may have. Each of them is looked for in every id and every name."""


def found(viewer_id: UserKey, *, search: str = "", username: str | None = None) -> QuerySet[Any, Any]:
    """The people whom somebody finds, unordered, with their `calling_preferences`.

    Args:
        viewer_id: the key of the person who looks.
        search: at most `WORDS` words, each of them in the id or the shown name.
        username: a public id in the capitals in which it was registered: only this person, listed or not.
    """
    words = search.split()
    if username is not None:
        reached = _with_id(viewer_id, username)
    else:
        reached = _listed(viewer_id, words[0] if len(words) == 1 else "")
    return reached.filter(reduce(and_, map(people.mentions, words), Q())).select_related("calling_preferences")


def _listed(viewer_id: UserKey, word: str) -> QuerySet[Any, Any]:
    """Everybody who is listed, and the person whose full id the word is, in any capitals."""
    others, directory = people.others(viewer_id), limits().directory
    owner = None if directory == "contacts" else _owner(word)
    if directory == "all":
        return others.filter(_are_listed(viewer_id) | (Q() if owner is None else Q(pk=owner)))
    keys = _contacts_of(viewer_id).values("other_id")
    if owner is not None:
        # Put together below the IN, so that both are found by their indexes.
        keys = keys.union(get_user_model()._base_manager.filter(pk=owner).values("pk"))
    return others.filter(pk__in=keys)


def _with_id(viewer_id: UserKey, username: str) -> QuerySet[Any, Any]:
    """The person with this id. Where only contacts are listed, those who ask to become one are found too, and those
    with whom there was a call, for they stand among one's calls."""
    named = people.others(viewer_id).filter(**{people.USERNAME: username})
    return named.filter(_are_acquainted(viewer_id)) if limits().directory == "contacts" else named


def _are_listed(viewer_id: UserKey) -> Q:
    chose = "calling_preferences__show_in_people"
    are_by_default = Q(**{f"{chose}__isnull": True}) & ~people.are_staff()
    return Q(**{chose: True}) | are_by_default | Q(Exists(_contacts_of(viewer_id).filter(other=OuterRef("pk"))))


def _contacts_of(viewer_id: UserKey, *states: ContactState) -> QuerySet[Contact, Contact]:
    return Contact.objects.filter(user=viewer_id, state__in=states or [ContactState.CONTACT]).order_by()


def _are_acquainted(viewer_id: UserKey) -> Q:
    other = OuterRef("pk")
    known = _contacts_of(viewer_id, ContactState.CONTACT, ContactState.ASKS_YOU).filter(other=other)
    called = Invitation.objects.filter(inviter=viewer_id, invitee=other).order_by()
    was_called = Invitation.objects.traced(viewer_id).filter(inviter=other).order_by()
    return Q(Exists(known)) | Q(Exists(called)) | Q(Exists(was_called))


def _owner(word: str) -> UserKey | None:
    """The key of the person whose full id this is, in any capitals."""
    model = get_user_model()
    if not word or not isinstance(model._meta.get_field(people.USERNAME), (CharField, TextField)):
        return None
    named = model._base_manager.filter(**{people.USERNAME: people.as_registered(word)})
    return named.values_list("pk", flat=True).first()

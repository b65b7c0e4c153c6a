"""Whom somebody knows: whom they have called, or talked with, in the last `REMEMBERED` of their calls.

Conditions for queries. Each person is a `Bind`, or an `OuterRef` to the query around the condition."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from invitations.models import Invitation, InvitationState

REMEMBERED = 1000
"""How many of their latest calls tell whom somebody knows (`RingsFrom.KNOWN`)."""


def know(user: Any, other: Any) -> Q:
    """Whether a person knows another one, as a condition.

    Args:
        user: the key of the person who knows.
        other: the key of the person who is known.
    """
    given, mine, theirs = _given(_deeper(user)), _accepted(_deeper(user)), _accepted(_deeper(other))
    # Each by itself, so that each is looked for by an index: never among all calls.
    ways = (
        Invitation.objects.filter(pk__in=given.values("pk")[:REMEMBERED], invitee_id=other),
        Invitation.objects.filter(pk__in=mine.values("pk")[:REMEMBERED], call__caller_id=other),
        Invitation.objects.filter(pk__in=theirs.values("pk")[:REMEMBERED], call__caller_id=user),
        Invitation.objects.filter(
            pk__in=mine.values("pk")[:REMEMBERED], call_id__in=theirs.values("call_id")[:REMEMBERED]
        ),
    )
    known = Q()
    for each in ways:
        known |= Q(Exists(each.order_by()))
    return known


def _given(user: Any) -> QuerySet[Invitation]:
    return Invitation.objects.filter(inviter_id=user).order_by("-created_at")


def _accepted(user: Any) -> QuerySet[Invitation]:
    return Invitation.objects.filter(invitee_id=user, state=InvitationState.ACCEPTED).order_by("-created_at")


def _deeper(key: Any) -> Any:
    """The same person, as seen from a query below."""
    return OuterRef(key) if isinstance(key, OuterRef) else key

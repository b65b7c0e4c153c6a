"""Whom somebody knows: whom they have called, or talked with, in the last `REMEMBERED` of their calls.

Conditions for queries. Each person is a `Bind`, or an `OuterRef` to the query around the condition."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from invitations.models import Invitation, InvitationState, Participant

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
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
    called, *talked = ways
    known = Q(Exists(called.order_by()))
    for each in talked:
        known |= Q(Exists(each.order_by().filter(_met(_deeper(user), _deeper(other)))))
    return known


def _met(user: Any, other: Any) -> Exists:
    """Whether the two were in the invitation's call at the same time: that one came when the other had left is no
    acquaintance."""
    stays = Participant.objects.order_by()
    with_them = stays.filter(call_id=OuterRef("call_id"), user_id=_deeper(other)).filter(
        Q(left_at__isnull=True) | Q(left_at__gt=OuterRef("joined_at")),
        joined_at__lt=Coalesce(OuterRef("left_at"), Value(NEVER)),
    )
    return Exists(stays.filter(call_id=OuterRef("call_id"), user_id=user).filter(Exists(with_them)))


def _given(user: Any) -> QuerySet[Invitation]:
    return Invitation.objects.filter(inviter_id=user).order_by("-created_at")


def _accepted(user: Any) -> QuerySet[Invitation]:
    return Invitation.objects.filter(invitee_id=user, state=InvitationState.ACCEPTED).order_by("-created_at")


def _deeper(key: Any) -> Any:
    """The same person, as seen from a query below."""
    return OuterRef(key) if isinstance(key, OuterRef) else key

"""Whom somebody knows: whom they have called, or talked with, in the last `REMEMBERED` of their calls.

Conditions for queries. Each person is a `Bind`, or an `OuterRef` to the query around the condition."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q

from invitations.models import Call, Invitation, InvitationState

REMEMBERED = 1000
"""How many of their latest calls tell whom somebody knows (`RingsFrom.KNOWN`)."""


def know(user: Any, other: Any) -> Q:
    """Whether a person knows another one, as a condition.

    Args:
        user: the key of the person who knows.
        other: the key of the person who is known.
    """
    return Q(_have_called(user, other)) | Q(_have_talked(user, other))


def _have_called(user: Any, other: Any) -> Exists:
    latest = Invitation.objects.filter(inviter_id=_deeper(user)).order_by("-created_at").values("pk")[:REMEMBERED]
    return Exists(Invitation.objects.filter(pk__in=latest, invitee_id=other).order_by())


def _have_talked(user: Any, other: Any) -> Exists:
    """The one called and the other accepted, or both accepted the same call."""
    theirs, others = (Q(pk__in=_accepted(_deeper(each))) for each in (user, other))
    together = theirs & (Q(caller_id=other) | others) | others & Q(caller_id=user)
    return Exists(Call.objects.filter(together).order_by())


def _accepted(user: Any) -> Any:
    rings = Invitation.objects.filter(invitee_id=user, state=InvitationState.ACCEPTED)
    return rings.order_by("-created_at").values("call_id")[:REMEMBERED]


def _deeper(key: Any) -> Any:
    """The same person, as seen from a query below."""
    return OuterRef(key) if isinstance(key, OuterRef) else key

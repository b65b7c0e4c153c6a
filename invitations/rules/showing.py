"""Who may see whether somebody is online or in a call: whoever they show it to, and whose ring would reach them now.

A person who has blocked somebody, or does not want to be disturbed, must look like one without any device. Hence all
are asked for in one statement and judged alike, whether there is anything to see or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import BooleanField, Case, CharField, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce, NullIf

from invitations.conf import limits
from invitations.models import Audience, RingsFrom, UserKey, Verdict
from invitations.rules import terms
from invitations.rules.judging import Ring, Terms, judge
from invitations.rules.knowing import know
from invitations.store.statements import Bind, Prepared


def shown_to(viewer_id: UserKey, user_ids: Iterable[UserKey], *, now: datetime) -> set[UserKey]:
    """Of some people, those of whom somebody may see whether they are online or in a call. One query.

    Args:
        viewer_id: the key of the person who looks.
        user_ids: whom they look at.
    """
    found = _SHOWING.rows(viewer=viewer_id, users=list(user_ids), rings_from=limits().rings_from)
    return {each.terms.user_id for each in found if _is_shown(each, now)}


class _Showing(NamedTuple):
    """What somebody has settled about being seen by one particular person.

    Args:
        terms: and about being rung by them.
        audience: to whom they show themselves, one of `Audience`.
        is_known: they have called that person, or talked with them.
    """

    terms: Terms
    audience: str
    is_known: bool


def _is_shown(settled: _Showing, now: datetime) -> bool:
    # A ring of the plain kind: whatever gets through as urgent or repeated is no reason to be seen before.
    verdict = judge(settled.terms, Ring(is_known=settled.is_known), now=now)
    is_for_them = settled.audience == Audience.EVERYONE or (
        settled.audience == Audience.CONTACTS and settled.terms.is_contact
    )
    return verdict == Verdict.RINGS and is_for_them


def _made(columns: Sequence[Any]) -> _Showing:
    *settled, audience, is_known = columns
    return _Showing(terms.made(settled), audience, bool(is_known))


_RINGS_FROM = Coalesce(NullIf(F("calling_preferences__rings_from"), Value("")), Bind("rings_from", CharField()))
_SETTLED = {
    **terms.columns_of("", OuterRef("pk"), Bind("viewer")),
    "audience": Coalesce(F("calling_preferences__show_presence"), Value(Audience.EVERYONE.value)),
    # Looked for only where it matters.
    "is_known": Case(
        When(Q(in_force=RingsFrom.KNOWN) & know(OuterRef("pk"), Bind("viewer")), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    ),
}
_people = get_user_model()._base_manager.filter(pk__in=Bind("users")).order_by().alias(in_force=_RINGS_FROM)
_SHOWING = Prepared(_people.annotate(**_SETTLED).values_list("pk", *_SETTLED), row=_made)

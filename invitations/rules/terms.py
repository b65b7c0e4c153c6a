"""What the rules decide by, read in the transaction of the verb, after the locks on the people.

One statement for all who are to be rung, whatever they have settled: rows of the two people, found by unique indexes,
so that it takes as long with ten thousand contacts as with none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Cast

from invitations.conf import limits
from invitations.models import Block, Contact, ContactState, Invitation, UserKey
from invitations.rules.judging import Terms
from invitations.rules.knowing import know
from invitations.store import people
from invitations.store.listening import LISTENING
from invitations.store.sheets import Person
from invitations.store.statements import Bind, Prepared, Soon, aggregated

DAY = timedelta(days=1)


def begin(caller_id: UserKey, names: Collection[str], *, device_id: str) -> Soon[tuple[Person, Terms, str | None]]:
    """Lock a caller and people, and ask for them with what they have settled about the caller.

    Args:
        caller_id: the caller's key.
        names: public ids; unknown ones are left out.
        device_id: the caller's device; the caller is returned with its label and kind.

    Returns:
        The active ones, in the order of their keys, and with each which hooks listen (`store.listening`).
    """
    people.lock_soon(names)
    return _PEOPLE.soon(caller=caller_id, names=names, user=caller_id, device=device_id)


def of_user(caller_id: UserKey, username: str) -> Terms | None:
    """What one person has settled about a caller; None if there is no such person."""
    return _TERMS.first(caller=caller_id, names=[username])


def knows(user_id: UserKey, other_id: UserKey) -> bool:
    """Whether somebody has called another person, or talked with them, of late (`knowing`)."""
    return bool(_KNOWS.rows(user=user_id, other=other_id))


def urgent_in_a_day(caller_id: UserKey, user_id: UserKey, *, now: datetime) -> int:
    """How many urgent calls a caller has made to somebody in the last 24 hours."""
    return _URGENT.rows(caller=caller_id, user=user_id, since=now - DAY)[0]


def made(columns: Sequence[Any]) -> Terms:
    """Terms of a row: the person's key, and the columns of `columns_of`."""
    user_id, rings_from, until, hours, zone, let_through, has_blocked, is_blocked, favourite = columns
    return Terms(
        user_id,
        has_blocked=bool(has_blocked),
        is_blocked=bool(is_blocked),
        is_contact=favourite is not None,
        is_favourite=bool(favourite),
        rings_from=rings_from or limits().rings_from,
        do_not_disturb_until=until,
        quiet_hours=hours,
        time_zone=zone or "",
        let_through=let_through or (),
    )


def columns_of(user: str, of: Any, about: Any) -> dict[str, Any]:
    """The columns of terms, to annotate a query with.

    Args:
        user: the lookup that leads to the person whose terms they are.
        of: that person's key, as seen from a subquery.
        about: the caller's.
    """
    lets_in = Contact.objects.filter(user=of, other=about, state=ContactState.CONTACT).order_by()
    return {
        "terms_rings_from": F(f"{user}calling_preferences__rings_from"),
        "terms_until": F(f"{user}calling_preferences__do_not_disturb_until"),
        "terms_hours": F(f"{user}calling_preferences__quiet_hours"),
        "terms_zone": F(f"{user}calling_preferences__time_zone"),
        "terms_let_through": F(f"{user}calling_preferences__let_through"),
        # As numbers, which need no reading.
        "terms_has_blocked": Cast(Exists(Block.objects.filter(user=of, other=about).order_by()), IntegerField()),
        "terms_is_blocked": Cast(Exists(Block.objects.filter(user=about, other=of).order_by()), IntegerField()),
        "terms_favourite": Cast(Subquery(lets_in.values("favourite")[:1]), IntegerField()),
    }


_users = get_user_model()._base_manager
_OF = columns_of("", OuterRef("pk"), Bind("caller"))
_TERMS = Prepared(
    _users.filter(**{f"{people.USERNAME}__in": Bind("names")}).order_by().annotate(**_OF).values_list("pk", *_OF),
    row=made,
)

_PEOPLE = Prepared(
    people.described(people.FOUND, "", labelled=True).annotate(**_OF, listening=LISTENING),
    row=lambda columns: (
        people.person(*columns[: people.PERSON_COLUMNS]),
        made((columns[0], *columns[people.PERSON_COLUMNS : -1])),
        columns[-1],
    ),
)

_KNOWS = Prepared(
    _users.filter(know(Bind("user"), Bind("other")), pk=Bind("user")).order_by().values_list("pk"), row=itemgetter(0)
)
_URGENT = Prepared(
    aggregated(
        Invitation.objects.filter(
            inviter_id=Bind("caller"), invitee_id=Bind("user"), urgent=True, created_at__gt=Bind("since")
        ),
        Count("*"),
    ),
    row=itemgetter(0),
)

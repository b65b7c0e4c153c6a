"""People in the order in which one looks for them: those who are online, those one called with lately, then by name.

For looking at only: no rule depends on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, Lower, NullIf
from rest_framework.request import Request

from invitations import calls
from invitations.api.pagination import page_of
from invitations.calls import Seen
from invitations.models import UserKey
from invitations.store import people

LOOKED_AT = 500
"""Of how many people it is looked who is online, and how many are sorted by name. Of more, the most recent count."""
MOST = 50
"""How many come first at most, whatever a page holds."""


class Look:
    """What one person sees of others, each of whom is looked at once.

    Args:
        viewer_id: the key of the person who looks.
        now: the moment.
    """

    def __init__(self, viewer_id: UserKey, now: datetime) -> None:
        self.viewer_id = viewer_id
        self._now = now
        self._seen: dict[UserKey, Seen] = {}

    def at(self, keys: Collection[UserKey]) -> dict[UserKey, Seen]:
        """What there is to see of these people, by key, and of those looked at before."""
        if missing := [each for each in keys if each not in self._seen]:
            self._seen |= calls.seen_by(self.viewer_id, missing, now=self._now)
        return self._seen


def page(
    found: QuerySet[Any],
    request: Request,
    asked: Mapping[str, Any],
    look: Look,
    shown: Callable[[list[Any]], list[Any]],
) -> dict[str, Any]:
    """A page of people, as `pagination.page_of` gives it; those who are near come first on the first one.

    Args:
        found: the people, in any order.
        request: of the page.
        asked: `cursor` and `page_size`.
        look: that of the person who asks.
        shown: turns users into what is sent.

    Raises:
        InvalidInput: a cursor that makes no sense.
    """
    found, keys = looked_through(found)
    order: tuple[str, ...] = (people.USERNAME,)
    if len(keys) <= LOOKED_AT:
        chosen = NullIf(F("calling_preferences__display_name"), Value(""))
        found = found.annotate(sorted_by=Lower(Coalesce(chosen, F(people.USERNAME))))
        order = ("sorted_by", people.USERNAME)
    if asked["cursor"] is not None:
        return page_of(found, request, asked, order, shown)
    near = _near(found, look, keys[:LOOKED_AT])[: min(MOST, asked["page_size"] - 1)]
    rest = found.exclude(pk__in=[each.pk for each in near])
    listed = page_of(rest, request, {**asked, "page_size": asked["page_size"] - len(near)}, order, shown)
    return {**listed, "results": [*shown(near), *listed["results"]]}


def looked_through(found: QuerySet[Any, Any]) -> tuple[QuerySet[Any, Any], list[UserKey]]:
    """The same people, and the keys of the first of them: no more than `LOOKED_AT` and one.

    If those are all, they are found by their keys from now on, so that everybody here is looked at only once: a rare
    word is found nowhere but at the end. A frequent one is found soon in any order.
    """
    keys = list(found.order_by().values_list("pk", flat=True)[: LOOKED_AT + 1])
    return (found.filter(pk__in=keys) if len(keys) <= LOOKED_AT else found), keys


def _near(found: QuerySet[Any], look: Look, keys: list[UserKey]) -> list[Any]:
    met = calls.met_lately(look.viewer_id)
    seen = look.at(list(dict.fromkeys([*keys, *met])))
    online = {key for key, each in seen.items() if each.online}
    near = list(found.filter(pk__in=online | set(met)).order_by(people.USERNAME))
    # Whom one never called with comes after those one has.
    ranks = {key: rank for rank, key in enumerate(met)}
    return sorted(near, key=lambda each: (each.pk not in online, ranks.get(each.pk, len(ranks)), _name(each)))


def _name(user: Any) -> str:
    return people.shown_name_of(user).casefold()

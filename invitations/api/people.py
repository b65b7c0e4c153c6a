"""The people one may call, in pages. Holds no rule about who is listed to whom, or who sees that somebody is online."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from invitations import shapes
from invitations.api import nearness
from invitations.api.endpoint import Endpoint, answered
from invitations.api.nearness import Look
from invitations.api.openapi import people_operations as operations
from invitations.api.openapi.operations import described
from invitations.api.pagination import page_of
from invitations.calls import Seen
from invitations.requests import queries, throttles
from invitations.requests.tokens import asker_id
from invitations.rules import listing
from invitations.store import people


@described(get=operations.LIST_USERS)
class Users(Endpoint):
    """People who can be called."""

    def get(self, request: Request) -> HttpResponse:
        asked = queries.USERS.checked(request.query_params)
        viewer_id, search = asker_id(request), asked["search"] or ""
        if asked["id"] is not None or search.strip():
            throttles.check_search(request._request, viewer_id)
        found = listing.found(viewer_id, search=search, username=asked["id"])
        look = Look(viewer_id, timezone.now())

        def shown(users: list[Any]) -> list[shapes.contacts.User]:
            seen = look.at([each.pk for each in users])
            return [_view(each, seen[each.pk]) for each in users]

        if asked["order"] == "near":
            return answered(200, nearness.page(found, request, asked, look, shown))
        if search:
            found, _ = nearness.looked_through(found)
        return answered(200, page_of(found, request, asked, (people.USERNAME,), shown))


def _view(user: Any, seen: Seen) -> shapes.contacts.User:
    name = people.shown_name_of(user)
    return {"id": user.get_username(), "name": name, "online": seen.online, "in_call": seen.in_call}

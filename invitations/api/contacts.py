"""REST about contacts and blocks: whom people let in, whom they ask, and from whom they never want to hear."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from invitations import contacts, shapes
from invitations.api.endpoint import Endpoint, answered
from invitations.api.nearness import Look
from invitations.api.openapi import people_operations as operations
from invitations.api.openapi.operations import described
from invitations.api.pagination import page_of
from invitations.errors import CallError, Code
from invitations.models import Block, Contact, Invitation, UserKey, names
from invitations.requests import audit, inputs, queries, throttles
from invitations.requests.tokens import asker_id
from invitations.store import people

BY_NAME = ("-favourite", "sorted_by", "id")
NEWEST_FIRST = ("-changed_at", "-id")


@described(get=operations.LIST_CONTACTS, post=operations.ASK_CONTACT)
class Contacts(Endpoint):
    """The asker's contacts, and what is asked between them and others."""

    def get(self, request: Request) -> HttpResponse:
        asked = queries.CONTACTS.checked(request.query_params)
        found = contacts.contacts(asker_id(request), state=asked["state"])
        found = found.filter(contacts.is_finding((asked["search"] or "").split()))
        order = BY_NAME if asked["state"] in (None, "contact") else NEWEST_FIRST
        return answered(200, page_of(found, request, asked, order, lambda rows: _seen(rows, asker_id(request))))

    def post(self, request: Request) -> HttpResponse:
        values, now = inputs.ASK.checked(request.data), timezone.now()
        throttles.check_ask(request._request, asker_id(request), values["user"], now)
        other = people.named(values["user"])
        if other is None:
            raise CallError(Code.UNKNOWN_USER)
        kept = contacts.ask(request.user, other, message=names.readable(values["message"]), now=now)
        return _kept(request, kept, "contact-asked", status=201)


@described(get=operations.GET_CONTACT, patch=operations.CHANGE_CONTACT, delete=operations.DELETE_CONTACT)
class OneContact(Endpoint):
    """How the asker stands to one person."""

    def get(self, request: Request, user: str) -> HttpResponse:
        found = contacts.contacts(asker_id(request)).filter(other=_known(user)).first()
        if found is None:
            raise Http404
        return answered(200, _seen([found], asker_id(request))[0])

    def patch(self, request: Request, user: str) -> HttpResponse:
        values, other = inputs.FAVOURITE.checked(request.data), _known(user)
        contact = contacts.set_favourite(asker_id(request), other, values["favourite"], now=timezone.now())
        return answered(200, contacts.contact_view(contact))

    def delete(self, request: Request, user: str) -> HttpResponse:
        other = people.named(user, active=False)
        if other is not None and contacts.remove(request.user, other, now=timezone.now()):
            audit.settled(request._request, "contact-removed", user_id=asker_id(request), other_id=other.pk)
        return HttpResponse(status=204)


@described(post=operations.ACCEPT_CONTACT)
class AcceptedContact(Endpoint):
    """Lets a person in who asks."""

    def post(self, request: Request, user: str) -> HttpResponse:
        kept = contacts.accept(request.user, _known(user), now=timezone.now())
        return _kept(request, kept, "contact-accepted", status=200)


@described(get=operations.LIST_BLOCKS)
class Blocks(Endpoint):
    """The people whom the asker has blocked."""

    def get(self, request: Request) -> HttpResponse:
        asked = queries.BLOCKS.checked(request.query_params)
        found = contacts.blocks(asker_id(request)).filter(contacts.is_finding((asked["search"] or "").split()))
        return answered(200, page_of(found, request, asked, ("-created_at", "-id"), _block_views))


@described(get=operations.LIST_BLOCKED_CALLS)
class BlockedCalls(Endpoint):
    """The calls that were kept from the asker, who has blocked those who called."""

    def get(self, request: Request) -> HttpResponse:
        asked = queries.PAGE.checked(request.query_params)
        found = contacts.blocked_calls(asker_id(request))
        return answered(200, page_of(found, request, asked, ("-created_at", "-id"), _blocked_call_views))


@described(get=operations.GET_BLOCK, put=operations.PUT_BLOCK, delete=operations.DELETE_BLOCK)
class OneBlock(Endpoint):
    """Whether the asker has blocked one person."""

    def get(self, request: Request, user: str) -> HttpResponse:
        found = contacts.blocks(asker_id(request)).filter(other=_known(user)).first()
        if found is None:
            raise Http404
        return answered(200, contacts.block_view(found))

    def put(self, request: Request, user: str) -> HttpResponse:
        # It tells whether there is somebody, and their name.
        throttles.check_search(request._request, asker_id(request))
        other = _known(user)
        made = contacts.block(asker_id(request), other, now=timezone.now())
        if made.is_new:
            audit.settled(request._request, "blocked", user_id=asker_id(request), other_id=other.pk)
        return answered(201 if made.is_new else 200, contacts.block_view(made.block))

    def delete(self, request: Request, user: str) -> HttpResponse:
        other = people.named(user, active=False)
        if other is not None and contacts.unblock(asker_id(request), other, now=timezone.now()):
            audit.settled(request._request, "unblocked", user_id=asker_id(request), other_id=other.pk)
        return HttpResponse(status=204)


def _known(name: str) -> Any:
    """The person of this id, whether or not their account is disabled.

    Raises:
        Http404: there is none.
    """
    found = people.named(name, active=False)
    if found is None:
        raise Http404
    return found


def _kept(request: Request, kept: contacts.Kept, act: str, *, status: int) -> HttpResponse:
    if kept.is_new:
        audit.settled(request._request, act, user_id=asker_id(request), other_id=kept.contact.other_id)
    return answered(status if kept.is_new else 200, contacts.contact_view(kept.contact))


def _seen(found: list[Contact], viewer_id: UserKey) -> list[shapes.contacts.Contact]:
    """Contacts, with what their owner sees of the others now."""
    seen = Look(viewer_id, timezone.now()).at([each.other_id for each in found])
    return [
        {**contacts.contact_view(each), "online": seen[each.other_id].online, "in_call": seen[each.other_id].in_call}
        for each in found
    ]


def _blocked_call_views(found: list[Invitation]) -> list[shapes.contacts.BlockedCall]:
    return [contacts.blocked_call_view(each) for each in found]


def _block_views(found: list[Block]) -> list[shapes.contacts.Block]:
    return [contacts.block_view(each) for each in found]

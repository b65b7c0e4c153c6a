"""The views of REST: find out who asks and with what, run a verb or a list, and answer. No rules about calls here."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django.contrib.auth import logout
from django.http import Http404, HttpResponse
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from invitations import calls, contacts, shapes
from invitations.api import ring_tokens
from invitations.api.endpoint import Endpoint, answered
from invitations.api.openapi import operations, people_operations
from invitations.api.openapi.operations import described
from invitations.api.pagination import page_of
from invitations.api.ring_tokens import InvitationAuthentication
from invitations.calls.permits import Unasked
from invitations.errors import Code
from invitations.models import Call, UserKey, likeness
from invitations.push.action_tokens import Grant
from invitations.requests import audit, freshness, inputs, queries, ring_hook, service_access, verbs
from invitations.requests.deleting import delete_account
from invitations.requests.known_tokens import KnownBearerAuthentication, Renamed, proved
from invitations.requests.problems import STATUS, InvalidInput
from invitations.requests.tokens import (
    BearerAuthentication,
    actor_of,
    asker_id,
    life_of,
)
from invitations.requests.verbs import Verb
from invitations.serializers import call_view, moment, service_view
from invitations.words import say

NEWEST = ("-created_at", "-id")


class VerbEndpoint(Endpoint):
    """One verb at its URL; `endpoint_of` makes a view for each."""

    verb: ClassVar[Verb]

    def get_authenticators(self) -> list[Any]:
        found = super().get_authenticators()
        if self.verb.reads or getattr(self.request, "method", None) != self.verb.method:
            return found
        # `perform` proves what is remembered.
        return [KnownBearerAuthentication() if type(each) is BearerAuthentication else each for each in found]

    def perform(self, request: Request, call_id: str | None) -> HttpResponse:
        """Answer a request to the verb's URL.

        Raises:
            AuthenticationFailed: the token ended while it was used.
        """
        try:
            with proved(request.auth):
                return self._perform(request, call_id)
        except Renamed:
            if (found := BearerAuthentication().authenticate(request)) is None:
                raise AuthenticationFailed from None
            request.user, request.auth = found
            return self._perform(request, call_id)

    def _perform(self, request: Request, call_id: str | None) -> HttpResponse:
        name, now = self.verb.name, timezone.now()
        if getattr(request.auth, "proof", None) is not None:
            service_access.refuse_naming(request, takes_body=True)
        query = queries.of_verb(self.verb.is_about_a_call).checked(request.query_params)
        if isinstance(request.auth, Grant):
            acted = ring_tokens.act(name, request.auth, request.user, call_id=call_id, body=request.data, now=now)
            return answered(*acted)
        actor = actor_of(request)
        if self.verb.admin_permission is not None and actor.service is None:
            actor = replace(actor, is_admin=request.user.has_perm(self.verb.admin_permission))
        body: Any = None if self.verb.reads else request.data
        if body is not None and actor.service is not None:
            # For whom it acts was looked at before.
            body = {name: each for name, each in body.items() if name != service_access.AS_USER}
        attempt = query.get("attempt")
        key = request.headers.get("Idempotency-Key")
        perform = partial(
            verbs.perform, name, actor=actor, call_id=call_id, body=body, attempt=attempt, idempotency_key=key
        )
        try:
            return answered(*perform(now=now))
        except Unasked as unasked:
            permit = ring_hook.ask_and_wait(unasked.question, now=now)
            return answered(*perform(now=timezone.now(), permit=permit))


class Calls(VerbEndpoint):
    """Sends a call, and lists the asker's own at the same URL."""

    def get(self, request: Request) -> HttpResponse:
        if service_access.is_service_itself(request):
            return self._of_everybody(request)
        asked = queries.HISTORY.checked(request.query_params)
        now = timezone.now()
        viewer_id = asker_id(request)
        # Expires what is overdue: the history must not show a ring left over while the dispatcher is down.
        calls.open_calls(viewer_id, now=now)
        found = calls.history(
            viewer_id,
            state=asked["state"],
            direction=asked["direction"],
            missed=asked["missed"],
            with_user=asked["with"],
            is_video_call=asked["is_video_call"],
            end_reason=asked["end_reason"],
            since=asked["from"],
            until=asked["to"],
        )
        return answered(200, page_of(found, request, asked, NEWEST, lambda rows: _call_views(rows, viewer_id, now)))

    def _of_everybody(self, request: Request) -> HttpResponse:
        asked, now = queries.ALL_CALLS.checked(request.query_params), timezone.now()
        found = calls.everybodys(
            user=asked["user"],
            state=asked["state"],
            end_reason=asked["end_reason"],
            since=asked["from"],
            until=asked["to"],
        )
        return answered(200, page_of(found, request, asked, NEWEST, lambda rows: _service_views(rows, now)))


def endpoint_of(verb: Verb) -> type[VerbEndpoint]:
    """The view for a verb's URL."""

    def act(self: VerbEndpoint, request: Request, call_id: str | None = None) -> HttpResponse:
        return self.perform(request, call_id)

    base: type[VerbEndpoint] = Calls if verb.path == "calls" else VerbEndpoint
    own = (InvitationAuthentication,) if verb.takes_ring_token else ()
    view: type[VerbEndpoint] = type(
        f"{verb.name.title().replace('_', '')}Endpoint",
        (base,),
        {
            "__doc__": verb.summary,
            "verb": verb,
            "authentication_classes": (*own, *base.authentication_classes),
            verb.method.lower(): act,
        },
    )
    listed = {"get": operations.LIST_CALLS} if base is Calls else {}
    return described(**{verb.method.lower(): operations.of_verb(verb)}, **listed)(view)


@described(get=people_operations.GET_ME, patch=people_operations.CHANGE_ME, delete=people_operations.DELETE_ME)
class Me(Endpoint):
    """The asker's own profile and settings, and the account itself."""

    def get(self, request: Request) -> HttpResponse:
        return self._answered(request, contacts.own_settings(request.user, now=timezone.now()))

    def patch(self, request: Request) -> HttpResponse:
        values = inputs.ME.checked(request.data)
        if "name" in values:
            values["display_name"] = _allowed_name(values.pop("name"), request.user)
        # Left to the server, these are stored as empty.
        values |= {name: "" for name in ("rings_from", "time_zone") if name in values and values[name] is None}
        me = contacts.settle(request.user, values, now=timezone.now())
        if ruling := contacts.RULED_BY.intersection(values):
            audit.settled(request._request, "rules-changed", user_id=asker_id(request), what=ruling)
        return self._answered(request, me)

    def delete(self, request: Request) -> HttpResponse:
        now = timezone.now()
        freshness.check(request, now=now)
        delete_account(asker_id(request), request=request._request, now=now)
        if request.auth is None:
            logout(request._request)
        return HttpResponse(status=204)

    @staticmethod
    def _answered(request: Request, me: shapes.account.Me) -> HttpResponse:
        began_at, ends_at = life_of(request.auth) or (None, None)
        return answered(200, {**me, "token_created_at": moment(began_at), "token_expires_at": moment(ends_at)})


class Problem(Endpoint):
    """What a code means: a problem's `type` leads here."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request, code: str) -> HttpResponse:
        known = next((each for each in Code if each == code), None)
        if known is None:
            raise Http404
        said = {"code": code, "status": STATUS[known], "title": known.sentence, "detail": known.advice}
        return answered(200, said)


class Unknown(Endpoint):
    """Every other URL under the API."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse any method.

        Raises:
            Http404: always.
        """
        raise Http404

    def get(self, request: Request) -> HttpResponse:
        raise Http404


def _allowed_name(name: str, user: Any) -> str:
    """The name, unless it is kept for staff.

    Raises:
        InvalidInput: it is.
    """
    if likeness.is_reserved(name) and not getattr(user, "is_staff", False):
        raise InvalidInput({"name": [say("validation.name_reserved")]})
    return name


def _service_views(rows: list[Call], now: datetime) -> list[shapes.calls.CallObject]:
    return [service_view(each, now) for each in calls.sheets_as_of_now(rows, now=now)]


def _call_views(rows: list[Call], viewer_id: UserKey, now: datetime) -> list[shapes.calls.CallObject]:
    return [call_view(each, viewer_id, now) for each in calls.sheets(rows)]

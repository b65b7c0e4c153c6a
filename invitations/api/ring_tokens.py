"""Acting with the token from a push message: `Authorization: Invitation <token>`.

Valid for one ring on one device, signed in or not, and dead with that ring. Cookies do not count, so no CSRF check is
needed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from invitations.calls import CURRENT
from invitations.errors import CallError, Code
from invitations.models import Delivery, Invitation
from invitations.push import action_tokens
from invitations.push.action_tokens import Grant
from invitations.requests import verbs
from invitations.store.sheets import Actor

SCHEME = "invitation"


class InvitationAuthentication(BaseAuthentication):
    """`Authorization: Invitation <token>`: the user is the invitee, `request.auth` the grant."""

    def authenticate(self, request: Request) -> tuple[Any, Grant] | None:
        """The invitee and what the token permits; None for another scheme.

        Raises:
            AuthenticationFailed: the token is forged or for something else, or its user may no longer sign in.
        """
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        grant = action_tokens.read(token.strip())
        if grant is None:
            raise AuthenticationFailed
        user = self._owner(grant)
        if user is None or not user.is_active:
            raise AuthenticationFailed
        return user, grant

    def authenticate_header(self, request: Request) -> str:
        return "Invitation"

    def _owner(self, grant: Grant) -> Any | None:
        if grant.kind != action_tokens.RING:
            return None
        return get_user_model()._default_manager.filter(received_invitations=grant.key).first()


class TestAuthentication(InvitationAuthentication):
    """The same for the token of a test ring."""

    def _owner(self, grant: Grant) -> Any | None:
        if grant.kind != action_tokens.TEST:
            return None
        test = Delivery.objects.filter(pk=grant.key).select_related("user").first()
        return None if test is None else test.user


def act(verb: str, grant: Grant, user: Any, *, call_id: str | None, body: object, now: datetime) -> verbs.Answer:
    """Do what a token permits.

    Args:
        verb: `ringing` or `reject`.
        grant: what the token permits.
        user: the invitee.
        call_id: from the URL; must be the ring's own call. `current` stands for it, for a device that was not told it.
        body: as for the verb, but without regard to `device_id`: the token names the device.
        now: the moment of the request.

    Returns:
        As the verb, but 410 with the reason if the ring is over.

    Raises:
        CallError: `not_found`, the token is for another call.
    """
    invited = Invitation.objects.filter(pk=grant.key).values_list("call__call_id", "call__attempt").first()
    if invited is None or call_id not in (invited[0], CURRENT):
        raise CallError(Code.NOT_FOUND)
    call_id, attempt = invited
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name != "device_id"}
    actor = Actor(user.pk, user.get_username(), grant.device_id, ring_pk=grant.key)
    status, answer = verbs.perform(verb, actor=actor, call_id=call_id, body=body, now=now, attempt=attempt)
    status = verbs.OVER_BY_TOKEN.get(status, status)
    return status, {**answer, "status": status} if status >= 400 else answer

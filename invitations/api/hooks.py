"""REST about hooks: how a service adds them, and looks at what they were told."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from invitations import shapes
from invitations.api.endpoint import Endpoint, answered
from invitations.api.openapi import hook_operations as operations
from invitations.api.openapi.operations import described
from invitations.api.pagination import page_of
from invitations.hooks import registering
from invitations.hooks.registering import Made
from invitations.hooks.views import hook_view, message_view
from invitations.models import Hook, HookKind, HookMessage
from invitations.requests import hook_inputs, queries
from invitations.requests.clients import service_of


@described(get=operations.LIST_HOOKS, post=operations.ADD_HOOK)
class Hooks(Endpoint):
    """A service's hooks."""

    def get(self, request: Request) -> HttpResponse:
        asked = queries.PAGE.checked(request.query_params)
        found = registering.of_service(_service_id(request))
        return answered(200, page_of(found, request, asked, ("id",), _hook_views))

    def post(self, request: Request) -> HttpResponse:
        values = hook_inputs.NEW_HOOK.checked(request.data)
        kind, now = HookKind(values["kind"]), timezone.now()
        made = registering.add(_service_id(request), values["url"], kind, values["events"], now=now)
        return answered(201, _with_secret(made))


@described(get=operations.GET_HOOK, patch=operations.CHANGE_HOOK, delete=operations.DELETE_HOOK)
class OneHook(Endpoint):
    """One of them."""

    def get(self, request: Request, hook_id: str) -> HttpResponse:
        return answered(200, hook_view(registering.one(_service_id(request), hook_id)))

    def patch(self, request: Request, hook_id: str) -> HttpResponse:
        values = hook_inputs.CHANGED_HOOK.checked(request.data)
        hook = registering.change(_service_id(request), hook_id, now=timezone.now(), **values)
        return answered(200, hook_view(hook))

    def delete(self, request: Request, hook_id: str) -> HttpResponse:
        registering.remove(_service_id(request), hook_id)
        return HttpResponse(status=204)


@described(post=operations.ROTATE_HOOK)
class RotatedHook(Endpoint):
    """Gives it another secret."""

    def post(self, request: Request, hook_id: str) -> HttpResponse:
        return answered(200, _with_secret(registering.rotate(_service_id(request), hook_id, now=timezone.now())))


@described(post=operations.TEST_HOOK)
class TestedHook(Endpoint):
    """Tells it something that did not happen."""

    def post(self, request: Request, hook_id: str) -> HttpResponse:
        message = registering.try_out(_service_id(request), hook_id, now=timezone.now())
        return answered(202, message_view(message))


@described(get=operations.LIST_HOOK_MESSAGES)
class Messages(Endpoint):
    """What it was told."""

    def get(self, request: Request, hook_id: str) -> HttpResponse:
        asked = queries.PAGE.checked(request.query_params)
        found = registering.messages_of(registering.one(_service_id(request), hook_id))
        return answered(200, page_of(found, request, asked, ("-id",), _message_views))


@described(post=operations.REPLAY_HOOK_MESSAGE)
class ReplayedMessage(Endpoint):
    """Tells it once more."""

    def post(self, request: Request, hook_id: str, message_id: str) -> HttpResponse:
        message = registering.replay(_service_id(request), hook_id, message_id, now=timezone.now())
        return answered(202, message_view(message))


def _service_id(request: Request) -> int:
    """The service that asks: nobody else gets here."""
    service = service_of(request)
    assert service is not None  # noqa: S101
    return service.service_id


def _hook_views(rows: list[Hook]) -> list[shapes.hooks.Hook]:
    return [hook_view(each) for each in rows]


def _message_views(rows: list[HookMessage]) -> list[shapes.hooks.HookMessage]:
    return [message_view(each) for each in rows]


def _with_secret(made: Made) -> dict[str, Any]:
    return {**hook_view(made.hook), "secret": made.secret}

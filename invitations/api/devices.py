"""REST about devices: their names, their push addresses, and whether push works."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from invitations import addresses, shapes, words
from invitations.api.endpoint import Endpoint, answered
from invitations.api.openapi import device_operations as operations
from invitations.api.openapi.operations import described
from invitations.api.pagination import page_of
from invitations.api.ring_tokens import TestAuthentication
from invitations.credentials import taking_back
from invitations.errors import CallError, Code
from invitations.models import Device, DisabledReason, Health, RingResource
from invitations.push import action_tokens, devices, reachability, ring_tests
from invitations.requests import audit, inputs, queries
from invitations.requests.clients import service_of
from invitations.requests.tokens import asker_id, credential_of
from invitations.store import looks, people
from invitations.transports import Address, vapid

JSON = dict[str, Any]


@described(get=operations.LIST_DEVICES)
class Devices(Endpoint):
    """The asker's own devices."""

    def get(self, request: Request) -> HttpResponse:
        return answered(
            200,
            page_of(_devices_of(request), request, _page_asked(request), ("device_id",), _device_views),
        )


@described(get=operations.GET_DEVICE, put=operations.PUT_DEVICE, delete=operations.DELETE_DEVICE)
class OneDevice(Endpoint):
    """One of the asker's own devices."""

    def get(self, request: Request, device_id: str) -> HttpResponse:
        return answered(200, devices.view(_own(request, device_id)))

    def put(self, request: Request, device_id: str) -> HttpResponse:
        values = inputs.DEVICE.checked(request.data) | {"credential": credential_of(request)}
        now = timezone.now()
        if "push" not in values:
            return answered(200, devices.view(devices.describe(asker_id(request), device_id, **values, now=now)))
        address = values.pop("push")
        device = devices.describe(asker_id(request), device_id, **values, now=now)
        if address is None:
            devices.remove_address(device)
            return answered(200, devices.view(device))
        _set_address(device, address, request, values["credential"], now)
        return answered(200, _registered(device))

    def delete(self, request: Request, device_id: str) -> HttpResponse:
        taking_back.end_device(asker_id(request), device_id, besides=credential_of(request))
        audit.acted(request._request, "device-removed", user_id=asker_id(request), device=device_id)
        return HttpResponse(status=204)


@described(post=operations.RENEW_PUSH_ADDRESS)
class RenewAddress(Endpoint):
    """Replaces a device's push address, given the token of the old one: for workers without a session."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> HttpResponse:
        values = inputs.RENEW.checked(request.data)
        device = _device_by(values["token"])
        _set_address(device, values["push"], request, device.push_credential, timezone.now())
        return answered(200, {"device": devices.view(device), "renewal_token": _renewal_token(device)})


@described(post=operations.PROVE_PUSH_ADDRESS)
class ProveAddress(Endpoint):
    """Says how it stands with a device's push address, given its token: for pages, workers and apps."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> HttpResponse:
        values, now = inputs.PROOF.checked(request.data), timezone.now()
        device = _device_by(values["token"])
        if values["permission"] != "granted":
            devices.disable(device.pk, device.push_digest or "", DisabledReason.PERMISSION, now=now)
        elif not values["subscribed"]:
            devices.disable(device.pk, device.push_digest or "", DisabledReason.UNSUBSCRIBED, now=now)
        else:
            devices.prove(device, now=now)
        device.refresh_from_db()
        return answered(200, devices.view(device))


@described(get=operations.GET_REACHABILITY)
class Reachability(Endpoint):
    """Whether calls reach the asker."""

    def get(self, request: Request) -> HttpResponse:
        return answered(200, reachability.view(reachability.look(asker_id(request), now=timezone.now())))


@described(get=operations.GET_PUSH_KEY)
class PushKey(Endpoint):
    """The key with which a browser creates a push address for this server (RFC 8292 section 4.1)."""

    def get(self, request: Request) -> HttpResponse:
        public = vapid.current_public_key()
        if public is None:
            raise CallError(Code.UNAVAILABLE, words.say_lazy("error.unavailable.no_push_keys"))
        return answered(200, {"public_key": public})


@described(get=operations.GET_TEST_RING, post=operations.MAKE_TEST_RING)
class TestRing(Endpoint):
    """A real ring to one device, although nobody calls."""

    def get(self, request: Request, device_id: str) -> HttpResponse:
        test = ring_tests.latest(_own(request, device_id))
        if test is None:
            raise Http404
        return answered(200, ring_tests.view(test))

    def post(self, request: Request, device_id: str) -> HttpResponse:
        device = _own(request, device_id)
        if device.health != Health.OK:
            raise CallError(Code.NO_ADDRESS)
        return answered(201, ring_tests.view(ring_tests.begin(device, now=timezone.now())))


@described(post=operations.ACKNOWLEDGE_TEST_RING)
class TestRingShown(Endpoint):
    """A device reports that it showed its test ring."""

    authentication_classes = (TestAuthentication,)

    def post(self, request: Request, device_id: str) -> HttpResponse:
        grant: Any = request.auth
        if grant.device_id != device_id:
            raise Http404
        test = ring_tests.arrived(grant.key, device_id, now=timezone.now())
        if test is None:
            raise Http404
        devices.rang(asker_id(request), device_id, now=timezone.now())
        return answered(200, ring_tests.view(test))


@described(get=operations.LIST_RING_RESOURCES)
class Resources(Endpoint):
    """How a ring can sound and look."""

    def get(self, request: Request) -> HttpResponse:
        return answered(
            200,
            page_of(
                RingResource.objects.all(),
                request,
                _page_asked(request),
                ("resource_id",),
                _resource_views,
            ),
        )


def _registered(device: Device) -> shapes.devices.RegisteredDevice:
    return {**devices.view(device), "renewal_token": _renewal_token(device)}


def _renewal_token(device: Device) -> str:
    return action_tokens.issue_renewal(device.pk, device.push_digest or "")


def _device_by(token: str) -> Device:
    """The device whose present address has this renewal token.

    Raises:
        CallError: `not_authenticated`.
    """
    known = action_tokens.read_renewal(token)
    device = None if known is None else Device.objects.filter(pk=known[0], push_digest=known[1]).first()
    if device is None:
        raise CallError(Code.NOT_AUTHENTICATED, words.say_lazy("error.not_authenticated.push_address"))
    return device


def _set_address(device: Device, address: Address, request: Request, credential: str, now: datetime) -> None:
    origin = request.build_absolute_uri(addresses.base()).rstrip("/")
    # What a service's own program speaks says nothing.
    chosen = people.chosen_language(asker_id(request)) if service_of(request) is not None else ""
    language = chosen or words.language()
    devices.set_address(device, address, origin=origin, credential=credential, language=language, now=now)


def _page_asked(request: Request) -> JSON:
    return queries.PAGE.checked(request.query_params)


def _own(request: Request, device_id: str) -> Device:
    device = _devices_of(request).filter(device_id=device_id).first()
    if device is None:
        raise Http404
    return device


def _devices_of(request: Request) -> QuerySet[Device]:
    return Device.objects.filter(user_id=asker_id(request))


def _device_views(found: list[Device]) -> list[shapes.devices.Device]:
    return [devices.view(each) for each in found]


def _resource_views(found: list[RingResource]) -> list[shapes.media.RingResource]:
    return [_resource_view(each) for each in found]


def _resource_view(resource: RingResource) -> shapes.media.RingResource:
    look = looks.as_look(resource)
    return {
        "resource_id": resource.resource_id,
        "name": resource.name,
        "is_default": resource.is_default,
        "ringtone_url": look.ringtone_url,
        "icon_url": look.icon_url,
        "badge_url": look.badge_url,
        "vibration": list(look.vibration),
        "silent": look.silent,
        "require_interaction": look.require_interaction,
        "accent": look.accent or None,
        "title_template": look.title_template,
        "message_template": look.message_template,
    }

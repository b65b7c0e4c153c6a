"""REST about what proves who somebody is: tokens of apps, pairing codes, tickets of live sockets; and taking them
back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import Http404, HttpResponse
from django.utils import timezone
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathFillImage
from qrcode.main import QRCode
from rest_framework.request import Request

from invitations import addresses, calls, conf, shapes
from invitations.api.endpoint import Endpoint, answered
from invitations.api.openapi import credential_operations as operations
from invitations.api.openapi.operations import described
from invitations.api.pagination import page_of
from invitations.credentials import app_tokens, pairing, sessions, taking_back
from invitations.credentials.app_tokens import Issued
from invitations.credentials.sessions import BrowserSession
from invitations.errors import CallError, Code
from invitations.live.tickets import make_ticket
from invitations.models import Device, PairingCode
from invitations.requests import audit, freshness, inputs, known_devices, passwords, queries, second_steps, throttles
from invitations.requests.clients import service_of
from invitations.requests.tokens import (
    BearerAuthentication,
    BrowserAuthentication,
    asker_id,
    authenticated,
    credential_of,
    credentials_of,
)
from invitations.serializers import moment
from invitations.words import say_lazy

SCHEME = "callinvite"
"""Of the links that open an app."""


@described(post=operations.MAKE_TOKEN, delete=operations.DELETE_TOKEN)
class AuthToken(Endpoint):
    """Signs an app in, with a token as the answer, and out again."""

    authentication_classes = (BearerAuthentication,)

    def get_authenticators(self) -> list[Any]:
        # A client that signs in has no identity yet, and its cookie does not matter, so no CSRF check is needed.
        return [] if self._signs_in() else super().get_authenticators()

    def get_permissions(self) -> Any:
        return [] if self._signs_in() else super().get_permissions()

    def _signs_in(self) -> bool:
        return getattr(self.request, "method", None) == "POST"

    def post(self, request: Request) -> HttpResponse:
        values = inputs.LOGIN.checked(request.data)
        user, made = _paired(request, values) if values["pairing_code"] else _signed_in(request, values)
        answer = answered(201, _token_view(user, made, names_device=bool(values["device_id"])))
        known_devices.remember(request._request, answer, user.pk)
        return answer

    def delete(self, request: Request) -> HttpResponse:
        app_tokens.revoke_token(asker_id(request), credentials_of(request)["token_digest"] or "")
        return HttpResponse(status=204)


@described(get=operations.LIST_TOKENS)
class Tokens(Endpoint):
    """The asker's apps that are signed in."""

    def get(self, request: Request) -> HttpResponse:
        asked = queries.PAGE.checked(request.query_params)
        found = app_tokens.of_user(asker_id(request), timezone.now())
        return answered(200, page_of(found, request, asked, ("-created_at", "-id"), lambda rows: _views(rows, request)))


@described(delete=operations.END_TOKEN)
class OneToken(Endpoint):
    """One of the asker's apps that are signed in."""

    def delete(self, request: Request, token_id: UUID) -> HttpResponse:
        if not taking_back.end_token(asker_id(request), token_id):
            raise Http404
        return HttpResponse(status=204)


@described(get=operations.LIST_SESSIONS)
class Sessions(Endpoint):
    """The browsers in which the asker is signed in. All on one page: there are not many (`sessions_per_user`)."""

    def get(self, request: Request) -> HttpResponse:
        found = sessions.of_user(asker_id(request), timezone.now())
        return answered(200, {"next": None, "previous": None, "results": _browser_views(found, request)})


@described(delete=operations.END_SESSION)
class OneSession(Endpoint):
    """One of the browsers in which the asker is signed in."""

    def delete(self, request: Request, session_id: str) -> HttpResponse:
        if not taking_back.end_session(asker_id(request), session_id):
            raise Http404
        audit.acted(request._request, "session-ended", user_id=asker_id(request), device=session_id)
        return HttpResponse(status=204)


@described(post=operations.REFRESH_TOKEN)
class RefreshedToken(Endpoint):
    """Gives an app a new token for its old one."""

    authentication_classes = (BearerAuthentication,)

    def post(self, request: Request) -> HttpResponse:
        digest = credentials_of(request)["token_digest"] or ""
        made = app_tokens.refresh(asker_id(request), digest, timezone.now())
        return answered(201, _token_view(request.user, made))


@described(get=operations.GET_PAIRING, post=operations.MAKE_PAIRING, delete=operations.DELETE_PAIRING)
class Pairing(Endpoint):
    """The code that connects a phone. Only for browsers: an app whose token was stolen must not beget further ones,
    which would go on when that one is taken back."""

    authentication_classes = (BrowserAuthentication,)

    def get(self, request: Request) -> HttpResponse:
        code = pairing.latest(asker_id(request))
        if code is None:
            raise Http404
        return answered(200, _pairing_view(code))

    def post(self, request: Request) -> HttpResponse:
        code, expires_at = pairing.make(
            asker_id(request), credential_of(request), timezone.now(), freshness.signed_in_at(request)
        )
        audit.acted(request._request, "pairing-code-made", user_id=asker_id(request))
        server = request.build_absolute_uri(addresses.base())
        link = f"{SCHEME}://pair?{urlencode({'server': server, 'code': code})}"
        made: shapes.signing_in.PairingCode = {
            "pairing_code": code,
            "expires_at": moment(expires_at),
            "expires_in_seconds": conf.limits().pairing_seconds,
            "link": link,
            "qr": _qr(link),
        }
        return answered(201, made)

    def delete(self, request: Request) -> HttpResponse:
        pairing.withdraw(asker_id(request))
        return HttpResponse(status=204)


@described(post=operations.SIGN_OUT_EVERYWHERE)
class SignOutEverywhere(Endpoint):
    """Ends all that the asker is signed in by, but for what the request came with."""

    def post(self, request: Request) -> HttpResponse:
        taking_back.end_everything(asker_id(request), besides=credential_of(request))
        audit.acted(request._request, "signed-out-everywhere", user_id=asker_id(request))
        return HttpResponse(status=204)


@described(post=operations.MAKE_TICKET)
class LiveTicket(Endpoint):
    """A one-use ticket for a live socket."""

    def post(self, request: Request) -> HttpResponse:
        service = service_of(request)
        digest = None if service is None else service.digest
        ticket = make_ticket(asker_id(request), **credentials_of(request), service_digest=digest)
        return answered(201, {"ticket": ticket, "expires_in_seconds": conf.limits().ticket_seconds})


def _signed_in(request: Request, values: dict[str, Any]) -> tuple[AbstractBaseUser, Issued]:
    passwords.check_allowed()
    with throttles.door(request._request, values["username"]) as attempt:
        user = authenticated(request._request, values["username"], values["password"])
        if user is not None:
            attempt.was_right()
    if user is None:
        raise CallError(Code.NOT_AUTHENTICATED, say_lazy("sign_in.wrong"))
    second_steps.demand(request._request, user, values["code"])
    return user, app_tokens.issue(user, values["device_name"], timezone.now(), values["device_id"])


def _paired(request: Request, values: dict[str, Any]) -> tuple[AbstractBaseUser, Issued]:
    attempt = throttles.check_pairing(request._request)
    found = pairing.redeem(values["pairing_code"], values["device_name"], timezone.now(), values["device_id"])
    if found is None:
        audit.refused(request._request, "wrong_pairing_code")
        raise CallError(Code.NOT_AUTHENTICATED, say_lazy("sign_in.wrong_pairing_code"))
    attempt.was_right()
    return found


def _token_view(user: Any, made: Issued, *, names_device: bool = True) -> shapes.signing_in.Token:
    person = calls.me(user.pk, user.get_username())
    said: shapes.signing_in.Token = {"token": made.token, "expiry": moment(made.expires_at), "user": person}
    return {**said, "device_id": made.device_id} if names_device else said


def _views(rows: list[Any], request: Request) -> list[shapes.signing_in.SignedInApp]:
    ids = [each.device_id for each in rows]
    labels = dict(Device.objects.filter(user_id=asker_id(request), device_id__in=ids).values_list("device_id", "label"))
    current = credentials_of(request)["token_digest"]
    return [
        {
            "id": str(each.pk),
            "device_id": each.device_id,
            "device_name": labels.get(each.device_id, ""),
            "created_at": moment(each.created_at),
            "last_used_at": moment(each.last_used_at),
            "expires_at": moment(app_tokens.ends_at(each.created_at, each.expiry)),
            "current": each.digest == current,
        }
        for each in rows
    ]


def _qr(link: str) -> str:
    """A QR code (ISO/IEC 18004) with a quiet zone, which reads even if a seventh of it is hidden."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4, image_factory=SvgPathFillImage)
    code.add_data(link)
    return str(code.make_image().to_string(encoding="unicode"))


def _browser_views(found: list[BrowserSession], request: Request) -> list[shapes.signing_in.SignedInBrowser]:
    named = Device.objects.filter(user_id=asker_id(request), credential__in=[each.credential for each in found])
    came = list(named.order_by("device_id").values_list("credential", "device_id"))
    current = credential_of(request)
    return [
        {
            "id": each.credential,
            "device_ids": [device_id for credential, device_id in came if credential == each.credential],
            "user_agent": each.user_agent,
            "address": each.address,
            "created_at": moment(each.created_at),
            "last_used_at": moment(each.last_used_at),
            "expires_at": moment(each.expires_at),
            "current": each.credential == current,
        }
        for each in found
    ]


def _pairing_view(code: PairingCode) -> shapes.signing_in.Pairing:
    is_used = code.used_at is not None
    state = "used" if is_used else "open" if code.expires_at > timezone.now() else "expired"
    device = Device.objects.filter(user_id=code.user_id, device_id=code.device_id).first() if is_used else None
    return {
        "state": state,
        "expires_at": moment(code.expires_at),
        "device_id": code.device_id or None,
        "device_name": "" if device is None else device.label,
    }

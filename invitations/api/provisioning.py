"""REST for services about accounts: kept, imported and deleted, and let in by tokens, without anybody's password."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.apps import apps
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from invitations import calls, shapes
from invitations.api.endpoint import Endpoint, answered
from invitations.api.openapi import service_operations as operations
from invitations.api.openapi.operations import described
from invitations.credentials import app_tokens, pairing
from invitations.requests import inputs, provisioning
from invitations.requests.clients import service_of
from invitations.serializers import moment


@described(get=operations.GET_ACCOUNT, put=operations.PUT_ACCOUNT, delete=operations.DELETE_ACCOUNT)
class Account(Endpoint):
    """One account."""

    def get(self, request: Request, user: str) -> HttpResponse:
        return answered(200, provisioning.view(provisioning.known(user)))

    def put(self, request: Request, user: str) -> HttpResponse:
        values, now = inputs.ACCOUNT.checked(request.data), timezone.now()
        done = provisioning.put(user, values, request=request._request, now=now)
        if "is_active" in values and apps.is_installed("allauth.socialaccount"):
            from invitations.accounts.linking import forget_switch

            forget_switch(done.user)
        return answered(201 if done.is_new else 200, provisioning.view(done.user))

    def delete(self, request: Request, user: str) -> HttpResponse:
        provisioning.delete(user, request=request._request, now=timezone.now())
        return HttpResponse(status=204)


@described(post=operations.IMPORT_ACCOUNTS)
class Import(Endpoint):
    """Many accounts at once."""

    body_bytes: ClassVar[int] = inputs.IMPORT_BYTES

    def post(self, request: Request) -> HttpResponse:
        entries = inputs.IMPORT.checked(request.data)["users"]
        results = list(provisioning.take_in(entries, request=request._request, now=timezone.now()))
        return answered(200, {"results": results})


@described(post=operations.MAKE_ACCOUNT_TOKEN)
class AccountToken(Endpoint):
    """A token with which an app acts as the person."""

    def post(self, request: Request, user: str) -> HttpResponse:
        values, now = inputs.ACCOUNT_TOKEN.checked(request.data), timezone.now()
        account = provisioning.to_sign_in(user)
        ends_at = now + timedelta(seconds=values["lifetime_seconds"])
        made = app_tokens.issue(
            account,
            values["device_name"],
            now,
            values["device_id"],
            # The person has proved nothing here.
            proved_at=pairing.NEVER,
            ends_at=ends_at,
            service_id=None if (service := service_of(request)) is None else service.service_id,
        )
        said: shapes.signing_in.Token = {
            "token": made.token,
            "expiry": moment(made.expires_at),
            "user": calls.me(account.pk, account.get_username()),
            "device_id": made.device_id,
        }
        return answered(201, said)

"""Where `admin_mfa` says so, staff get into Django admin by a second step or a passkey only."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from invitations.admin import signing_in  # noqa: F401  whose door is put behind this one
from invitations.conf import limits
from invitations.credentials import second_factors

_has_permission = admin.site.has_permission
_login = admin.site.login


def has_permission(request: HttpRequest) -> bool:
    """Whether this session may use Django admin."""
    return _has_permission(request) and not _wants_second_step(request)


def login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """What Django admin shows to those who may not go on."""
    if _has_permission(request) and _wants_second_step(request):
        return second_step(request)
    answer: HttpResponse = _login(request, extra_context)
    return answer


def second_step(request: HttpRequest) -> HttpResponse:
    """To where staff add a second step, or show the one they have."""
    from allauth.account.adapter import get_adapter

    if not second_factors.kinds_of(request.user.pk) & second_factors.STEPS:
        return redirect(f"{reverse('mfa_index')}?admin")
    wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
    again = get_adapter(request).get_reauthentication_methods(request.user)[0]["url"]
    return redirect(f"{again}?{urlencode({REDIRECT_FIELD_NAME: wanted})}")


def _wants_second_step(request: HttpRequest) -> bool:
    return limits().admin_mfa and not second_factors.was_used(request)


if second_factors.installed():
    admin.site.login = login  # type: ignore[method-assign]
    admin.site.has_permission = has_permission  # type: ignore[method-assign]

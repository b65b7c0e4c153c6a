"""Which identity providers people may sign in by. Knows nothing of them if `allauth.socialaccount` is not installed."""

from __future__ import annotations

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from django.apps import apps
from django.http import HttpRequest


def is_installed() -> bool:
    """Whether this project can have identity providers."""
    return apps.is_installed("allauth.socialaccount")


def offered(request: HttpRequest) -> list[Any]:
    """The identity providers that the settings name, in their order."""
    if not is_installed():
        return []
    from allauth.socialaccount.adapter import get_adapter

    return [each for each in get_adapter(request).list_providers(request) if not each.app.settings.get("hidden")]


def offered_to(user: Any, request: HttpRequest) -> list[Any]:
    """Those of them by which somebody signs in."""
    connected = _connected(user)
    return [each for each in offered(request) if each.sub_id in connected] if connected else []


def has_provider(user: Any) -> bool:
    """Whether somebody signs in by a provider."""
    return bool(_connected(user))


def proved_at_provider(request: HttpRequest) -> bool:
    """Whether somebody who is signed in has proved at a provider anew who they are, lately."""
    latest = max(
        (
            each["at"]
            for each in get_authentication_records(request, request.user)
            if each.get("method") == "socialaccount" and each.get("reauthenticated")
        ),
        default=0.0,
    )
    return bool(time.time() - latest < app_settings.REAUTHENTICATION_TIMEOUT)


def _connected(user: Any) -> set[str]:
    if not is_installed() or not user.is_authenticated:
        return set()
    from allauth.socialaccount.models import SocialAccount

    return set(SocialAccount.objects.filter(user_id=user.pk).values_list("provider", flat=True))

"""The second step of a sign-in: what somebody has for it, and taking all of it away.

Kept by `allauth.mfa`; where that is not installed, nobody has a second step. Imports it only then."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from invitations.models import UserKey

TOTP = "totp"
PASSKEY = "webauthn"
RECOVERY_CODES = "recovery_codes"
STEPS = frozenset({TOTP, PASSKEY})
"""What makes a password alone not enough. Recovery codes only stand in for one of these."""
CODE_CHARS = 32
"""How long a code can be as it is entered, spaces and all."""
RETRY_SECONDS = 5


def installed() -> bool:
    """Whether this project has second steps at all."""
    return apps.is_installed("allauth.mfa")


def rows_of(user_id: UserKey) -> QuerySet[Any]:
    """What somebody has: one row for an authenticator app, one for each passkey, and one for all recovery codes."""
    return model()._default_manager.filter(user_id=user_id)


def model() -> Any:
    """What rows of second steps are of."""
    return apps.get_model("mfa", "Authenticator")


def kinds_of(user_id: UserKey) -> frozenset[str]:
    """Which of `TOTP`, `PASSKEY` and `RECOVERY_CODES` somebody has."""
    return frozenset(rows_of(user_id).values_list("type", flat=True)) if installed() else frozenset()


def remove_all(request: HttpRequest | None, user: AbstractBaseUser) -> int:
    """Take away all that somebody has for a second step, because they have lost it, and tell them by mail.

    Args:
        request: an admin's, for the mail; None if a command does it, which sends none.
        user: whose.

    Returns:
        How many authenticator apps and passkeys they had.
    """
    from allauth.account.adapter import get_adapter
    from allauth.mfa.signals import authenticator_removed

    with transaction.atomic():
        rows = list(rows_of(user.pk).select_for_update())
        for each in rows:
            each.delete()
    for each in rows:
        authenticator_removed.send(sender=type(each), request=request, user=user, authenticator=each)
    if rows and request is not None:
        get_adapter(request).send_notification_mail("mfa/email/second_factors_removed", user)
    return sum(each.type in STEPS for each in rows)


def has_passkeys_here(request: HttpRequest) -> bool:
    """Whether passkeys can work at the address by which this page was asked for: they belong to a name, and no IP
    address is one (Web Authentication, section 5.1.2)."""
    try:
        ip_address(host_of(request).strip("[]"))
    except ValueError:
        return installed()
    return False


def host_of(request: HttpRequest) -> str:
    """The name by which this server was asked, without the port: what passkeys belong to."""
    host, _, port = request.get_host().rpartition(":")
    return host if host and port.isdecimal() else request.get_host()


def was_used(request: HttpRequest) -> bool:
    """Whether this session went through a second step, or began with a passkey, and the account still has one."""
    from allauth.account.internal.flows.login import get_authentication_records

    user: Any = request.user
    records = get_authentication_records(request, user)
    return any(each.get("method") == "mfa" for each in records) and bool(kinds_of(user.pk) & STEPS)

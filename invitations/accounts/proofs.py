"""What counts as a proof that it is the owner of an account who is about to change what guards it."""

from __future__ import annotations

import time

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest

from invitations.credentials.sessions import SIGNED_IN_AT

_OURS = {"password", "mfa"}
"""allauth's names of what this server itself asks for. Who is signed in has given the second step, if there is one."""


def signed_in_lately(request: HttpRequest) -> bool:
    """Whether somebody signed in within ACCOUNT_REAUTHENTICATION_TIMEOUT by what this server asked for.

    That a provider let them in does not count: it may have asked them for nothing."""
    since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    if request.session.get(SIGNED_IN_AT, 0.0) < since:
        return False
    given = get_authentication_records(request, request.user)
    return any(each.get("method") in _OURS and each["at"] >= since for each in given)

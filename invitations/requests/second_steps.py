"""Looking at the code of a second step, at every door: tries are counted, and no code is taken twice.

allauth keeps in the shared cache which codes of an app were used, and in the database which recovery codes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from invitations.credentials import second_factors
from invitations.errors import CallError, Code
from invitations.models import UserKey
from invitations.requests import throttles
from invitations.requests.throttles import Attempt
from invitations.words import say_lazy

logger = logging.getLogger(__name__)


def counted(request: HttpRequest, user_id: UserKey | None) -> Attempt:
    """Count one try.

    Args:
        request: for its IP address.
        user_id: whose second step it is; None if only the passkey tells.

    Raises:
        CallError: `throttled`.
    """
    return throttles.check_passkey(request) if user_id is None else throttles.check_code(request, user_id)


@contextmanager
def looking_at_codes() -> Iterator[None]:
    """What is around looking at a code. Without the cache none is taken, for it could be a used one.

    Raises:
        CallError: `unavailable`.
    """
    try:
        yield
    except (CallError, ValidationError):
        raise
    except Exception as error:
        logger.exception("No code of a second step can be looked at")
        raise CallError(Code.UNAVAILABLE, retry_after_seconds=second_factors.RETRY_SECONDS) from error


def demand(request: HttpRequest, user: AbstractBaseUser, code: str | None) -> None:
    """Ask for the second step of an app's sign-in, if the account has one.

    Args:
        request: for its IP address.
        user: whose password was right.
        code: of the authenticator app (RFC 6238) or one of the recovery codes, each good once; None if none was given.

    Raises:
        CallError: `second_factor_required` without a code, `not_authenticated` for a wrong or used one, `throttled`, or
            `unavailable`.
    """
    kinds = second_factors.kinds_of(user.pk)
    if not kinds & second_factors.STEPS:
        return
    if not code:
        can_be_entered = second_factors.TOTP in kinds
        sentence = None if can_be_entered else say_lazy("second_factor.pair_instead")
        raise CallError(Code.SECOND_FACTOR_REQUIRED, sentence)
    from allauth.mfa.base.forms import AuthenticateForm
    from allauth.mfa.signals import authenticator_used

    attempt = counted(request, user.pk)
    form = AuthenticateForm({"code": code}, user=user)
    with looking_at_codes():
        is_right = form.is_valid()
    if not is_right:
        raise CallError(Code.NOT_AUTHENTICATED, say_lazy("account.wrong_code"))
    attempt.was_right()
    found: Any = form.authenticator
    found.record_usage()
    facts = {"request": request, "user": user, "reauthenticated": False, "passwordless": False}
    authenticator_used.send(sender=type(found), authenticator=found, **facts)

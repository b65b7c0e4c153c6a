"""Whose password it is: by name or by e-mail address, in any capitals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from invitations.requests import passwords

MOST = 10
"""At how many accounts with one address it is looked: anybody may claim one."""


class AccountBackend(AuthenticationBackend):
    """allauth's backend, which looks at one password for every attempt, whether or not the account exists: how long an
    answer takes tells nothing.

    Somebody who chose another's address as their name does not keep the other out: then it looks at both.
    """

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        if not passwords.are_allowed():
            return None
        names = (get_user_model().USERNAME_FIELD, "username", "email")
        entered = next((credentials[each] for each in names if credentials.get(each)), "")
        return next((each for each in _called(entered) if self._check_password(each, credentials["password"])), None)

    def _check_password(self, user: AbstractBaseUser | None, password: str) -> AbstractBaseUser | None:
        # allauth would tell who is switched off from who has the wrong password.
        if user is None:
            return None
        self._did_check_password = True
        return user if user.check_password(password) and self.user_can_authenticate(user) else None


def _called(name: str) -> Iterator[AbstractBaseUser]:
    """The account of this name, and the one of this e-mail address if it is another."""
    users = get_user_model()
    try:
        named = users._default_manager.get_by_natural_key(name)
        yield named
    except users.DoesNotExist:
        named = None
    addressed = _addressed(name) if "@" in name else None
    if addressed is not None and addressed != named:
        yield addressed


def _addressed(email: str) -> AbstractBaseUser | None:
    """Whose address it is: confirmed, or given to the account by an admin. What is only claimed is nobody's."""
    for user in filter_users_by_email(email, prefer_verified=True, for_login=True)[:MOST]:
        claimed = list(
            EmailAddress.objects.filter(user_id=user.pk, email=email.lower()).values_list("verified", flat=True)
        )
        if not claimed or any(claimed):
            return user
    return None

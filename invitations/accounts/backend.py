"""Whose password it is: by name or by email address, in any capitals."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from invitations.requests import passwords
from invitations.requests.called import called


class AccountBackend(AuthenticationBackend):
    """allauth's backend, which looks at one password for every attempt, whether or not the account exists: how long an
    answer takes tells nothing. Where a name is one account's and an address another's, it looks at both.
    """

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        if not passwords.are_allowed():
            return None
        names = (get_user_model().USERNAME_FIELD, "username", "email")
        entered = next((credentials[each] for each in names if credentials.get(each)), "")
        return next((each for each in called(entered) if self._check_password(each, credentials["password"])), None)

    def _check_password(self, user: AbstractBaseUser | None, password: str) -> AbstractBaseUser | None:
        # allauth would tell who is switched off from who has the wrong password.
        if user is None:
            return None
        self._did_check_password = True
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

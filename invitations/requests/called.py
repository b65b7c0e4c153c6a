"""Whose a name or an email address is, for the doors at which one is entered."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

MOST = 10
"""At how many accounts with one address it is looked: anybody may claim one."""


def called(name: str) -> Iterator[AbstractBaseUser]:
    """The account of this name, and the one of this email address if it is another: somebody who chose another's
    address as their name does not keep the other out.

    Args:
        name: as it was entered.
    """
    users = get_user_model()
    try:
        named = users._default_manager.get_by_natural_key(name)
        yield named
    except users.DoesNotExist:
        named = None
    addressed = _addressed(name) if "@" in name and apps.is_installed("allauth.account") else None
    if addressed is not None and addressed != named:
        yield addressed


def holds(user: AbstractBaseUser, email: str) -> bool:
    """Whether an address that an account has is its own: confirmed, or given to it by an admin, in which case allauth
    has no row of it. What is only claimed is nobody's.

    Args:
        user: an account with this address.
        email: in any capitals.
    """
    from allauth.account.models import EmailAddress

    claims = EmailAddress.objects.filter(user_id=user.pk, email__iexact=email)
    found = list(claims.values_list("verified", flat=True))
    return not found or any(found)


def _addressed(email: str) -> AbstractBaseUser | None:
    from allauth.account.internal.userkit import filter_users_by_email

    claiming = filter_users_by_email(email, prefer_verified=True, for_login=True)[:MOST]
    return next((each for each in claiming if holds(each, email)), None)

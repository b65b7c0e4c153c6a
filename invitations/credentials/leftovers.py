"""What services have left behind with people, and what is taken back of it: whoever had a service's token must keep
nothing when the service may do no more of that kind."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from invitations.credentials import app_tokens, service_tokens
from invitations.hooks import switching
from invitations.models import AppToken, Device, Hook, HookOff, Service, ServiceScope, ServiceToken, UserKey
from invitations.push import devices


def settle(service: Service, *, now: datetime) -> None:
    """Take back what a service has left under scopes that it has no more; everything, if it is disabled or has no token
    that works. Its hooks can be switched on again. Safe to repeat.

    Args:
        service: as it is now stored.
        now: an aware datetime.
    """
    is_over = not service_tokens.usable(now).filter(service_id=service.pk).exists()
    held = () if is_over else tuple(service.scopes)
    if ServiceScope.HOOKS not in held:
        for hook_pk in list(Hook.objects.filter(service=service, is_active=True).values_list("pk", flat=True)):
            switching.switch_off(hook_pk, HookOff.BY_ADMIN, now=now)
    if ServiceScope.TOKENS not in held:
        _revoke(AppToken.objects.filter(service=service))
    if ServiceScope.USERS not in held:
        devices.sign_out(service_tokens.credential_of(service.pk))


def revoke(tokens: QuerySet[ServiceToken], *, now: datetime) -> int:
    """End tokens of services, for good, and what was left by services that have none any more. Safe to repeat.

    Args:
        tokens: which.
        now: an aware datetime.

    Returns:
        How many ended by it.
    """
    concerned = list(Service.objects.filter(tokens__in=tokens).distinct())
    count = service_tokens.revoke(tokens, now=now)
    for service in concerned:
        settle(service, now=now)
    return count


def end(service: Service) -> None:
    """Take back everything that a service has left with people. Its hooks go with it when it is deleted, just after.

    Args:
        service: about to be deleted.
    """
    _revoke(AppToken.objects.filter(service=service))
    devices.sign_out(service_tokens.credential_of(service.pk))


def of_user(user_id: UserKey) -> None:
    """Take back what services have left with somebody who is out of their reach from now on. Safe to repeat.

    Args:
        user_id: the key of a member of staff.
    """
    _revoke(AppToken.objects.filter(user_id=user_id, service__isnull=False))
    left = Device.objects.filter(user_id=user_id, push_credential__startswith=devices.SERVICE)
    left.update(**devices.NO_ADDRESS)


def _revoke(tokens: QuerySet[AppToken]) -> None:
    for user_id, digest in list(tokens.values_list("user_id", "digest")):
        app_tokens.revoke_token(user_id, digest)

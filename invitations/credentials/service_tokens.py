"""Tokens of services: how they are made, known and taken back. Only a digest of each is kept.

What a request with one may do is decided in `requests.service_access`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from invitations.live import publishing
from invitations.models import Device, Service, ServiceScope, ServiceToken
from invitations.push import devices

PREFIX = "svc_"
"""How tokens of services begin, by which they are told from those of users, and found where they should not be."""
LONGEST = timedelta(days=3650)
DEFAULT_DAYS = 365
"""For how many days a token is good unless somebody says otherwise."""
INCLUDED_IN: dict[str, str] = {ServiceScope.CALLS_READ: ServiceScope.CALLS}
"""Scopes that others include: whoever may act in calls may look at them."""
HINT_CHARS = len(PREFIX) + 6
MOST_TOLD = 10_000
"""How many users' sockets look at once when a token of their service ends; others look within a minute."""
NOTED_AFTER = timedelta(minutes=1)
"""How much later a use must be than the last one for it to be written down."""
_is_token = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}").fullmatch


class Access(NamedTuple):
    """A service that is known by a valid token.

    Args:
        service_id: its key.
        name: its name.
        scopes: what it may do, values of `ServiceScope`.
        digest: of the token.
        token_id: the token's id.
    """

    service_id: int
    name: str
    scopes: tuple[str, ...]
    digest: str
    token_id: UUID

    def may(self, scope: str) -> bool:
        """Whether it has this scope, or one that includes it."""
        return scope in self.scopes or INCLUDED_IN.get(scope) in self.scopes

    @property
    def device_id(self) -> str:
        """The device that the service stands for where a request names none, whichever token it comes with."""
        return credential_of(self.service_id)


class Made(NamedTuple):
    """A new token.

    Args:
        token: the secret, which is nowhere stored.
        row: what is stored of it.
    """

    token: str
    row: ServiceToken


def make(name: str, scopes: Iterable[str], *, now: datetime, expires_at: datetime | None = None) -> Made:
    """Make a service, or find the one of this name, and make a token for it.

    Args:
        name: the service's name.
        scopes: what it may do; added to what it may do already.
        now: an aware datetime.
        expires_at: when the token ends; None for `DEFAULT_DAYS` later.

    Raises:
        ValidationError: the name or a scope is invalid, or there is none.
    """
    with transaction.atomic():
        service = Service.objects.select_for_update().filter(name=name).first() or Service(name=name, created_at=now)
        service.scopes = [*service.scopes, *(each for each in dict.fromkeys(scopes) if each not in service.scopes)]
        service.full_clean()
        service.save()
        return add_token(service, now=now, expires_at=expires_at)


def add_token(service: Service, *, now: datetime, expires_at: datetime | None = None) -> Made:
    """Make another token for a service. The others go on.

    Args:
        service: whose.
        now: an aware datetime.
        expires_at: when it ends, at most `LONGEST` later; None for `DEFAULT_DAYS` later.
    """
    token = f"{PREFIX}{token_urlsafe(32)}"
    ends_at = min(expires_at or now + timedelta(days=DEFAULT_DAYS), now + LONGEST)
    row = ServiceToken.objects.create(
        service=service, digest=_digest_of(token), hint=token[:HINT_CHARS], created_at=now, expires_at=ends_at
    )
    return Made(token, row)


def known(token: str, now: datetime) -> Access | None:
    """The service of a token; None if the token is unknown or has ended, or the service is disabled. One query.

    Args:
        token: as the client sent it.
        now: an aware datetime.
    """
    return known_by_digest(_digest_of(token), now) if _is_token(token) else None


def known_by_digest(digest: str, now: datetime) -> Access | None:
    """Like `known`, for a token of which only the digest was kept. Notes that it is used."""
    row = usable(now).filter(digest=digest).select_related("service").first()
    if row is None:
        return None
    if row.last_used_at is None or now - row.last_used_at > NOTED_AFTER:
        ServiceToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return Access(row.service_id, row.service.name, tuple(row.service.scopes), row.digest, row.pk)


def usable(now: datetime) -> QuerySet[ServiceToken]:
    """The tokens that let somebody in."""
    return ServiceToken.objects.filter(revoked_at=None, expires_at__gt=now, service__is_active=True)


def revoke(tokens: QuerySet[ServiceToken], *, now: datetime) -> int:
    """End tokens, for good. Safe to repeat.

    Args:
        tokens: which.
        now: an aware datetime.

    Returns:
        How many ended by it.
    """
    concerned = list(tokens.values_list("service_id", flat=True).distinct())
    count = tokens.filter(revoked_at=None, expires_at__gt=now).update(revoked_at=now)
    for service_id in concerned:
        recheck(service_id)
    return count


def recheck(service_id: int) -> None:
    """Have the sockets that a service opened for users look whether they may still be open: a token of it, a scope or
    the service itself may be gone.

    Args:
        service_id: its key.
    """
    came = Device.objects.filter(credential=credential_of(service_id)).order_by("-last_seen_at")
    for user_id in dict.fromkeys(came.values_list("user_id", flat=True)[:MOST_TOLD]):
        publishing.publish_recheck(user_id)


def working(service: Service, now: datetime) -> QuerySet[ServiceToken]:
    """The tokens of a service that have not ended, the oldest first."""
    return service.tokens.filter(Q(revoked_at=None), expires_at__gt=now).order_by("created_at", "id")


def is_out_of_reach(user: Any) -> bool:
    """Whether no service may act for an account, change it, or let anybody into it: staff."""
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))


def credential_of(service_id: Any) -> str:
    """How a service is remembered beside the devices and addresses that come with it; also the id of the device that it
    stands for."""
    return f"{devices.SERVICE}{service_id}"


def _digest_of(token: str) -> str:
    """A SHA-256: a token of 256 random bits needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()

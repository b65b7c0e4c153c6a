"""Tokens of apps: how they begin, go over into their successors and are taken back. What ends with one:
`credentials.endings`.

Knox stores a token's digest, its end and, as `created`, when its device first signed in; `AppToken` stores the rest.
Tokens that an older version made have no such row until they are looked at here. Who comes with a token is asked in
`requests.tokens`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from knox.models import get_token_model

from invitations import conf
from invitations.errors import CallError, Code
from invitations.models import AppToken, Device, DeviceKind, UserKey
from invitations.push import devices
from invitations.words import say_lazy

TOO_MANY = 100
"""How many tokens are given up at once where the bound was lowered."""


class Issued(NamedTuple):
    """A new token.

    Args:
        token: the secret, which is nowhere stored.
        digest: by which it is known.
        expires_at: when it ends unless it is used.
        device_id: the device that it stands for.
    """

    token: str
    digest: str
    expires_at: datetime
    device_id: str


def issue(
    user: AbstractBaseUser,
    device_name: str,
    now: datetime,
    device_id: str | None = None,
    *,
    proved_at: datetime | None = None,
    ends_at: datetime | None = None,
    service_id: int | None = None,
) -> Issued:
    """Make a token for one device of the user. Those that have expired are deleted, and beyond `tokens_per_user` those
    that were not used for longest; services' and the user's own are counted apart.

    Args:
        user: the user who signed in, as loaded when the password was checked.
        device_name: the device's name; others see it where a call was answered.
        now: an aware datetime.
        device_id: the device that the app goes by, however often it signs in; None makes one that the token stands for.
        proved_at: when the user proved who they are; None means now.
        ends_at: when it ends, however much it is used; None for one that use prolongs.
        service_id: the key of the service that makes it; None if the user does.

    Raises:
        CallError: `not_authenticated`, if the password was changed or the account disabled since.
    """
    with devices.locked(user.pk):
        _still_let_in(user)
        proved_at = proved_at or now
        made = _make(
            user.pk,
            now=now,
            created_at=now,
            device_id=device_id,
            proved_at=proved_at,
            fixed_end=ends_at,
            service_id=service_id,
        )
        # Where a service asked for it, nobody has come with it yet.
        register = devices.seen if service_id is None else devices.expected
        register(
            user.pk,
            made.device_id,
            label=device_name or None,
            kind=DeviceKind.OTHER,
            credential=devices.credential_of(token_digest=made.digest),
            now=now,
        )
        _clear(user.pk, now=now, besides=made.digest, service_id=service_id)
    return made


def issue_token(
    user: AbstractBaseUser, device_name: str, now: datetime, device_id: str | None = None
) -> tuple[str, datetime]:
    """The token that `issue` makes, and when it ends unless it is used."""
    made = issue(user, device_name, now, device_id)
    return made.token, made.expires_at


def refresh(user_id: UserKey, digest: str, now: datetime) -> Issued:
    """Make the successor of a token, which dies `token_overlap_seconds` later. The device and the moment of its first
    sign-in stay, and so do the push addresses that the token registered.

    Asked again meanwhile, because the answer was lost, the token gets another successor, and the lost one ends.

    Args:
        user_id: the key of its user.
        digest: of the token to be replaced.
        now: an aware datetime.

    Raises:
        CallError: `not_authenticated`, if the token has ended meanwhile.
    """
    model = get_token_model()
    with devices.locked(user_id):
        row = model.objects.filter(user_id=user_id, digest=digest).first()
        if row is None or ends_at(row.created, row.expiry) <= now:
            raise CallError(Code.NOT_AUTHENTICATED)
        known = known_as(row)
        proved_at = known.proved_at or row.created
        made = _make(
            user_id,
            now=now,
            created_at=row.created,
            device_id=known.device_id,
            proved_at=proved_at,
            fixed_end=_fixed_end(row, known),
            service_id=known.service_id,
        )
        _hand_over(user_id, digest, made.digest)
        if known.successor_digest:
            _hand_over(user_id, known.successor_digest, made.digest)
            revoke_token(user_id, known.successor_digest)
        dies_at = min(ends_at(row.created, row.expiry), now + timedelta(seconds=conf.limits().token_overlap_seconds))
        # Repeats do not prolong it.
        if not known.successor_digest:
            model.objects.filter(digest=digest).update(expiry=dies_at)
        AppToken.objects.filter(pk=known.pk).update(successor_digest=made.digest, last_used_at=now)
        _clear(user_id, now=now, besides=made.digest, service_id=known.service_id)
    return made


def used(row: Any, now: datetime) -> None:
    """Prolong a token that is in use, unless it has a successor, or an end that nothing moves.

    Args:
        row: knox's row of the token; updated too.
        now: an aware datetime.
    """
    known = AppToken.objects.filter(digest=row.digest)
    if known.filter(successor_digest="", is_fixed=False).update(last_used_at=now) or not known.exists():
        row.expiry = expiry(row.created, now)
        row.save(update_fields=["expiry"])


def revoke_token(user_id: UserKey, digest: str) -> bool:
    """Delete a token, the device that only it stood for, and the push addresses that it registered.

    Returns:
        Whether there was one.
    """
    count, _ = get_token_model().objects.filter(user_id=user_id, digest=digest).delete()
    return bool(count)


def of_user(user_id: UserKey, now: datetime) -> QuerySet[AppToken]:
    """The user's tokens that have not ended.

    Args:
        user_id: the user's key.
        now: an aware datetime.
    """
    model = get_token_model()
    made = AppToken.objects.filter(user_id=user_id).values("digest")
    for row in model.objects.filter(user_id=user_id).exclude(digest__in=made):
        known_as(row)
    alive = model.objects.filter(digest=OuterRef("digest")).exclude(digest__in=expired(now).values("digest"))
    found = AppToken.objects.filter(Exists(alive), user_id=user_id)
    return found.annotate(expiry=Subquery(alive.values("expiry")[:1]))


def digest_of_id(user_id: UserKey, token_id: UUID) -> str | None:
    """The digest of one of the user's tokens; None if there is no such token."""
    return AppToken.objects.filter(user_id=user_id, pk=token_id).values_list("digest", flat=True).first()


def known_as(row: Any) -> AppToken:
    """What is known of a token, of which an older version has stored nothing besides.

    Args:
        row: knox's row of the token.
    """
    known, _ = AppToken.objects.get_or_create(
        digest=row.digest,
        defaults={
            "user_id": row.user_id,
            "device_id": devices.credential_of(token_digest=row.digest),
            "created_at": row.created,
        },
    )
    return known


def expired(now: datetime) -> QuerySet[Any, Any]:
    """Knox's rows of tokens that have ended."""
    oldest = now - timedelta(seconds=conf.limits().token_seconds_max)
    return get_token_model().objects.filter(Q(expiry__lte=now) | Q(created__lte=oldest))


def expiry(created_at: datetime, now: datetime) -> datetime:
    """When a token that is used now ends unless it is used again: `token_seconds` later, and no later than
    `token_seconds_max` after its device first signed in.

    Args:
        created_at: when its device first signed in.
        now: an aware datetime.
    """
    terms = conf.limits()
    return ends_at(created_at, now + timedelta(seconds=terms.token_seconds))


def ends_at(created_at: datetime, expiry: datetime | None) -> datetime:
    """When a token ends unless it is used, however long ago its `expiry` was set.

    Args:
        created_at: when its device first signed in.
        expiry: as stored; None sets no end of its own.
    """
    longest = created_at + timedelta(seconds=conf.limits().token_seconds_max)
    return longest if expiry is None else min(longest, expiry)


def _still_let_in(user: AbstractBaseUser) -> None:
    """A password that is changed meanwhile ends all tokens: none may be made with the old one just after that."""
    now = type(user)._base_manager.filter(pk=user.pk).first()
    if now is None or not now.is_active or now.password != user.password:
        raise CallError(Code.NOT_AUTHENTICATED, say_lazy("sign_in.wrong"))


def _make(
    user_id: UserKey,
    *,
    now: datetime,
    created_at: datetime,
    device_id: str | None,
    proved_at: datetime,
    fixed_end: datetime | None = None,
    service_id: int | None = None,
) -> Issued:
    model = get_token_model()
    user = model._meta.get_field("user").related_model(pk=user_id)
    expires_at = expiry(created_at, now) if fixed_end is None else ends_at(created_at, fixed_end)
    row, token = model.objects.create(user, expiry=None)
    # Knox takes no moments, but the time of now.
    model.objects.filter(digest=row.digest).update(created=created_at, expiry=expires_at)
    named = device_id or devices.credential_of(token_digest=row.digest)
    AppToken.objects.create(
        user_id=user_id,
        digest=row.digest,
        device_id=named,
        created_at=created_at,
        proved_at=proved_at,
        last_used_at=now,
        is_fixed=fixed_end is not None,
        service_id=service_id,
    )
    return Issued(token, row.digest, expires_at, named)


def _fixed_end(row: Any, known: AppToken) -> datetime | None:
    """When a token that is replaced was to end, if nothing moves that. One that was replaced before dies sooner; its
    successor has the end that was meant."""
    if not known.is_fixed:
        return None
    successor = get_token_model().objects.filter(digest=known.successor_digest).values_list("expiry", flat=True).first()
    return successor or row.expiry


def _hand_over(user_id: UserKey, digest: str, to: str) -> None:
    """Let devices and push addresses go on with another token."""
    former, later = (devices.credential_of(token_digest=each) for each in (digest, to))
    mine = Device.objects.filter(user_id=user_id)
    mine.filter(push_credential=former).update(push_credential=later)
    mine.filter(credential=former).update(credential=later)


def _clear(user_id: UserKey, *, now: datetime, besides: str, service_id: int | None) -> None:
    """End tokens that have expired, and beyond `tokens_per_user` those that were not used for longest. Those that have
    a successor and die soon are counted apart: whoever refreshes one signs no other device out. So are those that
    services made: however many these make, nobody's own apps are signed out.

    Args:
        besides: the digest of the token that was just made, which stays.
        service_id: the key of the service that made it; None if none did.
    """
    for digest in list(expired(now).filter(user_id=user_id).values_list("digest", flat=True)):
        revoke_token(user_id, digest)
    most = conf.limits().tokens_per_user
    if not most:
        return
    kept = (
        of_user(user_id, now).exclude(digest=besides).order_by(F("last_used_at").desc(nulls_last=True), "-created_at")
    )
    lasting = kept.filter(successor_digest="")
    counted = (
        (lasting.filter(service=None), most - (service_id is None)),
        (lasting.exclude(service=None), most - (service_id is not None)),
        (kept.exclude(successor_digest=""), most),
    )
    for some, room in counted:
        for digest in list(some.values_list("digest", flat=True)[room : room + TOO_MANY]):
            revoke_token(user_id, digest)

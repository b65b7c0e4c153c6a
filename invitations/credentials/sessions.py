"""Browser sessions: whose they are, that one is in use, and how one is ended.

Django's rows do not say whose they are. `allauth.usersessions` remembers that, and here it hears of all sessions,
however they begin; where it is not installed, all rows are looked through.

Only sessions in the database can be found. With another `SESSION_ENGINE` a session ends when it is next used, because
Django compares the account's password with the session's, and not before."""

from __future__ import annotations

import logging
import threading
import zlib
from datetime import UTC, datetime, timedelta
from importlib import import_module
from ipaddress import ip_address
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends.base import UpdateError
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.db.models import Exists, OuterRef
from django.utils import timezone

from invitations import conf
from invitations.models import UserKey
from invitations.push import devices

logger = logging.getLogger(__name__)

SIGNED_IN_AT = "callinvite_signed_in_at"
"""In a session: when the password, or what stands in for it, was given, in seconds since 1970."""
NOWHERE = "0.0.0.0"  # noqa: S104  not an address to listen at
"""The unspecified address (RFC 6890 section 2.2.2): where a session is used from is not known."""
USER_AGENT_CHARS = 200
NOTED_AFTER_SECONDS = 3600
"""How much time passes between two moments of use that are written down, or up to twice that: not the same for all, so
that those who come back together after a restart do not write together."""
MOST_NOTED = 10_000
"""Of how many sessions a process remembers when it wrote that down, some 150 bytes each."""


class Client(NamedTuple):
    """What a request tells of the browser that a session is used by.

    Args:
        address: its IP address; may be no address at all.
        user_agent: as it names itself.
    """

    address: str
    user_agent: str


class BrowserSession(NamedTuple):
    """A session as its owner may see it.

    Args:
        credential: as `devices.credential_of` names it.
        session_key: by which it is used: a secret, even from its owner's page.
        user_agent: of the browser; empty if it is not known.
        address: from where it was used last; None if that is not known.
        created_at: when somebody signed in by it; None if that is not known.
        last_used_at: to two hours; None if that is not known.
        expires_at: when it ends unless it is used.
    """

    credential: str
    session_key: str
    user_agent: str
    address: str | None
    created_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime


def model() -> Any | None:
    """The model of the sessions' rows; None if they are not in the database."""
    store = _store()
    return store.get_model_class() if hasattr(store, "get_model_class") else None


def of_user(user_id: UserKey, now: datetime) -> list[BrowserSession]:
    """The user's sessions that have not expired, the one that was used last first.

    Args:
        user_id: the user's key.
        now: an aware datetime.
    """
    rows, known = model(), _known()
    keys = keys_of(user_id, now)
    if rows is None or not keys:
        return []
    ends = dict(rows.objects.filter(session_key__in=keys).values_list("session_key", "expire_date"))
    told = {} if known is None else {each.session_key: each for each in known.objects.filter(session_key__in=keys)}
    found = [_seen(key, expires_at, told.get(key)) for key, expires_at in ends.items()]
    return sorted(found, key=lambda each: (each.last_used_at or each.expires_at, each.credential), reverse=True)


def keys_of(user_id: UserKey, now: datetime | None = None) -> list[str]:
    """The keys of a user's sessions that have not expired.

    Args:
        user_id: the user's key.
        now: an aware datetime; None for the present.
    """
    rows, known = model(), _known()
    if rows is None:
        return []
    alive = rows.objects.filter(expire_date__gt=now or timezone.now())
    found: list[str] = []
    unknown = alive
    if known is not None:
        it = known.objects.filter(session_key=OuterRef("session_key"))
        found += alive.filter(Exists(it.filter(user_id=user_id))).values_list("session_key", flat=True)
        # Sessions by which nobody is signed in, and those of an older version.
        unknown = alive.filter(~Exists(it))
    found += [each.session_key for each in unknown.iterator() if each.get_decoded().get(SESSION_KEY) == str(user_id)]
    return found


def user_id_of(session: Any) -> UserKey | None:
    """The key of the user who is signed in by a session; None if nobody is.

    Args:
        session: a row of `model()`.
    """
    kept = session.get_decoded().get(SESSION_KEY)
    if kept is None:
        return None
    try:
        key: UserKey = get_user_model()._meta.pk.to_python(kept)
    except ValidationError:
        return None
    return key


def begun(session: Any, user_id: UserKey, client: Client, now: datetime) -> None:
    """Somebody has signed in by a session. Beyond `sessions_per_user`, those that were not used for longest end.

    Args:
        session: Django's, of any engine.
        user_id: the user's key.
        client: who signed in.
        now: an aware datetime.
    """
    known = _known()
    # The key of a session in a cookie is the whole session.
    if known is None or model() is None:
        return
    if session.session_key is None:
        session.save()
    known.objects.update_or_create(
        session_key=session.session_key,
        defaults={"user_id": user_id, "created_at": now, "last_seen_at": now, **_told(client)},
    )
    most = conf.limits().sessions_per_user
    if most:
        others = known.objects.filter(user_id=user_id).exclude(session_key=session.session_key)
        for key in list(others.order_by("-last_seen_at", "-pk").values_list("session_key", flat=True)[most - 1 :]):
            end(key)


def used(session: Any, now: datetime, client: Client | None = None) -> None:
    """A session is in use. Whoever uses it does not fail with this being written down.

    Args:
        session: Django's, of any engine; only ours lasts longer for being used.
        now: an aware datetime.
        client: who uses it; None if that is not known.
    """
    if not hasattr(session, "renew"):
        return
    try:
        is_renewed = session.renew(now)
        key = session.session_key
        if key and SESSION_KEY in session and (is_renewed or _is_due(key, now)):
            _note(key, now, client)
    except (DatabaseError, UpdateError):
        logger.warning("It was not written down that a session is in use", exc_info=True)


def saved(row: Any) -> None:
    """Know whose a session is, whatever made it.

    Args:
        row: of `model()`.
    """
    known = _known()
    user_id = None if known is None else user_id_of(row)
    if known is None or user_id is None:
        return
    at = row.get_decoded().get(SIGNED_IN_AT)
    fresh: dict[str, Any] = {"user_id": user_id, "ip": NOWHERE, "user_agent": ""}
    if at is not None:
        # A session that gets another key began before.
        fresh["created_at"] = datetime.fromtimestamp(at, UTC)
    found, is_new = known.objects.get_or_create(session_key=row.session_key, defaults=fresh)
    if not is_new and found.user_id != user_id:
        known.objects.filter(pk=found.pk).update(**fresh)


def deleted(row: Any) -> None:
    """Know nothing more of a session.

    Args:
        row: of `model()`.
    """
    known = _known()
    if known is not None:
        known.objects.filter(session_key=row.session_key).delete()


def end(session_key: str) -> None:
    """End one session, wherever it is kept. What ends with it: `credentials.endings`."""
    _store()(session_key).delete()


def storable(address: str) -> str:
    """An IP address as databases take it, without a zone; `NOWHERE` for what is none.

    Args:
        address: as a server or a proxy tells it.
    """
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return NOWHERE
    return str(getattr(known, "ipv4_mapped", None) or known)


def _seen(key: str, expires_at: datetime, told: Any | None) -> BrowserSession:
    credential = devices.credential_of(session_key=key)
    if told is None:
        return BrowserSession(credential, key, "", None, None, None, expires_at)
    address = None if told.ip == NOWHERE else told.ip
    return BrowserSession(credential, key, told.user_agent, address, told.created_at, told.last_seen_at, expires_at)


def _is_due(key: str, now: datetime) -> bool:
    """Whether the present use is to be written down. The first that this process sees is not."""
    noted_at = _noted.get(key)
    if noted_at is None:
        _remember(key, now)
        return False
    seconds = NOTED_AFTER_SECONDS + zlib.crc32(key.encode()) % NOTED_AFTER_SECONDS
    return not timedelta(0) <= now - noted_at < timedelta(seconds=seconds)


def _note(key: str, now: datetime, client: Client | None) -> None:
    known = _known()
    _remember(key, now)
    if known is not None:
        known.objects.filter(session_key=key, last_seen_at__lt=now).update(
            last_seen_at=now, **({} if client is None else _told(client))
        )


def _remember(key: str, now: datetime) -> None:
    with _noting:
        _noted.pop(key, None)
        if len(_noted) >= MOST_NOTED:
            del _noted[next(iter(_noted))]
        _noted[key] = now


def _told(client: Client) -> dict[str, str]:
    """What is stored of a client. No database takes NUL."""
    return {"ip": storable(client.address), "user_agent": client.user_agent.replace("\0", "")[:USER_AGENT_CHARS]}


def _known() -> Any | None:
    """allauth's model of whose sessions are; None if it is not installed."""
    is_there = apps.is_installed("allauth.usersessions")
    return apps.get_model("usersessions", "UserSession") if is_there else None


def _store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


_noted: dict[str, datetime] = {}
_noting = threading.Lock()

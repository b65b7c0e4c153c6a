"""Browser sessions: whose they are, and how one is ended.

Only sessions in the database can be found. With another `SESSION_ENGINE` a session ends when it is next used, because
Django compares the account's password with the session's, and not before."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.core.exceptions import ValidationError
from django.utils import timezone

from invitations.models import UserKey


def model() -> Any | None:
    """The model of the sessions' rows; None if they are not in the database."""
    store = _store()
    return store.get_model_class() if hasattr(store, "get_model_class") else None


def keys_of(user_id: UserKey) -> list[str]:
    """The keys of a user's sessions that have not expired.

    Sessions do not say whose they are, so all of them are looked through.

    Args:
        user_id: the user's key.
    """
    rows = model()
    if rows is None:
        return []
    alive = rows.objects.filter(expire_date__gt=timezone.now())
    return [each.session_key for each in alive.iterator() if each.get_decoded().get(SESSION_KEY) == str(user_id)]


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


def end(session_key: str) -> None:
    """End one session, wherever it is kept. What ends with it: `credentials.endings`."""
    _store()(session_key).delete()


def _store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore

"""Taking back what was handed out: the one place that ends tokens and sessions. All that they opened ends with them
(`credentials.endings`): tickets and sockets, push addresses, pairing codes, and the place of their devices in calls."""

from __future__ import annotations

import logging
from uuid import UUID

from django.core.cache import cache
from django.dispatch import Signal
from django.utils import timezone
from knox.models import get_token_model

from invitations.calls.departing import depart_from
from invitations.credentials import app_tokens, holding, sessions
from invitations.live import publishing
from invitations.models import AppToken, Device, PairingCode, Participant, UserKey, key_as_word
from invitations.push import devices

logger = logging.getLogger(__name__)
UNDER_WAY_SECONDS = 3600
"""Longer than a sign-in may take from the password to its last step (allauth's LOGIN_TIMEOUT)."""
everything_ended = Signal()
"""Sent with `user_id` when all that a user was signed in by has ended, for the log."""


def end_token(user_id: UserKey, token_id: UUID) -> bool:
    """End one token.

    Args:
        user_id: the key of the user who asks.
        token_id: the token's id.

    Returns:
        Whether the user has such a token.
    """
    digest = app_tokens.digest_of_id(user_id, token_id)
    return digest is not None and app_tokens.revoke_token(user_id, digest)


def end_session(user_id: UserKey, credential: str) -> bool:
    """End one session.

    Args:
        user_id: the key of the user who asks.
        credential: the session, as `devices.credential_of` names it.

    Returns:
        Whether the user has such a session.
    """
    keys = [each for each in sessions.keys_of(user_id) if devices.credential_of(session_key=each) == credential]
    for key in keys:
        sessions.end(key)
    return bool(keys)


def end_device(user_id: UserKey, device_id: str, *, besides: str = "") -> None:
    """Forget a device, end the tokens that were issued to it and what else acts as it, and close its sockets.

    Args:
        user_id: the owner's key.
        device_id: unique per user.
        besides: the session or token that asks, as `devices.credential_of` names it. Unless it was issued to the
            device it stays: whoever tidies up a list does not sign out.
    """
    with devices.locked(user_id):
        issued = set(AppToken.objects.filter(user_id=user_id, device_id=device_id).values_list("digest", flat=True))
        digests = holding.token_digests_of(user_id, device_id)
        keys = holding.session_keys_of(user_id, device_id)
        for digest in digests:
            if digest in issued or devices.credential_of(token_digest=digest) != besides:
                app_tokens.revoke_token(user_id, digest)
        for key in keys:
            if devices.credential_of(session_key=key) != besides:
                sessions.end(key)
        Device.objects.filter(user_id=user_id, device_id=device_id).delete()
        publishing.publish_recheck(user_id, device_id=device_id, besides=besides)


def end_everything(user_id: UserKey, *, besides: str = "") -> None:
    """End every token and session of a user, and all that came of them.

    Args:
        user_id: the user's key.
        besides: the session or token that stays, as `devices.credential_of` names it.
    """
    _note_end(user_id)
    with devices.locked(user_id):
        for digest in list(get_token_model().objects.filter(user_id=user_id).values_list("digest", flat=True)):
            if devices.credential_of(token_digest=digest) != besides:
                app_tokens.revoke_token(user_id, digest)
        for key in sessions.keys_of(user_id):
            if devices.credential_of(session_key=key) != besides:
                sessions.end(key)
        # Also what came of sessions that are not in the database.
        PairingCode.objects.filter(user_id=user_id, used_at=None).delete()
        addressed = Device.objects.filter(user_id=user_id, push_digest__isnull=False)
        (addressed.exclude(push_credential=besides) if besides else addressed).update(**devices.NO_ADDRESS)
        publishing.publish_recheck(user_id)
    everything_ended.send(sender=None, user_id=user_id)


def ended_since(user_id: UserKey, at: float) -> bool:
    """Whether everything of a user was ended after a moment of at most `UNDER_WAY_SECONDS` ago.

    Args:
        user_id: the user's key.
        at: the moment, in seconds since 1970.
    """
    try:
        return bool(cache.get(_ended_key(user_id), 0.0) >= at)
    except Exception:
        logger.exception("Whether a sign-in was taken back is not known: the cache does not answer")
        return False


def leave_calls(user_id: UserKey, device_id: str) -> None:
    """Leave the calls that a device is in, unless it has signed in again: a session or token of it goes on.

    Args:
        user_id: the owner's key.
        device_id: unique per user.
    """
    inside = Participant.objects.open().filter(user_id=user_id, device_id=device_id)
    if inside.exists() and not holding.is_held(user_id, device_id):
        depart_from(user_id, device_id, now=timezone.now())


def _note_end(user_id: UserKey) -> None:
    """For sign-ins that are under way, of which no session says whose they are. A changed password ends them anyhow."""
    try:
        cache.set(_ended_key(user_id), timezone.now().timestamp(), UNDER_WAY_SECONDS)
    except Exception:
        logger.exception("Sign-ins that are under way go on: the cache does not answer")


def _ended_key(user_id: UserKey) -> str:
    return f"ended:{key_as_word(user_id)}"

"""Which sessions and tokens act as which device."""

from __future__ import annotations

from django.utils import timezone
from knox.models import get_token_model

from invitations.credentials import sessions
from invitations.credentials.app_tokens import expired
from invitations.models import AppToken, Device, UserKey
from invitations.push import devices


def is_held(user_id: UserKey, device_id: str) -> bool:
    """Whether a session or token that goes on acts as this device.

    Args:
        user_id: the owner's key.
        device_id: unique per user.
    """
    return bool(token_digests_of(user_id, device_id) or session_keys_of(user_id, device_id))


def token_digests_of(user_id: UserKey, device_id: str) -> list[str]:
    """The digests of the tokens that act as a device: those that were issued to it, and the one that last came as it.

    Args:
        user_id: the owner's key.
        device_id: unique per user.
    """
    issued = AppToken.objects.filter(user_id=user_id, device_id=device_id).values("digest")
    mine = (
        get_token_model().objects.filter(user_id=user_id).exclude(digest__in=expired(timezone.now()).values("digest"))
    )
    found = mine.filter(digest__in=issued)
    name = _last_came_with(user_id, device_id)
    for each in {device_id, name}:
        start = each.removeprefix(devices.TOKEN)
        if start != each and len(start) == devices.NAME_CHARS:
            found = found | mine.filter(digest__startswith=start)
    return list(found.values_list("digest", flat=True))


def session_keys_of(user_id: UserKey, device_id: str) -> list[str]:
    """The keys of the sessions that act as a device: the one that last came as it, or that it stands for.

    Args:
        user_id: the owner's key.
        device_id: unique per user.
    """
    names = {each for each in (device_id, _last_came_with(user_id, device_id)) if each.startswith(devices.SESSION)}
    if not names:
        return []
    return [each for each in sessions.keys_of(user_id) if devices.credential_of(session_key=each) in names]


def _last_came_with(user_id: UserKey, device_id: str) -> str:
    found = Device.objects.filter(user_id=user_id, device_id=device_id).values_list("credential", flat=True)
    return found.first() or ""

"""What these tests share: apps with tokens, devices with push addresses, and calls between people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from invitations import calls
from invitations.credentials.app_tokens import issue_token
from invitations.models import Device, User

if TYPE_CHECKING:
    from rest_framework.test import APIClient

API = "/api/v1/"


def acting(user: User, device: str = "phone") -> calls.Actor:
    """This user on this device."""
    return calls.Actor(user.pk, user.username, device)


def later(now: datetime, seconds: float) -> datetime:
    """So many seconds after a moment."""
    return now + timedelta(seconds=seconds)


@pytest.fixture
def app_of(anonymous_api: APIClient) -> Callable[[User], APIClient]:
    """An app that has just signed in as this user."""
    from rest_framework.test import APIClient as Client

    def sign_in(user: User) -> APIClient:
        token, _ = issue_token(user, f"{user.username}'s tablet", timezone.now())
        app = Client()
        app.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return app

    return sign_in


@pytest.fixture
def phone_of(now: datetime) -> Callable[..., Device]:
    """A phone with a push address, which its owner has named."""

    def make(user: User, device_id: str = "phone", **more: Any) -> Device:
        fields = {
            "label": f"{user.username.capitalize()}'s phone",
            "is_named": True,
            "kind": "android",
            "created_at": now,
            "last_seen_at": now,
            "push_transport": "webpush",
            "push_endpoint": f"https://ntfy.sh/up-{user.username}-{device_id}",
            "push_digest": f"digest-{user.username}-{device_id}",
            "push_p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "push_auth": "BTBZMqHH6r4Tts7J_aSIgg",
            "push_set_at": now,
        }
        return Device.objects.create(user=user, device_id=device_id, **(fields | more))

    return make


@pytest.fixture
def ring(now: datetime) -> Callable[..., calls.CallSheet]:
    """A call sent now (or at `at`) by one user's phone to others."""

    def send(by: User, *invitees: User, at: datetime | None = None, **more: Any) -> calls.CallSheet:
        names = [each.username for each in invitees]
        return calls.send(by=acting(by), invitees=names, **{"is_video_call": True, "now": at or now, **more}).sheet

    return send

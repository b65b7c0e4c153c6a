"""An admin who is signed in, and calls to look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from invitations import calls

if TYPE_CHECKING:
    from invitations.models import User


@pytest.fixture
def admin(make_user: Callable[..., User]) -> User:
    user = make_user("root", display_name="Root")
    user.is_staff = user.is_superuser = True
    user.save()
    return user


@pytest.fixture
def admin_site(admin: User) -> Client:
    """The admin's browser."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def ring(now: datetime) -> Callable[..., calls.CallSheet]:
    """A call sent now by one user to others."""

    def send(by: User, *invitees: User, **more: Any) -> calls.CallSheet:
        actor = calls.Actor(by.pk, by.username, "phone")
        names = [each.username for each in invitees]
        return calls.send(by=actor, invitees=names, **{"is_video_call": True, "now": now, **more}).sheet

    return send

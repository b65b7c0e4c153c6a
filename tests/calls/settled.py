"""What people settle about each other, written as rows: for rules as the verbs meet them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from invitations.models import Block, CallingPreferences, Contact, ContactState, User


def block(user: User, other: User, now: datetime) -> None:
    Block.objects.create(user=user, other=other, created_at=now)


def let_in(user: User, other: User, now: datetime, *, favourite: bool = False) -> None:
    Contact.objects.create(user=user, other=other, state=ContactState.CONTACT, favourite=favourite, changed_at=now)


def prefer(user: User, **chosen: Any) -> None:
    CallingPreferences.objects.update_or_create(user=user, defaults=chosen)


def disturb_not(user: User, now: datetime, *, let_through: list[str] | None = None) -> None:
    prefer(user, do_not_disturb_until=now + timedelta(hours=1), let_through=let_through or [])

"""Deleting an account, whoever asks for it: the person or an admin."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from invitations.models import UserKey
from invitations.own_data import erasing
from invitations.requests import audit

SECONDS = 2.0
"""How long a request may take away what is left of an account: some thousand calls. The dispatcher does the rest."""


def delete_account(user_id: UserKey, *, request: HttpRequest, now: datetime) -> None:
    """End an account with all its sessions, tokens, devices and push addresses. Others keep their calls with it, in
    which "Deleted account" stands in its place. Safe to repeat.

    Args:
        user_id: the account's key.
        request: for the audit log.
        now: an aware datetime.

    Raises:
        CallError: `not_allowed` (`erasing.begin`).
    """
    if not erasing.begin(user_id, now=now):
        return
    audit.account_deleted(request, user_id)
    erasing.finish(user_id, now=now, seconds=SECONDS)

"""Taking back what was handed out: the one place that ends tokens and sessions, and with them all that they opened
(`credentials.endings`)."""

from __future__ import annotations

from knox.models import get_token_model

from invitations.credentials import sessions
from invitations.credentials.app_tokens import revoke_token
from invitations.models import UserKey


def sign_out_everywhere(user_id: UserKey) -> None:
    """End every token and session of a user.

    Args:
        user_id: the user's key.
    """
    for digest in get_token_model().objects.filter(user_id=user_id).values_list("digest", flat=True):
        revoke_token(user_id, digest)
    for session_key in sessions.keys_of(user_id):
        sessions.end(session_key)

"""Links that admins hand out: to create one account, and to choose a new password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from invitations import conf, mailing
from invitations.models import SignUpLink

LOCAL = ("localhost", "127.0.0.1", "[::1]", "*")
IN_SESSION = "callinvite_sign_up_link"


def invite(*, email: str, made_by: Any | None, server: str, now: datetime) -> tuple[SignUpLink, str]:
    """Make a link to one account, and mail it if there is an address and mail.

    Args:
        email: of whom it is for; may be empty.
        made_by: the admin, or None.
        server: where the service is, `https://calls.example.org`.
        now: an aware datetime.

    Returns:
        What is kept of it, and the whole address.
    """
    expires_at = now + timedelta(seconds=conf.limits().sign_up_link_seconds)
    row, token = SignUpLink.objects.make(email=email, made_by=made_by, now=now, expires_at=expires_at)
    link = server.rstrip("/") + reverse("account_sign_up_by_link", kwargs={"token": token})
    if email and mailing.can_send():
        mailing.write("sign_up_link", email, {"link": link})
    return row, link


def to_new_password(user: Any, *, server: str) -> str:
    """The address at which somebody may choose a new password, once, within PASSWORD_RESET_TIMEOUT.

    Args:
        user: the account.
        server: where the service is.
    """
    key = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    return server.rstrip("/") + path


def held(request: HttpRequest, now: datetime) -> SignUpLink | None:
    """The link by which this browser came, if an account can still be made by it."""
    token = request.session.get(IN_SESSION)
    return SignUpLink.objects.of_token(token, now) if token else None


def why_closed(token: str | None, now: datetime) -> tuple[str, str]:
    """Why somebody cannot create an account.

    Args:
        token: of the link by which they came; None if they came by none.
        now: an aware datetime.

    Returns:
        The codes of a heading and a sentence.
    """
    if conf.limits().signup == "closed":
        return "sign_up.closed.heading", "sign_up.closed"
    if token is None:
        return "sign_up.invite.heading", "sign_up.invite"
    link = SignUpLink.objects.made_as(token)
    if link is None:
        return "sign_up.link.heading", "sign_up.link.unknown"
    if link.used_at is not None:
        return "sign_up.link.heading", "sign_up.link.used"
    return "sign_up.link.heading", "sign_up.link.over"


def was_confirmed(key: str) -> bool:
    """Whether a link that confirms an address has done so.

    Args:
        key: as it stands in the link, signed by this server.
    """
    try:
        row = signing.loads(key, salt=app_settings.SALT)
    except signing.BadSignature:
        return False
    return EmailAddress.objects.filter(pk=row, verified=True).exists()


def known_server() -> str:
    """Where the service seems to be, by its settings, for who has no request to look at."""
    public = [each.lstrip(".") for each in settings.ALLOWED_HOSTS if each not in LOCAL]
    return f"https://{public[0]}" if public else "http://127.0.0.1:8000"

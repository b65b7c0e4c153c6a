"""The outbox: mail is owed by a row, which whoever sends it removes. A server that is killed, or a mail server that is
away for a while, loses none; and how long a page takes does not tell whether somebody was written to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F

from invitations.models import Mail

logger = logging.getLogger(__name__)
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"
"""The backend of a server that cannot send mail."""
BATCH = 20
HELD = timedelta(minutes=2)
"""How long a message belongs to whoever is sending it."""
PAUSES = tuple(timedelta(seconds=each) for each in (10, 60, 300, 900, 1800))
"""After each failed try. Then it is given up: a link in it is of no use any more."""


def can_send() -> bool:
    """Whether this server can send mail at all."""
    # From Django 6.1 on.
    mailers = getattr(settings, "MAILERS", None)
    if mailers is not None:
        return "default" in mailers and mailers["default"].get("BACKEND") != NO_MAIL
    return settings.EMAIL_BACKEND != NO_MAIL


def owe(*, to: str, subject: str, text: str, html: str, language: str, now: datetime) -> None:
    """Have a message sent, soon.

    Args:
        to: an address.
        subject: one line, of which 200 characters are kept.
        text: the message for readers without HTML.
        html: the same as a page.
        language: of both.
        now: an aware datetime.
    """
    Mail.objects.create(
        to=to, subject=subject[:200], text=text, html=html, language=language, created_at=now, due_at=now
    )


def send_due(*, now: datetime, stopping: Callable[[], bool] = lambda: False) -> int:
    """Send what is due. Any number may do so at once; one that is killed leaves its message to another.

    Args:
        now: an aware datetime.
        stopping: asked before each message.

    Returns:
        How many went.
    """
    if not can_send():
        return 0
    sent = 0
    for mail in list(Mail.objects.filter(due_at__lte=now).order_by("due_at")[:BATCH]):
        if stopping():
            break
        held = Mail.objects.filter(pk=mail.pk, due_at=mail.due_at)
        if held.update(due_at=now + HELD, tries=F("tries") + 1):
            sent += _send(mail, now)
    return sent


def _send(mail: Mail, now: datetime) -> bool:
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.to], headers={"Content-Language": mail.language})
    message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except (SMTPException, OSError) as error:
        _put_off(mail, now, type(error).__name__)
        return False
    mail.delete()
    return True


def _put_off(mail: Mail, now: datetime, why: str) -> None:
    if mail.tries >= len(PAUSES):
        logger.error("Mail %d is given up after %d tries: %s", mail.pk, mail.tries + 1, why)
        mail.delete()
        return
    logger.warning("Mail %d could not be sent, and is tried again: %s", mail.pk, why)
    Mail.objects.filter(pk=mail.pk).update(due_at=now + PAUSES[mail.tries])

"""The outbox: mail is owed by a row, which whoever sends it removes. A server that is killed, or a mail server that is
away for a while, loses none; and how long a page takes does not tell whether somebody was written to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from smtplib import SMTPException
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation

from invitations.models import Device, Mail, UserKey
from invitations.store import people
from invitations.words import language, moment

logger = logging.getLogger(__name__)
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"
"""The backend of a server that cannot send mail."""
BATCH = 20
FOLDER = "callinvite/email"
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


def write(name: str, to: str, context: dict[str, Any]) -> None:
    """Owe somebody a message, text and page from one template, in the reader's language as far as it is known.

    Args:
        name: of its templates, `NAME_subject.txt` and `NAME_message.txt`.
        to: an address.
        context: what the templates need; `user` is the reader, if they have an account. Moments are said in words, and
            what is a `partial` is called in the reader's language.
    """
    with translation.override(_language_of(context.get("user"))):
        context = {key: _in_words(each) for key, each in context.items()}
        subject = " ".join(render_to_string(f"{FOLDER}/{name}_subject.txt", context).split())
        text = render_to_string(f"{FOLDER}/{name}_message.txt", context).strip()
        paragraphs = [{"text": each, "is_link": _is_link(each)} for each in text.split("\n\n")]
        page = {"subject": subject, "paragraphs": paragraphs, "language": language()}
        html = render_to_string(f"{FOLDER}/message.html", page)
        owe(to=to, subject=subject, text=text, html=html, language=language(), now=timezone.now())


def confirmed_address(user_id: UserKey) -> str | None:
    """The address to write to a person at, which they have confirmed; None if there is none, or nobody can tell.

    Args:
        user_id: their key.
    """
    if not apps.is_installed("allauth.account"):
        return None
    from allauth.account.models import EmailAddress

    confirmed = EmailAddress.objects.filter(user_id=user_id, verified=True).order_by("-primary", "pk")
    return confirmed.values_list("email", flat=True).first()


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


def _in_words(said: Any) -> Any:
    if isinstance(said, datetime):
        return moment(said)
    return said() if isinstance(said, partial) else said


def _is_link(paragraph: str) -> bool:
    return paragraph.startswith(("http://", "https://")) and len(paragraph.split()) == 1


def _language_of(user: Any) -> str:
    """The reader's own, if anybody said; that of the device that they used last, or else of whoever asks."""
    if user is not None and user.pk is not None:
        if chosen := people.chosen_language(user.pk):
            return chosen
        told = Device.objects.filter(user_id=user.pk).exclude(push_language="").order_by("-last_seen_at")
        if found := told.values_list("push_language", flat=True).first():
            return str(found)
    return translation.get_language() or settings.LANGUAGE_CODE

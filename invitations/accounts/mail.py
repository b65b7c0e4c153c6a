"""Mail about an account: text and page from one template, in the reader's language as far as it is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from invitations import mailing
from invitations.models import Device
from invitations.words import language, moment

FOLDER = "callinvite/email"


def send(name: str, to: str, context: dict[str, Any]) -> None:
    """Owe somebody a message.

    Args:
        name: of its templates, `NAME_subject.txt` and `NAME_message.txt`.
        to: an address.
        context: what the templates need; `user` is the reader, if they have an account. Moments are said in words.
    """
    with translation.override(_language_of(context.get("user"))):
        context = {key: moment(each) if isinstance(each, datetime) else each for key, each in context.items()}
        subject = " ".join(render_to_string(f"{FOLDER}/{name}_subject.txt", context).split())
        text = render_to_string(f"{FOLDER}/{name}_message.txt", context).strip()
        paragraphs = [{"text": each, "is_link": _is_link(each)} for each in text.split("\n\n")]
        page = {"subject": subject, "paragraphs": paragraphs, "language": language()}
        html = render_to_string(f"{FOLDER}/message.html", page)
        mailing.owe(to=to, subject=subject, text=text, html=html, language=language(), now=timezone.now())


def _is_link(paragraph: str) -> bool:
    return paragraph.startswith(("http://", "https://")) and len(paragraph.split()) == 1


def _language_of(user: Any) -> str:
    """The language of the device that the reader used last, or else of whoever asks."""
    if user is not None and user.pk is not None:
        told = Device.objects.filter(user_id=user.pk).exclude(push_language="").order_by("-last_seen_at")
        if found := told.values_list("push_language", flat=True).first():
            return str(found)
    return translation.get_language() or settings.LANGUAGE_CODE

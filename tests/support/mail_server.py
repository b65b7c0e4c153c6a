"""A mail server that keeps what it is sent, and can be told to refuse."""

from __future__ import annotations

import email
import time
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self

from aiosmtpd.controller import Controller
from pytest_django import Settings

from callinvite.environment import mailer
from tests.support.server import free_port

WAIT_SECONDS = 30


class MailServer:
    """SMTP (RFC 5321) on a free port of this machine."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refuses = False
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    @property
    def url(self) -> str:
        """For EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a message."""
        if self.refuses:
            return "451 Not now"
        self.received.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def wait_for(self, count: int) -> list[EmailMessage]:
        """All messages, once there are so many."""
        until = time.monotonic() + WAIT_SECONDS
        while len(self.received) < count:
            assert time.monotonic() < until, f"{len(self.received)} messages came, not {count}"
            time.sleep(0.05)
        return self.received

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


def send_by(settings: Settings, backend: str, **options: Any) -> None:
    """Send mail by this backend of Django's in this process.

    Args:
        settings: pytest-django's.
        backend: its module.
        options: what it is made with.
    """
    for name, value in mailer(backend, **options).items():
        setattr(settings, name, value)


def text_of(message: EmailMessage) -> str:
    """The message for readers without HTML."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def page_of(message: EmailMessage) -> str:
    """The message as a page."""
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())

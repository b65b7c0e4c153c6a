"""Sends mail, beside the dispatcher's other loops: a mail server may take its time."""

from __future__ import annotations

from invitations import mailing
from invitations.dispatcher.beside import Beside


class Mailman(Beside):
    """Sends what is in the outbox."""

    thread_name = "mail"
    doing = "Sending mail"

    def step(self) -> bool:
        if not mailing.can_send():
            return False
        mailing.send_due(now=self._clock(), stopping=self.is_stopping)
        # Also with nothing to send: a connection that is kept would be missing in a small pool.
        return True

"""Why a push message was not accepted or not sent, in words for the device's owner."""

from __future__ import annotations

from invitations.words import say


def reason_words(code: str, host: str) -> str:
    """Why a message was not accepted, as a sentence.

    Args:
        code: of a delivery; its sentence is `push.reason.CODE`.
        host: the push service's host; may be empty.
    """
    name = f"push.reason.{code}"
    sentence = say(name, host=host or say("host.unknown"))
    return say("push.reason.unknown") if sentence == name else sentence

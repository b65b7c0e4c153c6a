"""Why a push message was not taken, or not sent, in words for the person whose device it is."""

from __future__ import annotations

from invitations.words import say


def reason_words(code: str, host: str) -> str:
    """Why a message was not taken, as a sentence.

    Args:
        code: of a delivery; its sentence is `push.reason.CODE`.
        host: whose push service; may be empty.
    """
    name = f"push.reason.{code}"
    sentence = say(name, host=host or say("host.unknown"))
    return say("push.reason.unknown") if sentence == name else sentence

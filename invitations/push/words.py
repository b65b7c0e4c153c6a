"""Why a push message was not taken, or not sent, in words for the person whose device it is."""

from __future__ import annotations

REASONS = {
    "bad_request": "The push service at {host} did not understand the message.",
    "vapid_refused": "The push service at {host} does not accept this server's key. Enable ringing on the device anew.",
    "too_large": "The push service at {host} found the message too large.",
    "redirected": "The push service at {host} sent the message elsewhere, where it must not go.",
    "forbidden_address": "The address leads to a place where messages must not be sent.",
    "key_unknown": "The address was made with a key that this server no longer has. Enable ringing on the device anew.",
    "unencryptable": "The device's keys are no good. Enable ringing on the device anew.",
    "refused": "The push service at {host} refused the message.",
    "gone": "The push service at {host} no longer knows the device. Enable ringing on the device anew.",
    "throttled": "The push service at {host} asks to wait.",
    "service_error": "The push service at {host} has a problem of its own.",
    "no_answer": "The push service at {host} did not answer.",
    "tls_failed": "No safe connection to the push service at {host} could be made.",
    "no_address": "The device had no push address any more.",
    "too_late": "There was no time left for it.",
    "unsent": "The message could not be made. The server's log says why.",
    "call_over": "The ring was over before it was sent.",
    "acknowledged": "A device rang already.",
}
"""What each code of a delivery means."""


def reason_words(code: str, host: str) -> str:
    """Why a message was not taken, as a sentence.

    Args:
        code: of a delivery.
        host: whose push service; may be empty.
    """
    return REASONS.get(code, "The message was not taken.").format(host=host or "an unknown place")

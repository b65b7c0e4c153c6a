"""The frames that arrive on the live socket, parsed and checked before anything acts on them."""

from __future__ import annotations

import json
import re
from typing import Any

from invitations.conf import limits
from invitations.errors import Code
from invitations.models import names
from invitations.shapes.frames import MOST_HELD_CALLS
from invitations.shapes.parts import DEVICE_ID, LABEL_CHARS

Frame = dict[str, Any]
JSON = dict[str, Any]


def _no_such_number(text: str) -> float:
    raise ValueError(text)


# NaN and Infinity are not JSON: a browser that they were relayed to could not read the frame.
_decode = json.JSONDecoder(parse_constant=_no_such_number).decode
_device_id = re.compile(rf"\A{DEVICE_ID}\Z").match


class BadFrame(Exception):
    """A frame that cannot be acted on; the socket stays open.

    Args:
        code: one of the closed list.
        detail: a sentence for the client's developer.
        about: members that help the sender to identify the frame, such as `call_id`.
    """

    def __init__(self, code: Code, detail: str, **about: Any) -> None:
        self.code = code
        self.detail = detail
        self.about = about
        super().__init__(detail)


def parse(message: Frame) -> Frame:
    """A frame from an ASGI `websocket.receive` message.

    Raises:
        BadFrame: `too_large` or `invalid`.
    """
    text = message.get("text")
    if text is None:
        raise BadFrame(Code.INVALID, "Frames are JSON text, not binary.")
    # A character takes at most four bytes, so short frames need no counting.
    most = limits().frame_bytes
    if len(text) > most or (len(text) * 4 > most and len(text.encode(errors="surrogatepass")) > most):
        raise BadFrame(Code.TOO_LARGE, f"A frame may have {most} bytes.")
    try:
        frame = _decode(text)
    except (ValueError, RecursionError):
        raise BadFrame(Code.INVALID, "The frame is not JSON.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise BadFrame(Code.INVALID, "A frame is an object with a `type`.")
    return frame


def hello(frame: Frame) -> tuple[str, str | None, bool]:
    """The device id, the label if there is one, and whether the device can be heard.

    Raises:
        BadFrame: `invalid`.
    """
    label = frame.get("label")
    audible = frame.get("audible", False)
    if label is not None and (not isinstance(label, str) or len(label) > LABEL_CHARS or not writable(label)):
        raise BadFrame(Code.INVALID, "`label` is a string of at most 64 characters.")
    if not isinstance(audible, bool):
        raise BadFrame(Code.INVALID, "`audible` is true or false.")
    named = None if label is None else names.without_unseen(label)
    return device_id(frame.get("device_id"), "device_id"), named, audible


def held_calls(frame: Frame) -> dict[str, int]:
    """The calls that a `sync` says the client holds, with their revisions.

    Raises:
        BadFrame: `invalid`.
    """
    held = frame.get("calls", {})
    if not isinstance(held, dict) or len(held) > MOST_HELD_CALLS:
        raise BadFrame(Code.INVALID, f"`calls` maps at most {MOST_HELD_CALLS} call ids to revisions.")
    if not all(type(revision) is int and writable(call_id) for call_id, revision in held.items()):
        raise BadFrame(Code.INVALID, "`calls` maps call ids to revisions.")
    return held


def request(frame: Frame) -> tuple[str | int, str, Any, JSON]:
    """The id, verb and call id of a `request`, and what else it says of what is asked, as `verbs.perform` takes it.

    Raises:
        BadFrame: `invalid`.
    """
    request_id = frame.get("id")
    if not (type(request_id) is int or (isinstance(request_id, str) and 0 < len(request_id) <= 64)):
        raise BadFrame(Code.INVALID, "`id` is a string of 1 to 64 characters.")
    verb = frame.get("verb")
    if not isinstance(verb, str):
        raise BadFrame(Code.INVALID, "`verb` is missing.", id=request_id)
    call_id = frame.get("call_id")
    if call_id is not None and not isinstance(call_id, str):
        raise BadFrame(Code.INVALID, "`call_id` is a string.", id=request_id)
    return request_id, verb, call_id, {name: frame.get(name) for name in ("body", "attempt", "idempotency_key")}


def signal(frame: Frame) -> tuple[str, str, str, Any]:
    """The call, the receiving user, the receiving device and the data of a `signal`.

    Raises:
        BadFrame: `invalid`.
    """
    call_id, to, data = frame.get("call_id"), frame.get("to"), frame.get("data")
    if not isinstance(call_id, str) or not 0 < len(call_id) <= 128 or not writable(call_id):
        raise BadFrame(Code.INVALID, "`call_id` is a string.")
    if not isinstance(to, dict) or not isinstance(to.get("user"), str) or not writable(to["user"]):
        raise BadFrame(Code.INVALID, "`to` names a `user` and a `device_id`.", call_id=call_id)
    if "data" not in frame:
        raise BadFrame(Code.INVALID, "`data` is missing.", call_id=call_id)
    return call_id, to["user"], device_id(to.get("device_id"), "to.device_id"), data


def device_id(value: object, name: str) -> str:
    """A valid device id.

    Raises:
        BadFrame: `invalid`.
    """
    if not isinstance(value, str) or not _device_id(value):
        raise BadFrame(Code.INVALID, f"`{name}` is 1 to 64 of A-Z a-z 0-9 . _ ~ -")
    return value


def writable(text: str) -> bool:
    """Whether a text can be stored and sent on: valid UTF-8, so no lone surrogates, and no NUL."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text

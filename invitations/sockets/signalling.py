"""Relays WebRTC signalling from one participant's device to another's.

Never inspects, stores or logs the content."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, Subquery

from invitations.conf import limits
from invitations.errors import Code
from invitations.live import publishing
from invitations.models import Call, CallState, Invitation, UserKey
from invitations.sockets.frames import BadFrame
from invitations.sockets.workers import workers
from invitations.store import people
from invitations.store.sheets import Actor
from invitations.store.statements import Bind, Prepared


class Party(NamedTuple):
    """A past or present participant and their device. Only `call_state` is set if nobody has ever been in the call."""

    call_state: str
    user_id: Any
    username: str | None
    device_id: str | None
    left_at: datetime | None


_CONCERNED = Q(caller_id=Bind("sender")) | Exists(
    Invitation.objects.filter(call_id=OuterRef("pk"), invitee_id=Bind("sender"))
)
_DEVICES = ("participants__user_id", f"participants__user__{people.USERNAME}", "participants__device_id")

_LATEST = Call.objects.filter(call_id=Bind("call_id")).order_by("-attempt").values("pk")[:1]

# Every past or present participant of the call, provided that the sender started it or was invited.
PARTIES = Prepared(
    Call.objects.filter(_CONCERNED, pk=Subquery(_LATEST))
    .order_by()
    .values_list("state", *_DEVICES, "participants__left_at"),
    row=Party._make,
)


def receiver(call_id: str, sender_id: UserKey, sender_device: str, to_user: str, to_device: str) -> UserKey:
    """The key of the user to whom a signal may be relayed. Reads the database.

    Args:
        call_id: the call.
        sender_id: the sender's key.
        sender_device: the device with which the sender's socket said hello.
        to_user: the receiver's public id.
        to_device: the receiver's device.

    Raises:
        BadFrame: `not_found` for strangers, `call_ended`, or `not_allowed` if either device is not in the call.
    """
    found = PARTIES.rows(call_id=call_id, sender=sender_id)
    if not found:
        raise BadFrame(Code.NOT_FOUND, Code.NOT_FOUND.sentence, call_id=call_id)
    if found[0].call_state == CallState.ENDED:
        raise BadFrame(Code.CALL_ENDED, Code.CALL_ENDED.sentence, call_id=call_id)
    inside = [each for each in found if each.left_at is None]
    if not any(each.user_id == sender_id and each.device_id == sender_device for each in inside):
        raise BadFrame(Code.NOT_ALLOWED, "This device is not in the call.", call_id=call_id)
    on_device = [each for each in inside if each.device_id == to_device]
    for each in on_device:
        if each.username == to_user:
            return each.user_id
    others = [each for each in on_device if each.user_id != sender_id]
    if len(others) == 1 and not people.of_names([to_user]):
        # Renamed since the sender was told of them: nobody has that name any more.
        return others[0].user_id
    raise BadFrame(Code.NOT_ALLOWED, "That device is not in the call.", call_id=call_id)


def relay(to_user_id: UserKey, to_device: str, *, call_id: str, sender: str, sender_device: str, data: Any) -> None:
    """Publish a signal to one device of one user.

    Raises:
        BadFrame: `invalid` if the data could be parsed but not encoded again.
    """
    frame = {
        "type": "signal",
        "call_id": call_id,
        "from": {"user": sender, "device_id": sender_device},
        "data": data,
    }
    try:
        text = publishing.encode_anything(frame)
    except (ValueError, RecursionError):
        raise BadFrame(Code.INVALID, "`data` is nested too deep or holds a number without bounds.") from None
    publishing.publish(publishing.group_of(to_user_id), {"type": "live.signal", "text": text, "device_id": to_device})


class Paths:
    """Where one socket's signals may go. Each path is looked up in the database once, and again after any news."""

    def __init__(self) -> None:
        self._receivers: dict[tuple[str, str, str], UserKey] = {}
        self._asked_at = 0.0

    def forget(self) -> None:
        """Look every path up again: a call may have changed."""
        self._receivers.clear()

    async def receiver(self, actor: Actor, call_id: str, to_user: str, to_device: str) -> UserKey:
        """The key of the user to whom a signal may be relayed, at most `sync_open_seconds` old.

        Raises:
            BadFrame: see the function `receiver`.
        """
        if monotonic() - self._asked_at > limits().sync_open_seconds:
            self._receivers.clear()
            self._asked_at = monotonic()
        path = (call_id, to_user, to_device)
        if path not in self._receivers:
            look = partial(receiver, call_id, actor.user_id, actor.device_id, to_user, to_device)
            self._receivers[path] = await workers.read(look)
        return self._receivers[path]

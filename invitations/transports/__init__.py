"""The ways in which a message reaches a device that has no page open.

Knows device addresses and messages, but nothing of calls. To add one of ours, write a module here and add a line to
`registry.OURS`; the contract test then covers it. Other programs add theirs by the entry point group
`callinvite.transports` or by the setting `CALLINVITE_TRANSPORTS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invitations.transports import registry
from invitations.transports.base import (
    MAX_NAME_CHARS,
    MAX_PAYLOAD_BYTES,
    SEND_SECONDS,
    Address,
    Effect,
    Failure,
    FailureCode,
    Gone,
    InvalidAddress,
    Message,
    Refused,
    Transport,
    TryLater,
)
from invitations.transports.registry import NAMES
from invitations.words import say

__all__ = [
    "MAX_PAYLOAD_BYTES",
    "NAMES",
    "SEND_SECONDS",
    "Address",
    "Effect",
    "Failure",
    "FailureCode",
    "Gone",
    "InvalidAddress",
    "Message",
    "Refused",
    "Transport",
    "TryLater",
    "close",
    "host_of",
    "read",
    "room_of",
    "transport_named",
]

LONGEST = {
    "transport": MAX_NAME_CHARS,
    "endpoint": 2048,
    "p256dh": 88,
    "auth": 24,
    "signing_key": 88,
    "alert_token": 255,
}
"""How many characters of each part of an address are kept."""


def transport_named(name: str) -> Transport:
    """The transport of this name.

    Raises:
        InvalidAddress: no transport has this name.
    """
    try:
        return registry.transports()[name]
    except KeyError:
        raise InvalidAddress({"transport": say("address.transport.unknown", names=", ".join(NAMES))}) from None


def read(given: Mapping[str, Any]) -> Address:
    """The address that a client registers, in canonical form.

    Args:
        given: the object `push` of `PUT /devices/{device_id}`, as it came.

    Raises:
        InvalidAddress: no message could reach it, or none should be sent there.
    """
    name = given.get("transport")
    if type(name) is not str:
        raise InvalidAddress({"transport": say("invalid.push_part", name="transport")})
    address = transport_named(name).read(given)
    long = {
        each: say("address.too_long", limit=most)
        for each, most in LONGEST.items()
        if len(getattr(address, each)) > most
    }
    if long:
        raise InvalidAddress(long)
    return address


def host_of(address: Address) -> str:
    """The part of an address that people may see: the host at most, or an empty string where there is none."""
    transport = registry.transports().get(address.transport)
    return transport.host_of(address) if transport else ""


def room_of(address: Address, effect: Effect) -> int:
    """How many bytes a message with this effect may have there; 0 if such messages are not sent there at all."""
    transport = registry.transports().get(address.transport)
    return transport.room(address, effect) if transport else MAX_PAYLOAD_BYTES


async def close() -> None:
    """Release what all transports hold on the running loop."""
    for each in registry.transports().values():
        await each.close()

"""The ways in which a message reaches a device that has no page open.

Knows device addresses and messages, but nothing of calls. To add a transport, write a module here and add a line to
`_TRANSPORTS`; the contract test then covers it."""

from __future__ import annotations

from invitations.transports.base import (
    MAX_PAYLOAD_BYTES,
    SEND_SECONDS,
    Address,
    Failure,
    FailureCode,
    Gone,
    InvalidAddress,
    Message,
    Refused,
    Transport,
    TryLater,
)
from invitations.transports.console import Console
from invitations.transports.webpush import WebPush
from invitations.words import say

__all__ = [
    "MAX_PAYLOAD_BYTES",
    "NAMES",
    "SEND_SECONDS",
    "Address",
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
    "transport_named",
]

_TRANSPORTS: dict[str, Transport] = {each.name: each for each in (WebPush(), Console())}

NAMES = tuple(_TRANSPORTS)


def transport_named(name: str) -> Transport:
    """The transport of this name.

    Raises:
        InvalidAddress: no transport has this name.
    """
    try:
        return _TRANSPORTS[name]
    except KeyError:
        raise InvalidAddress({"transport": say("address.transport.unknown", names=", ".join(NAMES))}) from None


def host_of(address: Address) -> str:
    """The part of an address that people may see: the host at most, or an empty string where there is none."""
    transport = _TRANSPORTS.get(address.transport)
    return transport.host_of(address) if transport else ""


async def close() -> None:
    """Release what all transports hold on the running loop."""
    for each in _TRANSPORTS.values():
        await each.close()

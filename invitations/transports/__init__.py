"""The ways in which a message reaches a device that has no page open.

Knows devices' addresses and messages, and has never heard of calls. Another transport is a module here and a line in
`_TRANSPORTS`; it runs the contract test of them all."""

from __future__ import annotations

from invitations.transports.base import (
    MAX_PAYLOAD_BYTES,
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
    """The one transport of this name.

    Raises:
        InvalidAddress: there is none.
    """
    try:
        return _TRANSPORTS[name]
    except KeyError:
        raise InvalidAddress({"transport": say("address.transport.unknown", names=", ".join(NAMES))}) from None


def host_of(address: Address) -> str:
    """What people may see of an address: never more than the host; empty where it makes no sense."""
    transport = _TRANSPORTS.get(address.transport)
    return transport.host_of(address) if transport else ""


async def close() -> None:
    """Give back what all transports hold on the running loop."""
    for each in _TRANSPORTS.values():
        await each.close()

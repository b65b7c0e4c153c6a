"""Prints rings on a developer's terminal, so that push can be tried without a push service. Only works with DEBUG."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from invitations.transports.base import (
    MAX_PAYLOAD_BYTES,
    Address,
    Effect,
    FailureCode,
    InvalidAddress,
    Message,
    Refused,
    texts,
)
from invitations.words import say


class Console:
    """The transport that prints."""

    name = "console"

    def read(self, given: Mapping[str, Any]) -> Address:
        """The one address that there is.

        Raises:
            InvalidAddress: DEBUG is off, or there is an endpoint.
        """
        return self.check(Address(self.name, **texts(given, "endpoint")))

    def check(self, address: Address) -> Address:
        """The address, reduced to its transport: nothing else in it matters.

        Raises:
            InvalidAddress: DEBUG is off, or this is another transport's address.
        """
        if address.transport != self.name or address.endpoint:
            raise InvalidAddress({"transport": say("address.console.only", name=self.name)})
        if not settings.DEBUG:
            raise InvalidAddress({"transport": say("address.console.off")})
        return Address(self.name)

    def host_of(self, address: Address) -> str:
        """The same name for every device."""
        return self.name

    def room(self, address: Address, effect: Effect) -> int:
        """As much as Web Push has, so that what is shown is what would be sent."""
        return MAX_PAYLOAD_BYTES

    async def send(self, address: Address, message: Message) -> int:
        """Print what the device would show.

        Raises:
            Refused: DEBUG is off, or the message is not the JSON expected.
        """
        try:
            self.check(address)
        except InvalidAddress as error:
            raise Refused(FailureCode.FORBIDDEN_ADDRESS, str(error)) from None
        try:
            line = _line(json.loads(message.payload))
            print(line, file=sys.stdout, flush=True)
        except (ValueError, TypeError, AttributeError, RecursionError, OSError) as error:
            raise Refused(FailureCode.UNENCRYPTABLE, f"console: {type(error).__name__}") from None
        return 201

    async def close(self) -> None:
        """Do nothing: nothing is held."""


def _line(payload: Any) -> str:
    shown = payload.get("notification") or {}
    parts = [f"[push] {payload.get('kind')}: {shown.get('title')}", shown.get("body"), payload.get("call_id")]
    # Titles are written by other people: none of their characters may control the terminal.
    text = " | ".join(str(each) for each in parts if each)
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)

"""Rings on the terminal of a developer, so that pushing can be tried without any push service. Only with DEBUG."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.conf import settings

from invitations.transports.base import Address, FailureCode, InvalidAddress, Message, Refused
from invitations.words import say


class Console:
    """The transport."""

    name = "console"

    def check(self, address: Address) -> Address:
        """The address, of which nothing but its transport matters.

        Raises:
            InvalidAddress: DEBUG is off, or this is another transport's address.
        """
        if address.transport != self.name or address.endpoint:
            raise InvalidAddress({"transport": say("address.console.only", name=self.name)})
        if not settings.DEBUG:
            raise InvalidAddress({"transport": say("address.console.off")})
        return Address(self.name)

    def host_of(self, address: Address) -> str:
        """The same for every device."""
        return self.name

    async def send(self, address: Address, message: Message) -> int:
        """Print what the device would show.

        Raises:
            Refused: DEBUG is off, or the message is not JSON as it should be.
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
        """Nothing is held."""


def _line(payload: Any) -> str:
    shown = payload.get("notification") or {}
    parts = [f"[push] {payload.get('kind')}: {shown.get('title')}", shown.get("body"), payload.get("call_id")]
    # Titles are other people's words: no character of theirs may steer the terminal.
    text = " | ".join(str(each) for each in parts if each)
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)

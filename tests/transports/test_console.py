"""Rings on the terminal: legible, harmless, and only where DEBUG is on."""

from __future__ import annotations

import json

import pytest
from pytest_django import Settings

from invitations.transports import Address, InvalidAddress, Refused, transport_named
from tests.transports.conftest import message

CONSOLE = Address("console")


async def test_title_body_call_and_kind_are_printed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEBUG = True
    await transport_named("console").send(CONSOLE, message())
    assert capsys.readouterr().out == "[push] ring: Alice | Video call | c-1\n"


async def test_words_of_others_cannot_steer_the_terminal(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEBUG = True
    payload = {"kind": "ring", "notification": {"title": "\x1b[2JAlice\r\nfake line"}, "call_id": None}
    await transport_named("console").send(CONSOLE, message(json.dumps(payload).encode()))
    printed = capsys.readouterr().out

    assert printed.count("\n") == 1
    assert "\x1b" not in printed
    assert "\r" not in printed


async def test_without_debug_it_takes_nothing(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEBUG = False
    with pytest.raises(InvalidAddress):
        transport_named("console").check(CONSOLE)
    with pytest.raises(Refused) as refused:
        await transport_named("console").send(CONSOLE, message())
    assert refused.value.code == "forbidden_address"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b'{"notification": 5}', b"\xff", b"[" * 3000])
async def test_what_is_no_message_is_refused(settings: Settings, payload: bytes) -> None:
    settings.DEBUG = True
    with pytest.raises(Refused) as refused:
        await transport_named("console").send(CONSOLE, message(payload))
    assert refused.value.code == "unencryptable"

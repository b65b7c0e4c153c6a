"""What was handed out is taken back in all processes at once, whichever of them was asked."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import pytest
import websockets

from tests.support.layout import WEB_PROCESSES, SeveralProcesses

pytestmark = [pytest.mark.server, pytest.mark.redis, pytest.mark.own_layout("always several processes")]
SOON_SECONDS = 5.0
"""Sooner than sockets look for themselves whether they may go on."""
HAND_OUT = """
import json
from django.utils import timezone
from invitations.credentials.app_tokens import issue_token
from invitations.models import User
tokens = {{}}
for name in {names!r}:
    user = User(username=name)
    user.set_unusable_password()
    user.save()
    tokens[name] = [issue_token(user, device, timezone.now(), device)[0] for device in ("phone", "tablet")]
print(json.dumps(tokens))
"""


class App:
    """An app with a token, on one device.

    Args:
        product: spoken to through its nginx only.
        token: what proves who it is.
        device_id: on which device.
    """

    def __init__(self, product: SeveralProcesses, token: str, device_id: str) -> None:
        self.device_id = device_id
        self._product = product
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        async with httpx2.AsyncClient(base_url=f"{self._product.url}/api/v1/", headers=self._headers) as client:
            return await client.request(method, path, json=body or {}, timeout=30)

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[websockets.ClientConnection]:
        """A live socket that has said hello; nginx chooses the process."""
        async with websockets.connect(self._product.live_url, additional_headers=self._headers) as connection:
            hello = {"type": "hello", "device_id": self.device_id, "label": self.device_id, "audible": True}
            await connection.send(json.dumps(hello))
            assert json.loads(await connection.recv())["type"] == "snapshot"
            yield connection


async def _closed(connection: websockets.ClientConnection) -> int | None:
    """Wait for the close; gives its code."""
    with suppress(websockets.ConnectionClosed):
        async for _ in connection:
            pass
    return connection.close_code


def _apps(product: SeveralProcesses, *names: str) -> list[tuple[App, App]]:
    """New people with a phone and a tablet each."""
    printed = product.manage("shell", "--no-imports", "--command", HAND_OUT.format(names=list(names)))
    made = json.loads(printed.splitlines()[-1])
    return [(App(product, made[name][0], "phone"), App(product, made[name][1], "tablet")) for name in names]


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "devices/phone"), ("POST", "auth/sign-out-everywhere")],
    ids=["device", "everywhere"],
)
async def test_the_sockets_of_all_processes_are_closed_at_once(
    product: SeveralProcesses, method: str, path: str
) -> None:
    ((phone, tablet),) = _apps(product, f"lost-{method}".lower())
    # As many as one device may have in each process: nginx goes from one process to the next.
    async with phone.socket() as one, phone.socket() as two, phone.socket() as three, tablet.socket() as kept:
        assert WEB_PROCESSES == 3
        assert (await tablet.ask(method, path)).status_code == 204
        answered_at = time.monotonic()
        async with asyncio.timeout(30):
            codes = await asyncio.gather(*(_closed(each) for each in (one, two, three)))
        assert codes == [4401, 4401, 4401]
        assert time.monotonic() - answered_at < SOON_SECONDS
        assert (await phone.ask("GET", "me")).status_code == 401
        await kept.send(json.dumps({"type": "sync", "calls": {}}))
        assert json.loads(await kept.recv())["type"] == "synced"


async def test_a_device_that_came_back_in_another_process_stays_in_its_call(product: SeveralProcesses) -> None:
    (caller, _), (phone, tablet) = _apps(product, "stays-caller", "stays-callee")

    async def state() -> str:
        return str((await caller.ask("GET", f"calls/{call_id}")).json()["state"])

    sent = await caller.ask("POST", "calls", {"invitees": ["stays-callee"], "is_video_call": False})
    call_id = sent.json()["call"]["call_id"]
    async with phone.socket() as before:
        answered = await phone.ask("POST", f"calls/{call_id}/accept", {"device_id": "phone"})
        assert answered.status_code == 200
        again = App(product, (await phone.ask("POST", "auth/tokens/refresh")).json()["token"], "phone")
        async with again.socket():
            # The old token ends at once, not in a minute.
            assert (await phone.ask("DELETE", "auth/token")).status_code == 204
            assert await _closed(before) == 4401
            assert await state() == "active"
            # And the new one with its device.
            assert (await tablet.ask("DELETE", "devices/phone")).status_code == 204
            states: list[str] = []
            async with asyncio.timeout(10):
                while states[-1:] != ["ended"]:
                    states.append(await state())

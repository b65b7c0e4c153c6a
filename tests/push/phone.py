"""A phone-like client: signs in by REST, registers an address at the suite's push service, decrypts what comes itself.

It knows no more of the product than docs/push.md says: what UnifiedPush gives an app is all that it uses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.support.push_receiver import Receiver
from tests.support.push_service import PushService
from tests.support.server import DEMO_PASSWORD, RunningServer

LIMIT_SECONDS = 30.0
POLL_SECONDS = 0.05


@dataclass
class Phone:
    """One user's phone.

    Args:
        rest: its client, signed in.
        receiver: what takes its push messages.
        service: where it takes them.
        device_id: its own id.
    """

    rest: httpx2.Client
    receiver: Receiver
    service: PushService
    device_id: str

    @classmethod
    def of(
        cls, username: str, server: RunningServer, service: PushService, device_id: str = "", *, push: bool = True
    ) -> Phone:
        """Sign in, subscribe and register.

        Args:
            username: of a demo user.
            server: the product.
            service: the push service.
            device_id: made of the name when omitted.
            push: register the address too.
        """
        rest = signed_in(username, server)
        key = rest.get("push/key").json()["public_key"]
        phone = cls(rest, service.subscribe(key), service, device_id or f"{username}s-phone")
        if push:
            phone.register()
        return phone

    @property
    def address(self) -> dict[str, Any]:
        """What a device's `push` is made of."""
        return {"transport": "webpush", "endpoint": self.receiver.endpoint, "keys": self.receiver.keys}

    def register(self) -> dict[str, Any]:
        """Tell the server where it is pushed to."""
        body = {"label": f"Phone {self.device_id}", "kind": "android", "push": self.address}
        answer = self.rest.put(f"devices/{self.device_id}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def send(self, *invitees: str, **fields: Any) -> dict[str, Any]:
        """Call a person."""
        body = {"invitees": list(invitees), "is_video_call": True, "device_id": self.device_id, **fields}
        answer = self.rest.post("calls", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["call"])

    def verb(self, call_id: str, verb: str, **fields: Any) -> httpx2.Response:
        """Any verb, as the signed-in user."""
        return self.rest.post(f"calls/{call_id}/{verb}", json={"device_id": self.device_id, **fields})

    def call(self, call_id: str) -> dict[str, Any]:
        """A call as it is now."""
        return dict(self.rest.get(f"calls/{call_id}").json())

    def reads(self, call_id: str, code: str, *, on: set[str]) -> None:
        """Wait until the call's timeline says this of just these devices of one's own."""
        until = time.monotonic() + LIMIT_SECONDS
        while True:
            told = self.rest.get(f"calls/{call_id}/timeline").json()["entries"]
            devices = {each["device"] for each in told if each["code"] == code}
            if devices == on:
                return
            assert time.monotonic() < until, f"{code} of {devices}, not of {on}: {told}"
            time.sleep(POLL_SECONDS)

    def hears(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Wait until so many messages of a kind were delivered and decrypted; gives the last of them."""
        self.service.wait_until(
            lambda: len(_of(kind, self.receiver.inbox)) >= count,
            LIMIT_SECONDS,
            lambda: f"{[each['kind'] for each in self.receiver.inbox]} arrived",
        )
        return _of(kind, self.receiver.inbox)[count - 1]


def signed_in(username: str, server: RunningServer) -> httpx2.Client:
    """REST as an app of one demo user."""
    answer = httpx2.post(
        f"{server.url}/api/v1/auth/token",
        json={"username": username, "password": DEMO_PASSWORD, "device_name": "test"},
        timeout=LIMIT_SECONDS,
    )
    assert answer.status_code == 201, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    return httpx2.Client(base_url=f"{server.url}/api/v1/", headers=headers, timeout=LIMIT_SECONDS)


def by_token(server: RunningServer, message: dict[str, Any], verb: str, **body: Any) -> httpx2.Response:
    """What a worker does that is signed in nowhere: act by the message's own token."""
    return httpx2.post(
        f"{server.url}/api/v1/calls/{message['call_id']}/{verb}",
        json=body,
        headers={"Authorization": f"Invitation {message['action_token']}"},
        timeout=LIMIT_SECONDS,
    )


def _of(kind: str, inbox: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in inbox if each["kind"] == kind]

"""Keys of the test's own, a push service on this machine, and transports whose connections end with the test."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from invitations.transports import Address, Effect, Message, outbound, vapid
from invitations.transports.base import to_base64url
from invitations.transports.webpush import WebPush
from tests.support.apns_service import ApnsService
from tests.support.fcm_service import FcmService
from tests.support.push_receiver import Receiver
from tests.support.push_service import PushService

PAYLOAD = b'{"kind": "ring", "call_id": "c-1", "notification": {"title": "Alice", "body": "Video call"}}'
TOPIC = "A" * 32


@pytest.fixture(autouse=True)
def signing_key(settings: Settings, tmp_path: Path) -> str:
    """The server's VAPID key; gives its public half."""
    settings.CALLINVITE_VAPID_PRIVATE_KEY = vapid.generate()
    settings.CALLINVITE_VAPID_KEY_FILE = tmp_path / "vapid-private-key"
    settings.CALLINVITE_VAPID_SUBJECT = "mailto:operator@example.org"
    return vapid.public_half(settings.CALLINVITE_VAPID_PRIVATE_KEY)


@pytest.fixture
def service(settings: Settings) -> Iterator[PushService]:
    """A push service that the operator allows."""
    with PushService() as running:
        settings.CALLINVITE_PUSH_HOSTS = [running.origin]
        yield running


@pytest.fixture
def apple(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApnsService]:
    """Apple's push service, for which the operator has a key."""
    with ApnsService(tmp_path) as running:
        _set_up(settings, running.settings)
        monkeypatch.setenv("SSL_CERT_FILE", str(running.ca_file))
        yield running


@pytest.fixture
def google(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FcmService]:
    """Google's push service, at which the operator has an account."""
    with FcmService(tmp_path) as running:
        _set_up(settings, running.settings)
        monkeypatch.setenv("SSL_CERT_FILE", str(running.ca_file))
        yield running


def _set_up(settings: Settings, names: dict[str, str]) -> None:
    for name, value in names.items():
        setattr(settings, name, value)


@pytest.fixture
async def webpush() -> AsyncIterator[WebPush]:
    transport = WebPush()
    yield transport
    await transport.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that wait for half a second instead of five."""
    monkeypatch.setattr(outbound, "SEND_SECONDS", 0.5)


def address_of(receiver: Receiver, signing_key: str = "") -> Address:
    return Address("webpush", receiver.endpoint, receiver.keys["p256dh"], receiver.keys["auth"], signing_key)


def some_address(endpoint: str) -> Address:
    """An address with good keys that nobody has the other half of."""
    return Address("webpush", endpoint, vapid.public_half(vapid.generate()), to_base64url(secrets.token_bytes(16)))


def message(payload: bytes = PAYLOAD, *, ttl_seconds: int = 60, urgency: str = "high", topic: str = TOPIC) -> Message:
    return Message(payload=payload, ttl_seconds=ttl_seconds, effect=Effect.RING, urgency=urgency, topic=topic)

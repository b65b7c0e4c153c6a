"""What admins see and do about push: devices, deliveries, ring resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from invitations import calls
from invitations.models import Delivery, Device, RingResource
from invitations.push import devices
from invitations.store import looks
from invitations.transports import Address

if TYPE_CHECKING:
    from invitations.models import User

P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
"""The receiver of RFC 8291, section 5."""
RESOURCES = "admin:invitations_ringresource_"
WAV = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0"


@pytest.fixture(autouse=True)
def _uploads(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    looks.forget()
    yield
    looks.forget()


@pytest.fixture
def phone(bob: User, now: datetime) -> Device:
    """Bob's phone, with a push address."""
    device = devices.describe(bob.pk, "phone", label="Bob's phone", kind="android", now=now)
    address = Address("webpush", "https://fcm.googleapis.com/fcm/send/secret-part", P256DH, AUTH)
    devices.set_address(device, address, origin="https://calls.example.org", credential="", now=now)
    return device


def form(**values: Any) -> dict[str, Any]:
    return {"resource_id": "gentle", "name": "Gentle", "vibration": "[200, 100]", "accent": "#1a73e8", **values}


def added(admin_site: Client, **values: Any) -> dict[str, list[str]]:
    """Add a resource by the form; gives its errors."""
    answer = admin_site.post(reverse(f"{RESOURCES}add"), form(**values))
    return {} if answer.status_code == 302 else dict(answer.context["adminform"].form.errors)


def test_a_devices_page_shows_the_host_and_never_the_address(admin_site: Client, phone: Device) -> None:
    page = admin_site.get(reverse("admin:invitations_device_change", args=[phone.pk])).content.decode()
    assert "fcm.googleapis.com" in page
    assert "secret-part" not in page


def test_an_admin_rings_a_device_for_a_test(admin_site: Client, phone: Device) -> None:
    choice = {"action": "ring_for_a_test", "_selected_action": [phone.pk]}
    page = admin_site.post(reverse("admin:invitations_device_changelist"), choice, follow=True)
    assert "1 test ring is on its way." in page.content.decode()
    assert Delivery.objects.get().kind == "test"


def test_a_device_without_an_address_cannot_be_rung_for_a_test(admin_site: Client, phone: Device) -> None:
    choice = {"_selected_action": [phone.pk]}
    place = reverse("admin:invitations_device_changelist")
    assert "1 push address removed." in admin_site.post(
        place, {**choice, "action": "remove_addresses"}, follow=True
    ).content.decode(encoding="utf-8")
    page = admin_site.post(place, {**choice, "action": "ring_for_a_test"}, follow=True).content.decode()
    assert "has no working push address." in page
    assert not Delivery.objects.exists()


def test_a_calls_page_tells_what_was_sent(
    admin_site: Client, phone: Device, ring: Callable[..., calls.CallSheet], alice: User, bob: User
) -> None:
    call = ring(alice, bob).call
    page = admin_site.get(reverse("admin:invitations_call_change", args=[call.pk])).content.decode()
    assert "A ring is on its way to Bob&#x27;s phone." in page
    assert "delivery.pending" in page


def test_a_resource_with_a_ringtone_is_served_and_used_at_once(
    admin_site: Client, client: Client, ring: Callable[..., calls.CallSheet], alice: User, bob: User, now: datetime
) -> None:
    assert added(admin_site, ringtone=SimpleUploadedFile("Ding dong.WAV", WAV), is_default="on") == {}
    look = looks.look_of(None)
    assert look.ringtone_url is not None
    answer = client.get(look.ringtone_url)
    assert b"".join(answer.streaming_content) == WAV  # type: ignore[attr-defined]
    assert answer["Content-Type"].startswith("audio/")
    assert "immutable" in answer["Cache-Control"]
    assert look.vibration == (200, 100)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vibration", "[1, -1]"),
        ("vibration", '{"on": 200}'),
        ("vibration", "[20000]"),
        ("accent", "red"),
        ("title_template", "{caller.password}"),
        ("message_template", "{0}"),
    ],
)
def test_what_no_device_could_use_is_refused(admin_site: Client, field: str, value: str) -> None:
    assert list(added(admin_site, **{field: value})) == [field]
    assert not RingResource.objects.exists()


@pytest.mark.parametrize("name", ["evil.svg", "evil.html", "noextension"])
def test_files_that_could_run_in_the_page_are_refused(admin_site: Client, name: str) -> None:
    assert list(added(admin_site, icon=SimpleUploadedFile(name, b"<svg/>"))) == ["icon"]


def test_a_file_that_is_too_large_is_refused(admin_site: Client) -> None:
    large = SimpleUploadedFile("a.mp3", bytes(2 * 1024 * 1024 + 1))
    assert added(admin_site, ringtone=large) == {"ringtone": ["The file is larger than 2 MiB."]}


def test_there_is_one_default(admin_site: Client) -> None:
    assert added(admin_site, is_default="on") == {}
    errors = added(admin_site, resource_id="other", is_default="on")
    assert errors == {"__all__": ["Another resource is the default. Remove its mark first."]}


def test_a_deleted_resource_leaves_the_plain_look(admin_site: Client) -> None:
    added(admin_site, is_default="on")
    assert looks.look_of("gentle").accent == "#1a73e8"
    place = reverse(f"{RESOURCES}delete", args=[RingResource.objects.get().pk])
    admin_site.post(place, {"post": "yes"})
    assert looks.look_of("gentle") == looks.PLAIN


@pytest.mark.parametrize("name", ["../callinvite.sqlite3", "..%2Fsecret-key", "a.wav", f"{'0' * 32}.svg"])
def test_nothing_else_is_served_from_the_uploads(client: Client, db: None, name: str) -> None:
    assert client.get(f"/uploads/ring-resources/{name}").status_code == 404

"""What admins see and do about push: devices, deliveries, ring resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, TestCase
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
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
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
    return {"resource_id": "gentle", "name": "Gentle", "vibration": "200, 100", "accent": "#1a73e8", **values}


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
    # It rings on pages of other sites, too.
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert look.vibration == (200, 100)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vibration", "1, -1"),
        ("vibration", "on, off"),
        ("vibration", "1.5"),
        ("vibration", "20000"),
        ("vibration", ", ".join(["1"] * 21)),
        ("resource_id", "two words"),
        ("resource_id", "tab\tle"),
        ("resource_id", "\u00e9mile"),
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


@pytest.mark.parametrize(
    ("field", "name", "contents"),
    [
        ("ringtone", "page.mp3", b"<html><script>alert(1)</script></html>"),
        ("ringtone", "picture.wav", b"RIFF\0\0\0\0WEBPVP8 "),
        ("ringtone", "short.ogg", b"Og"),
        ("icon", "page.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("icon", "sound.webp", WAV),
        ("badge", "other.jpg", PNG),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    admin_site: Client, field: str, name: str, contents: bytes
) -> None:
    errors = added(admin_site, **{field: SimpleUploadedFile(name, contents)})
    assert errors == {field: ["The file isn't what its name says, so no device could use it."]}


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("a.mp3", b"ID3\x04" + bytes(20)),
        ("a.mp3", b"\xff\xfb\x90\x64" + bytes(20)),
        ("a.ogg", b"OggS" + bytes(20)),
        ("a.opus", b"OggS" + bytes(20)),
        ("a.wav", WAV),
        ("a.m4a", b"\0\0\0\x20ftypM4A " + bytes(20)),
        ("a.aac", b"\xff\xf1\x50\x80" + bytes(20)),
        ("a.webm", b"\x1a\x45\xdf\xa3" + bytes(20)),
    ],
)
def test_sounds_of_every_kind_are_taken_whole(admin_site: Client, name: str, contents: bytes) -> None:
    assert added(admin_site, ringtone=SimpleUploadedFile(name, contents)) == {}
    assert Path(RingResource.objects.get().ringtone.path).read_bytes() == contents


def test_an_id_that_differs_in_capitals_alone_is_taken(admin_site: Client) -> None:
    assert added(admin_site) == {}
    for again in ("gentle", "Gentle"):
        assert added(admin_site, resource_id=again) == {"resource_id": ["Another resource has this ID."]}


def change(admin_site: Client, **values: Any) -> Any:
    page = reverse(f"{RESOURCES}change", args=[RingResource.objects.get().pk])
    with TestCase.captureOnCommitCallbacks(execute=True):
        return admin_site.post(page, form(**values))


def test_an_emptied_vibration_is_the_devices_own(admin_site: Client, api_as: Callable[[User], Any], bob: User) -> None:
    added(admin_site, is_default="on")
    assert change(admin_site, vibration="", is_default="on").status_code == 302
    assert RingResource.objects.get().vibration == []
    assert api_as(bob).get("/api/v1/resources").json()["results"][0]["vibration"] == []


def test_a_resources_page_says_what_files_may_be_and_plays_what_is_stored(admin_site: Client) -> None:
    added(admin_site, ringtone=SimpleUploadedFile("a.wav", WAV), icon=SimpleUploadedFile("a.png", PNG))
    stored = RingResource.objects.get()
    page = admin_site.get(reverse(f"{RESOURCES}change", args=[stored.pk])).text
    assert "up to 2 MiB and a minute: mp3, ogg, " in page
    assert 'accept=".mp3,.ogg,' in page
    assert f'<audio controls preload="none" src="{stored.ringtone.url}">' in page
    assert f'alt="icon" src="{stored.icon.url}"' in page
    assert 'name="vibration" value="200, 100"' in page


def test_files_that_are_replaced_taken_off_or_deleted_with_their_resource_are_gone(
    admin_site: Client, tmp_path: Path
) -> None:
    def stored() -> set[str]:
        return {f"ring-resources/{each.name}" for each in (tmp_path / "ring-resources").iterdir()}

    added(admin_site, ringtone=SimpleUploadedFile("a.wav", WAV), icon=SimpleUploadedFile("a.png", PNG))
    first = RingResource.objects.get()
    change(admin_site, ringtone=SimpleUploadedFile("b.wav", WAV))
    second = RingResource.objects.get()
    assert first.ringtone.name != second.ringtone.name
    assert stored() == {second.ringtone.name, second.icon.name}
    change(admin_site, **{"icon-clear": "on"})
    assert stored() == {second.ringtone.name}
    listing = {"action": "delete_selected", "_selected_action": [second.pk], "post": "yes"}
    with TestCase.captureOnCommitCallbacks(execute=True):
        admin_site.post(reverse(f"{RESOURCES}changelist"), listing)
    assert stored() == set()


def test_a_resource_whose_file_was_lost_can_be_mended(admin_site: Client) -> None:
    added(admin_site, ringtone=SimpleUploadedFile("a.wav", WAV))
    Path(RingResource.objects.get().ringtone.path).unlink()
    assert change(admin_site, name="Still here").status_code == 302


@pytest.mark.parametrize(
    ("asked", "status", "part", "said"),
    [
        ("bytes=0-3", 206, slice(0, 4), "bytes 0-3/44"),
        ("bytes=4-", 206, slice(4, None), "bytes 4-43/44"),
        ("bytes=-4", 206, slice(-4, None), "bytes 40-43/44"),
        ("bytes=-99", 206, slice(0, None), "bytes 0-43/44"),
        ("bytes=40-999", 206, slice(40, None), "bytes 40-43/44"),
        ("bytes=44-", 416, slice(0, 0), "bytes */44"),
        ("bytes=-0", 416, slice(0, 0), "bytes */44"),
        ("bytes=4-2", 416, slice(0, 0), "bytes */44"),
        ("bytes=0-1,4-5", 200, slice(0, None), None),
        ("pages=1-2", 200, slice(0, None), None),
    ],
)
def test_a_ringtone_comes_in_the_parts_that_a_player_asks_for(
    admin_site: Client, client: Client, asked: str, status: int, part: slice, said: str | None
) -> None:
    added(admin_site, ringtone=SimpleUploadedFile("a.wav", WAV))
    address = RingResource.objects.get().ringtone.url
    answer = client.get(address, headers={"Range": asked})
    assert (answer.status_code, answer.headers.get("Content-Range")) == (status, said)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.getvalue() == WAV[part]
    whole = client.get(address, headers={"Range": asked, "If-Range": '"another"'})
    assert (whole.status_code, whole.getvalue()) == (200, WAV)


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

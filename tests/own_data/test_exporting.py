"""`GET /me/export`: what the copy has, what it must not have, and its bounds."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache

from invitations import calls, contacts
from invitations.models import CallingPreferences, Device, User
from invitations.own_data import exporting
from invitations.requests.copies import TooSlow
from invitations.requests.throttles import EXPORT_HELD_SECONDS
from tests.own_data.conftest import API, acting, later
from tests.support.tables import old_rings

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings
    from rest_framework.test import APIClient

    As = Callable[[User], APIClient]

EXPORT = f"{API}me/export"
SECRET = ("push_endpoint", "ntfy.sh/up", "p256dh", "digest-", "credential", "right-horse", "pbkdf2", "md5$")


def opened(answer: Any) -> dict[str, Any]:
    """The files of a copy: JSON as it is, text as text."""
    return opened_bytes(b"".join(answer.streaming_content))


def opened_bytes(content: bytes) -> dict[str, Any]:
    """The same, of a copy as it was received."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        texts = {each: archive.read(each).decode() for each in archive.namelist()}
    return {name: json.loads(text) if name.endswith(".json") else text for name, text in texts.items()}


def close(answer: Any) -> None:
    """What a server does at the end of an answer, but for the signal at which Django closes the test's database."""
    for each in answer._resource_closers:
        each()


@pytest.fixture(params=["session", "token"])
def signed_in(request: pytest.FixtureRequest, api_as: As, app_of: As, alice: User) -> APIClient:
    """Alice in a browser, and in an app."""
    return api_as(alice) if request.param == "session" else app_of(alice)


def test_a_copy_has_profile_devices_and_calls(
    signed_in: APIClient,
    ring: Callable[..., calls.CallSheet],
    phone_of: Callable[..., Device],
    alice: User,
    bob: User,
    now: datetime,
) -> None:
    User.objects.filter(pk=alice.pk).update(email="alice@wonderland.example")
    phone_of(alice)
    phone_of(bob)
    sheet = ring(bob, alice, notification_message="Tea?", at=later(now, -9))
    calls.reject(sheet.call.call_id, by=acting(alice), custom_data="Later", now=later(now, -5))
    answer = signed_in.get(EXPORT)
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "application/zip", "no-store")
    assert answer["Content-Disposition"] == f'attachment; filename="callinvite-alice-{now:%Y-%m-%d}.zip"'
    assert "ETag" not in answer
    files = opened(answer)
    assert list(files) == [
        "README.txt",
        "profile.json",
        "contacts.json",
        "blocks.json",
        "blocked_calls.json",
        "devices.json",
        "sign_ins.json",
        "calls.json",
    ]
    assert (files["profile.json"]["id"], files["profile.json"]["name"]) == ("alice", "Alice")
    assert files["profile.json"]["email"] == "alice@wonderland.example"
    named = [each for each in files["devices.json"] if each["device_id"] == "phone"]
    assert [each["push"] for each in named] == [{"transport": "webpush", "host": "ntfy.sh"}]
    (call,) = files["calls.json"]
    assert (call["caller"]["id"], call["sender_message"]) == ("bob", "Tea?")
    assert call["invitations"][0]["custom_data"] == "Later"
    shown = signed_in.get(f"{API}calls").json()["results"][0]
    moving = ("server_time", "remaining_ms")
    assert {k: v for k, v in call.items() if k not in moving} == {k: v for k, v in shown.items() if k not in moving}
    text = json.dumps(files)
    assert [each for each in SECRET if each in text] == []
    assert "Bob's phone" not in text


def test_a_copy_has_what_somebody_has_settled_and_nothing_of_what_others_have(
    api_as: As, alice: User, bob: User, carol: User, mallory: User, now: datetime
) -> None:
    contacts.ask(alice, bob, message="We met", now=now)
    contacts.accept(bob, alice, now=now)
    contacts.set_favourite(alice.pk, bob, True, now=now)
    contacts.ask(carol, alice, message="Hello", now=now)
    contacts.remove(alice, carol, now=now)
    contacts.block(alice.pk, mallory, now=now)
    contacts.block(carol.pk, alice, now=now)
    contacts.settle(
        alice, {"rings_from": "contacts", "let_through": ["favourites"], "time_zone": "Asia/Tokyo"}, now=now
    )
    files = opened(api_as(alice).get(EXPORT))
    rows = [(each["user"]["id"], each["state"], each["favourite"]) for each in files["contacts.json"]]
    assert rows == [("bob", "contact", True), ("carol", "turned_down", False)]
    assert [each["user"]["id"] for each in files["blocks.json"]] == ["mallory"]
    profile = files["profile.json"]
    assert (profile["rings_from"], profile["let_through"], profile["time_zone"]) == (
        "contacts",
        ["favourites"],
        "Asia/Tokyo",
    )
    theirs = opened(api_as(mallory).get(EXPORT))
    assert "alice" not in json.dumps([theirs["contacts.json"], theirs["blocks.json"]])


def test_readme_explains_each_file(api_as: As, alice: User) -> None:
    files = opened(api_as(alice).get(EXPORT))
    for name in files:
        assert name == "README.txt" or name in files["README.txt"]
    assert "my_data." not in files["README.txt"]


def test_calls_are_those_of_the_history_only(
    api_as: As, ring: Callable[..., calls.CallSheet], alice: User, bob: User, carol: User, now: datetime
) -> None:
    ring(bob, carol, at=later(now, -100))
    at_once = ring(carol, alice, at=later(now, -2)).call.call_id
    calls.cancel(at_once, by=acting(carol), now=later(now, -1))
    assert opened(api_as(alice).get(EXPORT))["calls.json"] == []


def test_a_long_history_is_read_page_by_page(
    api_as: As,
    alice: User,
    bob: User,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(exporting, "PAGE", 10)
    monkeypatch.setattr(exporting, "CHUNK_BYTES", 100)
    # Several at the same moment, over the border of a page.
    old_rings(bob, [(alice, later(now, -3600 - number // 4)) for number in range(45)])
    answer: Any = api_as(alice).get(EXPORT)
    pieces = answer.streaming_content
    with django_assert_max_num_queries(12):
        begun = [next(pieces), next(pieces)]
    # What begins meanwhile shifts nothing.
    calls.send(by=acting(bob), invitees=["alice"], is_video_call=False, now=now)
    files = opened_bytes(b"".join([*begun, *pieces]))
    ids = [each["call_id"] for each in files["calls.json"] if each["call_id"].startswith("old-")]
    assert len(set(ids)) == len(ids) == 45
    moments = [each["created_at"] for each in files["calls.json"]]
    assert moments == sorted(moments, reverse=True)


def test_one_is_made_at_a_time(api_as: As, app_of: As, alice: User, bob: User) -> None:
    first = api_as(alice).get(EXPORT)
    for other in (api_as(alice), app_of(alice)):
        refused = other.get(EXPORT)
        assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
        assert refused["Retry-After"] == str(EXPORT_HELD_SECONDS)
    assert api_as(bob).get(EXPORT).status_code == 200
    assert opened(first)
    assert api_as(alice).get(EXPORT).status_code == 200


def test_one_that_is_broken_off_leaves_its_place(api_as: As, alice: User) -> None:
    browser, other = api_as(alice), api_as(alice)
    broken_off: Any = browser.get(EXPORT)
    assert next(broken_off.streaming_content)
    assert other.get(EXPORT).status_code == 429
    close(broken_off)
    second = other.get(EXPORT)
    assert second.status_code == 200
    assert browser.get(EXPORT).status_code == 429
    assert opened(second)


def test_one_whose_place_ran_out_does_not_take_the_next_ones(api_as: As, alice: User) -> None:
    first = api_as(alice).get(EXPORT)
    cache.delete(f"export:{alice.pk}")
    second = api_as(alice).get(EXPORT)
    assert opened(first)
    assert api_as(alice).get(EXPORT).status_code == 429
    assert opened(second)


def test_only_so_many_are_made_in_an_hour(api_as: As, alice: User, bob: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "exports_per_hour": 2}
    browser = api_as(alice)
    for _ in range(2):
        assert opened(browser.get(EXPORT))
    refused = browser.get(EXPORT)
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert opened(api_as(bob).get(EXPORT))


def test_one_that_is_fetched_too_slowly_is_broken_off(
    api_as: As, alice: User, bob: User, now: datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "export_seconds": 0}
    monkeypatch.setattr(exporting, "CHUNK_BYTES", 100)
    old_rings(bob, [(alice, later(now, -3600 - number)) for number in range(20)])
    with pytest.raises(TooSlow):
        opened(api_as(alice).get(EXPORT))


def test_it_is_written_in_the_audit_log(api_as: As, alice: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "invitations.audit")
    opened(api_as(alice).get(EXPORT))
    assert f"data-exported user={alice.pk} address=127.0.0.1 path=/api/v1/me/export" in caplog.messages


def test_strangers_get_none_and_other_media_types_are_refused(
    anonymous_api: APIClient, api_as: As, alice: User
) -> None:
    assert anonymous_api.get(EXPORT).status_code == 401
    browser = api_as(alice)
    assert browser.get(EXPORT, headers={"Accept": "image/png"}).status_code == 406
    assert browser.head(EXPORT).status_code == 405
    assert browser.get(EXPORT, headers={"Accept": "application/zip"}).status_code == 200


def test_somebody_without_preferences_and_calls_gets_one_too(api_as: As, alice: User) -> None:
    CallingPreferences.objects.all().delete()
    files = opened(api_as(alice).get(EXPORT))
    assert (files["profile.json"]["name"], files["devices.json"], files["calls.json"]) == ("alice", [], [])

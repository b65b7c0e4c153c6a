"""Phones at Apple's and Google's push services: how apps register them, and what they hear of a call, for real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.checks import run_checks
from django.db import connections
from pytest_django import Settings
from rest_framework.test import APIClient

from invitations import calls, transports
from invitations.dispatcher.post import Post
from invitations.models import Delivery, Device, User
from invitations.push import devices, reachability
from invitations.transports import registry
from tests.dispatcher.stub_transport import StubTransport
from tests.push.conftest import acting
from tests.support.apns_service import Answer, ApnsService
from tests.support.fcm_service import FcmService

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1/devices/bobs-phone"


@pytest.fixture
def apple(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApnsService]:
    with ApnsService(tmp_path) as running:
        for name, value in running.settings.items():
            setattr(settings, name, value)
        monkeypatch.setenv("SSL_CERT_FILE", str(running.ca_file))
        yield running


@pytest.fixture
def google(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FcmService]:
    with FcmService(tmp_path) as running:
        for name, value in running.settings.items():
            setattr(settings, name, value)
        monkeypatch.setenv("SSL_CERT_FILE", str(running.ca_file))
        yield running


@pytest.fixture
def put(api_as: Callable[[User], APIClient], bob: User) -> Callable[[dict[str, Any]], Any]:
    def register(push: dict[str, Any], kind: str = "ios") -> Any:
        return api_as(bob).put(API, {"kind": kind, "push": push}, format="json")

    return register


def delivered(until: Callable[[], bool]) -> None:
    """Run the post until something is so."""

    async def run() -> None:
        post = Post()
        running = asyncio.create_task(post.run())
        try:
            async with asyncio.timeout(20):
                while not await asyncio.to_thread(_asked, until):
                    await asyncio.sleep(0.02)
        finally:
            post.stop()
            await running
            await sync_to_async(connections.close_all)()

    asyncio.run(run())


def _asked(until: Callable[[], bool]) -> bool:
    """In a thread of its own, which takes its connection along."""
    try:
        return until()
    finally:
        connections.close_all()


def settled() -> bool:
    return not Delivery.objects.filter(state="pending").exists()


def test_an_iphone_is_rung_by_a_voip_push_and_told_of_the_end_by_another_one(
    put: Callable[..., Any], apple: ApnsService, alice: User, bob: User, now: Any
) -> None:
    phone = apple.phone()
    answer = put(phone.address())
    assert (answer.status_code, answer.json()["push"]) == (200, {"transport": "apns", "host": "127.0.0.1"})
    assert answer.json()["health"] == "ok"
    assert phone.token not in answer.text

    calls.send(by=acting(alice, "desk"), invitees=["bob"], is_video_call=True, call_id="c1", now=now)
    delivered(settled)
    request, ring = phone.hears("ring")
    assert request.headers["apns-push-type"] == "voip"
    [kept] = Delivery.objects.all()
    assert int(request.headers["apns-expiration"]) == int(kept.expires_at.timestamp())
    assert ring["call_id"] == "c1"
    assert ring["action_token"] not in request.body.decode()

    calls.cancel("c1", by=acting(alice, "desk"), now=now)
    delivered(settled)
    request, stop = phone.hears("stop")
    assert (request.token, request.headers["apns-push-type"]) == (phone.alert_token, "alert")
    assert request.payload["aps"]["alert"] == {"body": "Missed call"}
    assert stop["reason"] == "cancelled"
    assert apple.violations == []


def test_an_iphone_without_the_other_token_hears_no_end(
    put: Callable[..., Any], apple: ApnsService, alice: User, now: Any
) -> None:
    phone = apple.phone()
    put(phone.address(alerts=False))
    calls.send(by=acting(alice, "desk"), invitees=["bob"], is_video_call=True, call_id="c1", now=now)
    delivered(settled)
    calls.cancel("c1", by=acting(alice, "desk"), now=now)
    delivered(settled)

    assert [each.headers["apns-push-type"] for each in apple.messages] == ["voip"]
    assert list(Delivery.objects.order_by("pk").values_list("kind", "state", "code")) == [
        ("ring", "sent", ""),
        ("stop", "dropped", "no_alert_token"),
    ]


def test_custom_data_goes_first_where_an_iphone_has_less_room(
    put: Callable[..., Any], apple: ApnsService, alice: User, now: Any
) -> None:
    phone = apple.phone()
    put(phone.address())
    data = "x" * 3150
    calls.send(by=acting(alice, "desk"), invitees=["bob"], is_video_call=True, custom_data=data, call_id="c1", now=now)
    delivered(settled)
    _, ring = phone.hears("ring")
    assert (ring["custom_data"], ring["custom_data_omitted"]) == ("", True)


@pytest.mark.parametrize("by", ["token", "fid"])
def test_an_android_phone_is_rung_by_a_data_message(
    put: Callable[..., Any], google: FcmService, alice: User, now: Any, by: str
) -> None:
    phone = google.phone()
    assert put(phone.address(by), "android").status_code == 200

    calls.send(by=acting(alice, "desk"), invitees=["bob"], is_video_call=False, call_id="c1", now=now)
    delivered(settled)
    request, ring = phone.hears("ring")
    assert ring["call_id"] == "c1"
    assert 50 < int(request.message["android"]["ttl"].removesuffix("s")) <= 60
    assert google.violations == []


def test_an_iphone_whose_token_for_alerts_is_gone_still_rings(
    put: Callable[..., Any], apple: ApnsService, alice: User, bob: User, now: Any
) -> None:
    put(apple.phone().address())
    calls.send(by=acting(alice, "desk"), invitees=["bob"], is_video_call=True, call_id="c1", now=now)
    delivered(settled)
    apple.answer(Answer(410, "Unregistered"))
    calls.cancel("c1", by=acting(alice, "desk"), now=now)
    delivered(settled)
    assert list(Delivery.objects.order_by("pk").values_list("kind", "state")) == [("ring", "sent"), ("stop", "failed")]
    assert Device.objects.get(device_id="bobs-phone").push_disabled_reason == ""


def test_an_iphone_that_apple_forgot_is_lost_and_its_owner_reads_so(
    put: Callable[..., Any], apple: ApnsService, alice: User, bob: User, now: Any
) -> None:
    phone = apple.phone()
    put(phone.address())
    apple.forget(phone)
    calls.send(by=acting(alice, "desk"), invitees=["bob"], is_video_call=True, now=now)
    delivered(settled)

    assert Device.objects.get(device_id="bobs-phone").push_disabled_reason == "gone"
    [way] = reachability.look(bob.pk, now=now).ways
    assert way.reach == reachability.Reach.LOST


def test_a_token_belongs_to_one_device_and_goes_with_it(
    put: Callable[..., Any], api_as: Callable[[User], APIClient], apple: ApnsService, alice: User
) -> None:
    address = apple.phone().address()
    put(address)
    second = address | {"token": address["token"].upper()}
    assert api_as(alice).put("/api/v1/devices/hers", {"kind": "ios", "push": second}, format="json").status_code == 200

    his, hers = Device.objects.get(device_id="bobs-phone"), Device.objects.get(device_id="hers")
    assert (his.push_digest, his.push_alert_token) == (None, "")
    assert hers.push_alert_token == address["alert_token"]
    devices.remove_address(hers)
    assert Device.objects.get(device_id="hers").push_alert_token == ""


@pytest.mark.parametrize("transport", ["apns", "fcm"])
def test_a_server_that_is_not_set_up_for_it_says_so(put: Callable[..., Any], transport: str) -> None:
    answer = put({"transport": transport, "token": "ab" * 32, "keys": {"p256dh": "A", "auth": "A"}})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert f"isn't set up to send by `{transport}`" in json.dumps(answer.json()["errors"])


class Pigeon(StubTransport):
    """A transport of another program."""

    name = "pigeon"


class Nameless:
    """No transport."""


def test_other_programs_add_transports(put: Callable[..., Any], settings: Settings) -> None:
    settings.CALLINVITE_TRANSPORTS = [
        f"{__name__}.Pigeon",
        f"{__name__}.Nameless",
        "nowhere.Transport",
        "invitations.transports.webpush.WebPush",
    ]

    assert put({"transport": "pigeon", "endpoint": "https://loft/7"}, "other").json()["push"]["transport"] == "pigeon"
    assert isinstance(transports.transport_named("pigeon"), Pigeon)
    told = [each.msg for each in run_checks() if each.id == "callinvite.E023"]
    assert [
        any(words in each for each in told) for words in ("has no name", "No module named", "called `webpush`")
    ] == [True] * 3
    assert len(registry.found().problems) == 3


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"CALLINVITE_APNS_KEY_FILE": "/nowhere"}, "cannot be read"),
        ({"CALLINVITE_APNS_KEY_FILE": __file__}, "no private key on P-256"),
        ({"CALLINVITE_APNS_KEY_ID": "short"}, "10 capital letters"),
        ({"CALLINVITE_APNS_TOPIC": "org.example.calls.voip"}, "without .voip"),
        ({"CALLINVITE_APNS_URL": "http://api.push.apple.com"}, "https origin"),
        ({"CALLINVITE_APNS_KEY_FILE": ""}, "KEY_FILE is not"),
        ({}, ""),
    ],
)
def test_settings_for_apple_that_cannot_work_are_found_before_the_first_call(
    apple: ApnsService, settings: Settings, changed: dict[str, str], told: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    found = [each.msg for each in run_checks() if each.id == "callinvite.E021"]
    assert len(found) == bool(told)
    assert all(told in each for each in found)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"CALLINVITE_FCM_CREDENTIALS_FILE": "/nowhere"}, "cannot be read"),
        ({"CALLINVITE_FCM_CREDENTIALS_FILE": __file__}, "no key file"),
        ({"CALLINVITE_FCM_URL": "fcm.googleapis.com"}, "https origin"),
        ({}, ""),
    ],
)
def test_settings_for_google_that_cannot_work_are_found_before_the_first_call(
    google: FcmService, settings: Settings, changed: dict[str, str], told: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    found = [each.msg for each in run_checks() if each.id == "callinvite.E022"]
    assert len(found) == bool(told)
    assert all(told in each for each in found)

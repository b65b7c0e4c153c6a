"""Devices and their push addresses through REST: registered, checked, moved, renewed, and taken away."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone
from pytest_django import Settings

from invitations.models import Device, DisabledReason
from invitations.push import devices
from invitations.transports import vapid
from tests.api.conftest import Rest, RestOf, problem_of

if TYPE_CHECKING:
    from invitations.models import User

pytestmark = pytest.mark.django_db
ENDPOINT = "https://fcm.googleapis.com/fcm/send/bobs-phone"


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def a_point() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


POINT = a_point()
OFF_THE_CURVE = POINT[:-1] + bytes([POINT[-1] ^ 1])


def push(endpoint: str = ENDPOINT, **keys: str) -> dict[str, Any]:
    """An address as a browser or an app gives it."""
    made = {"p256dh": base64url(POINT), "auth": base64url(b"0123456789abcdef"), **keys}
    return {"transport": "webpush", "endpoint": endpoint, "keys": made}


def registered(rest: Rest, device_id: str = "phone", address: dict[str, Any] | None = None) -> dict[str, Any]:
    """Register a device with an address; gives the answer."""
    answer = rest.put(f"devices/{device_id}", {"label": "Phone", "kind": "android", "push": address or push()})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.CALLINVITE_VAPID_PRIVATE_KEY = vapid.generate()


# --- registering ------------------------------------------------------------------------------------------------------
def test_a_registered_device_shows_its_host_and_its_health_and_never_its_address(rest: RestOf, bob: User) -> None:
    answer = registered(rest(bob))
    assert (answer["push"], answer["health"]) == ({"transport": "webpush", "host": "fcm.googleapis.com"}, "ok")
    assert (answer["disabled_reason"], answer["disabled_since"]) == (None, None)
    read = rest(bob).get("devices/phone").json()
    assert {**read, "renewal_token": answer["renewal_token"]} == answer
    for secret in ("bobs-phone", base64url(POINT), base64url(b"0123456789abcdef")):
        assert secret not in rest(bob).get("devices").content.decode()


def test_describing_a_device_leaves_its_address_and_null_takes_it(rest: RestOf, bob: User) -> None:
    registered(rest(bob))
    renamed = rest(bob).put("devices/phone", {"label": "Bob's", "kind": "ios"}).json()
    assert (renamed["label"], renamed["kind"], renamed["health"]) == ("Bob's", "ios", "ok")
    kept = rest(bob).put("devices/phone", {"kind": "ios"}).json()
    assert (kept["label"], kept["health"]) == ("Bob's", "ok")
    taken = rest(bob).put("devices/phone", {"kind": "ios", "push": None}).json()
    assert (taken["push"], taken["health"]) == (None, "no_address")


def test_a_device_has_one_address_at_a_time(rest: RestOf, bob: User) -> None:
    registered(rest(bob))
    registered(rest(bob), address=push("https://ntfy.sh/upBob?up=1"))
    device = Device.objects.get()
    assert (device.push_endpoint, device.user) == ("https://ntfy.sh/upBob?up=1", bob)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"p256dh": base64url(OFF_THE_CURVE)}, "point on P-256"),
        ({"p256dh": base64url(POINT[:-1])}, "point on P-256"),
        ({"p256dh": base64url(POINT + b"x")}, "point on P-256"),
        ({"p256dh": "not base64!"}, "point on P-256"),
        ({"p256dh": ""}, "p256dh"),
        ({"auth": base64url(b"0123456789abcde")}, "16 bytes"),
        ({"auth": base64url(b"0123456789abcdefg")}, "16 bytes"),
        ({"auth": "?" * 22}, "16 bytes"),
        ({"auth": ""}, "auth"),
    ],
)
def test_keys_that_do_not_serve_are_refused_and_nothing_is_stored(
    rest: RestOf, bob: User, keys: dict[str, str], words: str
) -> None:
    answer = rest(bob).put("devices/phone", {"label": "Phone", "kind": "android", "push": push(**keys)})
    assert problem_of(answer) == (400, "invalid")
    assert words in str(answer.json()["errors"]["push"])
    assert not Device.objects.exists()


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1/x", "https://fcm.googleapis.com@127.0.0.1/x", "no address"])
def test_endpoints_that_lead_elsewhere_are_refused(rest: RestOf, bob: User, endpoint: str) -> None:
    # That every hostile one is refused is the transport's to prove; here, that its refusal becomes a problem.
    answer = rest(bob).put("devices/phone", {"label": "Phone", "kind": "android", "push": push(endpoint)})
    assert problem_of(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["push"]
    assert not Device.objects.exists()


@pytest.mark.parametrize("origin", ["http://127.0.0.1:9000", "https://push.internal:8443"])
def test_a_place_of_ones_own_is_allowed_only_by_the_setting(
    rest: RestOf, bob: User, settings: Settings, origin: str
) -> None:
    address = push(f"{origin}/wpush/1")
    body = {"label": "Phone", "kind": "android", "push": address}
    assert problem_of(rest(bob).put("devices/phone", body)) == (400, "invalid")
    settings.CALLINVITE_PUSH_HOSTS = (origin,)
    assert rest(bob).put("devices/phone", body).json()["health"] == "ok"
    assert problem_of(rest(bob).put("devices/other", {**body, "push": push()})) == (400, "invalid")


def test_a_key_that_the_server_does_not_have_is_refused(rest: RestOf, bob: User) -> None:
    body = {"label": "Phone", "kind": "android", "push": {**push(), "public_key": base64url(a_point())}}
    answer = rest(bob).put("devices/phone", body)
    assert problem_of(answer) == (400, "invalid")
    assert "Subscribe again" in str(answer.json()["errors"]["push"])
    current = {**push(), "public_key": rest(bob).get("push/key").json()["public_key"]}
    assert rest(bob).put("devices/phone", {**body, "push": current}).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        *["webpush", [], 5, {}],
        {"transport": "pigeon", "endpoint": ENDPOINT, "keys": {}},
        {"transport": "webpush", "keys": {"p256dh": base64url(POINT), "auth": base64url(b"0123456789abcdef")}},
        {"transport": "webpush", "endpoint": ENDPOINT},
        {"transport": "webpush", "endpoint": ENDPOINT, "keys": "x"},
        {"transport": "webpush", "endpoint": 7, "keys": {}},
    ],
)
def test_what_is_no_address_is_refused(rest: RestOf, bob: User, wrong: Any) -> None:
    answer = rest(bob).put("devices/phone", {"label": "Phone", "kind": "android", "push": wrong})
    assert problem_of(answer) == (400, "invalid")
    assert not Device.objects.exists()


# --- who has it -------------------------------------------------------------------------------------------------------
def test_an_address_moves_to_the_account_that_registers_it(rest: RestOf, alice: User, bob: User) -> None:
    registered(rest(alice), "shared-browser")
    registered(rest(bob), "shared-browser")
    assert rest(alice).get("devices/shared-browser").json()["health"] == "no_address"
    assert rest(bob).get("devices/shared-browser").json()["health"] == "ok"
    assert Device.objects.reachable().get().user == bob


def test_an_address_moves_within_an_account_too(rest: RestOf, bob: User) -> None:
    registered(rest(bob), "before")
    registered(rest(bob), "after")
    assert [each["health"] for each in rest(bob).get("devices").json()["results"]] == ["ok", "no_address"]


def test_nobody_sees_or_rings_another_persons_device(rest: RestOf, alice: User, bob: User) -> None:
    registered(rest(bob))
    assert rest(alice).get("devices").json()["results"] == []
    for asked in (
        rest(alice).get("devices/phone"),
        rest(alice).post("devices/phone/test-ring"),
        rest(alice).get("devices/phone/test-ring"),
    ):
        assert problem_of(asked) == (404, "not_found")
    assert rest(bob).get("devices/phone").json()["health"] == "ok"


def test_signing_out_of_the_page_takes_the_browsers_address(rest: RestOf, bob: User) -> None:
    browser, other = rest(bob), rest(bob)
    registered(browser)
    registered(other, "laptop", push("https://ntfy.sh/laptop"))
    browser.client.post("/sign-out/")
    health = {each["device_id"]: each["health"] for each in other.get("devices").json()["results"]}
    assert health == {"laptop": "ok", "phone": "no_address"}


def test_ending_a_token_takes_the_address_that_it_registered(app_of: RestOf, rest: RestOf, bob: User) -> None:
    phone = app_of(bob, "Bob's phone")
    registered(phone)
    assert phone.delete("auth/token").status_code == 204
    assert rest(bob).get("devices/phone").json()["health"] == "no_address"


def test_forgetting_a_device_takes_its_address_along(rest: RestOf, bob: User) -> None:
    token = registered(rest(bob))["renewal_token"]
    assert rest(bob).delete("devices/phone").status_code == 204
    assert problem_of(rest(bob).get("devices/phone")) == (404, "not_found")
    assert problem_of(rest(bob).post("push/renew", {"token": token, "push": push()})) == (401, "not_authenticated")


# --- what becomes of it -----------------------------------------------------------------------------------------------
def test_a_disabled_device_says_why_and_since_when_and_heals_by_registering(rest: RestOf, bob: User) -> None:
    registered(rest(bob))
    device, now = Device.objects.get(), timezone.now()
    devices.disable(device.pk, device.push_digest or "", DisabledReason.GONE, now=now)
    shown = rest(bob).get("devices/phone").json()
    assert (shown["health"], shown["disabled_reason"]) == ("disabled", "gone")
    assert shown["disabled_since"][:19] == now.isoformat()[:19]
    refused = rest(bob).post("devices/phone/test-ring")
    assert problem_of(refused) == (400, "no_address")
    assert "no push address that works" in refused.json()["detail"]
    assert registered(rest(bob))["health"] == "ok"


def test_a_worker_renews_the_address_without_signing_in(rest: RestOf, nobody: Rest, bob: User) -> None:
    first = registered(rest(bob))["renewal_token"]
    renewed = nobody.post("push/renew", {"token": first, "push": push("https://ntfy.sh/new")})
    assert renewed.status_code == 200
    assert (renewed.json()["device"]["device_id"], renewed.json()["device"]["push"]["host"]) == ("phone", "ntfy.sh")
    device = Device.objects.get()
    assert (device.push_endpoint, device.label, device.push_credential) != ("", "", "")
    again = nobody.post("push/renew", {"token": renewed.json()["renewal_token"], "push": push("https://ntfy.sh/newer")})
    assert again.status_code == 200
    # The first token died with its address.
    assert problem_of(nobody.post("push/renew", {"token": first, "push": push()})) == (401, "not_authenticated")
    assert Device.objects.get().push_endpoint == "https://ntfy.sh/newer"


def test_a_renewed_address_still_ends_with_the_sign_out(rest: RestOf, nobody: Rest, bob: User) -> None:
    browser = rest(bob)
    token = registered(browser)["renewal_token"]
    assert nobody.post("push/renew", {"token": token, "push": push("https://ntfy.sh/new")}).status_code == 200
    browser.client.post("/sign-out/")
    assert rest(bob).get("devices/phone").json()["health"] == "no_address"


def test_a_renewal_is_checked_as_a_registration_is(rest: RestOf, nobody: Rest, bob: User) -> None:
    token = registered(rest(bob))["renewal_token"]
    hostile = nobody.post("push/renew", {"token": token, "push": push("https://169.254.169.254/x")})
    assert problem_of(hostile) == (400, "invalid")
    forged = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    assert problem_of(nobody.post("push/renew", {"token": forged, "push": push()})) == (401, "not_authenticated")
    assert Device.objects.get().push_endpoint == ENDPOINT


def test_the_servers_key_is_a_point_and_without_one_it_is_said_so(
    rest: RestOf, nobody: Rest, bob: User, settings: Settings, tmp_path: Path
) -> None:
    key = rest(bob).get("push/key").json()["public_key"]
    assert (len(base64.urlsafe_b64decode(key + "=")), vapid.is_known(key)) == (65, True)
    assert problem_of(nobody.get("push/key")) == (401, "not_authenticated")
    settings.CALLINVITE_VAPID_PRIVATE_KEY, settings.CALLINVITE_VAPID_KEY_FILE = "", tmp_path / "no-such-file"
    answer = rest(bob).get("push/key")
    assert problem_of(answer) == (503, "unavailable")
    assert "make_vapid_keys" in answer.json()["detail"]


def test_a_test_ring_is_owed_told_and_limited(rest: RestOf, bob: User) -> None:
    registered(rest(bob))
    assert problem_of(rest(bob).get("devices/phone/test-ring")) == (404, "not_found")
    made = rest(bob).post("devices/phone/test-ring")
    assert (made.status_code, made.json()["state"]) == (201, "waiting")
    assert [each["code"] for each in made.json()["hops"]] == ["planned"]
    assert rest(bob).get("devices/phone/test-ring").json() == made.json()
    for _ in range(20):
        last = rest(bob).post("devices/phone/test-ring")
        if last.status_code != 201:
            break
    assert problem_of(last) == (429, "throttled")
    assert 1 <= int(last["Retry-After"]) <= 60

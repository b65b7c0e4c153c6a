"""Signing in: tokens of apps, sessions of browsers with CSRF, and the limit on guessing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import RequestFactory
from django.utils import timezone
from knox.models import AuthToken
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from invitations.errors import CallError
from invitations.models import Device, User
from invitations.requests import clients, throttles
from invitations.serializers import moment
from tests.api.conftest import API, Rest, RestOf, problem_of
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from tests.api.conftest import Answer


def _sign_in(nobody: Rest, username: object = "bob", password: object = PASSWORD, **fields: object) -> Answer:
    return nobody.post("auth/token", {"username": username, "password": password, **fields})


def _bearer(token: str, scheme: str = "Bearer") -> Rest:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"{scheme} {token}")
    return Rest(client)


def test_an_app_signs_in_and_is_its_user(nobody: Rest, bob: User) -> None:
    response = _sign_in(nobody, device_name="Bob's phone")
    body = response.json()
    assert response.status_code == 201
    assert set(body) == {"token", "expiry", "user"}
    assert body["user"] == {"id": "bob", "name": "Bob"}
    assert body["expiry"].endswith("Z")
    assert _bearer(body["token"]).get("me").json()["id"] == "bob"
    assert not AuthToken.objects.filter(digest__contains=body["token"]).exists()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_in_any_case(nobody: Rest, bob: User, scheme: str) -> None:
    assert _bearer(_sign_in(nobody).json()["token"], scheme).get("me").status_code == 200


def test_an_app_with_a_device_id_stays_one_device(nobody: Rest, alice: User, bob: User, rest: RestOf) -> None:
    for _ in range(3):
        body = _sign_in(nobody, device_name="Bob's phone", device_id="bobs-phone").json()
        assert body["device_id"] == "bobs-phone"
    device = Device.objects.get(user=bob)
    assert (device.device_id, device.label, device.kind) == ("bobs-phone", "Bob's phone", "other")
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    app = _bearer(body["token"])
    app.verb(call_id, "accept", device_id="bobs-phone")
    assert app.get(f"calls/{call_id}").json()["invitations"][0]["answered_on"] == "Bob's phone"
    assert problem_of(_sign_in(nobody, device_id="two words")) == (400, "invalid")


def test_each_token_is_a_device_of_its_own(nobody: Rest, alice: User, bob: User, rest: RestOf) -> None:
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    app = _bearer(_sign_in(nobody, device_name="Bob's phone").json()["token"])
    participant = app.verb(call_id, "accept").json()["call"]["participants"][-1]
    device = Device.objects.get(user=bob)
    assert (participant["device_id"], device.label) == (device.device_id, "Bob's phone")
    assert participant["device_id"].startswith("token-")
    assert app.get(f"calls/{call_id}").json()["invitations"][0]["answered_on"] == "Bob's phone"


def test_signing_out_ends_the_token_and_its_device_only(nobody: Rest, bob: User) -> None:
    first = _bearer(_sign_in(nobody).json()["token"])
    second = _bearer(_sign_in(nobody).json()["token"])
    assert first.delete("auth/token").status_code == 204
    assert problem_of(first.get("me")) == (401, "not_authenticated")
    assert second.get("me").status_code == 200
    assert Device.objects.filter(user=bob).count() == 1


def test_a_session_has_no_token_to_end(rest: RestOf, bob: User) -> None:
    assert problem_of(rest(bob).delete("auth/token")) == (401, "not_authenticated")


def test_an_unknown_user_and_a_wrong_password_cannot_be_told_apart(nobody: Rest, bob: User) -> None:
    unknown = _sign_in(nobody, username="nobody")
    wrong = _sign_in(nobody, password="wrong")
    assert problem_of(unknown) == problem_of(wrong) == (401, "not_authenticated")
    assert unknown.content == wrong.content
    names = {each.headers.pop("X-Request-ID") for each in (unknown, wrong)}
    # One try fewer is left after each, whoever was named.
    left = [re.sub("t=[0-9]+", "t", each.headers.pop("RateLimit")[1]) for each in (unknown, wrong)]
    assert left == ['"sign-ins";r=9;t', '"sign-ins";r=8;t']
    assert (len(names), dict(unknown.headers)) == (2, dict(wrong.headers))


def test_an_unknown_user_costs_a_hash_too(nobody: Rest, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    monkeypatch.setattr(MD5PasswordHasher, "encode", _counting(MD5PasswordHasher.encode, hashed))
    _sign_in(nobody, password="wrong")
    known = len(hashed)
    _sign_in(nobody, username="nobody", password="wrong")
    assert len(hashed) == 2 * known > 0


def _counting(encode: Callable[..., str], seen: list[str]) -> Callable[..., str]:
    def counted(self: object, password: str, salt: str) -> str:
        seen.append(password)
        return encode(self, password, salt)

    return counted


def test_inactive_people_do_not_get_in(nobody: Rest, bob: User, app_of: RestOf) -> None:
    app = app_of(bob)
    bob.is_active = False
    bob.save()
    assert problem_of(_sign_in(nobody)) == (401, "not_authenticated")
    assert problem_of(app.get("me")) == (401, "not_authenticated")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", None),
        ("username", 5),
        ("username", ""),
        ("username", "b\0b"),
        ("password", None),
        ("password", ["x"]),
        ("password", "x" * 4097),
        ("device_name", 5),
        ("device_name", "x" * 65),
    ],
)
def test_sign_in_refuses_a_field(nobody: Rest, bob: User, field: str, value: object) -> None:
    response = _sign_in(nobody, **{field: value})
    assert problem_of(response) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Bearer a b", "Bearer \xe4\xf6", "Basic Ym9iOng=", "x", "Bearer " + "f" * 64]
)
def test_bad_headers_are_not_authenticated(db: None, header: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    response = Rest(client).get("me")
    assert problem_of(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token_is_worthless_and_goes_at_the_next_sign_in(nobody: Rest, bob: User) -> None:
    token = _sign_in(nobody).json()["token"]
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert problem_of(_bearer(token).get("me")) == (401, "not_authenticated")
    _sign_in(nobody)
    assert (AuthToken.objects.count(), Device.objects.count()) == (1, 1)


def test_a_used_token_lives_on(nobody: Rest, bob: User) -> None:
    token = _sign_in(nobody).json()["token"]
    soon = timezone.now() + timedelta(days=1)
    AuthToken.objects.update(expiry=soon)
    _bearer(token).get("me")
    assert AuthToken.objects.get().expiry > soon + timedelta(days=80)


def test_an_app_reads_since_when_its_token_lives_and_when_it_ends(nobody: Rest, rest: RestOf, bob: User) -> None:
    app = _bearer(_sign_in(nobody).json()["token"])
    now = timezone.now()
    AuthToken.objects.update(created=now - timedelta(days=364), expiry=now + timedelta(days=90))
    told = {
        # Use prolonged it by 90 days, for as long as a year from the sign-in allows.
        "token_created_at": moment(now - timedelta(days=89)),
        "token_expires_at": moment(now + timedelta(days=1)),
    }
    for answer in (app.get("me"), app.patch("me", {"name": "Bob"}), app.get("calls/open")):
        assert {name: answer.json()[name] for name in told} == told
    mine = rest(bob).get("me").json()
    assert {mine[name] for name in told} == {None}


def test_a_token_costs_one_query(nobody: Rest, bob: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    app = _bearer(_sign_in(nobody).json()["token"])
    with django_assert_num_queries(1):
        app.post("live/ticket")


def test_a_browser_needs_the_pages_csrf_token(alice: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get(API + "me").status_code == 200
    response = client.post(API + "live/ticket", {}, format="json")
    assert problem_of(response) == (403, "csrf_failed")


def test_a_browser_with_the_csrf_token_gets_through(alice: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    client.cookies["csrftoken"] = secret = "x" * 32
    response = client.post(API + "live/ticket", {}, format="json", HTTP_X_CSRFTOKEN=secret)
    assert response.status_code == 201


def test_a_form_of_another_site_does_nothing(alice: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post(API + "live/ticket", "a=b", content_type="application/x-www-form-urlencoded")
    assert problem_of(response)[0] in {403, 415}


def test_an_app_needs_no_csrf_token(bob: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    body = {"username": "bob", "password": PASSWORD}
    token = client.post(API + "auth/token", body, format="json").json()["token"]
    response = client.post(API + "live/ticket", {}, format="json", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert response.status_code == 201


class TestGuessing:
    @pytest.fixture(autouse=True)
    def _limit(self, settings: Settings) -> None:
        settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 3}

    def test_one_name_from_many_addresses(self, nobody: Rest, bob: User) -> None:
        answers = [
            nobody.post("auth/token", {"username": "bob", "password": "wrong"}, REMOTE_ADDR=f"10.0.0.{each}")
            for each in range(4)
        ]
        assert [each.status_code for each in answers] == [401, 401, 401, 429]
        assert problem_of(answers[-1]) == (429, "throttled")
        assert 1 <= int(answers[-1]["Retry-After"]) <= 60

    def test_many_names_from_one_address(self, nobody: Rest, db: None) -> None:
        answers = [_sign_in(nobody, username=f"user{each}").status_code for each in range(4)]
        assert answers == [401, 401, 401, 429]

    def test_the_right_password_does_not_help_then(self, nobody: Rest, bob: User) -> None:
        for _ in range(3):
            _sign_in(nobody, password="wrong")
        assert problem_of(_sign_in(nobody)) == (429, "throttled")

    def test_others_are_not_held_up(self, nobody: Rest, bob: User, alice: User) -> None:
        for _ in range(4):
            _sign_in(nobody, password="wrong")
        body = {"username": "alice", "password": PASSWORD}
        assert nobody.post("auth/token", body, REMOTE_ADDR="10.0.0.9").status_code == 201

    def test_a_minute_later_it_may_be_tried_again(self, now: datetime) -> None:
        request = RequestFactory().post("/")
        for _ in range(3):
            throttles.check_login(request, "bob", now)
        with pytest.raises(CallError):
            throttles.check_login(request, "bob", now + timedelta(seconds=1))
        throttles.check_login(request, "bob", now + timedelta(seconds=120))

    def test_no_limit(self, nobody: Rest, db: None, settings: Settings) -> None:
        settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 0}
        assert {_sign_in(nobody, username="x").status_code for _ in range(20)} == {401}


HTTPS_PROXY = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize(
    ("trusted", "proxy", "peer", "forwarded", "address"),
    [
        # Nobody is trusted.
        ((), None, "127.0.0.1", "6.6.6.6", "127.0.0.1"),
        # A proxy that speaks https, on this machine if no other is named.
        ((), HTTPS_PROXY, "127.0.0.1", "6.6.6.6, 10.1.1.1", "10.1.1.1"),
        ((), HTTPS_PROXY, "::1", "6.6.6.6", "6.6.6.6"),
        ((), HTTPS_PROXY, "", "6.6.6.6", "6.6.6.6"),
        ((), HTTPS_PROXY, "127.0.0.1", "", "127.0.0.1"),
        # Anybody else may say what they like.
        ((), HTTPS_PROXY, "9.9.9.9", "6.6.6.6", "9.9.9.9"),
        (("10.0.0.0/8",), HTTPS_PROXY, "127.0.0.1", "6.6.6.6", "127.0.0.1"),
        (("10.0.0.0/8",), None, "::ffff:10.2.2.2", "6.6.6.6", "6.6.6.6"),
        # One proxy behind the other, and what the client made up before them.
        (("10.0.0.0/8",), None, "10.1.1.1", "1.1.1.1, 6.6.6.6, 10.2.2.2", "6.6.6.6"),
        (("10.0.0.0/8",), None, "10.1.1.1", "10.3.3.3", "10.3.3.3"),
    ],
)
def test_only_a_trusted_proxy_names_the_address(
    settings: Settings,
    trusted: tuple[str, ...],
    proxy: tuple[str, str] | None,
    peer: str,
    forwarded: str,
    address: str,
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "trusted_proxies": trusted}
    settings.SECURE_PROXY_SSL_HEADER = proxy
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR=peer)
    assert clients.address_of(request) == address


@pytest.mark.parametrize(("forwarded", "said"), [("6.6.6.6", True), ("6.6.6.6, 9.9.9.9", False), ("", False)])
def test_a_proxy_that_nobody_named_is_mentioned_in_the_log(
    settings: Settings, caplog: pytest.LogCaptureFixture, forwarded: str, said: bool
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = HTTPS_PROXY
    clients._warn_once_of_proxy.cache_clear()
    for _ in range(2):
        clients.address_of(RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR="9.9.9.9"))
    assert caplog.text.count("CALLINVITE_TRUSTED_PROXIES") == said


def test_a_user_model_may_tell_by_a_property_who_is_active(
    bob: User, app_of: RestOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(bob)
    assert app.get("me").status_code == 200
    monkeypatch.setattr(User, "is_active", property(lambda _: False))
    assert problem_of(app.get("me")) == (401, "not_authenticated")

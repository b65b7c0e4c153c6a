"""STUN for everybody, TURN for those who need it, and never an error for what the settings hold."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from invitations import calls, ice
from invitations.checks import TAG
from invitations.models import Invitation, User
from invitations.requests.verbs import perform
from invitations.store.sheets import Actor
from tests.api.conftest import Rest, RestOf, problem_of

SECRET = "north-star"
URLS = "stun:turn.example.org:3478, turn:turn.example.org:3478?transport=udp,turns:turn.example.org:5349"
STUN = {"urls": ["stun:turn.example.org:3478"]}
TURN_URLS = ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349"]
FIXED = '[{"urls": ["stun:s.example.org", "turn:t.example.org"], "username": "calls", "credential": "pass"}]'


@pytest.fixture(autouse=True)
def _configured(settings: Settings) -> None:
    settings.CALLINVITE_ICE_SERVERS = URLS
    settings.CALLINVITE_TURN_SECRET = SECRET


def _ask(user: User, at: datetime) -> Mapping[str, Any]:
    actor = Actor(user_id=user.pk, username=user.username, device_id="laptop")
    status, body = perform("ice_servers", actor=actor, call_id=None, body=None, now=at)
    assert status == 200
    return body


def _has_turn(user: User, at: datetime) -> bool:
    return any(url.startswith("turn") for each in _ask(user, at)["ice_servers"] for url in each["urls"])


def _send(user: User, *invitees: str, now: datetime, **more: Any) -> str:
    actor = Actor(user_id=user.pk, username=user.username, device_id="laptop")
    return calls.send(by=actor, invitees=list(invitees), is_video_call=True, now=now, **more).sheet.call.call_id


def _by(user: User) -> Actor:
    return Actor(user_id=user.pk, username=user.username, device_id="laptop")


# --- what is answered -------------------------------------------------------------------------------------------------


def test_who_is_in_no_call_gets_stun_alone(rest: RestOf, alice: User) -> None:
    response = rest(alice).get("ice-servers")
    assert response.status_code == 200
    assert set(response.json()) == {"ice_servers", "expires_at"}
    assert response.json()["ice_servers"] == [STUN]
    assert response["Cache-Control"] == "no-store"


def test_a_caller_gets_a_name_and_a_password_for_turn(rest: RestOf, alice: User, bob: User) -> None:
    before = datetime.now(UTC)
    rest(alice).send("bob")
    body = rest(alice).get("ice-servers").json()
    stun, turn = body["ice_servers"]
    assert (stun, set(turn), turn["urls"]) == (STUN, {"urls", "username", "credential"}, TURN_URLS)
    expires_at = datetime.fromisoformat(body["expires_at"])
    assert before + timedelta(seconds=3598) <= expires_at <= datetime.now(UTC) + timedelta(seconds=3600)
    assert turn["username"] == f"{int(expires_at.timestamp())}:alice"
    assert turn["credential"] == _hmac_sha1(turn["username"])


def test_the_lifetime_can_be_chosen(settings: Settings, alice: User, bob: User, now: datetime) -> None:
    settings.CALLINVITE = {"turn_credential_seconds": 60}
    _send(alice, "bob", now=now)
    body = _ask(alice, now)
    expiry, _, name = body["ice_servers"][1]["username"].partition(":")
    assert (int(expiry), name) == (int(now.timestamp()) + 60, "alice")
    assert datetime.fromisoformat(body["expires_at"]).timestamp() == int(expiry)


def test_openssl_computes_the_same() -> None:
    # printf 1433895918:user | openssl dgst -binary -sha1 -hmac north | base64
    name, credential = ice.credentials("north", username="user", expires_at=datetime.fromtimestamp(1433895918, UTC))
    assert (name, credential) == ("1433895918:user", "/gk4t5tUc08OpM3NjrVjHSFVNmY=")


def test_it_needs_an_account(nobody: Rest) -> None:
    assert problem_of(nobody.get("ice-servers")) == (401, "not_authenticated")


def test_without_servers_the_list_is_empty(settings: Settings, rest: RestOf, alice: User, bob: User) -> None:
    settings.CALLINVITE_ICE_SERVERS = settings.CALLINVITE_TURN_SECRET = ""
    rest(alice).send("bob")
    assert rest(alice).get("ice-servers").json()["ice_servers"] == []


def test_who_may_have_turn_is_one_query(alice: User, bob: User, now: datetime) -> None:
    _send(bob, "alice", now=now)
    with CaptureQueriesContext(connection) as queries:
        assert _has_turn(alice, now)
    assert len(queries) == 1


# --- who gets TURN ----------------------------------------------------------------------------------------------------


def test_an_invitee_gets_turn_while_it_rings_and_not_longer(alice: User, bob: User, now: datetime) -> None:
    _send(alice, "bob", now=now, timeout_seconds=30)
    assert _has_turn(bob, now + timedelta(seconds=29.9))
    # Nobody has expired it yet.
    assert not _has_turn(bob, now + timedelta(seconds=30))
    assert not _has_turn(alice, now + timedelta(seconds=30))
    assert Invitation.objects.get().state == "pending"


def test_a_stranger_gets_no_turn(alice: User, bob: User, carol: User, now: datetime) -> None:
    _send(alice, "bob", now=now)
    assert not _has_turn(carol, now)


def test_everybody_in_a_call_gets_turn_until_its_end(alice: User, bob: User, now: datetime) -> None:
    call_id = _send(alice, "bob", now=now, timeout_seconds=30)
    calls.accept(call_id, by=_by(bob), now=now)
    later = now + timedelta(seconds=100)
    assert _has_turn(alice, later)
    assert _has_turn(bob, later)
    calls.end(call_id, by=_by(alice), now=later)
    assert not _has_turn(alice, later)
    assert not _has_turn(bob, later)


def test_who_rejected_or_left_gets_no_more_turn(alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = _send(alice, "bob", "carol", now=now)
    calls.reject(call_id, by=_by(bob), now=now)
    calls.accept(call_id, by=_by(carol), now=now)
    assert not _has_turn(bob, now)
    calls.leave(call_id, by=_by(carol), now=now)
    assert not _has_turn(carol, now)


def test_who_is_busy_gets_no_turn_from_the_call_that_could_not_ring(
    alice: User, bob: User, carol: User, now: datetime
) -> None:
    _send(alice, "bob", now=now)
    _send(carol, "alice", now=now)
    assert not _has_turn(carol, now)


# --- what the settings may hold ---------------------------------------------------------------------------------------


def test_fixed_credentials_are_for_those_in_a_call_too(
    settings: Settings, alice: User, bob: User, now: datetime
) -> None:
    settings.CALLINVITE_ICE_SERVERS, settings.CALLINVITE_TURN_SECRET = FIXED, ""
    assert _ask(alice, now)["ice_servers"] == [{"urls": ["stun:s.example.org"]}]
    _send(alice, "bob", now=now)
    assert _ask(alice, now)["ice_servers"] == [
        {"urls": ["stun:s.example.org"]},
        {"urls": ["turn:t.example.org"], "username": "calls", "credential": "pass"},
    ]


def test_a_json_list_may_leave_credentials_to_the_secret() -> None:
    servers = ice.read('[{"urls": "turn:a.example.org"}, {"urls": ["stun:b.example.org"]}]', SECRET)
    assert (servers.turn, servers.stun, servers.problems) == (("turn:a.example.org",), ("stun:b.example.org",), ())


@pytest.mark.parametrize(
    "url",
    [
        "stun:example.org",
        "stuns:example.org:5349",
        "turn:192.0.2.1:3478",
        "turn:[2001:db8::1]:3478?transport=tcp",
        "turns:turn_1.example.org.?transport=udp",
        "TURN:Example.ORG?transport=TCP",
    ],
)
def test_these_urls_are_of_the_form(url: str) -> None:
    servers = ice.read(f"{url},turn:other.example.org", SECRET)
    assert servers.problems == ()
    assert url.lower() in servers.stun + servers.turn


@pytest.mark.parametrize(
    "url",
    [
        "example.org",
        "http://example.org",
        "stun:",
        "stun://example.org",
        "stun:example.org?transport=udp",
        "turn:example.org?transport=sctp",
        "turn:example.org?transport=udp&x=1",
        "turn:user:pass@example.org",
        "turn:example.org:0",
        "turn:example.org:65536",
        "turn:example.org:",
        "turn:300.0.0.1",
        "turn:[::g]",
        "turn:2001:db8::1",
        "turn:-example.org",
        "turn:example..org",
        "turn:exam ple.org",
        "turn:exämple.org",
        "turn:example.org/",
        "turn:" + "a" * 64,
        "turn:\udcff",
    ],
)
def test_these_urls_are_left_out_with_a_word_about_it(url: str) -> None:
    servers = ice.read(f"stun:good.example.org,{url},turn:good.example.org", SECRET)
    assert (servers.stun, servers.turn) == (("stun:good.example.org",), ("turn:good.example.org",))
    [problem] = servers.problems
    assert "entry 2" in problem
    assert "pass" not in problem


@pytest.mark.parametrize(
    ("text", "secret", "said"),
    [
        ("[", "", "JSON"),
        ("[" * 100_000, "", "JSON"),
        ('{"urls": "stun:s"}', "", "JSON list"),
        ('["stun:s"]', "", "object"),
        ("[5]", "", "object"),
        ('[{"url": "stun:s"}]', "", "'url'"),
        ("[{}]", "", "`urls`"),
        ('[{"urls": []}]', "", "`urls`"),
        ('[{"urls": [5]}]', "", "form"),
        ('[{"urls": "turn:t", "username": "u"}]', SECRET, "go together"),
        ('[{"urls": "turn:t", "username": "u", "credential": 5}]', "", "go together"),
        ('[{"urls": "turn:t", "username": "u", "credential": "\\ud800"}]', "", "go together"),
        ("turn:t", "", "needs CALLINVITE_TURN_SECRET"),
        ("stun:s", SECRET, "no TURN server"),
        ("", SECRET, "no TURN server"),
        (FIXED, SECRET, "no TURN server"),
        ("turn:t", "\udcff", "not UTF-8"),
    ],
)
def test_a_malformed_setting_is_a_warning_and_no_error(
    settings: Settings, rest: RestOf, alice: User, bob: User, text: str, secret: str, said: str
) -> None:
    settings.CALLINVITE_ICE_SERVERS, settings.CALLINVITE_TURN_SECRET = text, secret
    found = [each for each in run_checks(tags=[TAG]) if each.id == "callinvite.W006"]
    assert any(said in each.msg for each in found), found
    rest(alice).send("bob")
    assert rest(alice).get("ice-servers").status_code == 200


def test_good_settings_are_no_warning() -> None:
    assert [each for each in run_checks(tags=[TAG]) if each.id == "callinvite.W006"] == []


def test_secrets_show_up_in_no_trace() -> None:
    shown = repr(ice.read(FIXED[:-1] + ', {"urls": "turn:t"}]', SECRET))
    assert "pass" not in shown
    assert SECRET not in shown


def _hmac_sha1(name: str) -> str:
    """RFC 2104 written out, in Base64."""
    key = SECRET.encode().ljust(64, b"\0")
    inner = _sha1(bytes(each ^ 0x36 for each in key) + name.encode())
    return base64.b64encode(_sha1(bytes(each ^ 0x5C for each in key) + inner)).decode()


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()

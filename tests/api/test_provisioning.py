"""Accounts that services keep: made and changed by PUT and by import, let in by tokens, deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from invitations.credentials.app_tokens import issue_token
from invitations.models import AccountDeletion, AppToken, CallingPreferences
from invitations.own_data import erasing
from invitations.serializers import moment
from tests.api.conftest import Rest, problem_of
from tests.api.test_services import client_of
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from pytest_django import Settings

    from invitations.models import User


@pytest.fixture
def clinic(db: None) -> Rest:
    """REST as a service that keeps accounts, and lets people in."""
    return client_of("users", "tokens")


def with_token(client: APIClient, token: str) -> Rest:
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return Rest(client)


def test_an_account_is_made_and_changed_and_seen(clinic: Rest, lines: list[str]) -> None:
    body = {"name": "Alice Adams", "email": "alice@example.org", "language": "pt-BR", "rings_from": "contacts"}
    made = clinic.put("users/alice", body)
    assert made.status_code == 201
    account = {"id": "alice", "is_active": True, **body}
    assert made.json() == account == clinic.get("users/alice").json()
    user = get_user_model().objects.get(username="alice")
    assert not user.has_usable_password()
    changed = clinic.put("users/Alice", {"name": "Alice B.", "rings_from": None, "email": None})
    assert (changed.status_code, changed.json()) == (200, account | {"name": "Alice B.", "rings_from": None})
    assert clinic.get("me", as_user="alice").json()["name"] == "Alice B."
    named = [each.split(" ")[1] for each in lines if f"user={user.pk} service=clinic" in each and "users/" in each]
    assert named.count("account-made") == named.count("account-changed") == 1
    assert problem_of(clinic.get("users/nobody-here")) == (404, "not_found")


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("no spaces", {}, "id"),
        ("a" * 65, {}, "id"),
        ("Support", {}, "id"),
        ("alice", {"name": "Admin"}, "name"),
        ("alice", {"name": "a\u202eb"}, "name"),
        ("alice", {"name": "   "}, "name"),
        ("alice", {"email": "no address"}, "email"),
        ("alice", {"email": 7}, "email"),
        ("alice", {"language": "english please"}, "language"),
        ("alice", {"rings_from": "anybody"}, "rings_from"),
        ("alice", {"is_active": "yes"}, "is_active"),
        ("alice", {"as_user": "bob"}, "as_user"),
    ],
)
def test_what_no_account_can_have_is_refused(clinic: Rest, name: str, body: dict[str, Any], field: str) -> None:
    refused = clinic.put(f"users/{name}", body)
    assert problem_of(refused) == (400, "invalid")
    assert list(refused.json()["errors"]) == [field]
    assert not get_user_model().objects.exists()


def test_disabling_ends_all_and_enabling_lets_in_again(clinic: Rest, alice: User, anonymous_api: APIClient) -> None:
    app = with_token(anonymous_api, issue_token(alice, "Phone", timezone.now())[0])
    assert app.get("me").status_code == 200
    assert clinic.put("users/alice", {"is_active": False}).json()["is_active"] is False
    assert problem_of(app.get("me")) == (401, "not_authenticated")
    assert problem_of(clinic.get("me", as_user="alice")) == (400, "invalid")
    assert problem_of(clinic.post("users/alice/tokens")) == (403, "not_allowed")
    clinic.put("users/alice", {"is_active": True})
    assert problem_of(app.get("me")) == (401, "not_authenticated")
    assert clinic.get("me", as_user="alice").status_code == 200


def test_a_deleted_account_is_gone_and_its_id_is_nobodys(
    clinic: Rest, alice: User, bob: User, lines: list[str]
) -> None:
    for name in ("alice", "alice", "ALICE", "nobody-here"):
        gone = clinic.delete(f"users/{name}")
        assert (gone.status_code, gone.content) == (204, b""), name
    assert len([each for each in lines if "account-deleted" in each]) == 1
    for again in (clinic.get("users/alice"), clinic.post("users/alice/tokens")):
        assert problem_of(again) == (404, "not_found")
    assert list(clinic.put("users/ALICE", {}).json()["errors"]) == ["id"]
    erasing.begin(bob.pk, now=timezone.now())
    assert AccountDeletion.objects.exists()
    assert clinic.delete("users/bob").status_code == 204
    refused = clinic.put("users/bob", {"is_active": True})
    assert (problem_of(refused), list(refused.json()["errors"])) == ((400, "invalid"), ["id"])
    assert problem_of(clinic.get("users/bob")) == (404, "not_found")


@pytest.mark.parametrize("rights", ["is_staff", "is_superuser"])
def test_staff_is_out_of_reach(clinic: Rest, alice: User, rights: str) -> None:
    setattr(alice, rights, True)
    alice.save()
    acts: list[Callable[[], Any]] = [
        lambda: clinic.put("users/alice", {"name": "Changed"}),
        lambda: clinic.put("users/alice", {"is_active": False}),
        lambda: clinic.delete("users/alice"),
        lambda: clinic.post("users/alice/tokens"),
        lambda: clinic.get("me", as_user="alice"),
    ]
    for act in acts:
        assert problem_of(act()) == (403, "not_allowed")
    imported = clinic.post("users:import", {"users": [{"id": "alice", "is_active": False}]}).json()["results"]
    assert imported == [{"id": "alice", "status": 403, "code": "not_allowed", "errors": None}]
    assert clinic.get("users/alice").json()["is_active"] is True, "they can be looked at"
    alice.refresh_from_db()
    assert alice.is_active
    assert CallingPreferences.objects.get().display_name == "Alice"


def test_an_address_that_another_has_confirmed_is_refused(clinic: Rest, alice: User, bob: User) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=bob, email="bob@example.org", verified=True)
    assert list(clinic.put("users/alice", {"email": "BOB@example.org"}).json()["errors"]) == ["email"]
    assert clinic.put("users/bob", {"email": "bob@example.org"}).status_code == 200


def test_an_import_says_what_became_of_each(clinic: Rest, bob: User) -> None:
    entries = [
        {"id": "alice", "name": "Alice"},
        {"id": "bob", "name": "Robert"},
        {"id": "Alice", "name": "Again"},
        {"id": "no spaces"},
        {"name": "Nameless"},
        "alice",
        {"id": "carol", "email": "carol@example.org", "rings_from": "nobody"},
        {"id": "dave", "name": " "},
    ]
    results = clinic.post("users:import", {"users": entries}).json()["results"]
    assert [(each["id"], each["status"], each["code"]) for each in results] == [
        ("alice", 201, None),
        ("bob", 200, None),
        ("Alice", 400, "duplicate"),
        ("no spaces", 400, "invalid"),
        (None, 400, "invalid"),
        (None, 400, "invalid"),
        ("carol", 201, None),
        ("dave", 400, "invalid"),
    ]
    assert [list(each["errors"] or ()) for each in results] == [[], [], [], ["id"], ["id"], ["id"], [], ["name"]]
    assert clinic.get("users/bob").json()["name"] == "Robert"
    assert clinic.get("users/alice").json()["name"] == "Alice"


def test_no_entry_of_an_import_says_for_whom_it_is(clinic: Rest, bob: User) -> None:
    entries = [
        {"id": "alice", "as_user": "bob"},
        {"id": "bob", "name": "Robert", "caller": "alice"},
        {"id": "carol", "as_user": None, "caller": None},
    ]
    results = clinic.post("users:import", {"users": entries}).json()["results"]
    said = ["Services do this for themselves, not for a user."]
    assert results == [
        {"id": "alice", "status": 400, "code": "invalid", "errors": {"as_user": said}},
        {"id": "bob", "status": 400, "code": "invalid", "errors": {"caller": said}},
        {"id": "carol", "status": 201, "code": None, "errors": None},
    ]
    assert clinic.get("users/bob").json()["name"] == "Bob"
    assert not get_user_model().objects.filter(username="alice").exists()


def test_an_import_is_bounded(clinic: Rest) -> None:
    everybody = [{"id": f"patient-{number}", "name": f"Patient {number}"} for number in range(1001)]
    refused = clinic.post("users:import", {"users": everybody})
    assert (problem_of(refused), list(refused.json()["errors"])) == ((400, "invalid"), ["users"])
    assert problem_of(clinic.post("users:import", {"users": []})) == (400, "invalid")
    large = {"users": [{"id": "alice", "name": "A", "custom": "x" * 1024 * 1024}]}
    assert problem_of(clinic.post("users:import", large)) == (413, "too_large")
    assert not get_user_model().objects.exists()
    unnamed = [{"name": f"Patient {number}"} for number in range(1000)]
    results = clinic.post("users:import", {"users": unnamed}).json()["results"]
    assert [each["status"] for each in results] == [400] * 1000
    assert problem_of(clinic.put("users/alice", {"name": "A", "custom": "x" * 70_000})) == (413, "too_large")


def test_an_import_costs_a_few_statements_an_account(clinic: Rest) -> None:
    entries = [{"id": f"patient-{number}", "name": f"Patient {number}"} for number in range(120)]
    with CaptureQueriesContext(connection) as asked:
        results = clinic.post("users:import", {"users": entries}).json()["results"]
    assert {each["status"] for each in results} == {201}
    assert len(asked) <= 6 * len(entries)


def test_a_token_lets_an_app_in_until_its_end_and_no_longer(
    clinic: Rest, alice: User, anonymous_api: APIClient, lines: list[str]
) -> None:
    made = clinic.post("users/alice/tokens", {"device_id": "phone", "device_name": "Phone", "lifetime_seconds": 3600})
    assert made.status_code == 201
    body = made.json()
    assert (body["user"], body["device_id"]) == ({"id": "alice", "name": "Alice"}, "phone")
    app = with_token(anonymous_api, body["token"])
    assert app.get("me").json()["token_expires_at"] == body["expiry"]
    row = AppToken.objects.get()
    assert app.post("calls", {}).status_code == 400
    assert app.get("me").json()["token_expires_at"] == body["expiry"]
    next_one = app.post("auth/tokens/refresh").json()
    assert next_one["expiry"] == body["expiry"]
    # The answer may have been lost.
    next_one = app.post("auth/tokens/refresh").json()
    assert next_one["expiry"] == body["expiry"]
    app = with_token(anonymous_api, next_one["token"])
    assert app.get("me").json()["token_expires_at"] == body["expiry"]
    assert not AppToken.objects.filter(is_fixed=False).exists()
    assert any(f"token-made user={alice.pk}" in each for each in lines)
    assert any("service-acted method=POST service=clinic" in each for each in lines)
    assert body["token"] not in json.dumps(lines)
    assert row.proved_at is not None


def test_an_app_reads_since_when_a_token_for_a_year_lives(clinic: Rest, alice: User, anonymous_api: APIClient) -> None:
    body = clinic.post("users/alice/tokens", {"lifetime_seconds": 31_536_000}).json()
    me = with_token(anonymous_api, body["token"]).get("me").json()
    made_at = AppToken.objects.get().created_at
    assert (me["token_created_at"], me["token_expires_at"]) == (moment(made_at), body["expiry"])


@pytest.mark.parametrize("seconds", [59, 31_536_001, 0, -1, "3600", 1.5, True])
def test_a_life_out_of_bounds_is_refused(clinic: Rest, alice: User, seconds: Any) -> None:
    refused = clinic.post("users/alice/tokens", {"lifetime_seconds": seconds})
    assert (problem_of(refused), list(refused.json()["errors"])) == ((400, "invalid"), ["lifetime_seconds"])


def test_a_token_is_good_for_ninety_days_unless_said_otherwise(clinic: Rest, alice: User, now: Any) -> None:
    clinic.post("users/alice/tokens")
    from knox.models import AuthToken

    life = AuthToken.objects.get().expiry - now
    assert timedelta(days=89, hours=23) < life < timedelta(days=90, hours=1)


def test_a_person_of_a_service_has_no_password(clinic: Rest, nobody: Rest) -> None:
    clinic.put("users/alice", {"email": "alice@example.org"})
    for password in ("", PASSWORD, "!"):
        assert nobody.post("auth/token", {"username": "alice", "password": password}).status_code in (400, 401)


def test_the_tokens_of_a_service_push_out_neither_a_persons_apps_nor_their_devices(
    clinic: Rest, nobody: Rest, alice: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "tokens_per_user": 2, "devices_per_user": 2}
    said = {"username": "alice", "password": PASSWORD}
    phone, _ = [nobody.post("auth/token", {**said, "device_id": each}).json()["token"] for each in ("phone", "tablet")]
    app = with_token(APIClient(), phone)
    pages = [clinic.post("users/alice/tokens", {"device_name": "Shop"}).json() for _ in range(4)]
    assert app.get("me").status_code == 200
    listed = [each["device_id"] for each in app.get("auth/tokens").json()["results"]]
    assert {"phone", "tablet"} < set(listed)
    # The newest is always good, and their number has a bound of its own.
    assert with_token(APIClient(), pages[-1]["token"]).get("me").status_code == 200
    assert with_token(APIClient(), pages[0]["token"]).get("me").status_code == 401
    devices = {each["device_id"]: each for each in app.get("devices").json()["results"]}
    came = {name for name, each in devices.items() if each["last_seen_at"] is not None}
    assert (came, set(devices) - came) == ({"phone", "tablet"}, {each["device_id"] for each in pages[-2:]})

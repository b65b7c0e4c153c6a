"""The audit log: who got in, who was kept out, and who changed what, without a name or a secret in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.urls import reverse
from pytest_django import Settings

from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from invitations.models import User

TOKEN = "/api/v1/auth/token"


def test_a_sign_in_and_its_end_are_written(client: Client, alice: User, lines: list[str]) -> None:
    client.post("/sign-in/", {"username": "alice", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7")
    client.post("/sign-out/", REMOTE_ADDR="192.0.2.7")
    assert lines == [
        f"INFO signed-in user={alice.pk} address=192.0.2.7 path=/sign-in/",
        f"INFO signed-out user={alice.pk} address=192.0.2.7 path=/sign-out/",
    ]


@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/", TOKEN])
@pytest.mark.parametrize("name", ["alice", "secret-in-the-wrong-field"])
def test_a_wrong_password_is_written_without_what_was_entered(
    client: Client, alice: User, lines: list[str], path: str, name: str
) -> None:
    form = {"username": name, "password": "wrong-horse-9"}
    client.post(path, form, "application/json" if path == TOKEN else MULTIPART_CONTENT)
    known = f"user={alice.pk} " if name == "alice" else ""
    expected = f"WARNING sign-in-failed {known}address=127.0.0.1 path={path}"
    assert [each for each in lines if "sign-in-failed" in each] == [expected]
    assert not any("horse" in each or "secret" in each for each in lines)


def test_a_token_is_written_from_its_making_to_its_end(anonymous_api: APIClient, alice: User, lines: list[str]) -> None:
    form = {"username": "alice", "password": PASSWORD, "device_name": "Alice's phone"}
    token = anonymous_api.post(TOKEN, form, format="json").json()["token"]
    anonymous_api.delete(TOKEN, headers={"Authorization": f"Bearer {token}"})
    made, ended = lines
    assert made.startswith(f"INFO token-made user={alice.pk} device=token-")
    assert ended == made.replace("made", "ended")
    assert token not in "".join(lines)
    assert "phone" not in "".join(lines)


def test_who_is_stopped_for_trying_too_often_is_written(
    client: Client, settings: Settings, db: None, lines: list[str]
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 1}
    cache.clear()
    for _ in range(2):
        client.post("/sign-in/", {"username": "nobody", "password": "wrong"}, REMOTE_ADDR="2001:db8::7")
    assert lines[-1] == "WARNING refused why=throttled address=2001:db8::7 path=/sign-in/"
    cache.clear()


def test_refusals_of_the_api_are_written_and_strangers_without_a_token_are_not(
    anonymous_api: APIClient, lines: list[str]
) -> None:
    anonymous_api.get("/api/v1/me")
    assert lines == []
    anonymous_api.get("/api/v1/me", headers={"Authorization": "Bearer no-token-of-ours"})
    assert lines == ["WARNING refused why=not_authenticated address=127.0.0.1 path=/api/v1/me"]


def test_a_forged_form_and_a_page_of_others_are_written(alice: User, lines: list[str]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    lines.clear()
    client.post("/sign-out/")
    assert lines == [f"WARNING refused why=csrf_failed user={alice.pk} address=127.0.0.1 path=/sign-out/"]


def test_no_line_can_be_forged(client: Client, lines: list[str], db: None, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "trusted_proxies": ("127.0.0.1",)}
    forged = "192.0.2.1\n2026-11-29 INFO invitations.audit: signed-in user=1"
    client.post("/sign-in/", {"username": "x", "password": "y"}, HTTP_X_FORWARDED_FOR=forged)
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert " user=" not in lines[0]


def test_acts_of_admins_are_written_one_line_each(
    client: Client, make_user: Callable[..., User], alice: User, bob: User, carol: User, lines: list[str]
) -> None:
    root = make_user("root")
    root.is_staff = root.is_superuser = True
    root.save()
    client.force_login(root)
    lines.clear()
    client.post(reverse("admin:invitations_user_delete", args=[alice.pk]), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [bob.pk, carol.pk], "post": "yes"}
    client.post(reverse("admin:invitations_user_changelist"), chosen)
    written = sorted(each for each in lines if " admin " in each)
    assert written == sorted(
        f"INFO admin act=deleted user={root.pk} subject=invitations.user key={key}"
        for key in (alice.pk, bob.pk, carol.pk)
    )


def test_what_is_handed_out_and_taken_back_is_written(
    api_as: Callable[[User], APIClient], anonymous_api: APIClient, alice: User, lines: list[str]
) -> None:
    page = api_as(alice)
    code = page.post("/api/v1/auth/pairing", {}, format="json").json()["pairing_code"]
    anonymous_api.post(TOKEN, {"pairing_code": code, "device_id": "phone"}, format="json")
    page.delete("/api/v1/devices/phone")
    page.post("/api/v1/auth/sign-out-everywhere", {}, format="json")
    said = [each.removeprefix("INFO ").partition(" device=token-")[0] for each in lines if "signed-in" not in each]
    who = f"user={alice.pk}"
    assert said == [
        f"pairing-code-made {who} address=127.0.0.1 path=/api/v1/auth/pairing",
        f"token-made {who}",
        f"token-ended {who}",
        f"device-removed {who} device=phone address=127.0.0.1 path=/api/v1/devices/phone",
        f"everything-ended {who}",
        f"signed-out-everywhere {who} address=127.0.0.1 path=/api/v1/auth/sign-out-everywhere",
    ]
    assert code not in "".join(lines)

"""What a service has left with people ends when it may do no more of that kind: nobody keeps anything by its token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from invitations.credentials import service_tokens
from invitations.models import Device, Hook, Service, User
from tests.api.conftest import Rest
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
PUSH = {
    "transport": "webpush",
    "endpoint": "https://fcm.googleapis.com/fcm/send/planted",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}


@pytest.fixture
def planted(bob: User, now: datetime) -> Rest:
    """A service called clinic has left a token, a push address and a hook. REST with that token, as Bob."""
    made = service_tokens.make("clinic", ["users", "tokens", "hooks"], now=now)
    clinic = APIClient()
    clinic.credentials(HTTP_AUTHORIZATION=f"Bearer {made.token}")
    minted = clinic.post("/api/v1/users/bob/tokens", {"device_name": "Planted"}, format="json")
    device = {"label": "Planted", "kind": "android", "push": PUSH, "as_user": "bob"}
    assert clinic.put("/api/v1/devices/planted", device, format="json").status_code in {200, 201}
    hook = clinic.post("/api/v1/hooks", {"url": "https://hooks.example.org/", "kind": "events"}, format="json")
    assert (minted.status_code, hook.status_code) == (201, 201)
    planted = APIClient()
    planted.credentials(HTTP_AUTHORIZATION=f"Bearer {minted.json()['token']}")
    return Rest(planted)


def left(planted: Rest) -> tuple[bool, bool, bool]:
    """Whether the token works, the address is rung, and the hook is told."""
    return (
        planted.client.get("/api/v1/me").status_code == 200,
        Device.objects.filter(device_id="planted", push_digest__isnull=False).exists(),
        Hook.objects.filter(is_active=True).exists(),
    )


def revoke_all(_: Client) -> None:
    call_command("revoke_service_token", "clinic", "--all")


def change(**values: Any) -> Callable[[Client], None]:
    def changed(admin: Client) -> None:
        service = Service.objects.get()
        form: dict[str, Any] = {"scopes": service.scopes, "is_active": "on"} | values
        inline = {"tokens-TOTAL_FORMS": 0, "tokens-INITIAL_FORMS": 0}
        answer = admin.post(f"/admin/invitations/service/{service.pk}/change/", {**form, **inline})
        assert answer.status_code == 302, answer.content

    return changed


def delete(admin: Client) -> None:
    # Whoever deletes a service in admin first sees to its hooks.
    Hook.objects.all().delete()
    path = f"/admin/invitations/service/{Service.objects.get().pk}/delete/"
    assert admin.post(path, {"post": "yes"}).status_code == 302


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (revoke_all, (False, False, False)),
        (change(is_active=""), (False, False, False)),
        (delete, (False, False, False)),
        (change(scopes=["users", "tokens"]), (True, True, False)),
        (change(scopes=["users", "hooks"]), (False, True, True)),
        (change(scopes=["tokens", "hooks"]), (True, False, True)),
        (change(), (True, True, True)),
    ],
    ids=["revoked", "disabled", "deleted", "no hooks", "no tokens", "no users", "as before"],
)
def test_what_a_service_has_left_ends_with_what_it_may_do(
    planted: Rest, admin_client: Client, act: Callable[[Client], None], what: tuple[bool, bool, bool]
) -> None:
    assert left(planted) == (True, True, True)
    act(admin_client)
    assert left(planted) == what


def test_while_another_token_works_everything_stays(planted: Rest, now: datetime) -> None:
    service_tokens.add_token(Service.objects.get(), now=now)
    call_command("revoke_service_token", "clinic")
    assert left(planted) == (True, True, True)


@pytest.mark.parametrize("together", [False, True])
def test_who_becomes_staff_loses_what_services_have_left_with_them(planted: Rest, bob: User, together: bool) -> None:
    if together:
        User.objects.filter(pk=bob.pk).update(is_staff=True)
    else:
        bob.is_staff = True
        bob.save()
    assert left(planted) == (False, False, True)


def test_a_token_that_a_service_made_proves_nothing_about_the_person(planted: Rest, bob: User) -> None:
    assert planted.client.delete("/api/v1/me", {}, format="json").status_code in {401, 403}
    assert User.objects.filter(pk=bob.pk, is_active=True).exists()
    assert bob.check_password(PASSWORD)

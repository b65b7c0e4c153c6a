"""Who may give rights to whom: only superusers, and nobody gets another's rights by setting a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from knox.models import get_token_model

from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from invitations.models import User

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


@pytest.fixture
def clerk(make_user: Callable[..., User]) -> User:
    """Staff who may change and delete accounts and groups, but is no superuser."""
    user = make_user("clerk")
    user.is_staff = True
    user.save()
    names = [f"{act}_{model}" for act in ("add", "view", "change", "delete") for model in ("user", "group")]
    user.user_permissions.set(Permission.objects.filter(codename__in=[*names, "change_callingpreferences"]))
    return user


@pytest.fixture
def desk(clerk: User) -> Client:
    """The clerk's browser."""
    client = Client()
    client.force_login(clerk)
    return client


def place(view: str, user: User) -> str:
    if view == "password":
        return reverse("admin:auth_user_password_change", args=[user.pk])
    return reverse(f"admin:invitations_user_{view}", args=[user.pk])


def form_of(client: Client, user: User, **changes: Any) -> dict[str, Any]:
    """What a browser would post from the account's page, with these changes."""
    joined = user.date_joined
    return {
        "username": user.username,
        "is_active": "on",
        "date_joined_0": f"{joined:%Y-%m-%d}",
        "date_joined_1": f"{joined:%H:%M:%S}",
        "calling_preferences-TOTAL_FORMS": "1",
        "calling_preferences-INITIAL_FORMS": "1",
        "calling_preferences-0-user": str(user.pk),
        "calling_preferences-0-display_name": "Changed",
        **changes,
    }


@pytest.mark.parametrize("who", ["alice", "clerk"])
def test_staff_cannot_raise_anybody(desk: Client, clerk: User, alice: User, who: str) -> None:
    user = {"alice": alice, "clerk": clerk}[who]
    rights = {
        "is_staff": "on",
        "is_superuser": "on",
        "user_permissions": list(Permission.objects.values_list("pk", flat=True)),
        "groups": [Group.objects.create(name="all").pk],
    }
    before = (user.is_staff, user.is_superuser, user.user_permissions.count(), user.groups.count())
    assert desk.post(place("change", user), form_of(desk, user, **rights)).status_code == 302
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser, user.user_permissions.count(), user.groups.count()) == before
    assert user.calling_preferences.display_name == "Changed"


@pytest.mark.parametrize("view", ["change", "delete", "password"])
@pytest.mark.parametrize("is_superuser", [True, False])
def test_staff_cannot_get_at_an_account_with_rights(
    desk: Client, make_user: Callable[..., User], view: str, is_superuser: bool
) -> None:
    boss = make_user("boss")
    boss.is_staff, boss.is_superuser = True, is_superuser
    boss.save()
    form = {"post": "yes", "password1": "another-horse-8", "password2": "another-horse-8"}
    assert desk.post(place(view, boss), form_of(desk, boss) | form).status_code == 403
    listing = reverse("admin:invitations_user_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"}
    assert desk.post(listing, chosen).status_code == 403
    boss.refresh_from_db()
    assert boss.check_password(PASSWORD)
    assert desk.get(place("change", boss)).status_code == 200


def test_staff_sets_the_passwords_of_people_and_not_their_own(desk: Client, clerk: User, alice: User) -> None:
    """One's own is changed where the present one is asked for."""
    form = {"password1": "another-horse-8", "password2": "another-horse-8"}
    for user, is_set in ((alice, True), (clerk, False)):
        assert desk.post(place("password", user), form).status_code == 302
        user.refresh_from_db()
        assert user.check_password("another-horse-8") is is_set


def test_staff_cannot_give_rights_to_a_group(desk: Client, clerk: User) -> None:
    group = Group.objects.create(name="clerks")
    clerk.groups.add(group)
    form = {"name": "clerks", "permissions": list(Permission.objects.values_list("pk", flat=True))}
    assert desk.post(reverse("admin:auth_group_change", args=[group.pk]), form).status_code == 403
    assert desk.post(reverse("admin:auth_group_add"), form).status_code == 403
    assert desk.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"}).status_code == 403
    assert not group.permissions.exists()


def test_a_superuser_gives_rights(admin_site: Client, alice: User) -> None:
    answer = admin_site.post(place("change", alice), form_of(admin_site, alice, is_staff="on"))
    assert answer.status_code == 302
    alice.refresh_from_db()
    assert alice.is_staff


def test_tokens_are_not_on_show(admin_site: Client) -> None:
    page = admin_site.get(reverse("admin:index")).text
    assert "knox" not in page.lower()
    assert admin_site.get("/admin/knox/authtoken/").status_code == 404


def test_an_admin_signs_people_out_everywhere(
    admin_site: Client, client: Client, anonymous_api: APIClient, admin: User, alice: User, bob: User
) -> None:
    client.force_login(alice)
    for user in (alice, bob):
        asked = {"username": user.username, "password": PASSWORD, "device_name": "phone"}
        assert anonymous_api.post("/api/v1/auth/token", asked, format="json").status_code == 201
    choice = {"action": "sign_out_everywhere", "_selected_action": [alice.pk]}
    page = admin_site.post(reverse("admin:invitations_user_changelist"), choice, follow=True)
    assert "1 person signed out everywhere." in page.text
    assert [each.user for each in get_token_model().objects.all()] == [bob]
    assert client.get("/").status_code == 302
    assert LogEntry.objects.get().object_repr == "alice"


def test_staff_does_not_sign_a_superuser_out(desk: Client, admin: User, admin_site: Client) -> None:
    choice = {"action": "sign_out_everywhere", "_selected_action": [admin.pk]}
    desk.post(reverse("admin:invitations_user_changelist"), choice)
    assert admin_site.get(reverse("admin:index")).status_code == 200

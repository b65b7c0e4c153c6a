"""What admins do with all that is stored of a person: delete it, and download a copy."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from invitations import calls
from invitations.models import AccountDeletion, Device, RetiredName, User

if TYPE_CHECKING:
    from datetime import datetime

LISTING = "admin:invitations_user_changelist"
Ring = Callable[..., calls.CallSheet]


def place(view: str, user: User) -> str:
    return reverse(f"admin:invitations_user_{view}", args=[user.pk])


@pytest.fixture
def clerk(make_user: Callable[..., User]) -> User:
    """Staff who may look at accounts and delete them."""
    user = make_user("clerk")
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "delete_user"]))
    return user


@pytest.fixture
def desk(clerk: User) -> Client:
    """The clerk's browser."""
    client = Client()
    client.force_login(clerk)
    return client


def copy_of(answer: Any) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}


@pytest.fixture
def past(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    """A call of alice's that bob rejected, and her phone."""
    sheet = ring(alice, bob)
    calls.reject(sheet.call.call_id, by=calls.Actor(bob.pk, "bob", "phone"), now=now)
    Device.objects.create(user=alice, device_id="phone", label="Alice's phone", created_at=now)


def test_the_question_says_what_goes_and_what_stays(desk: Client, past: None, alice: User) -> None:
    page = desk.get(place("delete", alice)).text
    for line in (
        "1 device, with its push address",
        "0 apps that are signed in, and all browsers",
        "1 call stays with the others who were in it",
        "which nobody is given again",
    ):
        assert line in page


@pytest.mark.parametrize("way", ["page", "action"])
def test_deleting_is_what_the_person_could_have_done(
    desk: Client, past: None, clerk: User, alice: User, bob: User, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "invitations.audit")
    key = alice.pk
    if way == "page":
        answer = desk.post(place("delete", alice), {"post": "yes"}, follow=True)
    else:
        chosen = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}
        answer = desk.post(reverse(LISTING), chosen, follow=True)
    assert answer.status_code == 200
    assert not User.objects.filter(pk=key).exists()
    assert (RetiredName.objects.count(), AccountDeletion.objects.count(), Device.objects.count()) == (1, 0, 0)
    (call,) = calls.history(bob.pk)
    assert (call.caller_id, call.call_id.startswith("call_~")) == (None, True)
    # The admin's history is kept, without a name.
    assert LogEntry.objects.get().object_repr == "Deleted account"
    deleted = [each for each in caplog.messages if each.startswith("account-deleted")]
    assert len(deleted) == 1
    assert f"user={key} by={clerk.pk} address=127.0.0.1" in deleted[0]


def test_several_are_deleted_at_once(admin_site: Client, admin: User, alice: User, bob: User, carol: User) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [alice.pk, bob.pk], "post": "yes"}
    assert admin_site.post(reverse(LISTING), chosen, follow=True).status_code == 200
    assert set(User.objects.all()) == {admin, carol}


@pytest.mark.parametrize("way", ["page", "action"])
def test_the_last_superusers_are_not_deleted(admin_site: Client, admin: User, alice: User, way: str) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True, is_staff=True)
    chosen = {"action": "delete_selected", "_selected_action": [alice.pk, admin.pk]}
    # One of two is, and both are not.
    if way == "action":
        page = admin_site.post(reverse(LISTING), chosen).text
        admin_site.post(reverse(LISTING), {**chosen, "post": "yes"})
        assert User.objects.filter(is_superuser=True).count() == 2
    else:
        assert admin_site.post(place("delete", alice), {"post": "yes"}).status_code == 302
        page = admin_site.get(place("delete", admin)).text
        admin_site.post(place("delete", admin), {"post": "yes"})
        assert list(User.objects.filter(is_superuser=True)) == [admin]
    assert "This is the only superuser" in page


def test_staff_without_the_right_deletes_nobody(clerk: User, alice: User, bob: User) -> None:
    clerk.user_permissions.set(Permission.objects.filter(codename="view_user"))
    desk = Client()
    desk.force_login(clerk)
    assert desk.post(place("delete", alice), {"post": "yes"}).status_code == 403
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="delete_user"))
    assert desk.post(place("delete", bob), {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk__in=[alice.pk, bob.pk]).count() == 2


def test_an_admin_who_deletes_their_own_account_is_signed_out(admin_site: Client, admin: User, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True, is_staff=True)
    answer = admin_site.post(place("delete", admin), {"post": "yes"}, follow=True)
    assert answer.status_code == 200
    assert "/sign-in/" in str(answer.redirect_chain[-1]) or "/admin/login/" in str(answer.redirect_chain)
    assert not User.objects.filter(pk=admin.pk).exists()


def test_an_admin_downloads_a_copy(
    admin_site: Client, admin: User, past: None, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    assert place("export", alice) in admin_site.get(place("change", alice)).text
    assert "calls included" in admin_site.get(place("export", alice)).text
    assert not LogEntry.objects.exists()
    caplog.set_level(logging.INFO, "invitations.audit")
    answer = admin_site.post(place("export", alice))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    copy = copy_of(answer)
    assert (copy["profile.json"]["id"], len(copy["calls.json"])) == ("alice", 1)
    assert [each["label"] for each in copy["devices.json"]] == ["Alice's phone"]
    assert LogEntry.objects.get().get_change_message() == "Downloaded a copy of the data."
    lines = [each for each in caplog.messages if each.startswith("data-exported")]
    assert lines == [f"data-exported user={alice.pk} by={admin.pk} address=127.0.0.1 path={place('export', alice)}"]


def test_only_those_who_may_download_a_copy(desk: Client, clerk: User, admin: User, alice: User) -> None:
    assert place("export", alice) not in desk.get(place("change", alice)).text
    assert desk.get(place("export", alice)).status_code == desk.post(place("export", alice)).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="export_data"))
    desk.force_login(clerk)
    assert copy_of(desk.post(place("export", alice)))["profile.json"]["id"] == "alice"
    # Not of those who may do more.
    assert desk.post(place("export", admin)).status_code == 403
    assert desk.post(reverse("admin:invitations_user_export", args=[alice.pk + 1000])).status_code == 404


def test_one_that_is_being_made_is_waited_for(admin_site: Client, alice: User) -> None:
    cache.set(f"export:{alice.pk}", "another", 60)
    page = admin_site.post(place("export", alice), follow=True).text
    assert "being made already" in page.replace("&#x27;", "'")


def test_an_account_that_is_being_deleted_is_deleted_again(admin_site: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    AccountDeletion.objects.create(user=alice, began_at=timezone.now())
    assert admin_site.post(place("delete", alice), {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()

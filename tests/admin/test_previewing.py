"""The admin page "What if X calls Y now"."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from invitations.models import CallingPreferences, Invitation, User
from invitations.push import devices

pytestmark = pytest.mark.django_db
PAGE = "admin:invitations_call_preview"


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
def watcher(make_user: Callable[..., User]) -> Callable[..., Client]:
    """Staff with these rights, in their browser."""

    def sign_in(*names: str) -> Client:
        user = make_user("watcher")
        user.is_staff = True
        user.save()
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def test_it_says_what_would_happen_device_by_device(
    watcher: Callable[..., Client], alice: User, bob: User, now: datetime
) -> None:
    until = now + timedelta(hours=1)
    CallingPreferences.objects.update_or_create(user=bob, defaults={"do_not_disturb_until": until})
    devices.describe(bob.pk, "phone", label="Bob's phone", kind="android", now=now)
    page = watcher("view_call").get(reverse(PAGE), {"caller": "alice", "invitee": "bob"}).text
    said = words_of(page)
    assert "Bob doesn&#x27;t want to be disturbed until" in said
    assert "marked as silenced" in said
    assert "kept back because Bob doesn&#x27;t want to be disturbed" in said
    assert 'data-verdict="silenced"' in page
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("caller", "invitee", "sentence"),
    [
        ("alice", "nobody", "There is no active account with this id."),
        ("alice", "alice", "Nobody calls themselves."),
        ("<b>", "bob", "There is no active account with this id."),
    ],
)
def test_it_says_what_is_wrong(
    watcher: Callable[..., Client], alice: User, bob: User, caller: str, invitee: str, sentence: str
) -> None:
    page = watcher("view_call").get(reverse(PAGE), {"caller": caller, "invitee": invitee}).text
    assert sentence in page
    assert "<b>" not in page


def test_only_those_who_may_see_calls_see_it(watcher: Callable[..., Client], alice: User, bob: User) -> None:
    clerk = watcher("view_user")
    assert clerk.get(reverse(PAGE), {"caller": "alice", "invitee": "bob"}).status_code == 403
    assert "What if" not in clerk.get(reverse("admin:index")).text
    assert "What if" not in clerk.get(reverse("admin:invitations_user_change", args=[bob.pk])).text


def test_index_and_person_lead_to_it(watcher: Callable[..., Client], bob: User) -> None:
    desk = watcher("view_call", "view_user")
    assert f'href="{reverse(PAGE)}"' in desk.get(reverse("admin:index")).text
    person = desk.get(reverse("admin:invitations_user_change", args=[bob.pk])).text
    [address] = re.findall(r'href="([^"]+preview/[^"]+)"', person)
    assert address == f"{reverse(PAGE)}?invitee=bob"
    assert 'value="bob"' in desk.get(address).text

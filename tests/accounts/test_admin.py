"""What Django admin shows of addresses and of accounts at providers, and what nobody may make there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Permission
from django.test import Client

from invitations.models import User
from tests.accounts.conftest import Browser
from tests.conftest import PASSWORD

ADDRESSES = "/admin/account/emailaddress/"
SIGN_INS = "/admin/socialaccount/socialaccount/"


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def helper(db: None) -> Client:
    """An admin with every right that can be given, who is no superuser."""
    user = User.objects.create_user("helper", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    return client


def test_accounts_at_providers_are_seen_and_taken_away_but_not_made(browser: Browser, root: Client) -> None:
    browser.sign_in("e-1")
    known = SocialAccount.objects.get()
    assert "e-1" in root.get(SIGN_INS).text
    assert root.get(f"{SIGN_INS}add/").status_code == 403
    root.post(f"{SIGN_INS}{known.pk}/change/", {"user": known.user_id, "provider": "company", "uid": "m-1"})
    assert SocialAccount.objects.get().uid == "e-1"
    assert root.post(f"{SIGN_INS}{known.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("path", ["socialapp", "socialtoken"])
def test_there_are_neither_providers_nor_their_tokens(root: Client, path: str) -> None:
    assert root.get(f"/admin/socialaccount/{path}/").status_code == 404


def test_only_superusers_write_addresses(helper: Client, root: Client) -> None:
    """A confirmed address opens its account: whoever gave a superuser one of their own would be that superuser."""
    target = User.objects.create_user("target", is_staff=True, is_superuser=True)
    address = EmailAddress.objects.create(user=target, email="helper@example.org", verified=False)
    form = {"user": target.pk, "email": "other@example.org", "verified": "on"}

    assert helper.get(ADDRESSES).status_code == 200
    assert helper.post(f"{ADDRESSES}add/", form).status_code == 403
    assert helper.post(f"{ADDRESSES}{address.pk}/change/", form).status_code == 403
    assert helper.post(f"{ADDRESSES}{address.pk}/delete/", {"post": "yes"}).status_code == 403
    helper.post(ADDRESSES, {"action": "make_verified", "_selected_action": [address.pk]})
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("helper@example.org", False)]

    root.post(ADDRESSES, {"action": "make_verified", "_selected_action": [address.pk]})
    assert EmailAddress.objects.get().verified


def test_who_is_no_staff_can_sign_in_as_somebody_else(client: Client, make_user: Callable[..., User]) -> None:
    make_user("erin")
    User.objects.create_user("boss", password=PASSWORD, is_staff=True)
    client.post("/sign-in/", {"username": "erin", "password": PASSWORD})

    page = client.get("/admin/invitations/call/", follow=True)

    assert page.status_code == 403
    assert "You&#x27;re signed in as erin, who can&#x27;t use Django admin." in page.text
    assert 'name="next" value="/admin/invitations/call/"' in page.text
    signing_in = client.post("/sign-out/", {"next": "/admin/invitations/call/"}, follow=True)
    assert signing_in.redirect_chain[-1][0] == "/admin/login/?next=/admin/invitations/call/"
    assert signing_in.status_code == 200
    client.post("/admin/login/", {"username": "boss", "password": PASSWORD})
    assert client.get("/admin/").status_code == 200

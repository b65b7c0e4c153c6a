"""Accounts by invitation: a link makes one account, and is made by an admin or a command."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from invitations.models import Mail, SignUpLink
from tests.accounts.test_mail import link_in
from tests.admin.conftest import admin, admin_site  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db
PASSWORD = "right-horse-7"


@pytest.fixture(autouse=True)
def invite_only(settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "signup": "invite"}


def invite(*arguments: str) -> str:
    out = StringIO()
    call_command("invite_user", *arguments, stdout=out)
    return out.getvalue()


def sign_up(client: Client, name: str = "erin", **more: str) -> Any:
    return client.post("/sign-up/", {"username": name, "password1": PASSWORD, "password2": PASSWORD, **more})


def test_a_link_makes_one_account(client: Client, lines: list[str]) -> None:
    link = link_in(invite())
    assert client.get("/sign-up/").status_code == 403

    opened = client.get(link, follow=True)

    assert opened.redirect_chain == [("/sign-up/", 302)]
    assert sign_up(client).status_code == 302
    assert client.get("/").status_code == 200
    assert any(" sign-up-link-used user=" in each for each in lines)
    assert SignUpLink.objects.get().used_by == get_user_model().objects.get(username="erin")
    other = Client()
    assert other.get(link, follow=True).status_code == 403
    assert sign_up(other, "frank").status_code == 403


def test_whoever_has_no_link_is_told_to_open_theirs(client: Client) -> None:
    for answer in (client.get("/sign-up/"), sign_up(client)):
        assert answer.status_code == 403
        assert "To create an account, open the link in your invitation." in answer.text


def test_a_link_that_was_used_says_so(client: Client) -> None:
    link = link_in(invite())
    client.get(link)
    sign_up(client)

    answer = Client().get(link)
    assert answer.status_code == 403
    assert "Somebody has already created an account with this link." in answer.text
    assert not answer.cookies


@pytest.mark.parametrize("how", ["cut off", "withdrawn"])
def test_a_link_that_is_not_known_says_what_may_be_wrong(client: Client, how: str) -> None:
    link = link_in(invite())
    if how == "withdrawn":
        SignUpLink.objects.all().delete()

    answer = client.get(link if how == "withdrawn" else f"{link[:-4]}/")
    assert answer.status_code == 403
    assert "This link isn&#x27;t complete, or it was withdrawn." in answer.text


def test_a_link_that_is_over_keeps_nobody_out_where_sign_up_is_open(client: Client, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "signup": "open"}
    assert client.get("/sign-up/by/none/", follow=True).status_code == 200


def test_of_two_who_have_the_same_link_one_gets_an_account() -> None:
    link = link_in(invite())
    first, second = Client(), Client()
    for each in (first, second):
        assert each.get(link, follow=True).status_code == 200

    assert sign_up(first, "erin").status_code == 302
    late = sign_up(second, "frank")
    assert late.status_code == 403
    assert "Somebody has already created an account with this link." in late.text
    assert list(get_user_model().objects.values_list("username", flat=True)) == ["erin"]


def test_a_form_that_is_wrong_uses_no_link_up(client: Client) -> None:
    client.get(link_in(invite()))

    assert sign_up(client, "not a name").status_code == 200
    assert sign_up(client).status_code == 302


def test_a_link_runs_out(client: Client) -> None:
    link = link_in(invite())
    row = SignUpLink.objects.get()
    SignUpLink.objects.update(created_at=row.created_at - timedelta(days=30), expires_at=timezone.now())

    answer = client.get(link, follow=True)
    assert answer.status_code == 403
    assert "This link has expired." in answer.text


def test_a_link_does_nothing_where_sign_up_is_closed(client: Client, settings: Settings) -> None:
    link = link_in(invite())
    settings.CALLINVITE = {**settings.CALLINVITE, "signup": "closed"}

    assert client.get(link, follow=True).status_code == 403
    with pytest.raises(CommandError, match="CALLINVITE_SIGNUP=invite"):
        invite()


def test_a_link_can_be_mailed(client: Client) -> None:
    said = invite("--email", "erin@example.org", "--server", "https://calls.example.org")
    (mail,) = Mail.objects.all()

    assert said.startswith("https://calls.example.org/sign-up/by/")
    assert said.split()[0] in mail.text
    assert mail.to == "erin@example.org"
    client.get(link_in(mail.text))
    assert client.get("/sign-up/").context["form"].initial["email"] == "erin@example.org"
    with pytest.raises(CommandError, match="no email address"):
        invite("--email", "erin")


def test_who_has_an_address_of_their_own_confirms_it_by_itself(client: Client) -> None:
    client.get(link_in(invite()))
    sign_up(client, email="erin@example.org")

    assert not EmailAddress.objects.get().verified
    assert "erin@example.org" in [each.to for each in Mail.objects.all()]


def test_an_admin_makes_a_link_sees_it_once_and_withdraws_it(admin_site: Client) -> None:  # noqa: F811
    page = admin_site.post("/admin/invitations/signuplink/add/", {"email": ""}, follow=True)
    found = re.search(r"http://testserver(/sign-up/by/[\w-]+/)", page.text)
    assert found is not None
    row = SignUpLink.objects.get()
    assert row.made_by is not None

    assert "/sign-up/by/" not in admin_site.get("/admin/invitations/signuplink/").text
    assert Client().get(found[1], follow=True).status_code == 200
    admin_site.post(f"/admin/invitations/signuplink/{row.pk}/delete/", {"post": "yes"})
    assert Client().get(found[1], follow=True).status_code == 403


def test_an_admin_hands_out_a_link_to_a_new_password(admin_site: Client, client: Client) -> None:  # noqa: F811
    erin = get_user_model().objects.create_user("erin", password=PASSWORD)
    address = f"/admin/invitations/user/{erin.pk}/new-password/"
    assert "take over the account" in admin_site.get(address).text

    page = admin_site.post(address, follow=True)

    found = re.search(r"http://testserver(/password/new/[\w-]+/)", page.text)
    assert found is not None
    form = client.get(found[1], follow=True)
    new = "other-horse-battery-9"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert client.post("/sign-in/", {"username": "erin", "password": new}).status_code == 302


def test_staff_hands_out_no_link_to_the_account_of_a_superuser(client: Client, admin: Any) -> None:  # noqa: F811
    from django.contrib.auth.models import Permission

    staff = get_user_model().objects.create_user("staff", password=PASSWORD, is_staff=True)
    staff.user_permissions.add(*Permission.objects.filter(codename__in=["change_user", "view_user"]))
    client.force_login(staff)

    assert client.post(f"/admin/invitations/user/{admin.pk}/new-password/").status_code == 403

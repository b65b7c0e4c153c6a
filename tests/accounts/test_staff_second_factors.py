"""Second steps and staff: asked for by `admin_mfa`, and taken away from those who have lost them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from invitations.models import Mail
from tests.accounts.guarded import guarded, signed_in
from tests.accounts.totp import code_of
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from invitations.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    user = make_user("root")
    user.is_staff = user.is_superuser = True
    user.save()
    return user


@pytest.fixture
def helper(make_user: Callable[..., User]) -> User:
    """Staff who may change accounts and see second steps, but are no superuser."""
    user = make_user("helper")
    user.is_staff = True
    user.save()
    names = ["view_user", "change_user", "view_authenticator", "delete_authenticator"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


@pytest.fixture
def asked_for(settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "admin_mfa": True}


def test_by_default_the_password_is_enough_for_admin(root: User) -> None:
    assert signed_in("root").get("/admin/").status_code == 200


@pytest.mark.usefixtures("asked_for")
def test_staff_without_a_second_step_are_led_to_set_one_up(root: User) -> None:
    browser = signed_in("root")

    answer = browser.get("/admin/", follow=True)

    assert answer.redirect_chain[-1][0] == "/account/security/?admin"
    assert "To use Django admin here, you need a second step" in answer.text
    assert browser.post(reverse("admin:invitations_user_changelist")).status_code == 302


@pytest.mark.usefixtures("asked_for")
def test_staff_who_have_just_set_one_up_show_it_once(root: User) -> None:
    browser, secret, _ = guarded("root")

    asked = browser.get("/admin/invitations/", follow=True)
    assert asked.redirect_chain[-1][0].startswith("/sign-in/again/code/")
    assert "Enter a code from your authenticator app" in asked.text
    answer = browser.post("/sign-in/again/code/", {"code": code_of(secret), "next": "/admin/invitations/"})

    assert answer["Location"] == "/admin/invitations/"
    assert browser.get("/admin/invitations/").status_code == 200


@pytest.mark.usefixtures("asked_for")
def test_who_signed_in_by_two_steps_is_in(root: User) -> None:
    secret = guarded("root").secret
    browser = Client()
    browser.post("/sign-in/", {"username": "root", "password": PASSWORD, "next": "/admin/"})

    assert browser.post("/sign-in/code/", {"code": code_of(secret)})["Location"] == "/admin/"

    assert browser.get("/admin/").status_code == 200


@pytest.mark.usefixtures("asked_for")
def test_a_second_step_that_was_taken_away_opens_nothing_any_more(root: User) -> None:
    secret = guarded("root").secret
    browser = Client()
    browser.post("/sign-in/", {"username": "root", "password": PASSWORD})
    browser.post("/sign-in/code/", {"code": code_of(secret)})
    assert browser.get("/admin/").status_code == 200

    Authenticator.objects.all().delete()

    assert browser.get("/admin/").status_code == 302


@pytest.mark.usefixtures("asked_for")
def test_people_who_are_not_staff_stay_out_as_before(alice: User) -> None:
    assert signed_in().get("/admin/", follow=True).status_code == 403


def test_an_admin_takes_second_steps_away(alice: User, root: User, settings: Settings, lines: list[str]) -> None:
    EmailAddress.objects.create(user=alice, email="alice@example.org", primary=True, verified=True)
    guarded()
    Mail.objects.all().delete()
    browser = signed_in("root")
    lines.clear()

    action = {"action": "remove_second_factors", "_selected_action": [alice.pk]}
    address = reverse("admin:invitations_user_changelist")
    question = browser.post(address, action).text
    assert "Remove the second step of this person?" in question
    assert "<li>alice</li>" in question
    assert Authenticator.objects.exists()
    page = browser.post(address, {**action, "post": "yes"}, follow=True)

    assert "Second steps of 1 person removed." in page.text
    again = browser.post(address, {**action, "post": "yes"}, follow=True)
    assert "Nothing was removed: none of the selected people has a second step" in again.text
    assert not Authenticator.objects.exists()
    assert [each.subject for each in Mail.objects.all()] == ["Your second step was removed"]
    assert any(each.startswith(f"INFO second-factor-removed user={alice.pk} kind=totp") for each in lines)
    assert f"INFO admin act=changed user={root.pk} subject=invitations.user key={alice.pk}" in lines
    assert Client().post("/sign-in/", {"username": "alice", "password": PASSWORD})["Location"] == "/"


def test_the_list_of_second_steps_shows_no_secret_and_takes_away(alice: User, helper: User, lines: list[str]) -> None:
    _, secret, _ = guarded()
    browser = signed_in("helper")
    row = Authenticator.objects.get(type="totp")

    page = browser.get(reverse("admin:mfa_authenticator_change", args=[row.pk])).text
    assert row.data["secret"] not in page
    assert secret.replace(" ", "") not in page
    action = {"action": "remove_all", "_selected_action": [row.pk]}
    address = reverse("admin:mfa_authenticator_changelist")
    assert "Remove the second step of this person?" in browser.post(address, action).text
    assert Authenticator.objects.exists()
    browser.post(address, {**action, "post": "yes"})

    assert not Authenticator.objects.exists()
    assert f"INFO admin act=removed user={helper.pk} subject=mfa.authenticator key={alice.pk}" in lines


LISTS = pytest.mark.parametrize(
    ("page", "action"),
    [("invitations_user", "remove_second_factors"), ("mfa_authenticator", "remove_all")],
)


@LISTS
def test_nobody_takes_away_their_own_there(root: User, page: str, action: str) -> None:
    """The account's own pages ask for one of them first."""
    browser, _, _ = guarded("root")
    rows = [root.pk] if page == "invitations_user" else Authenticator.objects.values_list("pk", flat=True)

    answer = browser.post(
        reverse(f"admin:{page}_changelist"), {"action": action, "_selected_action": list(rows), "post": "yes"}
    )

    assert answer.status_code == 302
    assert Authenticator.objects.filter(user=root, type="totp").exists()


@LISTS
def test_only_superusers_take_them_from_staff(root: User, helper: User, page: str, action: str) -> None:
    guarded("root")
    rows = [root.pk] if page == "invitations_user" else Authenticator.objects.values_list("pk", flat=True)

    form = {"action": action, "_selected_action": list(rows), "post": "yes"}
    signed_in("helper").post(reverse(f"admin:{page}_changelist"), form)

    assert Authenticator.objects.filter(type="totp").exists()


def test_a_command_lets_the_last_admin_in_again(root: User, capsys: pytest.CaptureFixture[str]) -> None:
    guarded("root")

    call_command("reset_second_factor", "root")

    assert "password alone" in capsys.readouterr().out
    assert Client().post("/sign-in/", {"username": "root", "password": PASSWORD})["Location"] == "/"


@pytest.mark.parametrize("name", ["root", "nobody"])
def test_the_command_says_if_there_is_nothing_to_take_away(root: User, name: str) -> None:
    with pytest.raises(CommandError, match=r"has no second step|There is no nobody"):
        call_command("reset_second_factor", name)


@pytest.mark.django_db(transaction=True)
def test_every_step_is_in_the_audit_log(alice: User, lines: list[str]) -> None:
    browser, secret, _ = guarded()
    browser.post("/account/security/recovery-codes/new/")
    other = Client()
    other.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    other.post("/sign-in/code/", {"code": "000000"})
    other.post("/sign-in/code/", {"code": code_of(secret)})

    where = f"user={alice.pk} kind=%s address=127.0.0.1 path=%s"
    assert [each for each in lines if " second-factor" in each] == [
        "INFO second-factor-added " + where % ("totp", "/account/security/app/"),
        "INFO second-factor-added " + where % ("recovery_codes", "/account/security/app/"),
        "INFO second-factor-renewed " + where % ("recovery_codes", "/account/security/recovery-codes/new/"),
        f"WARNING second-factor-failed user={alice.pk} address=127.0.0.1 path=/sign-in/code/",
        "INFO second-factor-used " + where % ("totp", "/sign-in/code/"),
    ]
    assert not any(secret.replace(" ", "") in each for each in lines)

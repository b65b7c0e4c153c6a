"""The page of one's email address says what came of each button, and that of a link whether anything is left to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from invitations.models import Mail, User
from tests.accounts.test_mail import link_in
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
MakeUser = Callable[..., User]
EMAIL = reverse("account_email")
NEW = "new@example.org"


@pytest.fixture
def alice(make_user: MakeUser) -> Client:
    """A browser in which Alice has just proved who she is."""
    make_user("alice")
    client = Client()
    client.post("/sign-in/", {"username": "alice", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def add(client: Client, email: str = NEW) -> str:
    """Enter an address. Gives the page that follows."""
    return client.post(EMAIL, {"email": email, "action_add": ""}, follow=True).text


def link_of(email: str = NEW) -> str:
    """The link that was mailed there last."""
    return link_in(Mail.objects.filter(to=email).latest("pk").text)


def test_a_link_that_is_asked_for_too_soon_is_refused_in_words(alice: Client) -> None:
    add(alice)
    answer = alice.post(EMAIL, {"email": NEW, "action_send": ""})
    assert answer.status_code == 429
    assert f"We sent a link to {NEW} only a few minutes ago." in answer.text
    assert Mail.objects.filter(to=NEW).count() == 1


def test_a_link_that_is_sent_again_is_said_to_be(alice: Client) -> None:
    add(alice)
    cache.clear()
    answer = alice.post(EMAIL, {"email": NEW, "action_send": ""})
    assert answer.status_code == 200
    assert f"We&#x27;ve sent a new link to {NEW}." in answer.text
    assert Mail.objects.filter(to=NEW).count() == 2


def test_an_address_that_is_entered_again_too_soon_is_not_left_without_a_link(alice: Client) -> None:
    add(alice)
    alice.post(EMAIL, {"email": NEW, "action_remove": ""})
    answer = alice.post(EMAIL, {"email": NEW, "action_add": ""})
    assert answer.status_code == 429
    assert f"We sent a link to {NEW} only a few minutes ago." in answer.text
    assert not EmailAddress.objects.exists()


def test_the_page_says_one_thing_at_a_time(alice: Client) -> None:
    first = alice.get(EMAIL).text
    assert "You have no email address here yet." in first
    assert "Add address" in first

    waiting = add(alice)
    assert f"{NEW} isn&#x27;t confirmed yet." in waiting
    assert "Remove this address" in waiting
    assert "no email address" not in waiting
    assert "Cancel the change" not in waiting

    alice.post(link_of())
    cache.clear()
    changing = add(alice, "other@example.org")
    assert f"Your address is {NEW}." in changing
    assert "Your new address, other@example.org, isn&#x27;t confirmed yet." in changing
    assert "Cancel the change" in changing


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_whoever_confirms_an_address_is_told_so(alice: Client, is_signed_in: bool) -> None:
    add(alice)
    browser = alice if is_signed_in else Client()
    assert f"Confirm that {NEW} is the address of the account alice." in browser.get(link_of()).text
    done = browser.post(link_of(), follow=True)
    assert "Address confirmed" in done.text
    assert ("Back to Callinvite" in done.text) is is_signed_in
    assert EmailAddress.objects.get().verified


def test_a_link_that_was_used_says_that_nothing_is_left_to_do(alice: Client) -> None:
    add(alice)
    alice.post(link_of())
    for again in (alice.get(link_of()), alice.post(link_of())):
        assert again.status_code == 200
        assert "This address is confirmed already." in again.text


def test_a_link_that_another_one_replaced_says_where_to_get_a_new_one(alice: Client) -> None:
    add(alice)
    link = link_of()
    alice.post(EMAIL, {"email": NEW, "action_remove": ""})
    for answer in (alice.get(link), alice.get(link[:-2] + "x/"), alice.post(link)):
        assert "You can have a new one sent in your settings." in answer.text
        assert "confirmed already" not in answer.text

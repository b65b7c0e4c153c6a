"""Which account somebody gets who comes by a provider, and whose they cannot get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from invitations.models import CallingPreferences, User
from tests.accounts.conftest import BACK, WITH, Browser
from tests.conftest import PASSWORD
from tests.support.openid_provider import OpenIDProvider

Configure = Callable[..., None]
MakeUser = Callable[..., User]


def confirm(user: User, email: str, *, verified: bool = True) -> None:
    """Give an account an address, confirmed or not."""
    user.email = email
    user.save()
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)


def signed_in(username: str) -> Client:
    """A browser that came by a password."""
    client = Client()
    assert client.post("/sign-in/", {"username": username, "password": PASSWORD}).status_code == 302
    return client


# --- a new account ----------------------------------------------------------------------------------------------------


def test_a_first_sign_in_makes_an_account_with_the_providers_claims(browser: Browser) -> None:
    assert browser.sign_in("e-1")["Location"] == "/"
    user = User.objects.get()
    assert (user.username, user.email, user.has_usable_password()) == ("erin", "erin@example.org", False)
    assert user.calling_preferences.display_name == "Erin Example"
    address = EmailAddress.objects.get()
    assert (address.email, address.verified, address.primary) == ("erin@example.org", True, True)
    assert not user.is_staff


def test_a_providers_name_with_somebodys_id_is_left_out(browser: Browser, provider: OpenIDProvider) -> None:
    provider.people["e-1"]["name"] = "Mum (@mum)"
    browser.sign_in("e-1")
    assert not CallingPreferences.objects.exclude(display_name="").exists()


def test_the_next_sign_in_finds_it_whatever_the_claims_are_by_then(browser: Browser, provider: OpenIDProvider) -> None:
    browser.sign_in("e-1")
    provider.people["e-1"] = {"preferred_username": "mrs-example", "name": "Other", "email": "new@example.org"}
    other = Browser(provider)
    other.sign_in("e-1")
    assert other.username == "erin"
    assert User.objects.get().calling_preferences.display_name == "Erin Example"


def test_of_what_the_provider_says_only_what_is_needed_is_kept(browser: Browser, provider: OpenIDProvider) -> None:
    provider.people["e-1"] |= {"birthdate": "1970-01-01", "groups": ["board"], "phone_number": "+41 31 000 00 00"}
    browser.sign_in("e-1")
    kept = SocialAccount.objects.get()
    assert kept.uid == "e-1"
    assert kept.extra_data == {"label": "erin@example.org", "name": "Erin Example", "active": True}
    assert not SocialToken.objects.exists()


def test_the_way_leads_to_where_somebody_wanted_to_go(browser: Browser) -> None:
    assert browser.sign_in("e-1", next="/api/v1/docs")["Location"] == "/api/v1/docs"
    assert 'name="next" value="/api/v1/docs"' in Client().get("/sign-in/?next=/api/v1/docs").text


def test_but_never_to_another_site(browser: Browser) -> None:
    assert browser.sign_in("e-1", next="https://elsewhere.example/")["Location"] == "/"


def test_claims_go_by_the_settings(browser: Browser, provider: OpenIDProvider, configure: Configure) -> None:
    configure(username_claim="login", name_claim="full", email_claim="mail", scopes=["openid", "calls"])
    provider.people["e-1"] = {"login": "e.example", "full": "E. Example", "mail": "e@x.example", "email_verified": True}
    browser.sign_in("e-1")
    user = User.objects.get()
    assert (user.username, user.email) == ("e.example", "e@x.example")
    assert user.calling_preferences.display_name == "E. Example"
    assert set(provider.asked[-1]["scope"].split()) == {"openid", "calls"}


@pytest.mark.parametrize("name", ["E\u202erin", "x" * 300, "", None, 7, ["Erin"]])
def test_a_shown_name_cannot_lie(browser: Browser, provider: OpenIDProvider, name: Any) -> None:
    provider.people["e-1"]["name"] = name
    browser.sign_in("e-1")
    shown = getattr(User.objects.get(), "calling_preferences", None)
    assert shown is None or (shown.display_name in ("Erin", "x" * 64))


@pytest.mark.parametrize("taken", ["erin", "ERIN"])
def test_whose_name_is_taken_chooses_another(browser: Browser, make_user: MakeUser, taken: str) -> None:
    other = make_user(taken)
    answer = browser.sign_in("e-1")
    assert answer["Location"] == "/sign-up/names/"
    page = browser.client.get("/sign-up/names/")
    assert "You signed in with Example Ltd." in page.text
    assert 'name="email"' not in page.text
    assert "taken" in browser.client.post("/sign-up/names/", {"username": "Erin"}).text

    form = {"username": "erin.2", "display_name": "Erin the second", "email": "victim@example.org"}
    assert browser.client.post("/sign-up/names/", form)["Location"] == "/"

    assert browser.username == "erin.2"
    user = User.objects.exclude(pk=other.pk).get()
    assert user.calling_preferences.display_name == "Erin the second"
    assert [(each.email, each.verified) for each in EmailAddress.objects.all()] == [("erin@example.org", True)]


@pytest.mark.parametrize("name", ["erin with spaces", "", None, "e" * 65, "<script>"])
def test_whose_name_cannot_be_one_here_chooses_one(browser: Browser, provider: OpenIDProvider, name: Any) -> None:
    provider.people["e-1"]["preferred_username"] = name
    assert browser.sign_in("e-1")["Location"] == "/sign-up/names/"
    browser.client.post("/sign-up/names/", {"username": "erin"})
    assert browser.username == "erin"


def test_nobody_chooses_a_name_who_came_by_no_provider(browser: Browser) -> None:
    assert browser.client.get("/sign-up/names/")["Location"] == "/sign-in/"
    assert browser.client.post("/sign-up/names/", {"username": "erin"})["Location"] == "/sign-in/"
    assert not User.objects.exists()


def test_closed_sign_up_is_for_strangers_not_for_the_providers_people(browser: Browser, settings: Settings) -> None:
    settings.CALLINVITE = {"signup": "closed"}
    browser.sign_in("e-1")
    assert browser.username == "erin"


def test_unless_the_provider_makes_no_accounts(browser: Browser, configure: Configure, lines: list[str]) -> None:
    configure(signup=False)
    answer = browser.sign_in("e-1")
    assert answer.status_code == 403
    assert "created by the people who run this server" in answer.text
    assert not User.objects.exists()
    assert lines == [f"WARNING refused why=provider_signup address=127.0.0.1 path={BACK}"]


# --- an account that is there already ---------------------------------------------------------------------------------


def test_an_address_that_both_sides_confirmed_opens_the_account(
    browser: Browser, make_user: MakeUser, lines: list[str]
) -> None:
    alice = make_user("alice")
    confirm(alice, "erin@example.org")
    browser.sign_in("e-1")
    assert browser.username == "alice"
    assert alice.check_password(PASSWORD)
    assert f"INFO provider-linked user={alice.pk} provider=company address=127.0.0.1 path={BACK}" in lines


def test_from_then_on_the_address_does_not_matter(
    browser: Browser, provider: OpenIDProvider, make_user: MakeUser
) -> None:
    confirm(make_user("alice"), "erin@example.org")
    browser.sign_in("e-1")
    EmailAddress.objects.all().delete()
    provider.people["e-1"]["email"] = "elsewhere@example.org"
    other = Browser(provider)
    other.sign_in("e-1")
    assert other.username == "alice"


def test_an_address_that_the_provider_did_not_confirm_opens_nothing(browser: Browser, make_user: MakeUser) -> None:
    """Mallory told the provider that her address were Erin's."""
    confirm(make_user("erin"), "erin@example.org")
    browser.sign_in("m-1")
    assert browser.username == "mallory"
    assert User.objects.get(username="mallory").email == ""
    assert EmailAddress.objects.filter(user__username="mallory").count() == 0


@pytest.mark.parametrize("said", [None, "false", 0, "no", [], {"yes": "no"}])
def test_only_true_confirms(browser: Browser, provider: OpenIDProvider, make_user: MakeUser, said: Any) -> None:
    confirm(make_user("alice"), "erin@example.org")
    provider.people["m-1"]["email_verified"] = said
    browser.sign_in("m-1")
    assert browser.username == "mallory"


def test_a_domain_may_be_the_providers_own(
    browser: Browser, provider: OpenIDProvider, configure: Configure, make_user: MakeUser
) -> None:
    confirm(make_user("alice"), "erin@example.org")
    configure(email_domains=["example.org"])
    browser.sign_in("m-1")
    assert browser.username == "alice"


@pytest.mark.parametrize(
    "email", ["erin@example.org.evil.example", "erin@evil.example", "erin@example.org@evil.example"]
)
def test_but_only_that_domain(
    browser: Browser, provider: OpenIDProvider, configure: Configure, make_user: MakeUser, email: str
) -> None:
    confirm(make_user("alice"), email)
    configure(email_domains=["example.org"])
    provider.people["m-1"]["email"] = email
    browser.sign_in("m-1")
    assert browser.username == "mallory"


def test_an_account_that_somebody_made_with_anothers_address_waits_in_vain(
    browser: Browser, settings: Settings, make_user: MakeUser
) -> None:
    """Mallory signs up with Erin's address before Erin comes, knows the password, and stays signed in."""
    settings.CALLINVITE = {"signup": "open"}
    trap = Client()
    form = {"username": "erin", "email": "erin@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert trap.post(reverse("account_signup"), form)["Location"] == "/"
    assert EmailAddress.objects.get().verified is False

    assert browser.sign_in("e-1")["Location"] == "/sign-up/names/"
    assert browser.client.post("/sign-up/names/", {"username": "the.real.erin"})["Location"] == "/"

    assert browser.username == "the.real.erin"
    real = User.objects.get(username="the.real.erin")
    assert not real.check_password(PASSWORD)
    assert real.email == "erin@example.org"
    assert EmailAddress.objects.get(user=real).verified
    # The address opens Erin's account from now on, and Mallory's password opens nothing by it.
    by_address = Client()
    by_address.post("/sign-in/", {"username": "erin@example.org", "password": PASSWORD})
    page = by_address.get("/")
    assert page.status_code == 302 or page.context["user"].username != "the.real.erin"


def test_an_address_that_an_admin_wrote_into_an_account_is_not_confirmed(browser: Browser, make_user: MakeUser) -> None:
    alice = make_user("alice")
    alice.email = "erin@example.org"
    alice.save()
    browser.sign_in("e-1")
    assert browser.client.post("/sign-up/names/", {"username": "erin"}).status_code in (302, 200)
    assert browser.username == "erin"


def test_a_provider_may_be_kept_from_opening_accounts_by_address(
    browser: Browser, configure: Configure, make_user: MakeUser
) -> None:
    configure(link_by_email=False)
    confirm(make_user("alice"), "erin@example.org")
    browser.sign_in("e-1")
    browser.client.post("/sign-up/names/", {"username": "erin"})
    assert browser.username in (None, "erin")


# --- who is switched off ----------------------------------------------------------------------------------------------


def test_a_deactivated_account_stays_shut(browser: Browser, lines: list[str]) -> None:
    browser.sign_in("e-1")
    User.objects.update(is_active=False)
    lines.clear()
    other = Browser(browser.provider)
    answer = other.sign_in("e-1")
    assert answer.status_code == 403
    assert "Your account is deactivated." in answer.text
    assert other.username is None
    assert lines == [f"WARNING refused why=inactive address=127.0.0.1 path={BACK}"]


@pytest.mark.parametrize(
    ("wanted", "yes", "no"),
    [
        ("active", {"active": True}, {"active": False}),
        ("active", {"active": "true"}, {}),
        ("groups=calls", {"groups": ["staff", "calls"]}, {"groups": ["staff"]}),
        ("groups=calls", {"groups": "calls"}, {"groups": "recalls"}),
        ("groups=calls", {"groups": ["calls"]}, {"groups": []}),
        ("groups=calls", {"groups": ["calls"]}, {"groups": {"calls": True}}),
    ],
)
def test_a_claim_says_who_may_come_in(
    browser: Browser,
    provider: OpenIDProvider,
    configure: Configure,
    lines: list[str],
    wanted: str,
    yes: dict[str, Any],
    no: dict[str, Any],
) -> None:
    configure(active_claim=wanted)
    claims = provider.people["e-1"]
    provider.people["e-1"] = {**claims, **no}
    assert "Example Ltd says that you may not use this service." in browser.sign_in("e-1").text
    assert not User.objects.exists()

    provider.people["e-1"] = {**claims, **yes}
    browser.sign_in("e-1")
    assert browser.username == "erin"
    phone = browser.client.post("/api/v1/auth/pairing", content_type="application/json")
    assert phone.status_code == 201

    provider.people["e-1"] = {**claims, **no}
    answer = Browser(provider).sign_in("e-1")
    assert answer.status_code == 403
    assert User.objects.filter(is_active=False).exists()
    assert browser.client.get("/").status_code == 302
    assert lines[-1] == f"WARNING refused why=provider_inactive address=127.0.0.1 path={BACK}"

    provider.people["e-1"] = {**claims, **yes}
    again = Browser(provider)
    lines.clear()
    again.sign_in("e-1")
    assert again.username == "erin"
    user = User.objects.get()
    assert lines[0] == f"INFO provider-switched-on user={user.pk} provider=company address=127.0.0.1 path={BACK}"


@pytest.mark.parametrize("is_saved", [True, False])
def test_whose_account_an_admin_has_saved_since_stays_switched_off(
    browser: Browser, provider: OpenIDProvider, configure: Configure, make_user: MakeUser, is_saved: bool
) -> None:
    configure(active_claim="active")
    for said in (True, False):
        provider.people["e-1"]["active"] = said
        Browser(provider).sign_in("e-1")
    user = User.objects.get()
    root = make_user("root")
    root.is_staff = root.is_superuser = True
    root.save()
    desk = signed_in("root")
    page = f"/admin/invitations/user/{user.pk}/change/"
    joined = {"date_joined_0": f"{user.date_joined:%Y-%m-%d}", "date_joined_1": f"{user.date_joined:%H:%M:%S}"}
    inline = {
        "calling_preferences-TOTAL_FORMS": "1",
        "calling_preferences-INITIAL_FORMS": "1",
        "calling_preferences-0-user": str(user.pk),
    }
    if is_saved:
        assert desk.post(page, {"username": "erin", **joined, **inline}).status_code == 302
    else:
        assert desk.get(page).status_code == 200

    provider.people["e-1"]["active"] = True
    Browser(provider).sign_in("e-1")

    assert User.objects.get(pk=user.pk).is_active is not is_saved


def test_whom_an_admin_switched_off_no_claim_switches_on(
    browser: Browser, provider: OpenIDProvider, configure: Configure
) -> None:
    configure(active_claim="active")
    provider.people["e-1"]["active"] = True
    browser.sign_in("e-1")
    user = User.objects.get()
    user.is_active = False
    user.save()
    for said in (True, False, True):
        provider.people["e-1"]["active"] = said
        assert Browser(provider).sign_in("e-1").status_code == 403
        assert not User.objects.get().is_active


def test_a_claim_of_an_account_that_is_not_linked_switches_nothing_off(
    browser: Browser, provider: OpenIDProvider, configure: Configure, make_user: MakeUser
) -> None:
    confirm(make_user("alice"), "erin@example.org")
    configure(active_claim="active")
    assert browser.sign_in("e-1").status_code == 403
    assert get_user_model().objects.get().is_active


# --- somebody who is signed in already --------------------------------------------------------------------------------


def test_an_answer_in_a_browser_that_is_signed_in_as_the_same_person_keeps_its_session(browser: Browser) -> None:
    """With a new one, its call would end."""
    browser.provider.person = "e-1"
    late = browser.answer_to(browser.leave())
    browser.sign_in("e-1")
    session = browser.client.session.session_key
    assert browser.come_back(late)["Location"] == "/"
    assert browser.client.session.session_key == session


def test_who_is_signed_in_does_not_start_anew(browser: Browser) -> None:
    browser.sign_in("e-1")
    browser.provider.requests.clear()
    assert browser.client.post(WITH)["Location"] == "/sign-in/"
    assert browser.provider.requests == []


def test_a_cancelled_sign_in_changes_nothing(browser: Browser, provider: OpenIDProvider, lines: list[str]) -> None:
    provider.refuses = "access_denied"
    answer = browser.sign_in("e-1")
    assert answer["Location"] == "/sign-in/with/cancelled/"
    assert "You cancelled before it was done." in browser.client.get(answer["Location"]).text
    assert lines == []


def test_too_many_starts_are_stopped_for_a_while(browser: Browser, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "logins_per_minute": 1}
    answers = [browser.client.post(WITH) for _ in range(7)]
    assert [each.status_code for each in answers] == [200] * 6 + [429]
    assert "Too many attempts. Try again in" in answers[-1].text
    assert int(answers[-1].headers["Retry-After"]) >= 1

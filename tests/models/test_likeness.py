"""Names that would be taken for the operator's are kept for staff, however they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model

from invitations.models import CallingPreferences
from invitations.models.likeness import is_reserved, skeleton

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings

PASSWORD = "correct-horse-7"
ALIKE = {
    "capitals": "ADMIN",
    "Cyrillic": "\u0430d\u043cin",
    "Greek": "\u0391\u0434min".replace("\u0434", "d"),
    "full width": "\uff21\uff24\uff2d\uff29\uff2e",
    "mathematical": "\U0001d400\U0001d41d\U0001d426\U0001d422\U0001d427",
    "accents": "\u00c1dm\u00edn",
    "a letter without its dot": "adm\u0131n",
    "digits": "4dm1n",
    "spaces": "A d m i n",
    "points": "a.d.m.i.n",
    "two letters for one": "adrnin",
    "a word of several": "The Admin (official)",
    "joined to others": "admin_desk",
    "another word": "Callinvite Supp0rt",
}
ORDINARY = [
    "Alice",
    "Adnan",
    "Adriana Minogue",
    "Admiral Ackbar",
    "\u0410\u0434\u0430\u043c",
    "\u674e\u5c0f\u9f8d",
    "\u0645\u062d\u0645\u062f",
    "Rapport",
    "O'Brien",
]


@pytest.fixture(params=list(ALIKE.values()), ids=list(ALIKE))
def alike(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def erin() -> Any:
    return get_user_model().objects.create_user("erin", password=PASSWORD)


def test_what_looks_like_a_reserved_name_is_one(alike: str) -> None:
    assert is_reserved(alike)


@pytest.mark.parametrize("name", ORDINARY)
def test_people_may_be_called_what_people_are_called(name: str) -> None:
    assert not is_reserved(name)


def test_names_that_look_alike_have_one_skeleton_and_others_have_not() -> None:
    assert skeleton("Alice") == skeleton("\u0410lic\u0435") == skeleton("A1ice") == skeleton(" a-l\u00ecce ")
    assert (
        len({skeleton(each) for each in ("Alice", "Alicia", "Bob", "Bobby", "\u674e", "\u738b", "\u041b\u0435\u0432")})
        == 7
    )


@pytest.mark.django_db
def test_rest_keeps_reserved_names_for_staff(alike: str, erin: Any, client: Client) -> None:
    client.force_login(erin)
    answer = client.patch("/api/v1/me", {"name": alike}, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"name": ["This name is reserved. Please choose another one."]},
    )
    get_user_model().objects.filter(pk=erin.pk).update(is_staff=True)
    answer = client.patch("/api/v1/me", {"name": "Admin"}, content_type="application/json")
    assert (answer.status_code, answer.json()["name"]) == (200, "Admin")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "name"), [("display_name", "\u0410dmin"), ("username", "supp0rt"), ("username", "the.admin")]
)
def test_nobody_signs_up_by_a_reserved_name(field: str, name: str, client: Client, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "signup": "open"}
    form = {"username": "erin", "display_name": "Erin", "password1": PASSWORD, "password2": PASSWORD, field: name}
    answer = client.post("/sign-up/", form)
    assert (answer.status_code, "This name is reserved" in answer.text) == (200, True)
    assert not get_user_model().objects.exists()


@pytest.mark.django_db
def test_the_operator_says_which_names_are_reserved(erin: Any, client: Client, settings: Settings) -> None:
    def status_of(name: str) -> int:
        return client.patch("/api/v1/me", {"name": name}, content_type="application/json").status_code

    client.force_login(erin)
    settings.CALLINVITE = {**settings.CALLINVITE, "reserved_names": ("Ward 3",)}
    assert [status_of(each) for each in ("Admin", "ward 3", "Ward 8")] == [200, 400, 200]
    settings.CALLINVITE = {**settings.CALLINVITE, "reserved_names": ()}
    assert status_of("Ward 3") == 200
    assert CallingPreferences.objects.get(user=erin).display_name == "Ward 3"

"""What a name may be, at every door that takes one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client

from invitations.models import CallingPreferences
from invitations.models.names import PLAIN, tidy, without_unseen

PASSWORD = "correct-horse-7"
DECEPTIVE = {
    "right to left": "Bob \u202egnp.exe",
    "an isolate": "\u2067Bob",
    "zero width": "B\u200bob",
    "a line": "Bob\nAdmin",
    "a paragraph": "Bob\u2029Admin",
    "a tab": "Bob\tAdmin",
    "a control": "Bob\x1b[31m",
    "a soft hyphen": "Bo\u00adb",
    "a byte order mark": "\ufeffBob",
    "letters that show nothing": "\u3164",
    "a pattern of no dots": "\u2800",
    "a variant of a letter": "Alice\ufe00",
    "a variant in Mongolian": "\u180b",
}
ORDINARY = [
    "Bob",
    "محمد",
    "Åsa Öberg",
    "O'Hara, MD",
    "李小龍",
    "Zoë ☎",
    "Nguyễn Văn A",
    "अनिल",
    "Bob (Sales)",
    "bob@x.org",
]


@pytest.fixture(params=list(DECEPTIVE.values()), ids=list(DECEPTIVE))
def deceptive(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def erin() -> Any:
    return get_user_model().objects.create_user("erin", password=PASSWORD)


@pytest.mark.parametrize("name", ORDINARY)
def test_names_of_people_are_kept(name: str) -> None:
    assert tidy(name) == name
    assert re.fullmatch(PLAIN, name)


@pytest.mark.parametrize("name", ["", " ", "\u00a0\u3000"])
def test_a_blank_name_is_none(name: str) -> None:
    assert tidy(name) == ""


def test_a_name_is_composed_and_without_space_at_its_ends() -> None:
    assert tidy("  A\u030asa ") == "Åsa"


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u2003", "\u3000"])
def test_no_space_pushes_out_of_sight_whose_name_it_is(space: str) -> None:
    assert tidy(f"Mum{space * 40}x") == "Mum x"


@pytest.mark.parametrize(
    "name",
    [
        "Mum (@mum)",
        "Mum ( @mum",
        "Mum(@mum)",
        "Mum [@mum]",
        "Mum \uff08\uff20mum\uff09",
        "Mum \u2768@mum\u2769",
        "Mum <mum@x.org>",
        "(mum@x.org)",
    ],
)
def test_a_name_with_somebodys_id_is_refused(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        tidy(name)
    assert "brackets" in refused.value.messages[0]


def test_no_marks_reach_into_the_lines_around_a_name() -> None:
    assert tidy("M" + "\u0336" * 40 + "um") == "M" + "\u0336" * 6 + "um"


def test_a_variant_of_another_plane_is_refused() -> None:
    # JSON Schema's expressions do not reach it.
    with pytest.raises(ValidationError):
        tidy("Alice\U000e0100")


def test_an_emojis_style_is_left_out() -> None:
    assert (tidy("Zoë ☎\ufe0f"), tidy("\ufe0f")) == ("Zoë ☎", "")


def test_a_name_that_composing_makes_too_long_is_refused() -> None:
    with pytest.raises(ValidationError):
        tidy("\u0958" * 64)


def test_what_the_api_describes_as_a_name_is_what_it_takes(deceptive: str) -> None:
    assert not re.fullmatch(PLAIN, deceptive)
    with pytest.raises(ValidationError):
        tidy(deceptive)


def test_a_device_is_named_without_what_cannot_be_seen() -> None:
    assert without_unseen("Bob\u202e's\nphone\u200b ") == "Bob's phone"


@pytest.mark.django_db
def test_rest_refuses_a_deceptive_name(deceptive: str, erin: Any, client: Client) -> None:
    def called(name: str) -> Any:
        return client.patch("/api/v1/me", {"name": name}, content_type="application/json")

    client.force_login(erin)
    answer = called(deceptive)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["name"])
    assert called(" Zoe\u0308 ").json()["name"] == "Zoë"
    assert called("").json()["name"] == "erin"


@pytest.mark.django_db
def test_signing_up_refuses_a_deceptive_name(deceptive: str, client: Client, settings: Any) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "signup": "open"}
    form = {"username": "erin", "display_name": deceptive, "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/sign-up/", form)
    assert answer.status_code == 200
    assert "A name can&#x27;t have line breaks" in answer.text
    assert not get_user_model().objects.filter(username="erin").exists()


@pytest.mark.django_db
def test_the_admin_refuses_a_deceptive_name(deceptive: str, erin: Any, admin_client: Client) -> None:
    page = f"/admin/invitations/user/{erin.pk}/change/"
    form = {
        "username": "erin",
        "is_active": "on",
        "date_joined_0": "2026-11-29",
        "date_joined_1": "09:00:00",
        "calling_preferences-TOTAL_FORMS": "1",
        "calling_preferences-INITIAL_FORMS": "0",
        "calling_preferences-0-user": str(erin.pk),
        "calling_preferences-0-display_name": deceptive,
    }
    assert "A name can&#x27;t have line breaks" in admin_client.post(page, form).text
    assert admin_client.post(page, form | {"calling_preferences-0-display_name": " Zo\u0065\u0308 "}).status_code == 302
    assert CallingPreferences.objects.get(user=erin).display_name == "Zoë"

"""Nobody can make others read a name that is not theirs: what a sender says stands below who they are, as a quote."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from invitations.models import CallingPreferences, Invitation
from invitations.models.names import MOST_MARKS, readable

if TYPE_CHECKING:
    from pytest_django import Settings

    from invitations.models import User
    from tests.api.conftest import JSON, RestOf

pytestmark = pytest.mark.django_db
TRICKS = {
    "a title that names another": {"notification_title": "Mum"},
    "a right-to-left override": {"notification_title": "\u202emuM", "notification_message": "\u202e)ecilA@( muM"},
    "isolates that end the quote's own": {"notification_message": "\u2069\u2069\u2069 Mum (@mum)\u2067"},
    "lines that push the name away": {"notification_message": "\n" * 500 + "Mum (@mum)"},
    "other kinds of lines": {"notification_title": "\u2028\u2029\x85\x0b\x0cMum", "notification_message": "\r\r\rMum"},
    "the end of the quote": {"notification_message": "Hi”\nMum (@mum): “Pick up"},
    "controls": {"notification_title": "\x1b[2J\x07Mum", "notification_message": "\x08\x08\x08Mum"},
    "as much as there may be": {"notification_title": "M" * 128, "notification_message": "m" * 512},
    "towers of marks": {"notification_message": "M" + "\u0300" * 200 + "um"},
    "what cannot be seen": {"notification_title": "\u3164\u200b\ufeff", "notification_message": "\u2800\u115f"},
}


@pytest.fixture(params=list(TRICKS.values()), ids=list(TRICKS))
def trick(request: pytest.FixtureRequest) -> JSON:
    return dict(request.param)


def rung(rest: RestOf, alice: User, bob: User, **said: Any) -> JSON:
    """What Bob reads of Alice's call."""
    call_id = rest(alice).send("bob", **said).json()["call"]["call_id"]
    return dict(rest(bob).get(f"calls/{call_id}").json())


def test_whatever_a_sender_says_the_title_is_who_they_are(rest: RestOf, alice: User, bob: User, trick: JSON) -> None:
    call = rung(rest, alice, bob, **trick)
    assert call["notification_title"] == "Alice (@alice)"
    first, *quote = call["notification_message"].split("\n")
    assert first == "Incoming video call"
    assert len(quote) <= 1
    for line in quote:
        assert line.startswith("Alice (@alice): “")
        assert line.endswith("”")
        assert line.count("“") == line.count("”") == 1
    said = call["notification_message"] + call["sender_title"] + call["sender_message"]
    assert {unicodedata.category(each) for each in said.replace("\n", "")} & {"Cc", "Cf", "Zl", "Zp"} == set()
    assert "\n\n" not in call["sender_message"]
    assert "\n" not in call["sender_title"].strip("\n")


def test_what_is_said_is_there_by_itself_for_apps(rest: RestOf, alice: User, bob: User) -> None:
    call = rung(rest, alice, bob, notification_title=" Lunch ", notification_message="At one?\r\n\r\n\r\nOr two?")
    assert (call["sender_title"], call["sender_message"]) == ("Lunch", "At one?\nOr two?")
    assert call["notification_message"].endswith("\nAlice (@alice): “Lunch · At one? Or two?”")


def test_nothing_said_is_no_quote(rest: RestOf, alice: User, bob: User) -> None:
    call = rung(rest, alice, bob, notification_title="", notification_message=None)
    assert (call["notification_message"], call["sender_title"], call["sender_message"]) == (
        "Incoming video call",
        "",
        "",
    )


def test_a_contact_needs_no_id(rest: RestOf, alice: User, bob: User) -> None:
    call_id = rest(alice).send("bob", notification_message="Lunch?").json()["call"]["call_id"]
    Invitation.objects.update(from_contact=True, urgent=True)
    call = rest(bob).get(f"calls/{call_id}").json()
    assert call["notification_title"] == "Alice"
    assert call["notification_message"] == "Urgent · Incoming video call\nAlice: “Lunch?”"


def test_somebody_called_like_another_is_told_apart_by_the_id(
    rest: RestOf, alice: User, bob: User, carol: User
) -> None:
    CallingPreferences.objects.filter(user=carol).update(display_name="Alice")
    assert rung(rest, carol, bob)["notification_title"] == "Alice (@carol)"


def test_a_name_from_right_to_left_keeps_the_id_behind_it(rest: RestOf, alice: User, bob: User) -> None:
    CallingPreferences.objects.filter(user=alice).update(display_name="محمد")
    title = rung(rest, alice, bob)["notification_title"]
    assert title == "\u2068محمد\u2069 (@alice)"


def test_who_invites_into_a_call_is_who_rings(rest: RestOf, alice: User, bob: User, carol: User) -> None:
    call_id = rest(alice).send("bob").json()["call"]["call_id"]
    rest(bob).verb(call_id, "accept")
    rest(bob).verb(call_id, "invite", invitees=["carol"], notification_title="Alice", notification_message="Come in")
    call = rest(carol).get(f"calls/{call_id}").json()
    assert call["notification_title"] == "Bob (@bob)"
    assert call["notification_message"].endswith("\nBob (@bob): “Alice · Come in”")


def test_a_caller_reads_their_own_words(rest: RestOf, alice: User, bob: User) -> None:
    call = rest(alice).send("bob", notification_title="Mum", notification_message="Lunch?").json()["call"]
    assert (call["notification_title"], call["sender_title"], call["sender_message"]) == ("Alice", "Mum", "Lunch?")


def test_an_operator_may_do_without_titles(rest: RestOf, alice: User, bob: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "sender_titles": False}
    call = rung(rest, alice, bob, notification_title="Mum", notification_message="Lunch?")
    assert (call["sender_title"], call["sender_message"]) == ("", "Lunch?")
    assert "Mum" not in call["notification_message"]


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n\u202e\u2069\u200d”“\u0301"), max_size=80))
def test_what_may_be_read_is_so_already(text: str) -> None:
    once = readable(text)
    assert readable(once) == once
    assert not once.startswith(("\n", " "))
    assert "\n\n" not in once
    assert "\u0301" * (MOST_MARKS + 1) not in once

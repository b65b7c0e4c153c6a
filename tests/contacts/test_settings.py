"""`/me`: what people settle about being rung and being seen, within its bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from invitations.models import WEEKDAYS, CallingPreferences, User
from tests.api.conftest import problem_of
from tests.contacts.conftest import At

NIGHT = {"days": ["mon", "sun"], "from": "22:00", "to": "07:00"}


def test_without_a_choice_everything_is_as_the_server_has_it(at: At, alice: User) -> None:
    CallingPreferences.objects.all().delete()
    assert at(alice).get("me").json() == {
        "id": "alice",
        "name": "alice",
        "call_waiting": False,
        "missed_unseen": 0,
        "requests": 0,
        "rings_from": "everyone",
        "rings_from_chosen": False,
        "do_not_disturb_until": None,
        "quiet_hours": None,
        "quiet_until": None,
        "time_zone": "UTC",
        "let_through": [],
        "show_presence": "everyone",
        "show_in_people": True,
        "push_shows": "everything",
        "mail_if_unreachable": False,
        "token_created_at": None,
        "token_expires_at": None,
    }


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"rings_from": "known"}, {"rings_from": "known", "rings_from_chosen": True}),
        ({"rings_from": "nobody"}, {"rings_from": "nobody", "rings_from_chosen": True}),
        ({"quiet_hours": NIGHT}, {"quiet_hours": NIGHT}),
        ({"quiet_hours": {**NIGHT, "days": ["sun", "mon", "sun"], "x": 1}}, {"quiet_hours": NIGHT}),
        ({"quiet_hours": {**NIGHT, "to": "22:00"}}, {"quiet_hours": {**NIGHT, "to": "22:00"}}),
        ({"time_zone": "Asia/Kathmandu"}, {"time_zone": "Asia/Kathmandu"}),
        ({"let_through": ["urgent", "favourites", "urgent"]}, {"let_through": ["favourites", "urgent"]}),
        ({"show_presence": "contacts"}, {"show_presence": "contacts"}),
        ({"show_in_people": False}, {"show_in_people": False}),
        ({"push_shows": "nothing"}, {"push_shows": "nothing"}),
        ({"name": "Al", "call_waiting": True}, {"name": "Al", "call_waiting": True}),
        ({"let_through": None, "show_presence": None, "unknown": 1}, {}),
    ],
)
def test_a_change_changes_what_it_names(at: At, alice: User, change: Any, shown: Any) -> None:
    before = at(alice).get("me").json()
    after = at(alice).patch("me", change)
    assert after.status_code == 200
    assert after.json() | {"quiet_until": None} == before | shown
    assert at(alice).get("me").json() == after.json()


def test_null_goes_back_to_the_servers_own(at: At, alice: User, settings: Settings) -> None:
    before = at(alice).get("me").json()
    at(alice).patch(
        "me", {"rings_from": "nobody", "quiet_hours": NIGHT, "time_zone": "Asia/Tokyo", "show_in_people": False}
    )
    cleared = {"rings_from": None, "quiet_hours": None, "time_zone": None, "show_in_people": None}
    assert at(alice).patch("me", cleared).json() == before
    settings.CALLINVITE = {**settings.CALLINVITE, "rings_from": "contacts"}
    me = at(alice).get("me").json()
    assert (me["rings_from"], me["rings_from_chosen"]) == ("contacts", False)


def test_staff_are_not_shown_unless_they_choose_so(at: At, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    assert at(alice).get("me").json()["show_in_people"] is False
    assert at(alice).patch("me", {"show_in_people": True}).json()["show_in_people"] is True


def test_do_not_disturb_lasts_until_its_end_or_until_it_is_ended(at: At, alice: User) -> None:
    until = (timezone.now() + timedelta(hours=1)).replace(microsecond=0)
    me = at(alice).patch("me", {"do_not_disturb_until": until.isoformat()}).json()
    assert datetime.fromisoformat(me["do_not_disturb_until"]) == until
    assert me["quiet_until"] == me["do_not_disturb_until"]
    ended = at(alice).patch("me", {"do_not_disturb_until": None}).json()
    assert (ended["do_not_disturb_until"], ended["quiet_until"]) == (None, None)
    CallingPreferences.objects.update(do_not_disturb_until=timezone.now() - timedelta(seconds=1))
    over = at(alice).get("me").json()
    assert (over["do_not_disturb_until"], over["quiet_until"]) == (None, None)


def test_quiet_hours_are_told_with_their_end(at: At, alice: User) -> None:
    now = timezone.now().astimezone(UTC)
    begins, ends = now - timedelta(hours=1), now + timedelta(hours=1)
    days = sorted({WEEKDAYS[each.weekday()] for each in (begins, ends)})
    hours = {"days": days, "from": f"{begins:%H:%M}", "to": f"{ends:%H:%M}"}
    me = at(alice).patch("me", {"quiet_hours": hours, "time_zone": "UTC"}).json()
    assert datetime.fromisoformat(me["quiet_until"]) == ends.replace(second=0, microsecond=0)
    snapshot = at(alice).get("calls/open").json()
    assert (snapshot["quiet_until"], snapshot["do_not_disturb_until"]) == (me["quiet_until"], None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rings_from", "friends"),
        ("rings_from", ""),
        ("rings_from", 1),
        ("do_not_disturb_until", "tomorrow"),
        ("do_not_disturb_until", "2020-01-01T00:00:00Z"),
        ("do_not_disturb_until", "2090-01-01T00:00:00Z"),
        ("do_not_disturb_until", 5),
        ("quiet_hours", []),
        ("quiet_hours", {}),
        ("quiet_hours", {**NIGHT, "days": []}),
        ("quiet_hours", {**NIGHT, "days": ["monday"]}),
        ("quiet_hours", {**NIGHT, "days": "mon"}),
        ("quiet_hours", {**NIGHT, "days": [["mon"]]}),
        ("quiet_hours", {**NIGHT, "days": ["mon"] * 29}),
        ("quiet_hours", {**NIGHT, "from": "24:00"}),
        ("quiet_hours", {**NIGHT, "from": "7:00"}),
        ("quiet_hours", {**NIGHT, "from": "07:00\n"}),
        ("quiet_hours", {**NIGHT, "to": "\u0660\u0667:00"}),
        ("quiet_hours", {**NIGHT, "to": None}),
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", ""),
        ("time_zone", "../etc/passwd"),
        ("time_zone", "x" * 100),
        ("let_through", "urgent"),
        ("let_through", ["everything"]),
        ("let_through", [None]),
        ("let_through", ["urgent"] * 13),
        ("show_presence", "friends"),
        ("show_in_people", "yes"),
        ("push_shows", "some"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(at: At, alice: User, field: str, value: object) -> None:
    before = at(alice).get("me").content
    refused = at(alice).patch("me", {"call_waiting": True, field: value})
    assert problem_of(refused) == (400, "invalid")
    [(name, sentences)] = refused.json()["errors"].items()
    assert name == field
    assert all(each and "invalid." not in each for each in sentences)
    assert at(alice).get("me").content == before


def test_a_snapshot_says_how_one_stands(at: At, alice: User, bob: User) -> None:
    at(bob).ask("alice")
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    me = at(alice).patch("me", {"do_not_disturb_until": until}).json()
    snapshot = at(alice).get("calls/open").json()
    assert snapshot["user"] == {"id": "alice", "name": "Alice"}
    assert {name: snapshot[name] for name in ("requests", "do_not_disturb_until", "quiet_until")} == {
        "requests": 1,
        "do_not_disturb_until": me["do_not_disturb_until"],
        "quiet_until": me["quiet_until"],
    }

"""Whom people find among the people here: every setting of the directory, of each person, and between the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from invitations import calls
from invitations.conf import DIRECTORY
from invitations.models import Block, Call, CallingPreferences, Contact, ContactState, User
from tests.api.conftest import Rest, RestOf, problem_of

BETWEEN = (*ContactState.values, "has_me", "is_blocked", "has_blocked", "")
"""What there is between a person and the one who looks: how the latter's contact stands, that they are one of the
person's, a block in one direction or the other, or nothing."""
CALLED = ("", "by_viewer", "by_person")


@dataclass(frozen=True)
class Case:
    """A person to be found, and a plain model of who finds them."""

    number: int
    chose: bool | None
    is_staff: bool
    between: str
    called: str

    @property
    def name(self) -> str:
        return f"p{self.number:03}x"

    def is_listed(self, directory: str) -> bool:
        if self.between == "contact":
            return True
        if directory != "all":
            return False
        return not self.is_staff if self.chose is None else self.chose

    def is_found_by_id(self, directory: str) -> bool:
        return directory != "contacts" or self.between in ("contact", "asks_you") or self.called != ""

    def is_found_by_search_for_id(self, directory: str) -> bool:
        return directory != "contacts" or self.is_listed(directory)


CASES = [
    Case(number, *each)
    for number, each in enumerate(product((None, True, False), (False, True), BETWEEN, CALLED), start=1)
]


@pytest.fixture
def everybody(settings: Settings, alice: User, make_user: Callable[..., User], now: datetime) -> None:
    """All of the cases, seen by Alice."""
    settings.CALLINVITE = {**settings.CALLINVITE, "sends_per_minute": 0, "searches_per_minute": 0}
    for case in CASES:
        person = make_user(case.name, display_name=f"Person {case.name}", show_in_people=case.chose)
        User.objects.filter(pk=person.pk).update(is_staff=case.is_staff)
        if case.called:
            by, to = (alice, person) if case.called == "by_viewer" else (person, alice)
            # Each at a moment of its own: ids of calls are made of these.
            _ring(by, to, now=now - timedelta(minutes=5, seconds=case.number))
        _settle(alice, person, case.between, now)


def test_the_cases_are_all_there_are() -> None:
    assert len({each.name for each in CASES}) == 3 * 2 * 8 * 3


@pytest.mark.parametrize("directory", DIRECTORY)
def test_who_is_found_follows_from_the_directory_the_person_and_what_is_between(
    everybody: None, rest: RestOf, alice: User, settings: Settings, directory: str
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "directory": directory}
    client = rest(alice)
    listed = [each.name for each in CASES if each.is_listed(directory)]

    assert sorted(_all(client)) == listed
    assert sorted(_all(client, search="person")) == listed
    assert sorted(set(_all(client, order="near"))) == listed
    assert sorted(set(_all(client, order="near", search="person"))) == listed
    for case in CASES:
        expected = [case.name] if case.is_found_by_id(directory) else []
        assert _all(client, id=case.name) == expected, case
        assert _all(client, id=case.name, order="near", search="p") == expected, case
        expected = [case.name] if case.is_found_by_search_for_id(directory) else []
        assert _all(client, search=f" {case.name.upper()} ") == expected, case


@pytest.mark.parametrize("directory", DIRECTORY)
def test_who_is_not_listed_can_be_called_by_their_full_id(
    rest: RestOf, alice: User, make_user: Callable[..., User], settings: Settings, directory: str
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "directory": directory}
    make_user("hidden", show_in_people=False)
    assert _all(rest(alice)) == []
    assert rest(alice).send("hidden").status_code == 201


@pytest.mark.parametrize("directory", DIRECTORY)
def test_nobody_finds_themselves_or_an_account_that_is_off(
    rest: RestOf, alice: User, bob: User, carol: User, now: datetime, settings: Settings, directory: str
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "directory": directory}
    for each in (bob, carol):
        _settle(alice, each, "contact", now)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for asked in ({}, {"search": "alice"}, {"id": "alice"}, {"search": "bob"}, {"id": "bob"}):
        assert [each for each in _all(rest(alice), **asked) if each != "carol"] == []


def test_a_search_has_at_most_five_words(rest: RestOf, alice: User, make_user: Callable[..., User]) -> None:
    make_user("juan", display_name="Juan Carlos de la Cruz Martinez")
    assert _all(rest(alice), search="juan carlos de la cruz") == ["juan"]
    refused = rest(alice).get("users", search="juan carlos de la cruz martinez")
    assert problem_of(refused) == (400, "invalid")
    assert refused.json()["errors"] == {"search": ["This can have at most 5 words."]}


def test_searches_and_look_ups_are_counted_and_lists_are_not(
    rest: RestOf, alice: User, bob: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "searches_per_minute": 3}
    client = rest(alice)
    for asked in ({"search": "b"}, {"id": "bob"}, {"search": "bob", "order": "near"}):
        assert client.get("users", **asked).status_code == 200
    for asked in ({"search": "b"}, {"id": "bob"}):
        refused = client.get("users", **asked)
        assert problem_of(refused) == (429, "throttled")
        assert 1 <= refused.json()["retry_after_seconds"] <= 60
    assert client.get("users").status_code == client.get("users", search=" ").status_code == 200
    assert rest(bob).get("users", search="a").status_code == 200


@pytest.fixture
def many(alice: User, now: datetime) -> None:
    """Very many people, one of whom is called Zoë; ten are Alice's contacts."""
    User.objects.bulk_create(User(username=f"many{each:05}", password="!") for each in range(5_000))
    people = list(User.objects.filter(username__startswith="many").order_by("username"))
    CallingPreferences.objects.bulk_create(
        CallingPreferences(user=each, display_name="Zoë" if number == 4_001 else f"Person {number}")
        for number, each in enumerate(people)
    )
    Contact.objects.bulk_create(
        Contact(user=alice, other=each, state=ContactState.CONTACT, changed_at=now) for each in people[::500]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def test_nobody_else_is_looked_at_where_an_index_tells_whom_it_can_be(
    many: None, rest: RestOf, alice: User, settings: Settings
) -> None:
    client = rest(alice)
    for directory, asked, found in (
        ("all", {"id": "many01234"}, 1),
        ("exact", {"id": "many01234"}, 1),
        ("contacts", {"id": "many01000"}, 1),
        ("exact", {}, 10),
        ("exact", {"search": "zoë"}, 0),
        ("exact", {"search": "person many"}, 10),
        ("exact", {"search": "many01234"}, 1),
        ("exact", {"search": "MANY01234"}, 1),
        ("contacts", {}, 10),
        ("contacts", {"search": "person many"}, 10),
    ):
        settings.CALLINVITE = {**settings.CALLINVITE, "directory": directory}
        for order in ("id", "near"):
            with CaptureQueriesContext(connection) as captured:
                results = client.get("users", order=order, **asked).json()["results"]
            assert (directory, asked, len(results), _scans(captured)) == (directory, asked, found, [])


def test_a_search_looks_at_everybody_no_more_than_once(many: None, rest: RestOf, alice: User) -> None:
    client = rest(alice)
    for search, order in product(("zoë", "nobody at all"), ("id", "near")):
        with CaptureQueriesContext(connection) as captured:
            assert client.get("users", order=order, search=search).status_code == 200
        assert len(_scans(captured)) == 1


def _all(client: Rest, **asked: Any) -> list[str]:
    """The ids on all pages."""
    page = client.get("users", page_size=100, **asked).json()
    found = [each["id"] for each in page["results"]]
    while page["next"]:
        page = client.client.get(page["next"]).json()
        found += [each["id"] for each in page["results"]]
    return found


def _settle(viewer: User, person: User, between: str, now: datetime) -> None:
    if between in ContactState.values:
        Contact.objects.create(user=viewer, other=person, state=between, changed_at=now)
    if between == "has_me":
        Contact.objects.create(user=person, other=viewer, state=ContactState.CONTACT, changed_at=now)
    if between == "is_blocked":
        Block.objects.create(user=viewer, other=person, created_at=now)
    if between == "has_blocked":
        Block.objects.create(user=person, other=viewer, created_at=now)


def _ring(by: User, to: User, *, now: datetime) -> Call:
    """A call that the other one missed."""
    actor = calls.Actor(by.pk, by.username, f"{by.username}-1")
    call = calls.send(by=actor, invitees=[to.username], is_video_call=True, now=now).sheet.call
    calls.cancel(call.call_id, by=actor, now=now + timedelta(seconds=10))
    return call


def _scans(captured: CaptureQueriesContext) -> list[str]:
    """The statements that look at all accounts or all settings, one after the other."""
    found = []
    for sql in [each["sql"] for each in captured if each["sql"].startswith("SELECT")]:
        is_bounded = "LIMIT" in sql and "LIKE" not in sql and "ORDER BY" in sql
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
            plan = [" ".join(map(str, row)) for row in cursor.fetchall()]
        whole = ("SCAN invitations_user", "SCAN invitations_callingpreferences", "Seq Scan on invitations_user")
        if not is_bounded and any(word in line for line in plan for word in whole):
            found.append("\n".join([sql, *plan]))
    return found

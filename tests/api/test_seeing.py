"""Who sees whether a person is online or in a call: every combination of what both have settled, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from invitations import calls
from invitations.live import presence
from invitations.models import (
    WEEKDAYS,
    Audience,
    Block,
    Call,
    CallingPreferences,
    Contact,
    ContactState,
    Invitation,
    Participant,
    RingsFrom,
    User,
)
from tests.api.conftest import Rest, RestOf

ALWAYS = {"days": list(WEEKDAYS), "from": "00:00", "to": "00:00"}
QUIET = (("no", ()), ("until", ()), ("until", ("favourites",)), ("hours", ()), ("hours", ("favourites", "urgent")))
"""When a person does not want to be disturbed, and what rings nevertheless."""
RELATIONS = ("", "contact", "favourite")
BLOCKS = ("", "has_blocked", "is_blocked")
KNOWN = ("", "has_called", "accepted_too", "has_accepted", "was_called")
"""How a person knows the viewer: called them, was in a call that both accepted, or accepted one of theirs. Having been
called in vain is none."""


class Case(NamedTuple):
    """A person who is online and in a call, and a plain model of who sees that."""

    number: int
    audience: str
    rings_from: str
    quiet: tuple[str, tuple[str, ...]]
    relation: str
    block: str
    known: str

    @property
    def name(self) -> str:
        return f"p{self.number:04}"

    def is_seen(self, by_default: str) -> bool:
        is_contact = self.relation != ""
        is_known = is_contact or self.known in ("has_called", "accepted_too", "has_accepted")
        takes_calls = {"everyone": True, "known": is_known, "contacts": is_contact, "nobody": False}
        is_quiet, let_through = self.quiet[0] != "no", self.quiet[1]
        return (
            self.block == ""
            and takes_calls[self.rings_from or by_default]
            and not (is_quiet and not (self.relation == "favourite" and "favourites" in let_through))
            and {"everyone": True, "contacts": is_contact, "nobody": False}[self.audience]
        )


CASES = [
    Case(number, *each)
    for number, each in enumerate(
        product(Audience.values, ("", *RingsFrom.values), QUIET, RELATIONS, BLOCKS, KNOWN), start=1
    )
]


@pytest.fixture
def everybody(alice: User, carol: User, now: datetime) -> None:
    """All of the cases, seen by Alice. Stored as the verbs would, which would take minutes."""
    people = dict(
        zip(CASES, User.objects.bulk_create(User(username=each.name, password="!") for each in CASES), strict=True)
    )
    CallingPreferences.objects.bulk_create(
        CallingPreferences(
            user=person,
            display_name="By default" if case.rings_from == "" else "Chosen",
            show_presence=case.audience,
            rings_from=case.rings_from,
            do_not_disturb_until=now + timedelta(hours=1) if case.quiet[0] == "until" else now - timedelta(hours=1),
            quiet_hours=ALWAYS if case.quiet[0] == "hours" else None,
            let_through=list(case.quiet[1]),
        )
        for case, person in people.items()
    )
    Contact.objects.bulk_create(
        Contact(
            user=person, other=alice, state=ContactState.CONTACT, favourite=case.relation == "favourite", changed_at=now
        )
        for case, person in people.items()
        if case.relation
    )
    # What Alice has settled is not asked: only a block of hers.
    Contact.objects.bulk_create(
        Contact(user=alice, other=person, state=ContactState.CONTACT, changed_at=now) for person in people.values()
    )
    Block.objects.bulk_create(
        Block(user=person, other=alice, created_at=now)
        if case.block == "has_blocked"
        else Block(user=alice, other=person, created_at=now)
        for case, person in people.items()
        if case.block
    )
    both, hers, lost = (_past_call(number, now) for number in range(3))
    Call.objects.filter(pk=both.pk).update(caller=carol)
    Call.objects.filter(pk__in=[hers.pk, lost.pk]).update(caller=alice)
    rings = [_ring(both, carol, alice, "accepted")]
    for case, person in people.items():
        if case.known == "has_called":
            rings.append(_ring(lost, person, alice, "timed_out"))
        if case.known == "accepted_too":
            rings.append(_ring(both, carol, person, "accepted"))
        if case.known == "has_accepted":
            rings.append(_ring(hers, alice, person, "accepted"))
        if case.known == "was_called":
            rings.append(_ring(hers, alice, person, "timed_out"))
    Invitation.objects.bulk_create(rings)
    call = calls.send(by=_actor(carol), invitees=[CASES[0].name], is_video_call=False, now=now).sheet.call
    Participant.objects.bulk_create(
        Participant(call=call, user=person, device_id="one", joined_at=now) for person in people.values()
    )
    # Who accepted was also there, with Alice: to have been asked to the same call makes nobody known.
    was_in = {"accepted_too": both, "has_accepted": hers}
    stays = [(was_in[case.known], person) for case, person in people.items() if case.known in was_in]
    Participant.objects.bulk_create(
        Participant(call=past, user=person, device_id="one", joined_at=past.created_at, left_at=now, left_reason="left")
        for past, person in [(both, alice), (hers, alice), *stays]
    )
    with connection.cursor() as cursor:
        # As a running database does by itself. PostgreSQL would go by a plan for the few rows of the test before.
        cursor.execute("ANALYZE")
    presence.mark_all_online((person.pk, None) for person in people.values())


def test_a_person_is_seen_by_whom_they_show_it_to_if_their_ring_would_reach_them(
    everybody: None, rest: RestOf, alice: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "rings_from": "known"}
    found = _seen(rest(alice))
    assert len(found) == len(CASES) + 1 == 3 * 5 * 5 * 3 * 3 * 5 + 1
    wrong = [each for each in CASES if found[each.name] != (each.is_seen("known"), each.is_seen("known"))]
    assert wrong == []


@pytest.mark.parametrize("by_default", ["everyone", "contacts", "nobody"])
def test_what_somebody_has_not_chosen_is_the_servers_choice(
    everybody: None, rest: RestOf, alice: User, settings: Settings, by_default: str
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "rings_from": by_default, "searches_per_minute": 0}
    found = _seen(rest(alice), search="by default")
    cases = [each for each in CASES if each.rings_from == ""]
    assert sorted(found) == [each.name for each in cases]
    assert [each for each in cases if found[each.name][0] != each.is_seen(by_default)] == []


def test_a_person_without_settings_is_seen(rest: RestOf, alice: User, bob: User) -> None:
    CallingPreferences.objects.all().delete()
    presence.mark_online(bob.pk)
    assert _seen(rest(alice)) == {"bob": (True, False)}


@pytest.mark.parametrize(
    "settled",
    [
        {"show_presence": "nobody"},
        {"show_presence": "contacts"},
        {"rings_from": "nobody"},
        {"rings_from": "known"},
        {"do_not_disturb_until": "2100-01-01T00:00:00Z"},
        {"quiet_hours": ALWAYS, "let_through": ["favourites", "repeat", "urgent"]},
        {"block": True},
    ],
)
def test_a_person_who_is_not_seen_looks_like_one_without_any_device(
    rest: RestOf, alice: User, bob: User, make_user: Callable[..., User], settled: dict[str, Any], now: datetime
) -> None:
    """To the byte, and by the same statements."""
    for each in ("carol", "dora"):
        make_user(each)
    client = rest(alice)
    _look(client)  # the first time, statements are compiled
    offline = _look(client)

    presence.mark_all_online([(bob.pk, "one")])
    calls.send(by=_actor(bob), invitees=["carol"], is_video_call=False, now=now)
    assert _seen(client)["bob"] == (True, True)
    if settled == {"block": True}:
        Block.objects.create(user=bob, other=alice, created_at=now)
    else:
        CallingPreferences.objects.filter(user=bob).update(**settled)

    assert _look(client) == offline


def test_who_has_no_place_of_their_own_in_the_list_is_by_their_name(
    rest: RestOf, alice: User, bob: User, carol: User, now: datetime
) -> None:
    """Who is online comes first; that would tell, too."""
    presence.mark_all_online([(carol.pk, None)])
    assert [each["id"] for each in rest(alice).get("users", order="near").json()["results"]] == ["carol", "bob"]
    Block.objects.create(user=carol, other=alice, created_at=now)
    assert [each["id"] for each in rest(alice).get("users", order="near").json()["results"]] == ["bob", "carol"]


def _seen(client: Rest, **asked: Any) -> dict[str, tuple[bool, bool]]:
    """Whether each person on all pages is online, and in a call."""
    page = client.get("users", page_size=100, **asked).json()
    found = page["results"]
    while page["next"]:
        page = client.client.get(page["next"]).json()
        found += page["results"]
    return {each["id"]: (each["online"], each["in_call"]) for each in found}


def _look(client: Rest) -> list[tuple[bytes, list[str]]]:
    """All that can be asked about people: the answers, and the statements that they took."""
    asked: list[dict[str, Any]] = [
        {}, {"order": "near"}, {"id": "bob"}, {"search": "bob"}, {"search": "b", "order": "near"}, {"page_size": 1}
    ]  # fmt: skip
    found = []
    for each in asked:
        with CaptureQueriesContext(connection) as captured:
            answer = client.get("users", **each)
        statements = [re.sub(r"'[^']*'|\b\d+\b", "?", statement["sql"]) for statement in captured]
        found.append((answer.content, statements))
    return found


def _actor(user: User) -> calls.Actor:
    return calls.Actor(user.pk, user.username, "one")


def _past_call(number: int, now: datetime) -> Call:
    at = now - timedelta(hours=1)
    return Call.objects.create(
        call_id=f"past-{number}", revision=1, state="ended", end_reason="completed", is_video_call=False,
        timeout_seconds=60, fingerprint="", created_at=at, ring_expires_at=now, answered_at=at, ended_at=now,
    )  # fmt: skip


def _ring(call: Call, inviter: User, invitee: User, state: str) -> Invitation:
    return Invitation(
        call=call, inviter=inviter, invitee=invitee, state=state, timeout_seconds=60, created_at=call.created_at,
        expires_at=call.ring_expires_at, responded_at=call.answered_at if state == "accepted" else None,
        closed_at=call.ended_at,
    )  # fmt: skip

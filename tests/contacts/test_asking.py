"""Asking to be let in, and what it comes to on either side."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from invitations.live import presence
from invitations.models import Block, Contact, ContactState, Delivery, Device, User
from invitations.models.names import MOST_MARKS
from tests.api.conftest import Rest, problem_of
from tests.contacts.conftest import At
from tests.push.conftest import address_at

if TYPE_CHECKING:
    from rest_framework.response import _MonkeyPatchedResponse as Answer
    from rest_framework.test import APIClient

MARKS = re.compile(r"(?:ROLLBACK TO |RELEASE )?SAVEPOINT ")
"""Which parts of a transaction belong together, and are undone together."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


def test_who_is_asked_sees_it_and_both_are_contacts_once_they_accept(at: At, alice: User, bob: User) -> None:
    answer = at(alice).ask("bob", "We met at the fair.")
    assert answer.status_code == 201
    assert answer.json() | {"changed_at": ""} == {
        "user": {"id": "bob", "name": "Bob"},
        "state": "asked",
        "favourite": False,
        "message": "We met at the fair.",
        "changed_at": "",
    }
    seen = at(bob).get("contacts/alice").json()
    assert (seen["state"], seen["message"]) == ("asks_you", "We met at the fair.")

    accepted = at(bob).accept("alice")
    assert (accepted.status_code, accepted.json()["state"], accepted.json()["message"]) == (200, "contact", "")
    assert (at(alice).state_of("bob"), at(bob).state_of("alice")) == ("contact", "contact")


def test_two_who_ask_each_other_are_contacts_at_once(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob")
    assert at(bob).ask("alice").json()["state"] == "contact"
    assert at(alice).state_of("bob") == "contact"


def test_whoever_has_let_me_in_need_not_answer(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob")
    at(bob).accept("alice")
    at(alice).remove("bob")
    assert (at(alice).state_of("bob"), at(bob).state_of("alice")) == (None, "contact")
    assert at(alice).ask("bob").json()["state"] == "contact"


def test_asking_again_changes_nothing(at: At, alice: User, bob: User) -> None:
    first = at(alice).ask("bob", "first")
    again = at(alice).ask("bob", "second")
    assert (again.status_code, again.json()) == (200, first.json())
    assert at(bob).get("contacts/alice").json()["message"] == "first"
    at(bob).accept("alice")
    settled = at(alice).ask("bob")
    assert (settled.status_code, settled.json()["state"]) == (200, "contact")
    assert at(bob).accept("alice").status_code == 200


def test_a_message_stays_in_its_line(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob", " Hi\u2003\u2003you" + "\u0336" * 150)
    said = at(bob).get("contacts/alice").json()["message"]
    assert said == "Hi you" + "\u0336" * MOST_MARKS


def test_taking_a_request_back_leaves_nothing_on_either_side(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob")
    assert at(alice).remove("bob").status_code == 204
    assert (at(alice).state_of("bob"), at(bob).state_of("alice")) == (None, None)
    assert problem_of(at(bob).accept("alice")) == (404, "not_found")
    assert at(bob).get("me").json()["requests"] == 0


def test_whoever_is_turned_down_is_not_told_and_not_heard_for_a_month(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob")
    assert at(bob).remove("alice").status_code == 204
    assert (at(alice).state_of("bob"), at(bob).state_of("alice")) == ("asked", None)
    assert at(bob).contacts() == []

    at(alice).remove("bob")
    assert at(alice).ask("bob").json()["state"] == "asked"
    assert at(bob).state_of("alice") is None

    row = Contact.objects.get(user=bob, state=ContactState.TURNED_DOWN)
    row.changed_at -= timedelta(days=31)
    row.save()
    at(alice).remove("bob")
    at(alice).ask("bob")
    assert at(bob).state_of("alice") == "asks_you"


def test_whoever_turned_somebody_down_may_ask_them(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob")
    at(bob).remove("alice")
    assert at(bob).ask("alice").json()["state"] == "contact"
    assert at(alice).state_of("bob") == "contact"


def test_whoever_is_taken_out_keeps_what_they_have(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob")
    at(bob).accept("alice")
    before = at(bob).get("contacts/alice").content
    at(alice).remove("bob")
    assert at(alice).state_of("bob") is None
    assert at(bob).get("contacts/alice").content == before


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"user": "nobody"}, (400, "unknown_user")),
        ({"user": "a\u0301" * 400}, (400, "unknown_user")),
        ({"user": "alice"}, (400, "self")),
        ({"user": "ALICE"}, (400, "self")),
        ({"user": "bob\0"}, (400, "invalid")),
        ({"user": 7}, (400, "invalid")),
        ({}, (400, "invalid")),
        ({"user": "bob", "message": "x" * 201}, (400, "invalid")),
        ({"user": "bob", "message": "two\nlines"}, (400, "invalid")),
        ({"user": "bob", "message": "turned \u202e round"}, (400, "invalid")),
        ([], (400, "invalid")),
    ],
)
def test_what_cannot_be_asked_is_refused(
    at: At, alice: User, bob: User, body: object, refusal: tuple[int, str]
) -> None:
    assert problem_of(at(alice).post("contacts", body)) == refusal
    assert not Contact.objects.exists()


def test_a_disabled_account_cannot_be_asked(at: At, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert problem_of(at(alice).ask("bob")) == (400, "unknown_user")


def test_capitals_do_not_matter(at: At, alice: User, bob: User) -> None:
    assert at(alice).ask("BOB").json()["user"]["id"] == "bob"
    assert at(bob).accept("Alice").json()["user"]["id"] == "alice"
    assert at(bob).patch("contacts/ALICE", {"favourite": True}).json()["favourite"] is True
    assert at(bob).block("aLICE").json()["user"]["id"] == "alice"
    assert at(bob).unblock("ALICE").status_code == 204
    assert at(bob).blocks() == []


def test_only_who_asks_can_be_accepted(at: At, alice: User, bob: User, carol: User) -> None:
    at(alice).ask("bob")
    for name in ("bob", "carol", "alice", "nobody", "a/b", "%00", "x" * 600):
        assert problem_of(at(alice).accept(name)) == (404, "not_found"), name


def test_only_contacts_can_be_favourites(at: At, alice: User, bob: User) -> None:
    at(alice).ask("bob")
    for who, other in ((alice, "bob"), (bob, "alice"), (alice, "nobody")):
        assert problem_of(at(who).patch(f"contacts/{other}", {"favourite": True})) == (404, "not_found")
    at(bob).accept("alice")
    assert at(alice).patch("contacts/bob", {"favourite": True}).json()["favourite"] is True
    assert at(bob).get("contacts/alice").json()["favourite"] is False
    assert at(alice).patch("contacts/bob", {"favourite": False}).json()["favourite"] is False
    assert problem_of(at(alice).patch("contacts/bob", {"favourite": "yes"})) == (400, "invalid")
    assert problem_of(at(alice).patch("contacts/bob", {})) == (400, "invalid")


def test_removing_nobody_is_done_already(at: At, alice: User, bob: User) -> None:
    for name in ("bob", "nobody", "alice", "%00"):
        assert at(alice).remove(name).status_code == 204


def test_favourites_come_first_and_then_everybody_by_name(at: At, make_user: Callable[..., User], alice: User) -> None:
    for name, shown in (("u1", "Zora"), ("u2", "anna"), ("u3", ""), ("u4", "Bea")):
        other = make_user(name, display_name=shown)
        Contact.objects.create(
            user=alice, other=other, state="contact", favourite=name == "u1", changed_at=other.date_joined
        )
    seen: list[str] = []
    page = at(alice).get("contacts", page_size=1).json()
    while True:
        seen += [each["user"]["id"] for each in page["results"]]
        if page["next"] is None:
            break
        page = at(alice).client.get(page["next"]).json()
    assert seen == ["u1", "u2", "u4", "u3"]
    assert at(alice).contacts() == seen


def test_a_list_can_be_narrowed_down(at: At, alice: User, bob: User, carol: User, mallory: User) -> None:
    at(alice).ask("bob")
    at(bob).accept("alice")
    at(alice).ask("carol")
    at(mallory).ask("alice")
    assert sorted(at(alice).contacts()) == ["bob", "carol", "mallory"]
    assert at(alice).contacts(state="contact") == ["bob"]
    assert at(alice).contacts(state="asked") == ["carol"]
    assert at(alice).contacts(state="asks_you") == ["mallory"]
    assert at(alice).contacts(search="CAR") == ["carol"]
    assert at(alice).contacts(search="ma ory", state="contact") == []
    for query in ({"state": "turned_down"}, {"state": ""}, {"colour": "red"}, {"cursor": "x"}, {"search": "x" * 200}):
        assert problem_of(at(alice).get("contacts", **query)) == (400, "invalid")


def test_requests_come_newest_first(at: At, alice: User, bob: User, carol: User) -> None:
    at(carol).ask("alice")
    at(bob).ask("alice")
    assert at(alice).contacts(state="asks_you") == ["bob", "carol"]
    assert at(alice).get("me").json()["requests"] == 2


def test_disabled_accounts_are_not_shown_as_contacts(at: At, alice: User, bob: User) -> None:
    at(bob).ask("alice")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert at(alice).contacts() == []
    assert at(alice).get("me").json()["requests"] == 0
    assert at(alice).state_of("bob") is None


def test_a_day_has_only_so_many_requests(at: At, alice: User, bob: User, carol: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "asks_per_day": 3, "asks_per_pair_day": 2}
    assert at(alice).ask("bob").status_code == 201
    assert at(alice).ask("BOB").status_code == 200
    refused = at(alice).ask("bob")
    assert problem_of(refused) == (429, "throttled")
    assert 0 < int(refused["Retry-After"]) <= 24 * 3600
    assert problem_of(at(alice).ask("nobody")) == (400, "unknown_user")
    assert problem_of(at(alice).ask("carol")) == (429, "throttled")
    assert at(bob).ask("carol").status_code == 201


def test_the_oldest_request_makes_room_for_a_new_one(
    at: At, alice: User, bob: User, carol: User, mallory: User, settings: Settings
) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "requests_per_user": 2}
    for who in (bob, carol, mallory):
        at(who).ask("alice")
    assert at(alice).contacts(state="asks_you") == ["mallory", "carol"]
    assert at(bob).state_of("alice") == "asked"


def test_contacts_are_bounded(at: At, alice: User, bob: User, carol: User, settings: Settings) -> None:
    settings.CALLINVITE = {**settings.CALLINVITE, "contacts_per_user": 1}
    at(alice).ask("bob")
    refused = at(alice).ask("carol")
    assert problem_of(refused) == (400, "invalid")
    assert "1" in refused.json()["detail"]
    assert at(carol).state_of("alice") is None


def test_strangers_are_asked_to_sign_in(anonymous_api: APIClient, alice: User) -> None:
    nobody = Rest(anonymous_api)
    for path in ("contacts", "contacts/alice", "blocks", "blocks/alice"):
        assert problem_of(nobody.get(path)) == (401, "not_authenticated")


def _unnamed(answer: Answer, name: str) -> tuple[int, str]:
    """Status and body, but for moments and the other one's name."""
    text = MOMENT.sub("…", answer.content.decode())
    return answer.status_code, text.replace(name, "other").replace(name.capitalize(), "Other")


def test_whoever_asks_cannot_tell_whether_they_are_blocked_or_turned_down(
    at: At, make_user: Callable[..., User], settings: Settings
) -> None:
    """The same script against three people, one of whom has done nothing."""
    settings.CALLINVITE = {**settings.CALLINVITE, "asks_per_day": 0, "asks_per_pair_day": 0}
    seen = []
    for prior in ("nothing", "blocks", "refuses"):
        asker, other = make_user(f"a-{prior}", display_name="Asker"), make_user(f"b-{prior}")
        if prior == "blocks":
            at(other).block(asker.username)
        if prior == "refuses":
            Contact.objects.create(user=other, other=asker, state="turned_down", changed_at=timezone.now())
        me, name = at(asker), other.username
        script = [
            me.ask(name, "Hello"),
            me.ask(name, "Hello again"),
            me.get("contacts"),
            me.get(f"contacts/{name}"),
            me.get("users", id=name),
            me.get("blocks"),
            me.get(f"blocks/{name}"),
            me.accept(name),
            me.patch(f"contacts/{name}", {"favourite": True}),
            me.remove(name),
            me.get(f"contacts/{name}"),
            me.ask(name),
            me.block(name),
            me.get("contacts"),
            me.unblock(name),
            me.ask(name),
        ]
        assert at(other).state_of(asker.username) == ("asks_you" if prior == "nothing" else None)
        seen.append([_unnamed(answer, name) for answer in script])
    assert seen[0] == seen[1] == seen[2]


def test_the_time_of_an_answer_does_not_tell_what_somebody_has_settled(
    at: At, make_user: Callable[..., User], settings: Settings
) -> None:
    """Asking, and taking it back, ask as much of the database whoever is asked."""
    settings.CALLINVITE = {**settings.CALLINVITE, "asks_per_day": 0, "asks_per_pair_day": 0}
    seen: dict[str, list[list[str]]] = {}
    for prior in ("nothing", "blocks", "refuses", "quiet"):
        asker, other = make_user(f"a-{prior}"), make_user(f"b-{prior}")
        Device.objects.create(
            user=other,
            device_id="phone",
            created_at=timezone.now(),
            push_transport="webpush",
            push_endpoint=address_at(prior).endpoint,
            push_digest=prior,
            push_set_at=timezone.now(),
        )
        if prior == "blocks":
            at(other).block(asker.username)
        if prior == "refuses":
            at(asker).ask(other.username)
            at(other).remove(asker.username)
            at(asker).remove(other.username)
        if prior == "quiet":
            until = timezone.now() + timedelta(hours=1)
            at(other).patch("me", {"do_not_disturb_until": until.isoformat()})
        Delivery.objects.filter(user=other).delete()
        me, name = at(asker), other.username
        acts: list[list[str]] = []
        for act in (lambda me=me, name=name: me.ask(name, "Hello"), lambda me=me, name=name: me.remove(name)):
            with CaptureQueriesContext(connection) as queries:
                assert act().status_code in (201, 204)
            acts.append([each["sql"][:40] for each in queries if not MARKS.match(each["sql"])])
        seen[prior] = acts
        told = Delivery.objects.filter(user=other, kind="contact").count()
        assert told == (1 if prior == "nothing" else 0)
    # New rows for some, changed ones for others.
    assert [len(each) for each in seen["nothing"]] == [len(each) for each in seen["refuses"]]
    assert seen["nothing"] == seen["blocks"] == seen["quiet"]


def test_reading_contacts_tells_who_is_there_as_the_list_of_people_does(
    at: At, alice: User, bob: User, carol: User
) -> None:
    for name, who in (("bob", bob), ("carol", carol)):
        at(alice).ask(name)
        at(who).accept("alice")
        presence.mark_online(who.pk)
    at(carol).patch("me", {"show_presence": "nobody"})
    seen = {each["user"]["id"]: each["online"] for each in at(alice).get("contacts").json()["results"]}
    assert seen == {"bob": True, "carol": False}
    one = at(alice).get("contacts/bob").json()
    assert (one["online"], one["in_call"]) == (True, False)
    at(bob).block("alice")
    assert at(alice).get("contacts/bob").json()["online"] is False


def test_a_list_of_contacts_costs_the_same_however_long_it_is(
    at: At, alice: User, make_user: Callable[..., User]
) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            other = make_user(f"u{Contact.objects.count()}")
            Contact.objects.create(user=alice, other=other, state="contact", changed_at=timezone.now())
            Block.objects.create(user=alice, other=other, created_at=timezone.now())

    def cost(path: str) -> int:
        person = at(alice)
        with CaptureQueriesContext(connection) as queries:
            assert person.get(path).status_code == 200
        return len(queries)

    fill(2)
    few = [cost("contacts"), cost("blocks")]
    fill(20)
    assert [cost("contacts"), cost("blocks")] == few


def test_who_was_not_heard_because_of_a_block_is_heard_when_they_ask_again_without_one(
    at: At, alice: User, bob: User
) -> None:
    at(bob).block("alice")
    first = at(alice).ask("bob", "Hello")
    at(bob).unblock("alice")
    assert at(bob).state_of("alice") is None
    again = at(alice).ask("bob", "Hello again")
    assert (again.status_code, again.json()) == (200, first.json())
    assert at(bob).state_of("alice") == "asks_you"


def test_asking_again_is_not_heard_of_by_who_has_blocked_the_asker(at: At, alice: User, bob: User) -> None:
    at(bob).block("alice")
    first = at(alice).ask("bob", "Hello")
    assert at(alice).ask("bob", "Hello").json() == first.json()
    at(bob).unblock("alice")
    assert at(bob).state_of("alice") is None

"""Two people settle something about each other at the same moment, many times over, by real threads with their own
connections: whoever comes first, what is left is what one of the two orders leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from invitations import calls, contacts
from invitations.errors import CallError
from invitations.models import Block, Contact, ContactState, Invitation, User
from invitations.store import people
from tests.calls.conftest import acting

ROUNDS = 60
Racing = Callable[[], Any]
Left = tuple[str | None, str | None]
"""How Alice stands to Bob, and he to her."""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


@pytest.fixture
def race() -> Iterator[Callable[[int, Racing, Racing], list[Any]]]:
    """Runs two at the same moment; gives what each returned, or the code of its refusal."""
    lanes, barrier = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)], Barrier(2)

    def go(racer: Racing) -> Any:
        barrier.wait(timeout=30)
        try:
            return racer()
        except CallError as error:
            return error.code.value

    def run(number: int, *racers: Racing) -> list[Any]:
        # Neither lane has a lasting advantage.
        turn = 1 if number % 2 else -1
        running = [lane.submit(go, racer) for lane, racer in zip(lanes, racers[::turn], strict=True)]
        return [each.result(timeout=30) for each in running][::turn]

    yield run
    for lane in lanes:
        lane.submit(connections.close_all).result(timeout=30)
        lane.shutdown()


@pytest.fixture(autouse=True)
def unbounded(settings: Settings) -> None:
    settings.CALLINVITE = {"sends_per_minute": 0}


def _person(name: str) -> Any:
    found = people.named(name)
    assert found is not None
    return found


def _ask(who: str, whom: str, now: datetime) -> contacts.Kept:
    return contacts.ask(_person(who), _person(whom), message="", now=now)


def _left() -> Left:
    rows = dict(Contact.objects.exclude(state=ContactState.TURNED_DOWN).values_list("user__username", "state"))
    return rows.get("alice"), rows.get("bob")


def _start_anew() -> None:
    Contact.objects.all().delete()
    Block.objects.all().delete()


def test_two_who_ask_each_other_at_once_are_contacts(race: Any, alice: User, bob: User, now: datetime) -> None:
    for number in range(ROUNDS):
        _start_anew()
        outcomes = race(number, lambda: _ask("alice", "bob", now), lambda: _ask("bob", "alice", now))
        states = sorted(each.contact.state for each in outcomes)
        assert states == ["asked", "contact"]
        assert _left() == ("contact", "contact")


def test_one_who_asks_twice_at_once_asks_once(race: Any, alice: User, bob: User, now: datetime) -> None:
    for number in range(ROUNDS):
        _start_anew()
        outcomes = race(number, *[lambda: _ask("alice", "bob", now)] * 2)
        assert sorted(each.is_new for each in outcomes) == [False, True]
        assert _left() == ("asked", "asks_you")


def test_accepting_against_taking_back(race: Any, alice: User, bob: User, now: datetime) -> None:
    seen = set()
    for number in range(ROUNDS):
        _start_anew()
        _ask("alice", "bob", now)
        accepted, _ = race(
            number,
            lambda: contacts.accept(_person("bob"), _person("alice"), now=now),
            lambda: contacts.remove(_person("alice"), _person("bob"), now=now),
        )
        # Taken back first, there is nothing to accept; accepted first, one's own row goes and the other's stays.
        expected = (None, None) if accepted == "not_found" else (None, "contact")
        assert _left() == expected
        seen.add(accepted == "not_found")
    assert seen


def test_accepting_against_being_blocked(race: Any, alice: User, bob: User, now: datetime) -> None:
    for number in range(ROUNDS):
        _start_anew()
        _ask("alice", "bob", now)
        accepted, blocked = race(
            number,
            lambda: contacts.accept(_person("bob"), _person("alice"), now=now),
            lambda: contacts.block(alice.pk, _person("bob"), now=now),
        )
        # In either order, and Bob cannot tell which it was.
        assert (accepted.contact.state, accepted.is_new, blocked.is_new) == ("contact", True, True)
        assert _left() == (None, "contact")


def test_accepting_against_blocking_on_another_device(race: Any, alice: User, bob: User, now: datetime) -> None:
    for number in range(ROUNDS):
        _start_anew()
        _ask("alice", "bob", now)
        accepted, _ = race(
            number,
            lambda: contacts.accept(_person("bob"), _person("alice"), now=now),
            lambda: contacts.block(bob.pk, _person("alice"), now=now),
        )
        assert _left() == ("asked" if accepted == "not_found" else "contact", None)
        assert Block.objects.filter(user=bob, other=alice).count() == 1


def test_asking_against_being_blocked(race: Any, alice: User, bob: User, now: datetime) -> None:
    for number in range(ROUNDS):
        _start_anew()
        asked, _ = race(
            number,
            lambda: _ask("alice", "bob", now),
            lambda: contacts.block(bob.pk, _person("alice"), now=now),
        )
        assert (asked.contact.state, asked.is_new) == ("asked", True)
        assert _left() == ("asked", None)


def test_blocking_twice_at_once_blocks_once(race: Any, alice: User, bob: User, now: datetime) -> None:
    for number in range(ROUNDS):
        _start_anew()
        outcomes = race(number, *[lambda: contacts.block(alice.pk, _person("bob"), now=now)] * 2)
        assert sorted(each.is_new for each in outcomes) == [False, True]
        assert Block.objects.count() == 1


def test_blocking_against_sending_leaves_no_ring(race: Any, alice: User, bob: User, now: datetime) -> None:
    """Whichever is first, the ring is withheld, and the caller has the same answer."""
    for number in range(ROUNDS):
        _start_anew()
        call_id = f"call-{number}"
        sent, _ = race(
            number,
            lambda call_id=call_id: calls.send(
                by=acting(alice), invitees=["bob"], is_video_call=True, call_id=call_id, now=now
            ),
            lambda: contacts.block(bob.pk, _person("alice"), now=now),
        )
        assert sent.created is True
        ring = Invitation.objects.get(call__call_id=call_id)
        assert (ring.state, ring.verdict) == ("pending", "blocked")
        calls.cancel(call_id, by=acting(alice), now=now)


def test_letting_in_against_sending(race: Any, alice: User, bob: User, now: datetime, settings: Settings) -> None:
    """Bob takes calls of contacts alone: the ring comes in, or is refused, and never hangs between."""
    contacts.settle(bob, {"rings_from": "contacts"}, now=now)
    for number in range(ROUNDS):
        _start_anew()
        _ask("alice", "bob", now)
        call_id = f"call-{number}"
        sent, _ = race(
            number,
            lambda call_id=call_id: calls.send(
                by=acting(alice), invitees=["bob"], is_video_call=True, call_id=call_id, now=now
            ),
            lambda: contacts.accept(_person("bob"), _person("alice"), now=now),
        )
        if sent == "no_valid_invitee":
            assert not Invitation.objects.filter(call__call_id=call_id).exists()
            continue
        ring = Invitation.objects.get(call__call_id=call_id)
        assert (ring.verdict, ring.from_contact) == ("rings", True)
        calls.cancel(call_id, by=acting(alice), now=now)


def test_declining_and_blocking_against_accepting_on_another_device(
    race: Any, alice: User, bob: User, now: datetime
) -> None:
    for number in range(ROUNDS):
        _start_anew()
        call_id = f"call-{number}"
        calls.send(by=acting(alice), invitees=["bob"], is_video_call=True, call_id=call_id, now=now)
        rejected, accepted = race(
            number,
            lambda call_id=call_id: contacts.reject_and_block(call_id, by=acting(bob, "phone"), now=now),
            lambda call_id=call_id: calls.accept(call_id, by=acting(bob, "laptop"), now=now),
        )
        # Both or neither.
        assert (rejected == "answered_elsewhere") != (accepted == "rejected_elsewhere")
        assert Block.objects.exists() == (accepted == "rejected_elsewhere")
        if accepted != "rejected_elsewhere":
            calls.end(call_id, by=acting(alice), now=now)

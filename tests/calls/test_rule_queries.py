"""What the rules ask of the database: next to nothing, however many people somebody knows or has blocked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from invitations import calls
from invitations.models import Block, Contact, ContactState, User
from tests.calls.conftest import acting, seconds
from tests.calls.settled import block, disturb_not, let_in, prefer

CONTACTS, BLOCKS = 10_000, 1_000
MORE = 2
"""How many statements the rules may add to a send, and to an invite."""

# With `transaction=True` a verb's own BEGIN and COMMIT are counted too.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
Settle = Callable[[User, User, datetime], None]


def nothing(user: User, other: User, now: datetime) -> None:
    """Somebody has settled nothing about another."""


def want_peace(user: User, other: User, now: datetime) -> None:
    disturb_not(user, now)


def know_acquaintances(user: User, other: User, now: datetime) -> None:
    prefer(user, rings_from="known")
    calls.end(
        calls.send(by=acting(user), invitees=[other.username], is_video_call=True, now=now).sheet.call.call_id,
        by=acting(user),
        now=now,
    )


def know_contacts(user: User, other: User, now: datetime) -> None:
    prefer(user, rings_from="known")
    let_in(user, other, now)


def want_urgent_calls(user: User, other: User, now: datetime) -> None:
    let_in(user, other, now)
    disturb_not(user, now, let_through=["urgent", "repeat"])


def want_repeated_calls(user: User, other: User, now: datetime) -> None:
    let_in(user, other, now)
    prefer(user, let_through=["repeat"])


SETTLED: Any = pytest.mark.parametrize(
    "settle",
    [nothing, block, let_in, want_peace, know_acquaintances, know_contacts, want_urgent_calls, want_repeated_calls],
    ids=lambda settle: settle.__name__,
)


def statements(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def sends(alice: User, now: datetime, call_id: str = "first") -> int:
    return statements(
        lambda: calls.send(
            by=acting(alice), invitees=["bob"], is_video_call=True, urgent=True, now=now, call_id=call_id
        )
    )


def invites(alice: User, bob: User, carol: User, now: datetime) -> int:
    call_id = calls.send(by=acting(alice), invitees=["carol"], is_video_call=True, now=now).sheet.call.call_id
    calls.accept(call_id, by=acting(carol), now=now)
    asked: dict[str, Any] = {"by": acting(alice), "invitees": ["bob"], "urgent": True, "now": now + seconds(1)}
    return statements(lambda: calls.invite(call_id, **asked))


def make_crowd(alice: User, bob: User, now: datetime) -> None:
    """Both know ten thousand people, and have blocked a thousand others."""
    crowd = User.objects.bulk_create(User(username=f"guest{number}") for number in range(CONTACTS + BLOCKS))
    for each in (alice, bob):
        Contact.objects.bulk_create(
            Contact(user=each, other=other, state=ContactState.CONTACT, changed_at=now) for other in crowd[:CONTACTS]
        )
        Block.objects.bulk_create(Block(user=each, other=other, created_at=now) for other in crowd[CONTACTS:])


@SETTLED
def test_a_send_takes_at_most_two_statements_more_than_without_rules(
    alice: User, bob: User, now: datetime, settle: Settle
) -> None:
    settle(bob, alice, now - timedelta(minutes=5))
    # It took 11 with a call id, and one more for the locks where rows are locked.
    assert sends(alice, now) <= 11 + connection.features.has_select_for_update + MORE


@SETTLED
def test_an_invite_takes_at_most_two_statements_more_than_without_rules(
    alice: User, bob: User, carol: User, now: datetime, settle: Settle
) -> None:
    settle(bob, alice, now - timedelta(minutes=5))
    assert invites(alice, bob, carol, now) <= 12 + MORE


def test_a_send_takes_as_many_statements_among_ten_thousand_contacts(alice: User, bob: User, now: datetime) -> None:
    few = sends(alice, now)
    calls.end("first", by=acting(alice), now=now)
    make_crowd(alice, bob, now)
    assert sends(alice, now + seconds(100), "second") == few


@pytest.mark.parametrize("settle", [know_contacts, want_repeated_calls], ids=lambda settle: settle.__name__)
def test_what_the_verdict_does_not_depend_on_is_not_asked(
    alice: User, bob: User, now: datetime, settings: Settings, settle: Settle
) -> None:
    # Where nothing is counted, earlier rings would have to be asked for.
    settings.CALLINVITE = {"sends_per_minute": 0}
    let_in(bob, alice, now)
    plain = sends(alice, now)
    calls.end("first", by=acting(alice), now=now)
    Contact.objects.all().delete()
    settle(bob, alice, now)
    assert sends(alice, now + seconds(100), "second") == plain

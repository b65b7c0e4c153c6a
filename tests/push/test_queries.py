"""What planning and claiming ask of the database: a statement or two for a verb, and never a walk through the past."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from invitations import calls
from invitations.calls.transaction import write
from invitations.models import Delivery, Device, User
from invitations.push import deliveries, planning
from tests.push.conftest import MakeDevice, Ring, acting, claim, deliver, seconds, settle
from tests.support.tables import old_delivery, old_rings

PAST = 3_000
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def past(alice: User, now: datetime) -> None:
    """Thousands of settled deliveries to many people's devices, and statistics that know of them."""
    then = now - seconds(5000)
    people = User.objects.bulk_create(User(username=f"former{number}") for number in range(PAST // 10))
    made = Device.objects.bulk_create(
        Device(user=person, device_id="old", created_at=then, push_digest=f"{person.username:>064}")
        for person in people
    )
    rings = old_rings(alice, ((person, then) for person in people))
    Delivery.objects.bulk_create(
        old_delivery(ring, device) for device, ring in zip(made, rings, strict=True) for _ in range(10)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def statements(act: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    return [each["sql"] for each in captured]


def walked(sql: str) -> list[str]:
    """The growing tables that the database would read from end to end for this statement."""
    growing = "invitations_(?:delivery|device|invitation|call)"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = "\n".join(row[3] for row in cursor.fetchall())
            aliases = {alias: table for table, alias in re.findall(rf'"?({growing})"? (?:AS )?"?(\w+)"?', sql)}
            # A partial index is as long as what waits.
            scanned = re.findall(r"SCAN (\w+)\b(?! USING (?:COVERING )?INDEX delivery_due\b)", plan)
            return [table for each in scanned if re.fullmatch(growing, table := aliases.get(each, each))]
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("SET enable_seqscan = on")
        # Partitions have the table's name and then their month.
        return re.findall(rf"Seq Scan on ({growing})(?:_\w+)?\b", plan)


def about_deliveries(ran: list[str]) -> list[str]:
    return [each for each in ran if "invitations_delivery" in each]


def test_a_verb_takes_one_statement_for_the_rings_that_it_owes_and_one_for_their_ends(
    ring: Ring, device: MakeDevice, make_user: Callable[..., User], alice: User, bob: User, now: datetime
) -> None:
    for number in range(4):
        device(bob, f"device{number}")
    others = [make_user(f"guest{number}") for number in range(4)]
    for each in others:
        device(each)
    send = statements(lambda: ring(alice, bob, *others, call_id="mine"))
    deliver(now)
    accept = statements(lambda: calls.accept("mine", by=acting(bob, "device0"), now=now))
    cancel = statements(lambda: calls.cancel("mine", by=acting(alice, "desk"), now=now))
    # Where rows are locked, the rings are locked before.
    ends = 1 + connection.features.has_select_for_update
    assert [len(about_deliveries(each)) for each in (send, accept, cancel)] == [1, ends, ends]
    assert Delivery.objects.filter(kind="ring").count() == 8
    assert Delivery.objects.filter(kind="stop").count() == 3 + 4


def test_nobody_with_a_push_address_costs_no_more(ring: Ring, alice: User, bob: User) -> None:
    assert len(about_deliveries(statements(lambda: ring(alice, bob)))) == 1


def test_an_idle_post_asks_one_question(past: None, now: datetime) -> None:
    assert len(statements(lambda: deliveries.next_moment(now))) == 1


@pytest.mark.parametrize(("size", "expected"), [(100, (20, 3)), (10, (10, 4))], ids=["all", "in turn"])
def test_a_claim_takes_three_statements_however_much_it_takes_and_four_to_give_turns(
    size: int,
    expected: tuple[int, int],
    past: None,
    ring: Ring,
    device: MakeDevice,
    alice: User,
    bob: User,
    now: datetime,
    settings: Settings,
) -> None:
    settings.CALLINVITE = {"addresses_per_user": 0}
    for number in range(20):
        device(bob, f"device{number}")
    ring(alice, bob)
    taken: list[deliveries.Claimed] = []
    ran = statements(lambda: taken.extend(claim(now, size)))
    assert (len(taken), len(about_deliveries(ran))) == expected


def test_nothing_that_the_post_does_walks_a_table(
    past: None, ring: Ring, device: MakeDevice, alice: User, bob: User, now: datetime
) -> None:
    device(bob)
    device(bob, "laptop")
    sheet = ring(alice, bob)
    ring_pk = sheet.invitations[0].pk
    taken: list[deliveries.Claimed] = []

    def take() -> None:
        # More than fits, so that turns are given, too.
        taken.extend(claim(now, 1) + claim(now))

    def repeat() -> None:
        with write():
            planning.plan_repeats(ring_pk, now=now + seconds(10))

    acts: dict[str, Callable[[], Any]] = {
        "next_moment": lambda: deliveries.next_moment(now),
        "claim": take,
        "settle": lambda: settle(taken, now),
        "notified": lambda: calls.notified([calls.Taken(sheet.call.pk, ring_pk, now)]),
        "repeat": repeat,
        "ringing": lambda: calls.ringing(sheet.call.call_id, by=acting(bob), now=now + seconds(10)),
        "drop": lambda: claim(now + seconds(10)),
        "accept": lambda: calls.accept(sheet.call.call_id, by=acting(bob), now=now + seconds(11)),
        "stop": lambda: deliver(now + seconds(11)),
    }
    found = []
    for name, act in acts.items():
        for sql in statements(act):
            if re.match(r"\s*\(*(SELECT|INSERT|UPDATE|DELETE|WITH)", sql):
                found += [(name, table) for table in walked(sql)]
    assert found == []
    assert Delivery.objects.filter(kind="stop", state="sent").count() == 1

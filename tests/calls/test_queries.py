"""What the verbs ask of the database: few statements, whatever the history's size, and never a whole table."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from cProfile import Profile
from datetime import datetime, timedelta
from itertools import count
from pstats import Stats
from typing import Any

import pytest
from django.db import connection
from django.db.models import Index, UniqueConstraint
from django.test.utils import CaptureQueriesContext

from invitations import calls
from invitations.dispatcher import Dispatcher
from invitations.models import Call, CallEvent, Delivery, Device, Hook, Invitation, Participant, User
from tests.calls.conftest import acting, invitation_states, seconds
from tests.support.tables import old_delivery, old_rings

OLD_CALLS = 2_000
MAKE_HISTORY: Any = pytest.mark.parametrize("history", [0, OLD_CALLS], indirect=True)

# With `transaction=True` a verb's own BEGIN and COMMIT are counted too.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def history(request: pytest.FixtureRequest, alice: User, bob: User, now: datetime) -> int:
    """So many ended calls from alice to bob, who was rung on his phone, and statistics that know of them."""
    size: int = request.param
    began = now - timedelta(days=30)
    rings = old_rings(alice, ((bob, began + seconds(number * 90)) for number in range(size)))
    made = [each.call for each in rings]
    Participant.objects.bulk_create(
        Participant(
            call=call,
            user=alice,
            device_id="phone",
            joined_at=call.created_at,
            left_at=call.ended_at,
            left_reason="call_ended",
        )
        for call in made
    )
    CallEvent.objects.bulk_create(
        CallEvent(
            call=call,
            call_created_at=call.created_at,
            revision=1,
            kind="call.ended",
            data={"reason": "timed_out"},
            at=call.created_at + seconds(60),
        )
        for call in made
    )
    phone = Device.objects.create(user=bob, device_id="phone", created_at=began, push_digest="a" * 64)
    Delivery.objects.bulk_create(old_delivery(ring, phone) for ring in rings)
    if size:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return size


@pytest.fixture
def statements() -> Callable[..., list[str]]:
    """The statements that a verb runs, BEGIN and COMMIT among them."""

    def run(verb: Callable[[], Any]) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            verb()
        return [each["sql"] for each in captured]

    return run


def send_one(by: User, other: User, now: datetime, **more: Any) -> calls.CallSheet:
    return calls.send(by=acting(by), invitees=[other.username], is_video_call=True, now=now, **more).sheet


MOST_OF_A_SEND = 13
"""Where rows are locked, one of them locks the people, and the next reads what holds then."""


@MAKE_HISTORY
def test_a_call_to_one_takes_at_most_thirteen_statements(
    history: int, statements: Callable[..., list[str]], alice: User, bob: User, now: datetime
) -> None:
    send_one(alice, bob, now - seconds(120))
    calls.end(send_one(bob, alice, now - seconds(50)).call.call_id, by=acting(bob), now=now - seconds(40))
    assert len(statements(lambda: send_one(alice, bob, now, call_id="mine"))) <= MOST_OF_A_SEND


@MAKE_HISTORY
def test_a_call_to_somebody_busy_takes_at_most_thirteen_statements(
    history: int, statements: Callable[..., list[str]], alice: User, bob: User, carol: User, now: datetime
) -> None:
    send_one(carol, bob, now)
    assert len(statements(lambda: send_one(alice, bob, now))) <= MOST_OF_A_SEND


@MAKE_HISTORY
def test_an_accept_takes_at_most_ten_statements(
    history: int, statements: Callable[..., list[str]], alice: User, bob: User, now: datetime
) -> None:
    call_id = send_one(alice, bob, now).call.call_id
    # Where rows are locked, so are the person and the rings that may be on their way.
    most = 10 + 2 * connection.features.has_select_for_update
    assert len(statements(lambda: calls.accept(call_id, by=acting(bob), now=now + seconds(1)))) <= most


def test_an_end_takes_at_most_eight_statements_however_many_are_in_the_call(
    statements: Callable[..., list[str]], make_user: Callable[..., User], alice: User, now: datetime
) -> None:
    guests = [make_user(f"guest{number}") for number in range(3)]
    names = [each.username for each in guests]
    call_id = calls.send(by=acting(alice), invitees=names, is_video_call=True, now=now).sheet.call.call_id
    for each in guests:
        calls.accept(call_id, by=acting(each), now=now + seconds(1))
    ended: list[calls.CallSheet] = []
    ran = statements(lambda: ended.append(calls.end(call_id, by=acting(alice), now=now + seconds(2))))
    assert [each.left_reason for each in ended[0].participants] == ["call_ended"] * 4
    assert not Participant.objects.filter(left_at=None).exists()
    assert len(ran) <= 8


@pytest.mark.sqlite_only
def test_a_ring_its_answer_and_its_end_call_at_most_2000_functions(alice: User, bob: User, now: datetime) -> None:
    """Time depends on the machine and on what else it does; this is the part of it that does not."""

    def cycle(number: int) -> None:
        moment = now + seconds(60 * number)
        call_id = send_one(alice, bob, moment).call.call_id
        calls.accept(call_id, by=acting(bob), now=moment + seconds(1))
        calls.end(call_id, by=acting(alice), now=moment + seconds(2))

    cycle(0)
    profile = Profile()
    # What other tests left behind is not to be cleared away meanwhile.
    gc.collect()
    gc.disable()
    try:
        profile.runcall(cycle, 1)
    finally:
        gc.enable()
    assert Stats(profile).total_calls <= 2000, Stats(profile).total_calls  # type: ignore[attr-defined]


@MAKE_HISTORY
def test_a_call_to_nine_takes_at_most_sixteen_statements(
    history: int,
    statements: Callable[..., list[str]],
    make_user: Callable[..., User],
    alice: User,
    bob: User,
    now: datetime,
) -> None:
    names = ["bob", *(make_user(f"guest{number}").username for number in range(8))]
    sent: list[calls.Sent] = []
    ran = statements(lambda: sent.append(calls.send(by=acting(alice), invitees=names, is_video_call=True, now=now)))
    assert len(invitation_states(sent[0].sheet)) == 9
    assert len(ran) <= 16


def everyday_verbs(alice: User, bob: User, now: datetime) -> dict[str, Callable[[], Any]]:
    """One after the other they tell a call's whole life, with the looks that pages take at it."""
    by_alice, by_bob = acting(alice), acting(bob)
    return {
        "send": lambda: send_one(alice, bob, now, call_id="mine"),
        "ringing": lambda: calls.ringing("mine", by=by_bob, now=now),
        "accept": lambda: calls.accept("current", by=by_bob, now=now),
        "connected": lambda: calls.connected("mine", by=by_bob, now=now),
        "heartbeat": lambda: calls.heartbeat("mine", by=by_bob, now=now),
        "prove_life": lambda: calls.prove_life(bob.pk, "phone", now=now + seconds(5)),
        "forgive_outage": lambda: calls.forgive_outage(now=now + seconds(20)),
        "expect_changes": lambda: calls.expect_changes(now=now),
        "expect_unknown": lambda: calls.expect_unknown(now=now),
        "a dispatcher's step": lambda: Dispatcher().step(now),
        "invite": lambda: calls.invite("mine", by=by_bob, invitees=["carol"], now=now),
        "cancel": lambda: calls.cancel("mine", by=by_alice, now=now),
        "move": lambda: calls.join("mine", by=acting(bob, "laptop"), now=now),
        "open_calls": lambda: calls.open_calls(bob.pk, now=now),
        "sync": lambda: calls.sync(bob.pk, {"mine": 1, "old-7": 1}, now=now),
        "view": lambda: calls.view("mine", viewer_id=bob.pk, now=now),
        "timeline": lambda: calls.timeline("mine", viewer_id=bob.pk, now=now),
        "leave": lambda: calls.leave("mine", by=by_bob, now=now),
        "missed_unseen": lambda: calls.missed_unseen(bob.pk),
    }


@pytest.mark.parametrize("history", [OLD_CALLS], indirect=True)
def test_no_everyday_query_walks_a_table(
    history: int, statements: Callable[..., list[str]], alice: User, bob: User, carol: User, now: datetime
) -> None:
    walked = []
    for name, verb in everyday_verbs(alice, bob, now).items():
        for sql in statements(verb):
            if sql.lstrip("( \n").startswith(
                ("SELECT", "UPDATE", "DELETE", "INSERT INTO invitations_delivery", "WITH")
            ):
                walked += [(name, table, sql) for table in tables_walked(sql)]
    assert [(name, table) for name, table, _ in walked] == []


@MAKE_HISTORY
def test_a_page_of_the_history_takes_the_same_few_queries(
    history: int, statements: Callable[..., list[str]], alice: User, bob: User, now: datetime
) -> None:
    ran = statements(lambda: calls.sheets(list(calls.history(bob.pk)[:25])))
    assert len(ran) == (5 if history else 1)


def tables_walked(sql: str) -> list[str]:
    """The app's growing tables that the database would read from end to end for this statement."""
    growing = "invitations_(?:call|invitation|participant|callevent|delivery|device|contact|block)"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = "\n".join(row[3] for row in cursor.fetchall())
            # A scan of a partial index is as short as what is open; "SCAN o" is the branches' own result.
            aliases = {alias: table for table, alias in re.findall(rf'"?({growing})"? (?:AS )?"?(\w+)"?', sql)}
            scanned = re.findall(
                rf"SCAN (\w+)\b(?! USING (?:COVERING )?INDEX (?:{'|'.join(partial_indexes())})\b)", plan
            )
            return [table for each in scanned if re.fullmatch(growing, table := aliases.get(each, each))]
        # Small tables are walked by choice; asked to avoid it, PostgreSQL walks only where no index would do.
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("SET enable_seqscan = on")
        # Partitions have the table's name and then their month.
        return re.findall(rf"Seq Scan on ({growing})(?:_\w+)?\b", plan)


def partial_indexes() -> list[str]:
    """The indexes that hold open rows only."""
    models: tuple[Any, ...] = (Call, Invitation, Participant, Delivery, Hook)
    kept = [each for model in models for each in [*model._meta.indexes, *model._meta.constraints]]
    return [each.name for each in kept if isinstance(each, Index | UniqueConstraint) and each.condition is not None]


def test_a_sync_asks_no_more_for_each_call_that_is_not_shown(
    statements: Callable[..., list[str]], alice: User, bob: User, carol: User, now: datetime
) -> None:
    held: dict[str, int] = {}
    for number in range(4):
        at = now + seconds(4000 * number)
        for call_id, caller, other in (
            (f"room-{number}", alice, bob),
            (f"room-{number}", bob, carol),
            (f"theirs-{number}", bob, carol),
        ):
            send_one(caller, other, at, call_id=call_id)
            calls.end(call_id, by=acting(caller), now=at + seconds(5))
            held[call_id] = 0
    found: list[calls.Synced] = []
    one = statements(lambda: calls.sync(alice.pk, {"room-0": 0, "theirs-0": 0}, now=now))
    all_of_them = statements(lambda: found.append(calls.sync(alice.pk, held, now=now)))
    assert len(all_of_them) <= len(one)
    assert sorted((each.call.call_id, each.call.attempt) for each in found[0].sheets) == [
        (f"room-{number}", 1) for number in range(4)
    ]
    assert sorted(found[0].gone) == sorted(held)


@pytest.mark.postgres
@pytest.mark.postgres_only
def test_a_verb_asks_once_and_writes_once(alice: User, bob: User, now: datetime) -> None:
    trips: list[int] = []
    moments, names = (now + seconds(number) for number in count()), count()

    def counted(verb: Callable[..., Any], *args: Any, **more: Any) -> Any:
        before = connection.trips  # type: ignore[attr-defined]
        result = verb(*args, now=next(moments), **more)
        trips.append(connection.trips - before)  # type: ignore[attr-defined]
        return result

    for _ in ("the process learns that the statements can be prepared", "as it goes on"):
        trips.clear()
        sent = counted(calls.send, by=acting(alice), invitees=["bob"], is_video_call=True)
        call_id = sent.sheet.call.call_id
        counted(calls.ringing, call_id, by=acting(bob))
        counted(calls.accept, call_id, by=acting(bob))
        counted(calls.connected, call_id, by=acting(alice))
        counted(calls.end, call_id, by=acting(alice))
        sent = counted(calls.send, by=acting(alice), invitees=["bob"], is_video_call=True, call_id=f"page{next(names)}")
        counted(calls.end, sent.sheet.call.call_id, by=acting(alice))
    assert trips == [2] * 7

"""Migrations on a database in use: what is there stays, forwards and backwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from invitations import calls
from invitations.dispatcher import Dispatcher
from invitations.models import Call, Participant, User
from invitations.store import months
from invitations.store.months import Month
from tests.dispatcher.conftest import until

pytestmark = pytest.mark.django_db(transaction=True)
Migrate = Callable[[str], Apps]
BEFORE_PUSH, PUSH, BEFORE_DUE_AT, DUE_AT = "0002_media_due_at", "0003_push", "0004_words", "0005_due_at"
BEFORE_MONTHS, MONTHS = "0015_cancelled_by_admin", "0016_months"


@pytest.fixture
def migrate() -> Iterator[Migrate]:
    """Bring the app's tables to a migration; gives the models as they were then. Afterwards they are the newest."""

    def to(name: str) -> Apps:
        executor = MigrationExecutor(connection)
        executor.migrate([("invitations", name)])
        return MigrationExecutor(connection).loader.project_state([("invitations", name)]).apps

    yield to
    to(newest())


def newest() -> str:
    return max(name for app, name in MigrationExecutor(connection).loader.graph.leaf_nodes() if app == "invitations")


def in_use(apps: Apps, now: datetime) -> dict[str, Any]:
    """Two people, a device and a call that rings on it; gives what must stay."""
    alice, bob = (apps.get_model("invitations", "User").objects.create(username=name) for name in ("alice", "bob"))
    until = now + timedelta(seconds=60)
    apps.get_model("invitations", "Device").objects.create(
        user=bob, device_id="web-1", label="Firefox", created_at=now, last_seen_at=now
    )
    call = apps.get_model("invitations", "Call").objects.create(
        call_id="call_1", revision=3, state="ringing", is_video_call=True, caller=alice, timeout_seconds=60,
        fingerprint="", custom_data="about Friday", created_at=now, ring_expires_at=until,
    )  # fmt: skip
    apps.get_model("invitations", "Invitation").objects.create(
        call=call,
        invitee=bob,
        inviter=alice,
        state="pending",
        timeout_seconds=60,
        created_at=now,
        expires_at=until,
        next_ring_at=until,
    )
    return stored(apps)


def stored(apps: Apps) -> dict[str, Any]:
    """What is there, in the fields that every version has."""
    fields = {
        "Device": ("user__username", "device_id", "label", "kind", "created_at", "last_seen_at"),
        "Call": ("call_id", "revision", "state", "custom_data", "caller__username", "ring_expires_at", "ended_at"),
        "Invitation": ("call__call_id", "invitee__username", "state", "expires_at", "next_ring_at", "missed"),
    }
    return {name: list(apps.get_model("invitations", name).objects.values(*wanted)) for name, wanted in fields.items()}


def test_push_comes_to_a_database_in_use_and_goes_again(migrate: Migrate, now: datetime) -> None:
    before = in_use(migrate(BEFORE_PUSH), now)

    apps = migrate(PUSH)

    assert stored(apps) == before
    device = apps.get_model("invitations", "Device").objects.get()
    assert (device.push_digest, device.push_disabled_at, device.is_named) == (None, None, False)
    apps.get_model("invitations", "Delivery").objects.create(
        device=device, user=device.user, device_key="web-1", kind="ring", created_at=now, due_at=now,
        invitation=apps.get_model("invitations", "Invitation").objects.get(), expires_at=now, number=1,
    )  # fmt: skip

    assert stored(migrate(BEFORE_PUSH)) == before
    assert stored(migrate(PUSH)) == before


def test_open_calls_of_a_database_in_use_are_looked_at_once_due_at_has_come(migrate: Migrate, now: datetime) -> None:
    apps = migrate(BEFORE_DUE_AT)
    in_use(apps, now)
    over = apps.get_model("invitations", "Call").objects.get()
    over.pk, over.call_id, over.state, over.end_reason, over.ended_at = None, "call_0", "ended", "timed_out", now
    over.save()
    before = stored(apps)

    apps = migrate(DUE_AT)

    assert stored(apps) == before
    due = apps.get_model("invitations", "Call").objects.values_list("call_id", "due_at")
    assert dict(due) == {"call_1": now, "call_0": None}
    migrate(newest())
    call = Call.objects.get(call_id="call_1")
    Participant.objects.create(call=call, user_id=call.caller_id, device_id="web-1", joined_at=now)
    assert Dispatcher().step(now + timedelta(seconds=1)) == 0
    assert Call.objects.get(call_id="call_1").due_at == now + timedelta(seconds=60)
    assert Dispatcher().step(now + timedelta(seconds=60)) == 1
    assert Call.objects.get(call_id="call_1").end_reason == "timed_out"

    assert stored(migrate(BEFORE_DUE_AT))["Device"] == before["Device"]
    assert stored(migrate(DUE_AT))["Device"] == before["Device"]


def of_the_past(apps: Apps, now: datetime) -> dict[str, Any]:
    """A log and push messages of calls that began in four different months; gives them."""
    in_use(apps, now)
    call, ring = (apps.get_model("invitations", name).objects.get() for name in ("Call", "Invitation"))
    device = apps.get_model("invitations", "Device").objects.get()
    for number, age in enumerate((0, 40, 75, 5000)):
        at = now - timedelta(days=age)
        call.pk, call.call_id, call.created_at, call.ring_expires_at = (
            None,
            f"call-{age}",
            at,
            at + timedelta(minutes=1),
        )
        call.save()
        ring.pk, ring.call = None, call
        ring.save()
        for revision in (1, 2):
            apps.get_model("invitations", "CallEvent").objects.create(
                call=call, revision=revision, kind="call.sent", data={"invitees": ["bob"]}, at=at, **began(apps, at)
            )
        apps.get_model("invitations", "Delivery").objects.create(
            device=device, user=device.user, device_key="web-1", kind="ring", created_at=at, due_at=at,
            invitation=ring, expires_at=now, number=number + 1,
        )  # fmt: skip
    return past(apps)


def began(apps: Apps, at: datetime) -> dict[str, datetime]:
    fields = {each.name for each in apps.get_model("invitations", "CallEvent")._meta.get_fields()}
    return {"call_created_at": at} if "call_created_at" in fields else {}


def past(apps: Apps) -> dict[str, Any]:
    events, owed = (apps.get_model("invitations", name).objects.order_by("pk") for name in ("CallEvent", "Delivery"))
    return {
        "events": list(events.values("pk", "call__call_id", "revision", "kind", "data", "at", "actor")),
        "deliveries": list(owed.values("pk", "device__device_id", "user__username", "kind", "created_at", "number")),
    }


def rules() -> list[tuple[Any, ...]]:
    """The keys, constraints and indexes of the tables that PostgreSQL partitions; nothing elsewhere."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = ANY (%s::regclass[])"
            " UNION SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON indexrelid = oid"
            " WHERE indrelid = ANY (%s::regclass[])"
            " UNION SELECT sequence_name, data_type FROM information_schema.sequences ORDER BY 1, 2",
            [["invitations_callevent", "invitations_delivery"]] * 2,
        )
        return list(cursor.fetchall())


def test_the_past_is_partitioned_by_month_and_put_together_again(migrate: Migrate, now: datetime) -> None:
    apps = migrate(BEFORE_MONTHS)
    before, rules_before = of_the_past(apps, now), rules()

    apps = migrate(MONTHS)

    assert past(apps) == before
    event, owed = apps.get_model("invitations", "CallEvent"), apps.get_model("invitations", "Delivery")
    assert all(each.call_created_at == each.call.created_at for each in event.objects.select_related("call"))
    if connection.vendor == "postgresql":
        for model in (event, owed):
            known = set(months.months(model._meta.db_table))
            assert {Month.of(now - timedelta(days=age)) for age in (0, 40, 75)} | {Month.of(now).next()} == known
    last = event.objects.latest("pk")
    again = {"call": last.call, "kind": last.kind, "at": now, **began(apps, last.call.created_at)}
    with pytest.raises(IntegrityError):
        event.objects.create(revision=2, **again)
    assert event.objects.create(revision=3, **again).pk > last.pk
    event.objects.filter(revision=3).delete()

    apps = migrate(BEFORE_MONTHS)

    assert (past(apps), rules()) == (before, rules_before)
    last = apps.get_model("invitations", "CallEvent").objects.latest("pk")
    with pytest.raises(IntegrityError):
        apps.get_model("invitations", "CallEvent").objects.create(
            call=last.call, revision=2, kind=last.kind, at=now + timedelta(days=1)
        )
    assert past(migrate(MONTHS)) == before


def test_an_empty_database_is_partitioned_too(migrate: Migrate, now: datetime) -> None:
    migrate(BEFORE_MONTHS)
    apps = migrate(MONTHS)
    assert past(apps) == {"events": [], "deliveries": []}
    in_use(apps, now)
    call = apps.get_model("invitations", "Call").objects.get()
    apps.get_model("invitations", "CallEvent").objects.create(
        call=call, revision=1, kind="call.sent", at=now, **began(apps, call.created_at)
    )
    assert len(past(apps)["events"]) == 1


@pytest.fixture
def guest() -> Iterator[str]:
    """A role that owns nothing; its name."""
    with connection.cursor() as cursor:
        cursor.execute('DROP ROLE IF EXISTS "callinvite guest"')
        cursor.execute('CREATE ROLE "callinvite guest"')
        yield '"callinvite guest"'
        cursor.execute('DROP OWNED BY "callinvite guest"')
        cursor.execute('DROP ROLE "callinvite guest"')


@pytest.mark.postgres_only
def test_who_was_allowed_to_call_still_is(migrate: Migrate, guest: str, now: datetime) -> None:
    """A role with what sufficed before: grants on tables, none on sequences."""
    in_use(migrate(BEFORE_MONTHS), now)
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {guest}")
        cursor.execute(f"REVOKE ALL ON invitations_delivery FROM {guest}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE (due_at) ON invitations_delivery TO {guest} WITH GRANT OPTION")
        cursor.execute("GRANT SELECT ON invitations_callevent TO PUBLIC")
        cursor.execute(f"GRANT SELECT ON SEQUENCE invitations_callevent_id_seq TO {guest}")
    before = grants()
    assert len(before) == 9

    migrate(MONTHS)

    assert grants() == before
    migrate(newest())
    with connection.cursor() as cursor:
        # New tables are their owner's alone, until the owner says otherwise.
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {NEW_TABLES} TO {guest}")
    caller = User.objects.get(username="bob")
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {guest}")
        try:
            sent = calls.send(
                by=calls.Actor(caller.pk, "bob", "web-2"), invitees=["alice"], is_video_call=True, now=now
            )
        finally:
            cursor.execute("RESET ROLE")
    assert Call.objects.get(pk=sent.sheet.call.pk).events.exists()
    migrate(BEFORE_MONTHS)
    assert grants() == before


def grants() -> list[tuple[Any, ...]]:
    """What others than the owner may do with the tables that PostgreSQL partitions, and what numbers their rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, attname, grantee, privilege_type, is_grantable FROM pg_class"
            " JOIN (SELECT oid AS of, NULL AS attname, relacl AS acl FROM pg_class"
            " UNION ALL SELECT attrelid, attname, attacl FROM pg_attribute) AS found ON found.of = pg_class.oid,"
            " aclexplode(acl) WHERE grantee <> relowner AND relname ~ '^invitations_(callevent|delivery)(_id_seq)?$'"
            " ORDER BY 1, 2, 3, 4"
        )
        return list(cursor.fetchall())


NEW_TABLES = "invitations_contact, invitations_block, invitations_hook, invitations_hookmessage"
"""What a call reads and writes that had no table before."""
WAITERS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL"


@pytest.mark.postgres_only
@pytest.mark.parametrize("there", [MONTHS, BEFORE_MONTHS])
def test_a_verb_that_is_under_way_ends_before_the_tables_are_partitioned(
    migrate: Migrate, now: datetime, there: str
) -> None:
    """It has its call when the migration comes, and then records a fact and owes a ring."""
    apps = migrate(BEFORE_MONTHS)
    before = of_the_past(apps, now)
    apps = migrate(MONTHS if there == BEFORE_MONTHS else BEFORE_MONTHS)
    changed = threading.Event()

    def act() -> None:
        call = apps.get_model("invitations", "Call").objects.get(call_id="call-0")
        owed = apps.get_model("invitations", "Delivery").objects.filter(invitation__call=call).get()
        try:
            with transaction.atomic():
                apps.get_model("invitations", "Call").objects.filter(pk=call.pk).update(revision=9)
                changed.set()
                until(somebody_waits)
                apps.get_model("invitations", "CallEvent").objects.create(
                    call=call, revision=9, kind="call.ended", at=now, **began(apps, call.created_at)
                )
                owed.pk = None
                owed.save()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        acted = pool.submit(act)
        assert changed.wait(10)
        after = past(migrate(there))
        acted.result()

    assert [len(after[each]) - len(before[each]) for each in before] == [1, 1]


@pytest.mark.postgres_only
def test_nothing_has_changed_if_the_tables_were_in_use_all_the_time(
    migrate: Migrate, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while a dump is made."""
    monkeypatch.setattr(months, "TRIES_FOR_ALL", 2)
    before = of_the_past(migrate(BEFORE_MONTHS), now)
    held, released = threading.Event(), threading.Event()

    def dump() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("LOCK TABLE invitations_delivery IN ACCESS SHARE MODE")
                held.set()
                released.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        dumped = pool.submit(dump)
        try:
            assert held.wait(10)
            with pytest.raises(months.Undone, match="in use all the time"):
                migrate(MONTHS)
        finally:
            released.set()
            dumped.result()

    assert months.months("invitations_delivery") == []
    assert past(migrate(MONTHS)) == before


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITERS)
        return bool(cursor.fetchone()[0])

"""Querysets that are compiled once: they say what the queryset says, adapt and convert as Django does, and lock."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, models, transaction
from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce
from django.test.utils import CaptureQueriesContext

from invitations.models import (
    Call,
    CallingPreferences,
    Delivery,
    Device,
    Invitation,
    Participant,
    RingResource,
    User,
)
from invitations.store.statements import Bind, Prepared, PreparedCopy, PreparedUpdate, aggregated

NOW = datetime(2030, 5, 17, 12, 30, 15, 123456, tzinfo=UTC)
OF_USER = Device.objects.filter(user_id=Bind("user")).order_by("pk")

pytestmark = pytest.mark.django_db


class Phone(NamedTuple):
    """Some columns of a device."""

    pk: int
    label: str
    created_at: datetime
    seen_at: datetime | None
    is_named: bool


PHONE = ("pk", "label", "created_at", "last_seen_at", "is_named")


@pytest.fixture
def device(alice: User) -> Callable[..., Device]:
    def make(device_id: str, **more: Any) -> Device:
        return Device.objects.create(**{"user": alice, "device_id": device_id, "created_at": NOW, **more})

    return make


@pytest.fixture
def calls_of_alice(alice: User) -> list[Call]:
    return [
        Call.objects.create(
            call_id=f"call-{number}",
            is_video_call=bool(number % 2),
            caller=alice,
            timeout_seconds=60,
            fingerprint="",
            created_at=NOW + timedelta(seconds=number),
            ring_expires_at=NOW + timedelta(seconds=number + 60),
        )
        for number in range(3)
    ]


@pytest.fixture(params=["lean", "watched"])
def road(request: pytest.FixtureRequest) -> Any:
    """The short way to SQLite, and Django's cursor, which is used while statements are observed."""
    if request.param == "lean":
        yield "lean"
        return
    with CaptureQueriesContext(connection):
        yield "watched"


def test_instances_are_those_of_the_queryset(road: str, device: Callable[..., Device], alice: User) -> None:
    device("desk", label="Desk", push_digest="a" * 64, last_seen_at=NOW)
    device("phone", is_named=True)
    found = Prepared(OF_USER).rows(user=alice.pk)
    expected = list(Device.objects.filter(user_id=alice.pk).order_by("pk"))
    fields = [each.attname for each in Device._meta.concrete_fields]
    assert [[getattr(each, name) for name in fields] for each in found] == [
        [getattr(each, name) for name in fields] for each in expected
    ]
    assert [(type(each), each._state.adding, each._state.db) for each in found] == [(Device, False, "default")] * 2


def test_an_instance_has_what_was_annotated_and_can_be_saved(device: Callable[..., Device], alice: User) -> None:
    device("desk")
    named: Any = OF_USER.annotate(owner=F("user__username"), shown=F("user__calling_preferences__display_name"))
    found: Any = Prepared(named).first(user=alice.pk)
    assert (found.owner, found.shown) == ("alice", "Alice")
    found.label = "Study"
    found.save()
    assert Device.objects.get(user=alice).label == "Study"


def test_columns_come_back_as_what_the_caller_makes_of_them(
    road: str, device: Callable[..., Device], alice: User
) -> None:
    desk = device("desk", label="Desk", is_named=True)
    prepared = Prepared(OF_USER.values_list(*PHONE), row=Phone._make)
    assert prepared.rows(user=alice.pk) == [Phone(desk.pk, "Desk", NOW, None, True)]


def test_the_same_statement_serves_any_value(device: Callable[..., Device], alice: User, bob: User) -> None:
    prepared = Prepared(OF_USER.values_list("device_id"), row=lambda row: row[0])
    device("desk")
    device("phone", user=bob)
    assert (prepared.rows(user=alice.pk), prepared.rows(user=bob.pk), prepared.rows(user=0)) == (
        ["desk"],
        ["phone"],
        [],
    )


def test_nothing_is_compiled_again(device: Callable[..., Device], alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = Prepared(OF_USER)
    prepared.rows(user=alice.pk)
    monkeypatch.setattr("django.db.models.sql.compiler.SQLCompiler.as_sql", None)
    device("desk")
    assert [each.device_id for each in prepared.rows(user=alice.pk)] == ["desk"]


def test_first_gives_one_or_none(device: Callable[..., Device], alice: User) -> None:
    prepared = Prepared(OF_USER)
    assert prepared.first(user=alice.pk) is None
    device("desk")
    device("phone")
    first = prepared.first(user=alice.pk)
    assert first is not None
    assert first.device_id == "desk"


@pytest.mark.parametrize("at", [NOW, NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))])
def test_a_moment_means_the_same_in_any_zone(
    road: str, device: Callable[..., Device], alice: User, at: datetime
) -> None:
    device("desk", last_seen_at=NOW)
    seen = Prepared(OF_USER.filter(last_seen_at=Bind("at")))
    found = seen.rows(user=alice.pk, at=at)
    assert [each.last_seen_at for each in found] == [NOW]
    assert seen.rows(user=alice.pk, at=at + timedelta(microseconds=1)) == []


@pytest.mark.parametrize("count", range(10))
def test_a_list_may_have_any_length(device: Callable[..., Device], count: int) -> None:
    names = [device(f"device{number}").device_id for number in range(10)]
    prepared = Prepared(
        Device.objects.filter(device_id__in=Bind("names"), label=Bind("label")).order_by("pk").values_list("device_id"),
        row=lambda row: row[0],
    )
    assert prepared.rows(names=names[:count], label="") == names[:count]
    assert prepared.rows(label="other", names=iter(names)) == []


def test_lists_of_near_lengths_share_one_text(device: Callable[..., Device]) -> None:
    prepared = Prepared(Device.objects.order_by().filter(pk__in=Bind("keys")))
    with CaptureQueriesContext(connection) as captured:
        for count in (5, 6, 7, 8, 9):
            prepared.rows(keys=range(1, count + 1))
    marks = [each["sql"].partition(" IN (")[2].count(",") for each in captured]
    assert marks == [7, 7, 7, 7, 15]


def test_a_name_may_be_bound_in_several_places(device: Callable[..., Device], alice: User) -> None:
    device("desk", label="desk")
    device("phone", label="desk")
    prepared = Prepared(Device.objects.filter(device_id=Bind("word"), label=Bind("word")))
    assert [each.device_id for each in prepared.rows(word="desk")] == ["desk"]


def test_binds_reach_into_conditions_subqueries_and_joins(
    calls_of_alice: list[Call], alice: User, device: Callable[..., Device]
) -> None:
    device("desk", last_seen_at=NOW)
    seen = Device.objects.filter(user_id=OuterRef("caller_id"), last_seen_at__gte=Bind("since"))
    prepared = Prepared(
        Call.objects.filter(
            Q(created_at__lte=Bind("by")) | Q(call_id=Bind("call")),
            Exists(seen),
            caller__calling_preferences__display_name=Bind("shown"),
        )
        .order_by("pk")
        .values_list("call_id"),
        row=lambda row: row[0],
    )
    given = {"by": NOW, "call": "call-2", "shown": "Alice", "since": NOW}
    assert prepared.rows(**given) == ["call-0", "call-2"]
    assert prepared.rows(**{**given, "since": NOW + timedelta(seconds=1)}) == []
    assert prepared.rows(**{**given, "shown": "Bob"}) == []


def test_a_bind_is_adapted_by_what_it_stands_beside(device: Callable[..., Device], alice: User) -> None:
    device("desk")
    device("phone", last_seen_at=NOW)
    prepared = Prepared(
        OF_USER.values_list(
            Coalesce("last_seen_at", Bind("fallback")),
            Case(When(last_seen_at__gt=Bind("since"), then=Bind("since")), default=F("created_at")),
        ),
        row=tuple,
    )
    since, fallback = NOW - timedelta(days=1), NOW + timedelta(days=1)
    assert prepared.rows(user=alice.pk, since=since, fallback=fallback) == [(fallback, NOW), (NOW, since)]


def test_a_bind_that_nothing_tells_about_is_refused(alice: User) -> None:
    prepared = Prepared(OF_USER.values_list(Bind("anything")), row=tuple)
    with pytest.raises(FieldError, match="output_field"):
        prepared.rows(user=alice.pk, anything=1)
    told = Prepared(User.objects.values_list(Bind("anything", models.IntegerField())), row=tuple)
    assert told.rows(anything=7) == [(7,)]


def test_a_union_takes_the_binds_of_its_parts(road: str, calls_of_alice: list[Call], alice: User) -> None:
    old = Call.objects.order_by().filter(created_at__lte=Bind("by")).values_list("call_id", "created_at")
    named = Call.objects.order_by().filter(call_id__in=Bind("names"), caller=Bind("user"))
    prepared = Prepared(old.union(named.values_list("call_id", "created_at")).order_by(), row=tuple)
    found = prepared.rows(by=NOW, names=["call-2"], user=alice.pk)
    assert sorted(found) == [("call-0", NOW), ("call-2", NOW + timedelta(seconds=2))]


def test_rows_are_counted_by_the_database(calls_of_alice: list[Call]) -> None:
    prepared = Prepared(aggregated(Call.objects.filter(created_at__gt=Bind("since")), Count("*")), row=tuple)
    with CaptureQueriesContext(connection) as captured:
        assert prepared.rows(since=NOW) == [(2,)]
    assert captured[0]["sql"].startswith("SELECT COUNT(*)")
    assert prepared.rows(since=NOW + timedelta(days=1)) == [(0,)]


def test_what_the_field_converts_is_converted(road: str) -> None:
    RingResource.objects.create(resource_id="soft", name="Soft", vibration=[100, 50], silent=True)
    found = Prepared(RingResource.objects.filter(resource_id=Bind("resource"))).first(resource="soft")
    assert found is not None
    assert (found.vibration, found.silent, str(found.ringtone)) == ([100, 50], True, "")


def test_a_value_that_only_its_field_can_adapt_is_adapted() -> None:
    prepared = Prepared(
        User.objects.filter(username=Bind("name")).values_list(Bind("key", models.UUIDField())), row=lambda row: row[0]
    )
    User.objects.create(username="dave")
    key = uuid.uuid4()
    assert prepared.rows(name="dave", key=key) == [key]


def test_an_expression_that_is_true_or_false_gives_a_bool(calls_of_alice: list[Call], alice: User, bob: User) -> None:
    called = Exists(Call.objects.filter(caller=OuterRef("pk")))
    prepared = Prepared(User.objects.filter(pk=Bind("user")).values_list(called), row=lambda row: row[0])
    assert [prepared.first(user=each.pk) for each in (alice, bob)] == [True, False]
    assert isinstance(prepared.first(user=alice.pk), bool)


@pytest.mark.parametrize("given", [{}, {"user": 1, "more": 2}, {"other": 1}])
def test_values_that_do_not_fit_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="binds"):
        Prepared(OF_USER).rows(**given)


def test_no_none_is_found(device: Callable[..., Device]) -> None:
    device("desk")
    assert Prepared(Device.objects.filter(last_seen_at=Bind("at"))).rows(at=None) == []


def test_related_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="related"):
        Prepared(Device.objects.select_related("user")).rows()


def test_what_was_not_read_is_read_when_it_is_asked_for(device: Callable[..., Device], alice: User) -> None:
    device("desk", label="Desk")
    found = Prepared(OF_USER.only("device_id")).first(user=alice.pk)
    assert found is not None
    assert found.get_deferred_fields() >= {"label", "user_id"}
    assert (found.device_id, found.label) == ("desk", "Desk")


def test_the_columns_of_an_instance_may_become_something_else(device: Callable[..., Device], alice: User) -> None:
    desk = device("desk")
    named: Any = OF_USER.only("pk").annotate(owner=F("user__username"))
    assert Prepared(named, row=tuple).rows(user=alice.pk) == [(desk.pk, "alice")]


def test_an_update_writes_and_counts(road: str, device: Callable[..., Device], alice: User) -> None:
    device("desk")
    device("phone")
    prepared = PreparedUpdate(OF_USER, last_seen_at=Bind("at"), label=Bind("label"), is_named=True)
    at = NOW + timedelta(seconds=1)
    assert prepared.run(user=alice.pk, at=at, label="Desk") == 2
    assert set(Device.objects.values_list("last_seen_at", "label", "is_named")) == {(at, "Desk", True)}
    assert prepared.run(user=alice.pk, at=None, label="") == 2
    assert set(Device.objects.values_list("last_seen_at", "label")) == {(None, "")}
    assert prepared.run(user=0, at=None, label="") == 0


def test_an_update_may_reckon_with_what_is_there(device: Callable[..., Device]) -> None:
    device("desk")
    device("phone", last_seen_at=NOW)
    prepared = PreparedUpdate(
        Device.objects.filter(device_id__in=Bind("names")),
        last_seen_at=Coalesce("last_seen_at", Bind("at")),
        label=Case(When(last_seen_at__lt=Bind("at"), then=Bind("label")), default=F("device_id")),
    )
    at = NOW + timedelta(seconds=1)
    assert prepared.run(names=["desk", "phone", "none"], at=at, label="Old") == 2
    assert list(Device.objects.order_by("device_id").values_list("last_seen_at", "label")) == [
        (at, "desk"),
        (NOW, "Old"),
    ]


def test_an_update_may_look_elsewhere(calls_of_alice: list[Call], alice: User, bob: User) -> None:
    prepared = PreparedUpdate(Call.objects.filter(caller__username=Bind("name")), custom_data=Bind("data"))
    assert (prepared.run(name="bob", data="x"), prepared.run(name="alice", data="y")) == (0, 3)


def test_an_update_of_json_writes_json() -> None:
    RingResource.objects.create(resource_id="soft", name="Soft")
    prepared = PreparedUpdate(RingResource.objects.filter(resource_id=Bind("id")), vibration=Bind("pattern"))
    assert prepared.run(id="soft", pattern=[200, 100]) == 1
    assert RingResource.objects.get().vibration == [200, 100]


def test_truths_and_json_come_back_as_by_django(road: str, alice: User, bob: User) -> None:
    hours = {"days": ["mon"], "from": "22:00", "to": "07:00"}
    CallingPreferences.objects.filter(user=alice).update(quiet_hours=hours, let_through=["urgent"], call_waiting=True)
    columns = ("user_id", "quiet_hours", "let_through", "call_waiting", "show_in_people", "is_named", "nothing")
    found = CallingPreferences.objects.order_by("user_id").annotate(
        is_named=Exists(User.objects.filter(pk=OuterRef("user_id"), username="alice")),
        nothing=Case(default=Value(None), output_field=BooleanField(null=True)),
    )
    expected = [
        (alice.pk, hours, ["urgent"], True, None, True, None),
        (bob.pk, None, [], False, None, False, None),
    ]
    rows = Prepared(found.values_list(*columns), row=tuple).rows()
    assert rows == list(found.values_list(*columns)) == expected
    assert [[type(each) for each in row] for row in rows] == [[type(each) for each in row] for row in expected]


def test_an_update_runs_many_times_in_one_go(device: Callable[..., Device]) -> None:
    pks = [device(f"device{number}").pk for number in range(3)]
    prepared = PreparedUpdate(Device.objects.filter(pk=Bind("pk")), label=Bind("label"), last_seen_at=Bind("at"))
    prepared.run_many({"pk": pk, "label": f"Label {pk}", "at": NOW} for pk in pks)
    assert dict(Device.objects.values_list("pk", "label")) == {pk: f"Label {pk}" for pk in pks}
    prepared.run_many([])


def test_what_the_database_refuses_is_raised_as_by_django(road: str, device: Callable[..., Device]) -> None:
    device("desk")
    prepared = PreparedUpdate(Device.objects.filter(device_id=Bind("old")), device_id=Bind("new"))
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.run(old="desk", new="")


def test_rows_are_copied_from_what_is_found(
    road: str, device: Callable[..., Device], calls_of_alice: list[Call], alice: User, bob: User
) -> None:
    CallingPreferences.objects.filter(user=bob).update(display_name="Bobby")
    prepared = PreparedCopy(
        Device,
        User.objects.filter(username__in=Bind("names")).order_by("pk"),
        user_id="pk",
        device_id=Value("hall"),
        label="calling_preferences__display_name",
        created_at=Bind("now"),
    )
    keys = prepared.run(names=["alice", "bob", "nobody"], now=NOW)
    assert [tuple(each) for each in Device.objects.order_by("pk").values_list("pk", "user_id", "label")] == [
        (keys[0], alice.pk, "Alice"),
        (keys[1], bob.pk, "Bobby"),
    ]
    # The fields that nobody named have their defaults.
    assert set(Device.objects.values_list("created_at", "kind", "push_digest", "is_named")) == {
        (NOW, "browser", None, False)
    }
    assert prepared.run(names=[], now=NOW) == []


def test_all_threads_share_what_one_compiled(transactional_db: None) -> None:
    User.objects.create(username="dave")
    prepared = Prepared(User.objects.filter(username=Bind("name")).values_list("username"), row=lambda row: row[0])
    found: list[list[str]] = []

    def ask() -> None:
        found.append(prepared.rows(name="dave"))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [["dave"]] * 8


LOCKED = Device.objects.filter(pk=Bind("pk")).annotate(shown=F("user__calling_preferences__display_name"))
"""With an outer join, whose far side PostgreSQL would refuse to lock."""


@pytest.mark.sqlite_only
def test_a_database_without_row_locks_is_not_asked_for_any(device: Callable[..., Device]) -> None:
    prepared: Any = Prepared(LOCKED.select_for_update(no_key=True, of=("self",)))
    with CaptureQueriesContext(connection) as captured:
        prepared.rows(pk=device("desk").pk)
    assert "FOR" not in captured[-1]["sql"].replace("invitations_callingpreferences", "")


@pytest.mark.postgres_only
@pytest.mark.parametrize(
    ("options", "clause"),
    [
        ({"no_key": True, "of": ("self",)}, ' FOR NO KEY UPDATE OF "invitations_device"'),
        ({"skip_locked": True, "of": ("self",)}, ' FOR UPDATE OF "invitations_device" SKIP LOCKED'),
    ],
)
def test_rows_are_locked_as_the_queryset_says(
    device: Callable[..., Device], options: dict[str, Any], clause: str
) -> None:
    prepared: Any = Prepared(LOCKED.select_for_update(**options))
    with CaptureQueriesContext(connection) as captured:
        prepared.rows(pk=device("desk").pk)
    assert captured[-1]["sql"].endswith(clause)


PARTIAL = [
    pytest.param(model, index, id=index.name)
    for model in (Call, Delivery, Device, Invitation, Participant)
    for index in model._meta.indexes
    if index.condition is not None
]


@pytest.mark.parametrize(("model", "index"), PARTIAL)
def test_what_django_writes_for_a_condition_finds_the_index_that_it_wrote_for_it(model: Any, index: Any) -> None:
    """Else every look at what is open would walk the whole history, as after a Django that writes conditions anew."""
    prepared = Prepared(model.objects.filter(index.condition).order_by(*index.fields)[:1])
    ran: list[tuple[str, Any]] = []

    def watch(execute: Callable[..., Any], sql: str, values: Any, many: bool, context: dict[str, Any]) -> Any:
        ran.append((sql, values))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(watch):
        prepared.rows()
    sql, values = ran[0]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            table = f'FROM "{model._meta.db_table}"'
            # An error where the index cannot serve.
            cursor.execute(f"EXPLAIN QUERY PLAN {sql.replace(table, f'{table} INDEXED BY {index.name}')}", values)
            assert index.name in "".join(row[3] for row in cursor.fetchall())
            return
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", values)
        plan = "".join(row[0] for row in cursor.fetchall())
        # A partitioned table has one index in each partition.
        cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree(to_regclass(%s))", [index.name])
        assert any(name in plan for name in (index.name, *(row[0] for row in cursor.fetchall())))

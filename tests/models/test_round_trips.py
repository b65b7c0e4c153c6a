"""The backend for PostgreSQL: several statements in one round trip, and what becomes of their errors."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import DataError, IntegrityError, NotSupportedError, connection, transaction

from invitations.models import RingResource, User
from invitations.store import people, rows, running
from invitations.store.sheets import Person
from invitations.store.statements import Soon

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.postgres_only]


RING = {"name": "before", "ringtone": "", "icon": "", "badge": "", "vibration": []}


def _trips(before: int) -> int:
    return int(connection.trips) - before  # type: ignore[attr-defined]


def test_a_transaction_begins_and_ends_with_its_statements(alice: User) -> None:
    for _ in ("the process learns that they can be prepared", "as it goes on"):
        before = connection.trips  # type: ignore[attr-defined]
        with transaction.atomic():
            assert running.run("SELECT username FROM invitations_user WHERE id = %s", [alice.pk]) == [("alice",)]
            found: list[running.Row] = []
            running.later("UPDATE invitations_user SET first_name = %s RETURNING id", ["Al"], found.extend)
            assert not found
        assert found == [(alice.pk,)]
    assert _trips(before) == 2
    alice.refresh_from_db()
    assert alice.first_name == "Al"


def test_what_is_prepared_is_planned_once(alice: User) -> None:
    """Also where a plan for these values looks cheaper, as it does for one month of a partitioned table."""
    for _ in range(8):
        with transaction.atomic():
            # Nobody else asks this.
            running.run("SELECT count(*) FROM invitations_delivery WHERE created_at = %s", [datetime.now(UTC)])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans > 0, custom_plans FROM pg_prepared_statements WHERE statement LIKE %s",
            ["%count(*) FROM invitations_delivery WHERE created_at%"],
        )
        assert set(cursor.fetchall()) == {(True, 0)}


def test_one_that_says_nothing_costs_nothing(alice: User) -> None:
    before = connection.trips  # type: ignore[attr-defined]
    with transaction.atomic():
        pass
    assert _trips(before) == 0


def test_each_statement_sees_what_those_before_it_did(alice: User) -> None:
    found: list[list[running.Row]] = []
    with transaction.atomic():
        running.later("UPDATE invitations_user SET first_name = %s", ["one"])
        running.later("SELECT first_name FROM invitations_user", [], found.append)
        running.later("UPDATE invitations_user SET first_name = %s", ["two; --'"], found.append)
        in_a_list = "SELECT first_name FROM invitations_user WHERE id IN (%s, %s)"
        found.append(running.run(in_a_list, [alice.pk, 0]))
        running.later("UPDATE invitations_user SET first_name = %s", ["three"])
        assert User.objects.get().first_name == "three", "Django's own cursor finds it done"
    assert found == [[("one",)], [], [("two; --'",)]]


def test_what_is_asked_for_soon_comes_with_what_is_asked_next(alice: User, bob: User) -> None:
    for _ in ("prepared", "executed"):
        before = connection.trips  # type: ignore[attr-defined]
        with transaction.atomic():
            one, other = people.soon_of_names(["alice"], lock=True), people.soon_of_names(["bob", "nobody"])
            assert [each.id for each in other.rows()] == [bob.pk]
            assert [each.id for each in one.rows()] == [alice.pk]
    assert _trips(before) == 2


def test_what_was_asked_for_in_a_transaction_that_is_over_does_not_come(alice: User) -> None:
    def ask() -> None:
        with transaction.atomic():
            asked.append(people.soon_of_names(["alice"]))
            raise RuntimeError

    asked: list[Soon[Person]] = []
    with pytest.raises(RuntimeError):
        ask()
    with pytest.raises(RuntimeError, match="over"):
        asked[0].rows()


def test_a_row_may_be_referred_to_before_it_is_there(alice: User) -> None:
    for _ in ("prepared", "executed"):
        before = connection.trips  # type: ignore[attr-defined]
        with transaction.atomic():
            keys = rows.reserved(RingResource, 2)
            made = [rows.make(RingResource, resource_id=str(uuid4()), **RING) for _ in range(2)]
            rows.insert_later(*made, keys=keys)
            assert all(each.pk and each._state.adding for each in made)
    assert _trips(before) == 2
    assert set(RingResource.objects.filter(pk__in=[each.pk for each in made])) == set(made)


def test_a_row_that_is_not_there_yet_can_be_changed() -> None:
    made = rows.make(RingResource, resource_id="mine", **RING)
    with transaction.atomic():
        rows.insert_later(made)
        made.name = "after"
        rows.update(made, "name")
    assert RingResource.objects.get(pk=made.pk).name == "after"


def test_an_error_in_what_waits_fails_the_transaction(alice: User) -> None:
    def write() -> None:
        with transaction.atomic():
            running.run("UPDATE invitations_user SET first_name = %s", ["Al"])
            running.later("UPDATE invitations_user SET username = NULL", [])

    with pytest.raises(IntegrityError):
        write()
    assert User.objects.get().first_name == ""
    with transaction.atomic():
        assert running.run("SELECT 1", []) == [(1,)]


def test_what_waits_is_forgotten_with_a_rollback(alice: User) -> None:
    with pytest.raises(RuntimeError):
        _write_and_fail()
    assert User.objects.get().first_name == ""


def test_an_error_undoes_a_savepoint_only(alice: User) -> None:
    with transaction.atomic():
        running.later("UPDATE invitations_user SET first_name = %s", ["Al"])
        with pytest.raises(DataError), transaction.atomic():
            running.run("UPDATE invitations_user SET last_name = %s", ["x" * 1000])
        with transaction.atomic():
            running.later("UPDATE invitations_user SET last_name = %s", ["Ice"])
    alice.refresh_from_db()
    assert (alice.first_name, alice.last_name) == ("Al", "Ice")


def test_what_waits_belongs_to_its_savepoint(alice: User) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        _write_and_fail()
    assert User.objects.get().first_name == ""


def test_a_callback_on_commit_comes_after_all_that_waits(alice: User) -> None:
    seen: list[str] = []
    with transaction.atomic():
        running.later("UPDATE invitations_user SET first_name = %s", ["Al"])
        transaction.on_commit(lambda: seen.append(User.objects.get().first_name))
    assert seen == ["Al"]


UPDATE = "UPDATE invitations_user SET first_name = %s WHERE id = %s"


def test_what_runs_again_is_prepared_once(alice: User) -> None:
    for name in ("one", "two", "it's; --"):
        with transaction.atomic():
            assert running.change(UPDATE, [name, alice.pk]) == 1
    assert User.objects.get().first_name == "it's; --"
    with transaction.atomic():
        [(count,)] = running.run(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%first_name%"]
        )
    assert count >= 1


def test_what_cannot_be_prepared_runs_all_the_same() -> None:
    for _ in range(3):
        with transaction.atomic():
            assert running.run("SELECT %s, pg_typeof(%s)::text", [7, 8]) == [(7, "integer")]


def test_values_come_back_as_what_they_are() -> None:
    key, moment = uuid4(), datetime(2026, 11, 29, tzinfo=UTC)
    for value in ("text", key, moment, None, key, "text", moment):
        with transaction.atomic():
            assert running.run(
                "SELECT %s FROM invitations_ringresource RIGHT JOIN (SELECT 1) AS one ON TRUE", [value]
            ) == [(value,)]


def test_a_statement_that_was_not_reached_is_prepared_the_next_time(alice: User) -> None:
    statement = "UPDATE invitations_user SET last_name = %s WHERE id = %s"
    with transaction.atomic():
        running.run(statement, ["known to the process", alice.pk])
    connection.connection.__dict__["callinvite_names"].clear()

    def fail_first() -> None:
        with transaction.atomic():
            running.later("UPDATE invitations_user SET username = NULL", [])
            running.run(statement, ["never", alice.pk])

    with pytest.raises(IntegrityError):
        fail_first()
    with transaction.atomic():
        assert running.change(statement, ["Ice", alice.pk]) == 1
    assert User.objects.get().last_name == "Ice"


def test_a_statement_that_was_rolled_back_unsent_is_prepared_the_next_time(alice: User) -> None:
    with transaction.atomic():
        running.run(UPDATE, ["known to the process", alice.pk])
    connection.connection.__dict__["callinvite_names"].clear()
    with pytest.raises(RuntimeError):
        _write_and_fail()
    with transaction.atomic():
        assert running.change(UPDATE, ["Al", alice.pk]) == 1


def test_a_table_that_changes_under_its_plans_heals(alice: User) -> None:
    statement = "SELECT * FROM invitations_ringresource WHERE 1 = %s"
    with transaction.atomic():
        running.run(statement, [1])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE invitations_ringresource ADD COLUMN later text")
    try:
        with pytest.raises(NotSupportedError), transaction.atomic():
            running.run(statement, [1])
        with transaction.atomic():
            assert running.run(statement, [1]) == []
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE invitations_ringresource DROP COLUMN later")


def test_what_is_asked_outside_of_a_transaction_is_one_message_and_prepared(alice: User) -> None:
    statement = "SELECT username FROM invitations_user WHERE id = %s AND 1 = 1"
    for _ in ("the process learns that it can be prepared", "as it goes on"):
        before = connection.trips  # type: ignore[attr-defined]
        assert running.run(statement, [alice.pk]) == [("alice",)]
    assert _trips(before) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%id = $1 AND 1 = 1%"])
        assert cursor.fetchone() == (1,)
    connection.close()
    assert running.run(statement, [alice.pk]) == [("alice",)], "on any connection"


def test_an_error_outside_of_a_transaction_harms_nothing(alice: User) -> None:
    for _ in range(2):
        with pytest.raises(DataError):
            running.run("SELECT 1 / %s", [0])
        assert running.change(UPDATE, ["Al", alice.pk]) == 1
    alice.refresh_from_db()
    assert alice.first_name == "Al", "committed by itself"


def test_a_table_that_changes_under_its_plans_is_not_seen_outside_of_a_transaction() -> None:
    statement = "SELECT * FROM invitations_ringresource WHERE 2 = %s"
    for change in ("ADD COLUMN later text", "DROP COLUMN later"):
        assert running.run(statement, [2]) == []
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE invitations_ringresource {change}")
        assert running.run(statement, [2]) == []


def test_a_cursor_that_was_opened_before_writes_in_the_transaction(alice: User) -> None:
    def write() -> None:
        with connection.cursor() as cursor, transaction.atomic():
            running.later(UPDATE, ["Al", alice.pk])
            cursor.execute("SELECT first_name FROM invitations_user")
            assert cursor.fetchall() == [("Al",)]
            cursor.execute("UPDATE invitations_user SET last_name = 'Ice'")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    alice.refresh_from_db()
    assert (alice.first_name, alice.last_name) == ("", "")


def test_rows_can_be_locked_and_read_bit_by_bit(alice: User) -> None:
    with transaction.atomic():
        assert [each.pk for each in User.objects.select_for_update().iterator(chunk_size=1)] == [alice.pk]
    assert [each.pk for each in User.objects.iterator(chunk_size=1)] == [alice.pk]


def test_what_waits_in_a_savepoint_that_is_rolled_back_never_runs(alice: User) -> None:
    def fail() -> None:
        with transaction.atomic():
            running.later("UPDATE invitations_user SET username = NULL", [])
            raise RuntimeError

    with transaction.atomic():
        running.later(UPDATE, ["Al", alice.pk])
        with pytest.raises(RuntimeError):
            fail()
    assert User.objects.get().first_name == "Al"


def test_a_value_that_cannot_be_quoted_is_djangos_error() -> None:
    with pytest.raises(DataError), transaction.atomic():
        running.run("SELECT %s", ["a\0"])


def _write_and_fail() -> None:
    with transaction.atomic():
        running.later(UPDATE, ["Al", User.objects.get().pk])
        running.later(UPDATE, ["Al", 0])
        raise RuntimeError

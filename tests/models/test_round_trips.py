"""The backend for PostgreSQL: several statements in one round trip, and what becomes of their errors."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from invitations.models import User
from invitations.store import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.postgres_only]


def _trips(before: int) -> int:
    return int(connection.trips) - before  # type: ignore[attr-defined]


def test_a_transaction_begins_and_ends_with_its_statements(alice: User) -> None:
    before = connection.trips  # type: ignore[attr-defined]
    with transaction.atomic():
        assert running.run("SELECT username FROM invitations_user WHERE id = %s", [alice.pk]) == [("alice",)]
        waits = running.later("UPDATE invitations_user SET first_name = %s RETURNING id", ["Al"])
        assert waits == []
    assert waits == [(alice.pk,)]
    assert _trips(before) == 2
    alice.refresh_from_db()
    assert alice.first_name == "Al"


def test_one_that_says_nothing_costs_nothing(alice: User) -> None:
    before = connection.trips  # type: ignore[attr-defined]
    with transaction.atomic():
        pass
    assert _trips(before) == 0


def test_each_statement_sees_what_those_before_it_did(alice: User) -> None:
    with transaction.atomic():
        running.later("UPDATE invitations_user SET first_name = %s", ["one"])
        found = running.run_together(
            [
                ("SELECT first_name FROM invitations_user", []),
                ("UPDATE invitations_user SET first_name = %s", ["two; --'"]),
                ("SELECT first_name FROM invitations_user WHERE id IN (%s, %s)", [alice.pk, 0]),
            ]
        )
        running.later("UPDATE invitations_user SET first_name = %s", ["three"])
        assert User.objects.get().first_name == "three", "Django's own cursor finds it done"
    assert found == [[("one",)], [], [("two; --'",)]]


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


def _write_and_fail() -> None:
    with transaction.atomic():
        running.later("UPDATE invitations_user SET first_name = %s", ["Al"])
        raise RuntimeError

"""Fills a database with a long history: `python -m benchmarks.history --users 100000 --calls 1000000`.

Each call was answered and ended: one invitation, two participants, six events, a push message to the device that rang
and one that ended it. Uses one INSERT ... SELECT per model, on SQLite and PostgreSQL, in the product's own
environment."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

import django

EVENTS = (
    "call.sent",
    "invitation.accepted",
    "participant.joined",
    "call.active",
    "participant.left",
    "call.ended",
)
SPAN_SECONDS = 300 * 24 * 3600
"""The calls are spread evenly over this time, and the last one was a day ago."""


def fill(users: int, calls: int) -> None:
    """Add people until there are `users`, then `calls` ended calls among all of them.

    Args:
        users: how many accounts there are to be in the end, at least 100.
        calls: how many calls to add.
    """
    from django.contrib.auth import get_user_model
    from django.core.management.color import no_style
    from django.db import connection, transaction

    from invitations.models import Call, CallEvent, Delivery, Invitation, Participant

    models = (Call, Invitation, Participant, CallEvent, Delivery)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            # Nothing here has to survive a power failure.
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.execute("PRAGMA cache_size=-400000")
    with transaction.atomic(), connection.cursor() as cursor:
        _add_users(cursor, get_user_model(), users)
        first = {model: _next_key(cursor, model) for model in models}
        cursor.execute(f'SELECT MIN(id), COUNT(*) FROM "{get_user_model()._meta.db_table}"')  # noqa: S608
        low, count = cursor.fetchone()
        people = _people(low, count)
        for model, columns, copies in _tables(first, people, calls, connection.vendor):
            _insert(cursor, model, columns, calls, copies)
        for statement in connection.ops.sequence_reset_sql(no_style(), [get_user_model(), *models]):
            cursor.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _add_users(cursor: Any, user_model: Any, users: int) -> None:
    cursor.execute(f'SELECT COUNT(*) FROM "{user_model._meta.db_table}"')  # noqa: S608
    missing = users - cursor.fetchone()[0]
    if missing <= 0:
        return
    key = _next_key(cursor, user_model)
    columns = {
        "id": f"{key} + i",
        "username": "'past' || i",
        "password": "'!'",
        "date_joined": "CURRENT_TIMESTAMP",
    }
    _insert(cursor, user_model, columns, missing)


def _next_key(cursor: Any, model: Any) -> int:
    cursor.execute(f'SELECT COALESCE(MAX(id), 0) FROM "{model._meta.db_table}"')  # noqa: S608
    return int(cursor.fetchone()[0])


def _people(low: int, count: int) -> tuple[str, str]:
    """Caller and invitee of the i-th call: scattered, and always two different people."""
    caller = f"({low} + (i * 7919) % {count})"
    return caller, f"({low} + (i * 7919 + 1 + i % 97) % {count})"


def _moment(vendor: str, seconds: str) -> str:
    """The moment this many seconds after the first call began."""
    since = int(time.time()) - SPAN_SECONDS - 24 * 3600
    if vendor == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%f', {since} + {seconds}, 'unixepoch') || '000'"
    return f"to_timestamp({since} + {seconds})"


def _tables(first: dict[Any, int], people: tuple[str, str], calls: int, vendor: str) -> list[tuple[Any, dict, int]]:
    """For each model, its columns as expressions over i (the call) and c (the copy within the call)."""
    call, invitation, participant, event, delivery = first
    caller, invitee = people
    begin = f"(i * {SPAN_SECONDS} / {calls})"
    began, answered, ended = (_moment(vendor, f"{begin} + {after}") for after in (0, 5, 65))
    key = f"{first[call]} + i"
    who = f"(CASE c WHEN 1 THEN {caller} ELSE {invitee} END)"
    kinds = " ".join(f"WHEN {number} THEN '{kind}'" for number, kind in enumerate(EVENTS, 1))
    return [
        (
            call,
            {
                "id": key,
                "call_id": "'past_' || i",
                "revision": str(len(EVENTS)),
                "state": "'ended'",
                "end_reason": "'completed'",
                "is_video_call": "(1 = 1)",
                "caller_id": caller,
                "timeout_seconds": "60",
                "fingerprint": "''",
                "created_at": began,
                "ring_expires_at": _moment(vendor, f"{begin} + 60"),
                "answered_at": answered,
                "ended_at": ended,
            },
            1,
        ),
        (
            invitation,
            {
                "id": f"{first[invitation]} + i",
                "call_id": key,
                "invitee_id": invitee,
                "inviter_id": caller,
                "state": "'accepted'",
                "timeout_seconds": "60",
                "created_at": began,
                "expires_at": _moment(vendor, f"{begin} + 60"),
                "responded_at": answered,
                "closed_at": answered,
                "answered_device": "'past'",
            },
            1,
        ),
        (
            participant,
            {
                "call_id": key,
                "user_id": who,
                "device_id": "'past'",
                "joined_at": answered,
                "left_at": ended,
                "left_reason": "'call_ended'",
            },
            2,
        ),
        (
            event,
            {
                "call_id": key,
                "call_created_at": began,
                "revision": "c",
                "kind": f"(CASE c {kinds} END)",
                "actor_id": caller,
                "device_id": "'past'",
                "data": "'{}'",
                "at": answered,
            },
            len(EVENTS),
        ),
        (
            delivery,
            {
                "user_id": invitee,
                "device_key": "'past'",
                "device_label": "'Chrome on Linux'",
                "invitation_id": f"{first[invitation]} + i",
                "kind": "(CASE c WHEN 1 THEN 'ring' ELSE 'stop' END)",
                "reason": "(CASE c WHEN 1 THEN '' ELSE 'answered_elsewhere' END)",
                "state": "'sent'",
                "created_at": (sent := f"(CASE c WHEN 1 THEN {began} ELSE {answered} END)"),
                "due_at": sent,
                "expires_at": _moment(vendor, f"{begin} + 60"),
                "attempts": "1",
                "status": "201",
                "host": "'push.example.org'",
                "settled_at": sent,
            },
            2,
        ),
    ]


def _insert(cursor: Any, model: Any, columns: dict[str, str], count: int, copies: int = 1) -> None:
    """Insert `copies` rows for each i up to `count`. Columns not in `columns` get their default or NULL."""
    names, values = [], []
    for field in model._meta.concrete_fields:
        if field.primary_key and field.column not in columns:
            continue
        names.append(f'"{field.column}"')
        values.append(columns.get(field.column) or _default(field))
    cursor.execute(
        f"""WITH RECURSIVE n(i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < {count}),
            m(c) AS (SELECT 1 UNION ALL SELECT c + 1 FROM m WHERE c < {copies})
            INSERT INTO "{model._meta.db_table}" ({", ".join(names)})
            SELECT {", ".join(values)} FROM n, m"""  # noqa: S608  nothing here comes from outside
    )


def _default(field: Any) -> str:
    value = None if field.null else field.get_default()
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "(1 = 1)" if value else "(1 = 0)"
    if isinstance(value, dict):
        return "'{}'"
    return str(value) if isinstance(value, int) else f"'{value}'"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
    django.setup()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=1_000_000)
    options = parser.parse_args()
    started_at = time.monotonic()
    fill(options.users, options.calls)
    print(f"{options.users} users, {options.calls} calls in {time.monotonic() - started_at:.0f} s")

"""Whom somebody knows is found by indexes, however many calls there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invitations.models import CallingPreferences, Invitation, User
from invitations.rules import showing, terms
from tests.support.tables import old_rings

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(alice: User, carol: User, make_user: Callable[..., User], now: datetime) -> None:
    """Thousands of calls among others, and some of everybody."""
    others = [make_user(f"other{number}") for number in range(20)]
    began = now - timedelta(days=1)
    for number in range(150):
        moments = [(other, began + timedelta(seconds=number)) for other in others]
        rings = old_rings(others[number % 20], moments)
        for ring in rings:
            # Ids of calls are each batch's own.
            ring.call.call_id = f"{number}-{ring.call.call_id}"
        type(rings[0].call).objects.bulk_update([each.call for each in rings], ["call_id"])
    Invitation.objects.filter(pk__lte=Invitation.objects.earliest("pk").pk + 1000).update(
        state="accepted", responded_at=began, missed=False
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.mark.parametrize("question", ["a ring", "a page of people"])
def test_no_question_looks_at_all_calls(
    history: None, alice: User, bob: User, carol: User, now: datetime, question: str
) -> None:
    CallingPreferences.objects.update(rings_from="known")
    with CaptureQueriesContext(connection) as captured:
        if question == "a ring":
            assert not terms.knows(bob.pk, alice.pk)
        else:
            assert showing.shown_to(alice.pk, [bob.pk, carol.pk], now=now) == set()
    (asked,) = [each["sql"] for each in captured]
    plan = _plan(asked)
    whole = (
        "SCAN U",
        "SCAN V",
        "SCAN invitations",
        "Seq Scan on invitations_call ",
        "Seq Scan on invitations_invitation ",
    )
    assert [line for line in plan if any(word in line for word in whole)] == []


def _plan(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return [" ".join(map(str, row)) for row in rows]

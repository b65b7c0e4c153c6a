"""What the database itself refuses from any writer: the verbs rely on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from invitations import calls
from invitations.models import Call, CallEvent, Device, Invitation, Participant, User
from tests.calls.conftest import seconds
from tests.support.tables import refuses

Ring = Callable[..., calls.CallSheet]


@pytest.fixture
def sheet(ring: Ring, alice: User, bob: User) -> calls.CallSheet:
    return ring(alice, bob)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "paused"},
        {"state": "ended"},
        {"end_reason": "completed"},
        {"state": "ended", "end_reason": "bored", "ended_at": "now"},
        {"state": "ended", "ended_at": "now"},
        {"state": "active"},
        {"answered_at": "now"},
        {"ring_expires_at": "before"},
        {"state": "ended", "end_reason": "completed", "ended_at": "before"},
        {"call_id": ""},
        {"custom_data": "x" * 4097},
        {"timeout_seconds": 0},
        {"timeout_seconds": 601},
    ],
    ids=str,
)
def test_a_call_that_contradicts_itself_is_refused(
    wrong: dict[str, Any], sheet: calls.CallSheet, now: datetime
) -> None:
    moments = {"now": now, "before": now - seconds(1)}
    values = {name: moments.get(value, value) for name, value in wrong.items()}
    assert refuses(lambda: Call.objects.filter(pk=sheet.call.pk).update(**values))


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "lost"},
        {"state": "cancelled"},
        {"closed_at": "now"},
        {"missed": True},
        {"state": "accepted", "closed_at": "now"},
        {"state": "cancelled", "closed_at": "now", "responded_at": "now"},
        {"state": "rejected", "closed_at": "now", "responded_at": "now"},
        {"state": "rejected", "closed_at": "now", "responded_at": "now", "reject_reason": "tired"},
        {"state": "accepted", "closed_at": "now", "responded_at": "now", "reject_reason": "declined"},
        {"state": "accepted", "closed_at": "now", "responded_at": "now", "missed": True},
        {"ringing_at": "now"},
        {"ring_data": "x" * 4097},
        {"custom_data": "x" * 4097},
        {"timeout_seconds": 0},
        {"expires_at": "before"},
    ],
    ids=str,
)
def test_an_invitation_that_contradicts_itself_is_refused(
    wrong: dict[str, Any], sheet: calls.CallSheet, now: datetime
) -> None:
    moments = {"now": now, "before": now - seconds(1)}
    values = {name: moments.get(value, value) if isinstance(value, str) else value for name, value in wrong.items()}
    assert refuses(lambda: Invitation.objects.filter(pk=sheet.invitations[0].pk).update(**values))


@pytest.mark.parametrize(
    "wrong",
    [{"left_at": "now"}, {"left_reason": "left"}, {"left_at": "now", "left_reason": "bored"}, {"device_id": ""}],
)
def test_a_stay_that_contradicts_itself_is_refused(
    wrong: dict[str, Any], sheet: calls.CallSheet, now: datetime
) -> None:
    values = {name: now if value == "now" else value for name, value in wrong.items()}
    assert refuses(lambda: Participant.objects.filter(pk=sheet.participants[0].pk).update(**values))


def copied(row: Any) -> Callable[[], Any]:
    row.pk = None
    row._state.adding = True
    return lambda: row.save(force_insert=True)


def test_a_person_has_one_open_invitation_per_call(sheet: calls.CallSheet) -> None:
    assert refuses(copied(Invitation.objects.get()))


def test_a_person_is_once_in_a_call(sheet: calls.CallSheet) -> None:
    assert refuses(copied(Participant.objects.get()))


def test_a_revision_is_logged_once(sheet: calls.CallSheet) -> None:
    assert refuses(copied(CallEvent.objects.get()))


def test_a_call_id_names_one_call(sheet: calls.CallSheet) -> None:
    assert refuses(copied(Call.objects.get()))


def test_a_device_id_is_unique_per_user(alice: User, now: datetime) -> None:
    device = Device.objects.create(user=alice, device_id="phone", created_at=now)
    assert refuses(copied(device))


def test_two_users_may_name_their_devices_alike(alice: User, bob: User, now: datetime) -> None:
    for user in (alice, bob):
        Device.objects.create(user=user, device_id="phone", created_at=now)


@pytest.mark.parametrize("wrong", [{"device_id": ""}, {"kind": "toaster"}])
def test_a_device_that_is_none_is_refused(wrong: dict[str, str], alice: User, now: datetime) -> None:
    Device.objects.create(user=alice, device_id="phone", created_at=now)
    assert refuses(lambda: Device.objects.update(**wrong))

"""Every kind of fact has its sentence, and nobody reads about another's devices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from invitations import calls
from invitations.models import Call, CallEvent, EndReason, EventKind, LeftReason, RejectReason, User
from tests.calls.conftest import acting, seconds

Ring = Callable[..., calls.CallSheet]


def told(call_id: str, viewer: User, now: datetime) -> list[str]:
    return [each["text"] for each in calls.timeline(call_id, viewer_id=viewer.pk, now=now)]


def test_an_answered_call_is_told_in_order(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.ringing(call_id, by=acting(bob, device_label="Tablet"), audible=False, now=now)
    calls.accept(call_id, by=acting(bob, device_label="Tablet"), now=now)
    calls.connected(call_id, by=acting(bob), now=now)
    calls.join(call_id, by=acting(bob, "laptop"), now=now)
    calls.leave(call_id, by=acting(alice), now=now)
    assert told(call_id, alice, now) == [
        "Alice called Bob.",
        "It rang for Bob on a device without sound.",
        "Bob answered on Tablet.",
        "Bob joined.",
        "The call was answered.",
        "Bob's audio and video connected.",
        "Bob moved the call to another device.",
        "Bob joined.",
        "Alice left.",
        "Bob stayed until the call ended.",
        "The call ended.",
    ]


def test_a_group_is_told_by_name(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob, carol).call.call_id
    assert told(call_id, bob, now) == ["Alice called Bob and Carol."]


@pytest.mark.parametrize(
    ("reason", "words"),
    [("declined", "declined"), ("busy", "declined: busy right now"), ("later", "declined and will call back later")],
)
def test_a_rejection_gives_its_reason(
    reason: str, words: str, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.reject(call_id, by=acting(bob), reason=reason, now=now)
    assert told(call_id, alice, now)[1:] == [
        f"Bob {words}.",
        "Alice stopped waiting.",
        "The call ended because everyone declined.",
    ]


def test_a_cancelled_call_says_so(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.cancel(call_id, by=acting(alice), now=now + seconds(4))
    assert told(call_id, bob, now)[1] == "The ring for Bob was cancelled."


@pytest.mark.parametrize("ends", [calls.leave, calls.cancel, calls.end])
def test_nobody_is_said_to_have_been_in_a_call_that_was_never_answered(
    ends: Callable[..., calls.CallSheet], ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    ends(call_id, by=acting(alice), now=now + seconds(4))
    texts = told(call_id, alice, now)
    assert texts[-1] == "The call ended because the caller cancelled it before anyone answered."
    assert {"Alice hung up.", "Alice stopped waiting."} & set(texts)
    assert not {"Alice left.", "Alice stayed until the call ended."} & set(texts)


def test_a_timeout_says_who_did_not_answer(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    texts = told(call_id, alice, now + seconds(60))
    assert (texts[1], texts[-1]) == ("Bob didn't answer in time.", "The call ended because nobody answered in time.")


def test_a_busy_invitee_is_told_as_busy(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    ring(bob, alice)
    call_id = ring(carol, bob).call.call_id
    assert told(call_id, carol, now)[1] == "Bob was busy, so it didn't ring."


def test_somebody_added_later_is_told(ring: Ring, alice: User, bob: User, carol: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.invite(call_id, by=acting(alice), invitees=["carol"], now=now)
    assert told(call_id, alice, now)[-1] == "Carol was invited too."


def test_a_lost_connection_is_told(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob, lives=True), now=now)
    assert "The connection to Bob was lost." in told(call_id, alice, now + seconds(30))


REASONS = {
    EventKind.CALL_ENDED: EndReason.values,
    EventKind.PARTICIPANT_LEFT: LeftReason.values,
    EventKind.INVITATION_REJECTED: RejectReason.values,
}


@pytest.mark.parametrize("label", ["", "Tablet"])
@pytest.mark.parametrize("audible", [True, False])
def test_every_kind_of_fact_has_words(
    label: str, audible: bool, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call = ring(alice, bob).call
    of_call = {"call": call, "call_created_at": call.created_at, "at": now}
    facts = [(kind, reason) for kind in EventKind for reason in REASONS.get(kind, [""])]
    for revision, (kind, reason) in enumerate(facts, start=99):
        data = {"invitee": "bob", "user": "bob", "reason": reason, "invitees": ["bob"], "label": label}
        CallEvent.objects.create(**of_call, revision=revision, kind=kind, data={**data, "audible": audible})
        assert told(call.call_id, alice, now)[-1].endswith("."), (kind, reason)


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(hours=1)])
def test_what_an_older_version_writes_during_an_update_is_told_too(
    behind: timedelta, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    """It is filed at the moment that the database's clock shows, which may be behind."""
    call = ring(alice, bob, now=datetime.now(UTC) + behind).call
    before = told(call.call_id, alice, now)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO invitations_callevent (call_id, revision, kind, device_id, data, at)"
            " VALUES (%s, %s, 'invitation.timed_out', '', '{\"invitee\": \"bob\"}', %s)",
            [call.pk, call.revision + 1, now],
        )
    Call.objects.filter(pk=call.pk).update(revision=call.revision + 1)
    assert len(told(call.call_id, alice, now)) == len(before) + 1


def test_an_invitee_sees_the_own_device(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob, "bobs-phone"), now=now)
    entry = calls.timeline(call_id, viewer_id=bob.pk, now=now)[1]
    assert (entry["user"], entry["device"]) == ("bob", "bobs-phone")


def test_the_caller_does_not_see_another_persons_device(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.accept(call_id, by=acting(bob, "bobs-phone"), now=now)
    assert "bobs-phone" not in str(calls.timeline(call_id, viewer_id=alice.pk, now=now))


def test_the_invitee_does_not_see_the_device_that_the_caller_cancelled_from(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    call_id = ring(alice, bob).call.call_id
    calls.cancel(call_id, by=acting(alice, "alices-desk"), now=now + seconds(4))
    assert "alices-desk" not in str(calls.timeline(call_id, viewer_id=bob.pk, now=now))
    assert "alices-desk" in str(calls.timeline(call_id, viewer_id=alice.pk, now=now))


def test_an_entry_says_when(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    entry = calls.timeline(ring(alice, bob).call.call_id, viewer_id=alice.pk, now=now)[0]
    assert (entry["code"], entry["at"][-1]) == ("call.sent", "Z")

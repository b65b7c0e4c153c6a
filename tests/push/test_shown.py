"""How much of a call leaves the server in a push message: what its receiver chose, and nothing beyond it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from invitations import calls
from invitations.models import CallingPreferences, Delivery, Invitation, RingResource, StopReason
from invitations.push import messages
from invitations.store import looks
from tests.push.conftest import MakeDevice, Ring, acting, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from invitations.models import User

pytestmark = pytest.mark.django_db
ORIGIN = "https://calls.example.org"
SAID = {
    "notification_title": "Mum",
    "notification_message": "Your \u202eresults\u2069 are\n\n\nin",
    "custom_data": "ward 7",
    "resource_id": "oncology",
}
TELLING = ("alice", "Alice", "Mum", "results", "stluser", "ward", "oncology", "Laptop", "ring-resources", "#1a73e8")
"""What a message that says nothing must not have anywhere in it."""


@pytest.fixture(autouse=True)
def resource(db: None) -> Iterator[None]:
    """A resource that tells what it is about."""
    RingResource.objects.create(
        resource_id="oncology",
        name="Oncology",
        title_template="The oncology ward",
        message_template="{caller} has oncology results",
        ringtone="ring-resources/oncology.mp3",
        icon="ring-resources/oncology.png",
        accent="#1a73e8",
        vibration=[300, 100],
    )
    looks.forget()
    yield
    looks.forget()


def shows(user: User, how_much: str) -> None:
    CallingPreferences.objects.update_or_create(user=user, defaults={"push_shows": how_much})


def ring_of(sheet: calls.CallSheet, now: datetime) -> dict[str, Any]:
    whole = messages.ring(sheet, sheet.invitations[0], device_id="phone", origin=ORIGIN, number=1, now=now)
    return dict(json.loads(messages.packed(whole)))


def stop_of(sheet: calls.CallSheet, reason: StopReason, now: datetime) -> dict[str, Any]:
    whole = messages.stop(
        sheet, sheet.invitations[0], reason, device_id="phone", origin=ORIGIN, missed_unseen=3, now=now
    )
    return dict(json.loads(messages.packed(whole)))


def ends(how: str, sheet: calls.CallSheet, alice: User, bob: User, now: datetime) -> tuple[calls.CallSheet, StopReason]:
    """The call once its ring is over, and why it stops."""
    call_id = sheet.call.call_id
    if how == "timeout":
        ended = calls.expire(sheet.call.pk, now=now + seconds(61))
        assert ended is not None
        return ended, StopReason.TIMED_OUT
    if how == "cancel":
        calls.cancel(call_id, by=acting(alice, "desk"), custom_data="Alice hung up", now=now + seconds(9))
        return calls.sheets_by_key([sheet.call.pk])[sheet.call.pk], StopReason.CANCELLED
    by = acting(bob, "laptop", device_label="Laptop")
    return getattr(calls, how)(call_id, by=by, now=now), StopReason(f"{how}ed_elsewhere".replace("accept", "answer"))


@pytest.mark.parametrize("of_a_contact", [False, True])
def test_everything_is_who_calls_and_below_that_what_they_say(
    ring: Ring, alice: User, bob: User, now: datetime, *, of_a_contact: bool
) -> None:
    sheet = ring(alice, bob, **SAID | {"resource_id": None})
    sheet.invitations[0].from_contact = of_a_contact
    sent = ring_of(sheet, now)
    assert (sent["shows"], sent["from_contact"], sent["custom_data"]) == ("everything", of_a_contact, "ward 7")
    who, mark = ("Alice", "") if of_a_contact else ("Alice (@alice)", " · Not in your contacts")
    assert sent["notification"]["title"] == who
    assert sent["notification"]["body"] == f"Incoming video call{mark}\n{who}: “Mum · Your results are in”"


def test_a_resources_title_without_the_caller_stands_below_who_calls(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    shown = ring_of(ring(alice, bob, resource_id="oncology"), now)["notification"]
    assert shown["title"] == "Alice (@alice)"
    assert shown["body"] == "The oncology ward · Alice (@alice) has oncology results · Not in your contacts"


def test_the_name_is_all_that_leaves_where_no_more_is_wanted(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    shows(bob, "name")
    sent = ring_of(ring(alice, bob, **SAID), now)
    assert sent["notification"]["title"] == "Alice (@alice)"
    assert sent["notification"]["body"] == "Incoming video call · Not in your contacts"
    assert (sent["caller"], sent["call_id"][:11]) == ({"id": "alice", "name": "Alice"}, "call_alice_")
    assert (sent["custom_data"], sent["custom_data_omitted"]) == ("", True)
    assert [each for each in ("Mum", "results", "ward") if each in json.dumps(sent)] == []


def test_nothing_of_who_calls_leaves_where_nothing_is_wanted(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    shows(bob, "nothing")
    sheet = ring(alice, bob, **SAID)
    sheet.invitations[0].urgent = sheet.invitations[0].from_contact = True
    sent = ring_of(sheet, now)
    assert sent["notification"] == {
        "title": "Incoming call",
        "body": "",
        "navigate": f"{ORIGIN}/",
        "lang": "en",
        "silent": False,
    }
    assert [each for each in TELLING if each in json.dumps(sent, ensure_ascii=False)] == []
    assert [sent[each] for each in ("caller", "call_id", "attempt", "is_video_call", "from_contact")] == [None] * 5
    assert (sent["urgent"], sent["custom_data_omitted"]) == (False, True)
    # What a device needs to ring for as long as it may, and to answer.
    assert sent["expires_at"].endswith("Z")
    assert sent["action_token"].startswith("ring:")
    assert sent["look"]["vibrate"] == [300, 100]


@pytest.mark.parametrize(
    ("how", "title"),
    [
        ("timeout", "Missed call"),
        ("cancel", "Missed call"),
        ("accept", "Answered on another device"),
        ("reject", "Declined on another device"),
    ],
)
def test_the_end_of_a_ring_tells_no_more_than_the_ring(
    how: str, title: str, ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    shows(bob, "nothing")
    ended, reason = ends(how, ring(alice, bob, **SAID), alice, bob, now)
    stop = stop_of(ended, reason, now)
    assert (stop["notification"]["title"], stop["notification"]["body"]) == (title, "")
    assert [each for each in TELLING if each in json.dumps(stop, ensure_ascii=False)] == []
    assert (stop["call_id"], stop["caller"], stop["answered_on"]) == (None, None, None)
    assert (stop["kind"], stop["reason"], stop["missed_unseen"]) == ("stop", reason, 3)


def test_where_the_name_is_wanted_a_missed_call_has_it_and_not_what_was_said(
    ring: Ring, alice: User, bob: User, now: datetime
) -> None:
    shows(bob, "name")
    ended, reason = ends("cancel", ring(alice, bob, **SAID), alice, bob, now)
    stop = stop_of(ended, reason, now)
    assert (stop["notification"]["title"], stop["notification"]["body"]) == (
        "Missed call",
        "Alice (@alice), video call",
    )
    assert stop["custom_data"] == ""
    assert "hung up" not in json.dumps(stop)


def test_what_one_wants_is_nothing_to_another(
    ring: Ring, alice: User, bob: User, carol: User, now: datetime, device: MakeDevice
) -> None:
    shows(alice, "nothing")
    shows(carol, "nothing")
    device(bob)
    sheet = ring(alice, bob, carol, **SAID | {"resource_id": None})
    assert Delivery.objects.filter(user=bob).exists()
    loaded = calls.sheets_by_key([sheet.call.pk])[sheet.call.pk]
    of = {each.invitee_id: each for each in loaded.invitations}
    told = {
        user.username: messages.ring(loaded, of[user.pk], device_id="phone", origin=ORIGIN, number=1, now=now)
        for user in (bob, carol)
    }
    assert (told["bob"]["shows"], told["carol"]["shows"]) == ("everything", "nothing")
    assert "Mum" in told["bob"]["notification"]["body"]


def test_an_urgent_call_says_so_first(ring: Ring, alice: User, bob: User, now: datetime) -> None:
    sheet = ring(alice, bob)
    Invitation.objects.update(urgent=True, from_contact=True)
    sent = ring_of(calls.sheets_by_key([sheet.call.pk])[sheet.call.pk], now)
    assert sent["urgent"] is True
    assert (sent["notification"]["title"], sent["notification"]["body"]) == ("Alice", "Urgent · Incoming video call")
